"""Each syntax mistake by its name, at its place, with its fix."""

from __future__ import annotations

import inspect

import pytest

from graphlang.cli.explain import codes
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.syntax.parse import parse


def syntax_mistakes(text: str) -> list[Diagnostic]:
    with pytest.raises(GraphError) as caught:
        parse(text)
    return caught.value.diagnostics


def place(problem: Diagnostic) -> str:
    assert problem.span is not None
    return problem.span.text


@pytest.mark.parametrize(
    ("text", "kind", "at", "message", "help_"),
    [
        ("h = Relu(h2\ny = h4 + b2", "UnclosedBracket", "(", "`(` is never closed", "add the missing `)`"),
        (
            "y = x -> A(50\n  -> B\noutput y",
            "UnclosedBracket",
            "(",
            "`(` is never closed",
            "add the missing `)`",
        ),
        ("h = (a +\ny = 3", "UnclosedBracket", "(", "`(` is never closed", "add the missing `)`"),
        ("y = [f(1, 2]", "UnclosedBracket", "(", "`(` is never closed", "add the missing `)`"),
        (
            "def f(x) {\n y = x\n\ninput z",
            "UnclosedBracket",
            "{",
            "`{` is never closed",
            "add the missing `}`",
        ),
        ("y = (a + b))", "UnexpectedClosing", ")", "`)` closes nothing", "remove it"),
        ("y = (a + b]", "WrongClosing", "]", "`]` closes a `(`", "use the closing bracket"),
        ("y = x ^ 2", "CaretPower", "^", "`^` is not an operator", "did you mean `**`?"),
        ("train { lr: 0.1 }", "ColonForEquals", ":", "`lr` gets its value with `=`", "write `lr = ...`"),
        ("x: float[3]", "TypeWithoutInput", ":", "`x: type` needs `input`", "write `input x: ...`"),
        (
            "y = x -> layers {\n A(5),\n B\n}",
            "CommaBetweenLines",
            ",",
            "not separated by `,`",
            "a new line, `;` or `->`",
        ),
        (
            "train { a = 1, b = 2 }",
            "CommaBetweenLines.of_settings",
            ",",
            "the settings of `train`",
            "a new line or `;`",
        ),
        (
            "y = x -> layers { A(5) B }",
            "MissingSeparator",
            "B",
            "nothing separates `A(5)` from `B`",
            "`;` or `->`",
        ),
        (
            "y = 2 apple",
            "SideBySide",
            "apple",
            "missing between `2` and `apple`",
            "did you mean `2 * apple`?",
        ),
        ("y = f(a)(b) c", "SideBySide", "c", "missing between `f(a)(b)` and `c`", "write the operator"),
        ("y = [1\n 2]", "SideBySideInList", "2", "a `,` or an operator is missing", "write `1, 2`"),
        ("x = 3 y = 4", "StatementsSideBySide", "y", "a new line or `;` is missing", "a line of its own"),
        ("loss == 0", "EqualityForAssignment", "==", "`==` compares", "write `loss = ...`"),
        ("y = x |> Relu", "NotAnArrow", "|>", "`|>` is not an operator", "did you mean `->`?"),
        ("y = x\n => Relu", "NotAnArrow", "=>", "`=>` is not an operator", "did you mean `->`?"),
        ("y = x | Relu", "NotAnArrow", "|", "`|` is not an operator", "did you mean `->`?"),
        ("y = x ->\noutput y", "DanglingOperator", "->", "nothing follows `->`", "or remove it"),
        ("y = a +\nz = b", "DanglingOperator", "+", "nothing follows `+`", "or remove it"),
        ("y = (a *)", "DanglingOperator", "*", "nothing follows `*`", "or remove it"),
        ("y = a +;", "DanglingOperator", "+", "nothing follows `+`", "or remove it"),
        ("y = a * / b", "DoubleOperator", "/", "`/` cannot follow `*`", "remove one of them"),
        ("y = a * * b", "DoubleOperator", "*", "`*` cannot follow `*`", "a power is written `**`"),
        ("y = * 2", "NothingBefore", "*", "nothing stands before `*`", "or remove it"),
        ("y = a < b < c", "ChainedComparison", "<", "comparisons cannot be chained", "`a < b and b < c`"),
        ("input x: Float[N]", "UnknownType", "Float", "`Float` is not a type", "write `float`"),
        ("input x: Tensor[N]", "UnknownType", "Tensor", "`Tensor` is not a type", "write `float`"),
        ("input x: f32", "UnknownType", "f32", "`f32` is not a type", "`--dtype float32`"),
        ("input x: int64[N]", "UnknownType", "int64", "`int64` is not a type", "write `int`"),
        (
            "apple",
            "NotAStatement.lonely_name",
            "apple",
            "`apple` alone is not a statement",
            "write `apple = ...`",
        ),
        ("x -> Affine(1)", "NotAStatement", "x -> Affine(1)", "this value gets no name", "`y = ...`"),
        ("W[0] = 1", "AssignToExpression", "W[0]", "only names can stand on the left", "write `name = ...`"),
        ("x += 1", "UpdateInPlace", "+=", "a name is given once", "`x2 = x + ...`"),
        (
            "y = a = b",
            "EqualsInExpression",
            "=",
            "`=` cannot stand inside an expression",
            "compare with `==`",
        ),
        ("s = x if c", "MissingElse", "if", "`x if c` needs an `else`", "write `x if c else y`"),
        ("y = a ~= b", "ApproxOutsideExpect", "~=", "`~=` belongs to `expect a ~= b`", "use `==`"),
        ("expect p == 715", "ExpectNeedsApprox", "", "`expect` needs `~=`", "write `expect a ~= b`"),
        (
            "inptu x = 3",
            "UnknownStatement",
            "inptu",
            "no statement starts with `inptu`",
            "did you mean `input`?",
        ),
        ("input not = 1", "ReservedWord", "not", "cannot be a name", "such as `not_`"),
        ("if = 3", "ReservedWord", "if", "cannot be a name", "such as `if_`"),
        ("y = x -> 3", "NotAStage", "3", "`3` cannot stand after `->`", "`x -> Relu`"),
        ("return x", "MisplacedStatement", "return", "`return` cannot stand here", "`output y`"),
        (
            "def f(x) {\n input y\n}",
            "MisplacedStatement",
            "input",
            "in the block of `def`",
            "in its brackets",
        ),
        ("y =\noutput y", "MissingValue", "=", "a value is missing after `=`", "write the value"),
        ("y = f(a,,b)", "MissingValue", ",", "a value is missing after `,`", "write the value"),
        ("y = ()", "MissingValue", "(", "a value is missing after `(`", "write the value"),
        ("y = f((3, 3))", "TupleForList", ",", "round brackets hold one value", "square brackets"),
        ("y = x -> layers { }", "EmptyBlock", "}", "the block of `layers` is empty", "at least one layer"),
        (
            "y = x -> repeat 3 A(1)",
            "MissingBlock",
            "A",
            "`repeat` needs a block",
            "`repeat 3 { Affine(10); Relu }`",
        ),
        ("y = x -> residual A(1)", "MissingBlock", "A", "`residual` needs a block", "`residual {"),
        ("def f(x) y = 3", "MissingBlock", "y", "`def` needs a block", "`def f(x) = x`"),
        ("train lr = 0.1", "MissingBlock", "lr", "`train` needs a block", "`train { name = value }`"),
        ('a = "x', "UnterminatedString", '"x', "the string is not closed", 'add the closing `"`'),
        ("a = 'x'", "SingleQuotes", "'x'", "written in double quotes", 'write `"x"`'),
        (r'a = "d\q"', "UnknownEscape", r"\q", r"unknown escape `\q`", r"`\\` for a backslash"),
        ("y = $x", "StrayCharacter", "$", "`$` has no meaning here", "remove it"),
        ("y = a \\\n + b", "StrayCharacter", "\\", "`\\` has no meaning here", "goes on by itself"),
        ("y = x → Relu", "LookAlike", "→", "U+2192 RIGHTWARDS ARROW", "type `->`"),
        ("y = a − b", "LookAlike", "−", "U+2212 MINUS SIGN", "type `-`"),
        ("y = f(a, bias=False)", "PythonConstant", "False", "`False` is written `false`", "write `false`"),
        ("s = x if a && b else y", "SpelledOperator", "&&", "`&&` is not an operator", "write `and`"),
        ("s = x if !b else y", "SpelledOperator", "!", "`!` is not an operator", "write `not`"),
        (
            "for i in range(3):\n  x = f(x)",
            "PythonStatement",
            "for",
            "this form of `for`",
            "`x -> repeat 3 { Relu }`",
        ),
        ("def f(x):\n  return x", "PythonStatement", "def", "this form of `def`", "`def f(x) = value`"),
        (
            "import x",
            "ForeignImport",
            "import",
            "an import names a file",
            '`import "x.graph" as x`',
        ),
        ("y = 1e999", "NumberTooLarge", "1e999", "the number is too large", "check the exponent"),
        ("y = 3" + "0" * 5000, "NumberTooLarge", "3" + "0" * 5000, "the number is too large", "check"),
        ("a = 1\ngraphlang 1", "MisplacedVersion", "graphlang 1", "must be the first statement", "move it"),
        ("graphlang 2", "UnsupportedVersion", "2", "version 2 of the language", "`graphlang 1.1`"),
    ],
)
def test_a_mistake_is_named_where_it_is(text: str, kind: str, at: str, message: str, help_: str) -> None:
    problem = syntax_mistakes(text)[0]
    assert type(problem).__qualname__ == kind
    assert place(problem) == at
    assert message in problem.message
    assert help_ in (problem.help or "")


@pytest.mark.parametrize(
    ("text", "message", "label"),
    [
        ("hyper n", "the end of the file comes too early, in a `hyper`", "expected `=`"),
        ("input 3x", "the number `3` cannot stand here, in an `input`", "expected a name"),
        ("y = {a}", "`{` cannot stand here, in the value of `y`", "expected a name, a number or `(`"),
        ("layer e = 3", "the number `3` cannot stand here, in a `layer`", "expected a layer"),
    ],
)
def test_the_general_message_says_what_was_read_and_what_was_expected(
    text: str, message: str, label: str
) -> None:
    (problem,) = syntax_mistakes(text)
    assert (problem.message, problem.label) == (message, label)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("y = a\u200b + b", "InvisibleCharacter", "U+200B ZERO WIDTH SPACE"),
        ("y\u00a0= a", "InvisibleCharacter", "U+00A0 NO-BREAK SPACE"),
        ("y = a # \u202e b", "BidirectionalCharacter", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ('y = f("\u2066")', "BidirectionalCharacter", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u0430pple = 1", "MixedScripts", "U+0430 CYRILLIC SMALL LETTER A"),
        ("y = xа", "MixedScripts", "U+0430 CYRILLIC SMALL LETTER A"),
        ("y = x₁", "NotInNames", "U+2081 SUBSCRIPT ONE"),
        ("y = ٣", "ForeignDigit", "U+0663 ARABIC-INDIC DIGIT THREE"),
        ("y = 3٣", "ForeignDigit", "U+0663 ARABIC-INDIC DIGIT THREE"),
    ],
)
def test_a_strange_character_is_called_by_its_name(text: str, kind: str, name: str) -> None:
    problem = syntax_mistakes(text)[0]
    assert type(problem).__qualname__ == kind
    assert name in problem.message + problem.label
    assert len(place(problem)) == 1


def test_a_zero_width_joiner_in_a_comment_is_allowed() -> None:
    parse("y = 1 # \U0001f469\u200d\U0001f4bb")


def test_an_unclosed_bracket_shows_where_its_statement_ended() -> None:
    (problem,) = syntax_mistakes("h = Relu(x @ W + b\ny = h")
    assert [(r.message, r.span.start) for r in problem.related] == [("`)` is still missing here", 19)]


def test_all_mistakes_of_a_file_are_found_at_once() -> None:
    text = """\
input x: Float[N]
y = 3 x
def f(x) {
  a = b c
  return a
}
z = (a + b
w = a ^ 2
train {
  lr: 0.1
  batch = 3
}
v = x -> layers {
  Affine(3),
  Relu
}
q = True
good = f(x) -> Relu
r = \u0430pple + 3
loss == 3
"""
    found = [
        (type(p).__qualname__, p.span and p.span.source.position(p.span.start)[0])
        for p in syntax_mistakes(text)
    ]
    assert found == [
        ("UnknownType", 1), ("SideBySide", 2), ("SideBySide", 4), ("UnclosedBracket", 7), ("CaretPower", 8),
        ("ColonForEquals", 10), ("CommaBetweenLines", 14), ("PythonConstant", 17), ("MixedScripts", 19),
        ("EqualityForAssignment", 20),
    ]  # fmt: skip


def test_at_most_twenty_mistakes_are_reported() -> None:
    text = "\n".join(f"a{i} = 3 4" if i % 100 == 0 else f"a{i} = b * 2" for i in range(5_000))
    assert len(syntax_mistakes(text)) == 20
    with pytest.raises(GraphError) as caught:
        parse(text, limits=Limits(errors=3))
    assert len(caught.value.diagnostics) == 3


FAMILY = [kind for code, kind in codes().items() if code.startswith(("GL1", "GL8"))]


def test_there_are_many_kinds_of_syntax_mistakes() -> None:
    assert len(FAMILY) > 50


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.code)
def test_every_diagnostic_explains_itself(kind: type[Diagnostic]) -> None:
    doc = inspect.getdoc(kind) or ""
    assert doc.split("\n")[0].endswith(".")
    assert "\nFix: " in doc
