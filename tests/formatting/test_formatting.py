"""What the one layout looks like."""

from __future__ import annotations

from textwrap import dedent

import pytest

from graphlang.diagnostics import GraphError
from graphlang.formatting import laid_out

SPACES = {
    "y=x*  2": "y = x * 2",
    "y = - x**- 2": "y = -x**-2",
    "y=a -b- -c": "y = a - b - -c",
    "y = ( a+b )@c . T": "y = (a + b) @ c.T",
    "y = 3 .T": "y = 3 .T",
    "y=x[: , 1 :3, :: 2,...]": "y = x[:, 1:3, ::2, ...]",
    "y = x [-1,:-1]": "y = x[-1, :-1]",
    "y=[1,2 ,[3]]+[ ]": "y = [1, 2, [3]] + []",
    "y=f( a ,axis = 1 )": "y = f(a, axis=1)",
    "y=a if not(b)else-c": "y = a if not (b) else -c",
    "y=a<b and c!=d": "y = a < b and c != d",
    "input x:float [ N ,3 ]=1,t :int": "input x: float[N, 3] = 1, t: int",
    "def f(x : float[N],k = 3,s:int=2)=x": "def f(x: float[N], k=3, s: int = 2) = x",
    "param W :float[2]=0": "param W: float[2] = 0",
    "hyper a=1,b =2": "hyper a = 1, b = 2",
    "layer f=Affine( 3 )": "layer f = Affine(3)",
    'import "a.graph"   as a': 'import "a.graph" as a',
    "expect a~=b within 1e-3": "expect a ~= b within 1e-3",
    "s=scan x in xs,axis = 0 carry h=a{ next h=h+x;yield h }":
        "s = scan x in xs, axis=0 carry h = a { next h = h + x; yield h }",
    "y=x->layers{a:B(3);C}->for c,k in[(1,2)]{ D(c) }": "y = x -> layers { a: B(3); C } -> for c, k in [(1, 2)] { D(c) }",
    "gradcheck{of=loss;batch=3}": "gradcheck { of = loss; batch = 3 }",
    "data{ }": "data {}",
    "a=1;b=2": "a = 1\nb = 2",
}  # fmt: skip


@pytest.mark.parametrize("text", SPACES, ids=str)
def test_spaces_stand_around_operators_and_behind_commas(text: str) -> None:
    assert laid_out(text) == f"{SPACES[text]}\n"


def layout(text: str) -> str:
    return laid_out(dedent(text))


def test_the_signs_of_statements_that_follow_one_another_stand_below_one_another() -> None:
    text = """\
        a = 1
        bcd = 2
        # a comment does not part them
        ef = 3

        x = 4
        layer long = A()
        layer b = B()
        p, q = split(x, 2)
        r = p
        """
    assert layout(text) == dedent(
        """\
        a   = 1
        bcd = 2
        # a comment does not part them
        ef  = 3

        x = 4
        layer long = A()
        layer b    = B()
        p, q = split(x, 2)
        r = p
        """
    )


def test_a_block_of_several_lines_has_an_entry_in_each() -> None:
    text = """\
        train { minimize = loss
           lr = 0.1; batch = 3 }
        y = x -> repeat 3 { A; residual {
        B -> C }
        }
        """
    assert layout(text) == dedent(
        """\
        train {
          minimize = loss
          lr       = 0.1
          batch    = 3
        }
        y = x -> repeat 3 {
          A
          residual {
            B -> C
          }
        }
        """
    )


def test_a_chain_over_several_lines_has_its_arrows_below_one_another() -> None:
    text = """\
        y = x -> A -> B
          -> C
        def f(x) =
            x -> A
          -> B
        z = f(x)
          + 1
        """
    assert layout(text) == dedent(
        """\
        y = x -> A -> B
              -> C
        def f(x) =
          x -> A
            -> B
        z = f(x)
          + 1
        """
    )


def test_an_operator_at_the_start_of_a_line_stands_below_the_sign() -> None:
    text = """\
        total = a
            + b
           if c
          else d
        """
    assert layout(text) == dedent(
        """\
        total = a
              + b
                if c
                else d
        """
    )


def test_a_block_at_the_end_of_a_chain_is_broken_before_its_only_arrow() -> None:
    stages = [f"Affine({100 + i}, init=normal(0.01))" for i in range(5)]
    assert layout(f"y = x -> layers {{ {'; '.join(stages)} }}") == (
        "y = x -> layers {\n" + "".join(f"  {stage}\n" for stage in stages) + "}\n"
    )


def test_a_name_that_is_much_longer_than_others_does_not_move_their_signs() -> None:
    assert layout("y = 1\na_name_as_long_as_a_sentence = 2\nzz = 3\nz = 4") == (
        "y = 1\na_name_as_long_as_a_sentence = 2\nzz = 3\nz  = 4\n"
    )


def test_a_line_that_is_too_long_is_broken_before_its_arrows() -> None:
    stages = " -> ".join(f"Affine({100 + i}, init=normal(0.01))" for i in range(5))
    assert layout(f"y = x -> {stages}") == "y = x -> " + stages.replace(" -> ", "\n      -> ") + "\n"


def test_a_definition_that_is_too_long_begins_its_formula_on_a_line_of_its_own() -> None:
    formula = " + ".join(f"some_name_{i} * x" for i in range(6))
    assert layout(f"def f(x) = {formula}") == f"def f(x) =\n  {formula}\n"


def test_a_call_that_is_too_long_has_an_argument_in_each_line() -> None:
    arguments = [f"argument_{i}=some_value_{i}" for i in range(5)]
    text = f"y = f({', '.join(arguments)})"
    assert layout(text) == "y = f(\n" + ",\n".join(f"  {a}" for a in arguments) + "\n)\n"


def test_a_block_that_is_too_long_for_a_line_is_written_over_several() -> None:
    names = [f"some_long_name_{i}" for i in range(6)]
    text = "train { " + "; ".join(f"{name} = {i}" for i, name in enumerate(names)) + " }"
    assert layout(text) == "train {\n" + "".join(f"  {name} = {i}\n" for i, name in enumerate(names)) + "}\n"


def test_rows_of_a_matrix_stay_below_one_another() -> None:
    text = """\
        A = [[1, 2],
            [3, 4]]
        B = [
         [1, 2],
             [3, 4],
        ]
        """
    assert layout(text) == dedent(
        """\
        A = [[1, 2],
             [3, 4]]
        B = [
          [1, 2],
          [3, 4],
        ]
        """
    )


def test_comments_stay_in_their_places() -> None:
    text = """\


        # at the top
        #no space

        a = 1# behind
        b = [1,      # first
             2]      # second
                     # and more of it
        # own line
        train {# in the block


          # before
          lr = 1   # why

          # between

          x = 2
          # at the end
        }   # behind the block
        y = x
          # inside a chain
          -> A
        # the end


        """
    assert layout(text) == dedent(
        """\
        # at the top
        #no space

        a = 1   # behind
        b = [1, # first
             2] # second
                # and more of it
        # own line
        train {  # in the block
          # before
          lr = 1  # why

          # between

          x = 2
          # at the end
        }  # behind the block
        y = x
            # inside a chain
            -> A
        # the end
        """
    ).replace("a = 1   #", "a = 1    #").replace("b = [1, #", "b = [1,  #").replace(
        "     2] #", "     2]  #"
    ).replace("        # and", "         # and")


def test_blank_lines_stay_one_at_a_time_and_none_inside_the_edges_of_a_block() -> None:
    assert laid_out("\n\na = 1\n\n\n\nb = 2\ntrain {\n\n  lr = 1\n\n\n  x = 2\n\n}\n\n") == (
        "a = 1\n\nb = 2\ntrain {\n  lr = 1\n\n  x = 2\n}\n"
    )


@pytest.mark.parametrize("text", ["", "\n\n", "  \t\n"])
def test_a_text_without_anything_is_empty(text: str) -> None:
    assert laid_out(text) == ""


def test_a_text_of_comments_keeps_them() -> None:
    assert laid_out("  # a\n\n\n#b  ") == "# a\n\n#b\n"


def test_the_ends_of_lines_stay_of_one_kind() -> None:
    assert laid_out("a=1\r\nb=2") == "a = 1\r\nb = 2\r\n"
    assert laid_out("a=1\nb=2\r\n") == "a = 1\nb = 2\n"
    assert laid_out("\ufeffa=1\rb=2") == "a = 1\nb = 2\n"


def test_words_of_the_language_that_are_names_are_written_as_names() -> None:
    assert laid_out("last=data (x)[0]+layers . W") == "last = data(x)[0] + layers.W\n"


def test_a_text_with_a_syntax_error_is_refused() -> None:
    with pytest.raises(GraphError) as caught:
        laid_out("y = x +\n+ )", "net.graph")
    assert caught.value.diagnostics[0].span is not None
