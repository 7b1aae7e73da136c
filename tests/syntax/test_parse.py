"""The syntax trees of the statements and expressions of the language."""

from __future__ import annotations

from typing import Any

import pytest

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import TRUSTED, Limits
from graphlang.syntax import tree as t
from graphlang.syntax.parse import decode, parse


def statements(text: str) -> Any:
    return parse(text).statements


def only(text: str) -> Any:
    (statement,) = statements(text)
    return statement


def value(text: str) -> Any:
    return only(f"y = {text}").value


def shown(node: Any) -> str:
    """An expression with every bracket written."""
    match node:
        case t.Number():
            return str(node.value)
        case t.Name():
            return node.name
        case t.Unary():
            return f"({node.operator} {shown(node.operand)})"
        case t.Binary():
            return f"({shown(node.left)} {node.operator} {shown(node.right)})"
        case t.Conditional():
            return f"({shown(node.then)} if {shown(node.condition)} else {shown(node.otherwise)})"
        case t.Pipe():
            return f"({' -> '.join(map(shown, (node.value, *node.stages)))})"
        case t.Call():
            return f"{shown(node.function)}({', '.join(map(shown, node.arguments))})"
        case t.Argument():
            return (f"{node.name}=" if node.name else "") + shown(node.value)
        case t.Attribute():
            return f"{shown(node.value)}.{node.name}"
        case t.Index():
            return f"{shown(node.value)}[{', '.join(map(shown, node.items))}]"
        case t.Slice():
            return ":".join("" if p is None else shown(p) for p in (node.start, node.stop, node.step))
        case t.Rest():
            return "..."
        case t.ListOf():
            return f"[{', '.join(map(shown, node.items))}]"
    return repr(node)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a @ b // c % d", "(((a @ b) // c) % d)"),
        ("-a ** 2", "(- (a ** 2))"),
        ("2 ** -x ** y", "(2 ** (- (x ** y)))"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("a - -b", "(a - (- b))"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a or b and c", "(a or (b and c))"),
        ("a + 1 < b * 2", "((a + 1) < (b * 2))"),
        ("(a < b) == c", "((a < b) == c)"),
        (
            "x if s == 1 and c == C else x -> ConvBN(c, k=1)",
            "(x if ((s == 1) and (c == C)) else (x -> ConvBN(c, k=1)))",
        ),
        ("a -> f if c else b -> g", "((a -> f) if c else (b -> g))"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("a + b -> f -> g(1)", "((a + b) -> f -> g(1))"),
        ("f(x -> g, k=a -> h)", "f((x -> g), k=(a -> h))"),
        ("x.T.W(1)[0].a", "x.T.W(1)[0].a"),
        ("(a + b).T", "(a + b).T"),
        ("[1, 2][0]", "[1, 2][0]"),
        ("x[0, :, 1:, :n - 1, a:b:2, ::2, ...]", "x[0, ::, 1::, :(n - 1):, a:b:2, ::2, ...]"),
        ("x -> tok.W -> f(1)[0]", "(x -> tok.W -> f(1)[0])"),
        ("[\n  1,\n  2,\n]", "[1, 2]"),
        ("f(\n a,\n b,\n)", "f(a, b)"),
    ],
)
def test_operators_bind_as_the_language_says(text: str, meaning: str) -> None:
    assert shown(value(text)) == meaning


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("0.5", 0.5), (".5", 0.5), ("2.", 2.0), ("1e-6", 1e-6), ("2E3", 2000.0), ("007", 7)],
)
def test_a_number_is_an_int_where_it_has_neither_point_nor_exponent(text: str, number: float) -> None:
    made = value(text)
    assert (made.value, type(made.value)) == (number, type(number))


def test_strings_know_four_escapes() -> None:
    assert value(r'"a\"b\\c\nd\te"').value == 'a"b\\c\nd\te'
    assert value('"n t (s h d) # no comment; é"').value == "n t (s h d) # no comment; é"


def test_constants_are_written_small() -> None:
    assert [type(n) for n in value("[true, false, none]").items] == [t.Bool, t.Bool, t.NoneValue]


def test_a_line_that_declares_several_names_makes_a_statement_for_each() -> None:
    a, b, c = statements("input a = 1, b: float[N, 3*D, ...], c: int = 2")
    assert (a.name, a.type, a.default.value) == ("a", None, 1)
    assert (b.type.dtype, [shown(d) for d in b.type.dims], b.default) == (
        "float",
        ["N", "(3 * D)", "..."],
        None,
    )
    assert (c.type.dims, c.default.value) == (None, 2)
    assert [s.name for s in statements("output a, b")] == ["a", "b"]
    assert [s.value.value for s in statements("hyper a = 1, b = 2")] == [1, 2]
    assert [s.name for s in statements("param W: float[2] = 0, b: float[]")] == ["W", "b"]


def test_version_import_expect_and_layer() -> None:
    version, import_, layer, expect = statements(
        'graphlang 1\nimport "a.graph" as a\nlayer e = Affine(3)\nexpect x ~= y within 1e-3'
    )
    assert version.number == 1
    assert (import_.path, import_.name, import_.path_span.text) == ("a.graph", "a", '"a.graph"')
    assert (layer.name, shown(layer.stage)) == ("e", "Affine(3)")
    assert (expect.left.name, expect.right.name, expect.within.value) == ("x", "y", 1e-3)


def test_a_def_has_formals_with_types_and_defaults_and_a_body() -> None:
    one = only("def f(x: float[N, D], k=3,): float[N] = x * k")
    assert [(f.name, f.type and f.type.dtype, f.default and f.default.value) for f in one.formals] == [
        ("x", "float", None),
        ("k", None, 3),
    ]
    assert (one.returns.dtype, [type(s) for s in one.body]) == ("float", [t.Return])
    many = only(
        "def F(x) {\n  param W: float[2], b: float[2]\n  h = x @ W\n  layer e = A(1)\n  return h, b\n}"
    )
    assert [type(s) for s in many.body] == [t.Param, t.Param, t.Assign, t.LayerDecl, t.Return]
    assert [v.name for v in many.body[-1].values] == ["h", "b"]
    assert only("def f() = 1").formals == ()
    assert [type(s) for s in only("def f() { param W: float[2]; return W }").body] == [t.Param, t.Return]


def test_assignments_have_several_targets() -> None:
    made = only("q, k, v = split(x, 3)")
    assert [target.name for target in made.targets] == ["q", "k", "v"]
    assert made.span.text == "q, k, v = split(x, 3)"


def test_layer_lists_nest_and_have_labels() -> None:
    pipe = value(
        "x -> layers {\n c1: Conv(2) -> Relu\n repeat n - 1 { A }; residual { B\n C }\n for: D\n}"
        " -> for c in [1, 2] { E(c) }"
    )
    layers, for_ = pipe.stages
    assert [e.label for e in layers.entries] == ["c1", None, None, "for"]
    assert [type(e.stages[-1]) for e in layers.entries] == [t.Name, t.Repeat, t.Residual, t.Name]
    assert ([v.name for v in for_.variables], shown(for_.values), for_.variables[0].span.text) == (
        ["c"],
        "[1, 2]",
        "c",
    )
    assert shown(layers.entries[1].stages[0].count) == "(n - 1)"


def test_a_scan_has_carries_and_a_body() -> None:
    scan = value("scan x in xs carry h = a, c = b {\n u = h + x\n next h = u, c = u\n yield u, c\n}")
    assert (scan.variable, [c.name for c in scan.carries]) == ("x", ["h", "c"])
    assert [type(s) for s in scan.body] == [t.Assign, t.Next, t.Yield]
    assert value("scan x in xs { yield x }").carries == ()


def test_sections_hold_settings() -> None:
    made = only("train { minimize = loss; optimizer = SGD(lr=0.1)\n  metrics = [accuracy(y, t)] }")
    assert (made.name, [s.name for s in made.settings]) == ("train", ["minimize", "optimizer", "metrics"])
    assert only("data { }").settings == ()


# ---- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "data = 3", "train = data + 1", "input = 3", "output, input = f(x)", "layers = 2", "next = 1",
        "y = data * train + scan", "y = repeat + residual - for", "y = LSTM(64, return=last, in=3, float=1)",
        "y = within -> carry -> as", "x = scan if float else int", "y = x.data.T.input",
        "input data: float[train]", "y = x -> layers { data: A; repeat: B; A }",
        "train { data = train; layers = 3 }", "y = x -> residual",
        "carry = 3\nwithin = 4\nas = 5", "def scan(x, in) = x", "graphlang = 1",
        "y = next\nyield = y",
    ],
)  # fmt: skip
def test_keywords_are_names_where_no_keyword_can_stand(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    "name", ["사과", "α", "Δ", "αβ", "東京タワー", "りんご", "가격_A", "é", "हिन्दी", "слово", "مرحبا", "x1"]
)
def test_names_are_unicode(name: str) -> None:
    assert only(f"{name} = 1").targets[0].name == name


def test_names_are_normalised_but_their_spans_are_of_the_original_text() -> None:
    decomposed = "cafe\u0301"
    statement = only(f"{decomposed} = 1")
    assert statement.targets[0].name == "caf\u00e9"
    assert statement.targets[0].span.text == decomposed
    assert statement.value.span.text == "1"


# ---- where statements end -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("\n\n", 0), ("# c", 0), (";", 0), ("# c\n;\n", 0),
        ("a = 1\nb = 2", 2), ("a = 1; b = 2;", 2), ("a = 1 # x; y\nb = 2 # c", 2), ("a = 1;;\n;b = 2", 2),
        ("y = a +\n b\nz = a\n + b\nw = a\n- b", 3),
        ("y = a\n  if c\n  else b\nz = a\n and b\n or c", 2),
        ("y = x -> # one\n\n # two\n Relu\n# three\n\n  -> Relu # four\n# five\n", 1),
        ("y = f(a\n\n,\n# c\nb\n)\nz = x[\n0\n]", 2),
        ("y =\n  3\nz\n = 4", 2), ("def f(x)\n{\n\n return x\n\n}\ndata\n{ a = 1\n}", 2),
        ("y = x -> layers {\n\n A\n\n\n B;\n}\noutput y", 2),
        ("expect a ~=\n b\n within 1e-3", 1), ("y = scan x in xs\n carry h = a { yield x }", 1),
        ("input a = 1,\n  b = 2", 2), ("expect a\n  ~= b", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_statement_ends_where_a_reader_expects(text: str, count: int, line_end: str) -> None:
    assert len(statements(text.replace("\n", line_end))) == count


def test_places_are_right_with_every_line_end() -> None:
    for text in ("a = 1\nbc = 2", "a = 1\r\nbc = 2", "a = 1\rbc = 2", "\ufeffa = 1\nbc = 2"):
        span = statements(text)[1].span
        assert (span.text, span.source.position(span.start)) == ("bc = 2", (2, 1))


def test_spans_cover_their_text() -> None:
    statement = only("y = (a + b) -> f(c, k=[1, 2]) -> layers { A; b: B }")
    pipe = statement.value
    assert statement.span.text == "y = (a + b) -> f(c, k=[1, 2]) -> layers { A; b: B }"
    assert [n.span.text for n in (pipe, pipe.value, *pipe.stages)] == [
        "(a + b) -> f(c, k=[1, 2]) -> layers { A; b: B }", "(a + b)", "f(c, k=[1, 2])", "layers { A; b: B }",
    ]  # fmt: skip
    assert [a.span.text for a in pipe.stages[0].arguments] == ["c", "k=[1, 2]"]
    assert [e.span.text for e in pipe.stages[1].entries] == ["A", "b: B"]
    assert only("def f(x: float[N] = 1) {\n return x\n}").formals[0].span.text == "x: float[N] = 1"
    assert value("x.T[0:n]").span.text == "x.T[0:n]"
    assert value("x.T[0:n]").items[0].span.text == "0:n"


def test_the_documentation_is_the_comment_block_at_the_top() -> None:
    assert (
        parse("# Fruit\n#   two\n#\n# three\n\n# not this\ny = 1 # nor this").doc == "Fruit\n  two\n\nthree"
    )
    assert parse("y = 1\n# after").doc == ""
    assert parse("\n\n  # a\r\n# b\r\ny = 1").doc == "a\nb"


# ---- sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "y = " + "(" * 30_000 + "a" + ")" * 30_000,
        "y = " + "1+" * 29_999 + "1",
        "y = x" + " -> Relu" * 30_000,
        "y = " + "a**" * 30_000 + "b",
        "y = " + "-" * 30_000 + "b",
        "y = " + "f(" * 30_000 + "b" + ")" * 30_000,
        "y = x -> " + "residual { " * 15_000 + "A" + " }" * 15_000,
    ],
    ids=["brackets", "sum", "chain", "powers", "signs", "calls", "blocks"],
)
def test_depth_is_no_obstacle(text: str) -> None:
    assert parse(text, limits=TRUSTED).statements[0].span.end == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "# c\n" * 50_000 + "y = x",
        "y = x\n" + "# c\n" * 50_000 + "  -> Relu",
        "y = x\n" + "# c\n" * 50_000,
        "y = x" + " " * 1_000_000,
        "y = x\n" + " \t\n" * 100_000 + "-> Relu",
        "y = f(x\n" + "# c ;\n" * 50_000 + ")",
    ],
    ids=["top", "middle", "end", "spaces", "blank", "inside"],
)
def test_long_runs_of_comments_and_spaces_are_read(text: str) -> None:
    """In quadratic time none of these would end."""
    only(text)


def test_what_is_larger_than_a_limit_is_refused() -> None:
    with pytest.raises(GraphError) as caught:
        parse("y = 1\n" * 10, "a.graph", Limits(source_bytes=59))
    assert caught.value.diagnostics[0].message == "the file is too large: 60 bytes, the limit is 59"
    with pytest.raises(GraphError) as caught:
        parse("y = ((((x))))", limits=Limits(nesting=3))
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.span and problem.span.start) == ("GL802", 7)


def test_a_file_must_be_utf8() -> None:
    assert decode("\ufeffα = 1".encode(), "a.graph") == "α = 1"
    with pytest.raises(GraphError) as caught:
        decode(b"y = 1\nx = \xe9", "a.graph")
    (problem,) = caught.value.diagnostics
    assert (problem.file, problem.message) == ("a.graph", "the file is not UTF-8 text: byte 0xE9 on line 2")
