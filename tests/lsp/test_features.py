"""What each feature of the language server answers, without a server."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from graphlang.diagnostics import edited
from graphlang.lsp.actions import actions, fix_all
from graphlang.lsp.analysis import Analysis, Cancelled, importer_with
from graphlang.lsp.completion import completions
from graphlang.lsp.fields import fields_in
from graphlang.lsp.hints import hints
from graphlang.lsp.hover import hover
from graphlang.lsp.lines import TextLines
from graphlang.lsp.navigation import definition_at, references
from graphlang.lsp.renaming import CannotRename, renamable, renamed
from graphlang.lsp.runs import is_small, number_text, run_file
from graphlang.lsp.signatures import signature_at
from graphlang.lsp.symbols import folds, outline
from graphlang.lsp.tokens import colours

NET = """\
# A network for digits.

# how many units
hyper hidden = 50
input x: float[N, 784], t: int[N]  # pixels, labels
def Block(x: float[N, D], k, act=2) {
  h = x -> Affine(k)
  return h * act
}
y = x -> Block(hidden, act=3) -> Relu -> layers {
  out: Affine(10)
}
loss = SoftmaxWithLoss(y, t)
output y
train {
  minimize = loss
  optimizer = SGD(lr=0.1)
  batch = 100
  iterations = 3
}
"""


def analysis(text: str) -> Analysis:
    return Analysis(text, "net.graph").examine()


def at(marked: str) -> tuple[Analysis, int]:
    """The analysis of a text without its mark `|`, and the offset of the mark."""
    return analysis(marked.replace("|", "", 1)), marked.index("|")


def hovered(marked: str) -> str:
    answer = hover(*at(marked))
    return "" if answer is None else answer.markdown


def offered(marked: str, rank: int = 9) -> list[str]:
    _, items = completions(*at(marked), lambda source: ["area", "living room"] if source else [])
    return [item.label for item in sorted(items, key=lambda i: i.rank) if item.rank <= rank]


def in_net(old: str, new: str) -> str:
    assert old in NET
    return NET.replace(old, new, 1)


# ---- places ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_places_and_offsets_are_each_others_inverse(encoding: str) -> None:
    text = "a = 1\r\n무게 🍎\n\r🍎🍎x"
    lines = TextLines(text, encoding)  # type: ignore[arg-type]
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":
            assert lines.offset(*lines.where(offset)) == offset


def test_a_place_outside_of_the_text_is_the_closest_in_it() -> None:
    lines = TextLines("ab\ncd")
    assert [lines.offset(0, 99), lines.offset(9, 0), lines.offset(-1, 3), lines.offset(1, -5)] == [2, 5, 0, 3]


# ---- hover ----------------------------------------------------------------------------------------------


def test_a_hover_over_a_function_of_fields_says_how_it_is_written() -> None:
    data = "input x: int[N, 2]\ny = x\ndata { source = mnist(); x = wo|rds(words, length=2) }"
    assert "words(field, length=20)" in hovered(data)
    assert "a field of the data" in hovered(data.replace("|", "").replace("(words", "(wo|rds"))


def test_a_hover_says_type_definition_formula_and_comment() -> None:
    text = hovered(in_net("loss =", "lo|ss ="))
    assert "loss: float\n" in text
    assert "loss = SoftmaxWithLoss(y, t)" in text
    assert "`SoftmaxWithLoss`: L = -sum(t * log(y)) / N" in text
    assert "how many units" in hovered(in_net("hyper hidden", "hyper hi|dden"))
    assert "hyper hidden = 50" in hovered(in_net("Block(hidden", "Block(hidd|en"))
    assert "pixels, labels" in hovered(in_net("input x", "input |x"))
    assert "float[N, 784]" in hovered(in_net("y = x", "y = |x"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Relu ->", "Re|lu ->", "float[N, 50]"),
        ("Relu ->", "Re|lu ->", "max(x, 0)"),
        ("Affine(10", "Aff|ine(10", "**Shapes:** x [..., in]"),
        ("act=3", "a|ct=3", "formal"),
        ("(lr=", "(l|r=", "`lr` float"),
        ("batch", "ba|tch", "rows of a step"),
        ("SGD", "S|GD", "*optimizer*"),
        ("[N, 784]", "[|N, 784]", "size"),
        ("train {", "tr|ain {", "What is minimized"),
        ("h * act", "|h * act", "h: float[N, 50]"),
    ],
)
def test_a_hover_explains(old: str, new: str, said: str) -> None:
    assert said in hovered(in_net(old, new))


def test_nothing_is_said_of_numbers_and_blanks() -> None:
    assert hovered(in_net("= 50", "= 5|0")) == ""
    assert hovered("a = 1\n\n|\n") == ""


def test_a_parameter_of_a_layer_has_its_type() -> None:
    assert "enc.W: float[4, 3]" in hovered(
        "input x: float[N, 4]\nlayer enc = Affine(3)\ny = x -> enc\nz = sum(enc.|W)\n"
    )


# ---- completion -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("a = 1\nhyper b = 2\nc = |", ["a", "b"]),
        ("input x: |", ["float", "int", "bool"]),
        ("y = x -> Affine(10, init=|", ["constant", "fan_uniform", "glorot"]),
        ("y = x -> SoftmaxWithLoss(t, reduction=|", ["mean", "sum", "none"]),
        ("y = x -> Affine(|", ["units=", "init=", "bias="]),
        ("y = x -> Affine(3, bias=|", ["true", "false"]),
        ("train { dtype = | }", ["float32", "float64"]),
        ("train { shuffle = | }", ["true", "false"]),
        ("train {\n  |\n}", ["minimize", "optimizer", "schedule"]),
        ("train { optimizer = | }", ["Adadelta", "AdaGrad", "Adam"]),
        ("def f(a, b=3) = a * b\ny = f(x, |)", ["a=", "b="]),
        ('data { source = csv("h.csv")\n  x = |\n}', ["area", 'field("living room")']),
        ('data { source = csv("h.csv")\n  x = words(area, |)\n}', ["length=", "most="]),
        ('hyper T = 5\ndata { source = csv("h.csv")\n  x = words(area, length=|)\n}', ["T"]),
        ("|", ["graphlang", "import", "hyper"]),
        ("def f(a, b) = |", ["a", "b", "f"]),
    ],
)
def test_what_fits_best_is_offered_first(marked: str, first: list[str]) -> None:
    assert offered(marked)[: len(first)] == first


def test_layers_stand_behind_an_arrow_and_names_of_values_do_not() -> None:
    names = offered("input x: float[N, 3]\nlayer enc = Affine(2)\ny = x -> |")
    assert {"enc", "Affine", "relu", "repeat", "SoftmaxWithLoss"} <= set(names)
    assert "x" not in names


def test_settings_that_are_there_are_not_offered_again() -> None:
    names = offered(in_net("  batch", "  |\n  batch"))
    assert "epochs" in names
    assert not {"batch", "minimize", "iterations"} & set(names)


def test_names_of_a_def_and_of_a_loop_are_offered_inside_of_them_alone() -> None:
    assert {"x", "k", "act", "hidden"} <= set(offered(in_net("h * act", "h * |")))
    assert "loss" not in offered(in_net("h * act", "h * |"))
    assert "k" not in offered(in_net("loss = ", "z = |\nloss = "))
    assert "c" in offered("y = [c * | for c in [1, 2]]")


@pytest.mark.parametrize("marked", ["# a |", 'import "|', "y = 3|", 's = "text |'])
def test_nothing_is_offered_in_comments_texts_and_numbers(marked: str) -> None:
    assert offered(marked) == []


def test_a_call_that_was_never_closed_does_not_reach_into_the_next_statement() -> None:
    assert "units=" not in offered("y = x -> Affine(3\nz = |")


def test_fields_come_from_the_header_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("area;price\n1;2\n", encoding="utf-8")
    (tmp_path / "h.jsonl").write_text('{"area": 1, "rooms": 2}\n', encoding="utf-8")
    (tmp_path / "deep.jsonl").write_text("[" * 60_000, encoding="utf-8")
    limits = analysis("").limits
    assert fields_in('csv("h.csv", delimiter=";")', tmp_path, limits) == ["area", "price", "x", "t"]
    assert fields_in('json_lines("h.jsonl")', tmp_path, limits) == ["area", "rooms", "x", "t"]
    assert fields_in("mnist()", tmp_path, limits) == ["x", "t"]
    for wrong in (
        'csv("../h.csv")',
        'csv("none.csv")',
        'json_lines("h.csv")',
        'json_lines("deep.jsonl")',
        'csv("h.csv", delimiter="ab")',
        'csv("h.csv", delimiter=3)',
        "csv(",
        "nothing()",
        'csv("/etc/passwd")',
    ):
        assert fields_in(wrong, tmp_path, limits) == []


# ---- signatures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "label", "active"),
    [
        ("y = x -> Affine(|", "Affine(x, units, init=he, bias=true)", "units"),
        ("y = Affine(|", "Affine(x, units, init=he, bias=true)", "x"),
        ("y = x -> Affine(3, bias=|", "Affine(x, units, init=he, bias=true)", "bias"),
        ("y = where(a, |", "where(condition, x, y)", "x"),
        ("def f(a, b=3) = a\ny = f(1, |2)", "f(a, b=3)", "b"),
        ("train { optimizer = SGD(|", "SGD(lr=0.01, weight_decay=0.0)", "lr"),
        ("y = relu(x, 3, |", "Relu(x)", None),
    ],
)
def test_the_parameter_that_comes_next_is_known(marked: str, label: str, active: str | None) -> None:
    signature = signature_at(*at(marked))
    assert signature is not None
    assert signature.label == label
    named = signature.parameters[signature.active].name if signature.active is not None else None
    assert named == active
    for parameter in signature.parameters:
        assert label[parameter.start : parameter.end].startswith(parameter.name)


def test_outside_of_calls_there_is_no_signature() -> None:
    assert signature_at(*at("y = (a + |")) is None
    assert signature_at(*at("y = unknown_thing(|")) is None


# ---- navigation and renaming ---------------------------------------------------------------------------------


def test_a_definition_is_that_of_the_scope() -> None:
    of_def, offset = at(in_net("return h * act", "return h * |act"))
    span = definition_at(of_def, offset)
    assert span is not None
    assert NET[: span.start].endswith("k, ")
    assert definition_at(*at(in_net("Affine(10)", "Aff|ine(10)"))) is None


def test_references_are_those_of_the_name_and_not_of_its_namesakes() -> None:
    text, offset = at(in_net("input x", "input |x"))
    assert [text.tree.source.position(s.start)[0] for s in references(text, offset)] == [5, 10]
    assert len(references(text, offset, declaration=False)) == 1


@pytest.mark.parametrize(
    ("marked", "new", "after"),
    [
        ("def f(x, |k=3) = x * k\ny = f(a, k=2)", "b", "def f(x, b=3) = x * b\ny = f(a, b=2)"),
        ("def f(x, k=3) = x * k\nk = |a\ny = f(k)", "b", "def f(x, k=3) = x * k\nk = b\ny = f(k)"),
        ("i = 2\ny = [i * a for |i in [1, 2]]", "j", "i = 2\ny = [j * a for j in [1, 2]]"),
        ("def |f(x) = x\ny = a -> f", "g", "def g(x) = x\ny = a -> g"),
        ("input x: float[|N], t: float[N]\ny = x * t", "M", "input x: float[M], t: float[M]\ny = x * t"),
        ("input |x = 2\ny = x\ndata { source = mnist(); x = x }", "z",
         "input z = 2\ny = z\ndata { source = mnist(); z = x }"),
        ("hyper h = 2\ns = scan e in xs carry c = a { next |c = c + e * h; yield c }", "d",
         "hyper h = 2\ns = scan e in xs carry d = a { next d = d + e * h; yield d }"),
        ("hyper |T = 2\ninput x: int[N, T]\ny = x\ndata { source = mnist(); x = words(T, length=T) }", "L",
         "hyper L = 2\ninput x: int[N, L]\ny = x\ndata { source = mnist(); x = words(T, length=L) }"),
        ("|무게 = 2\na = 무게", "사과", "사과 = 2\na = 사과"),
    ],
)  # fmt: skip
def test_a_name_is_changed_in_its_scope(marked: str, new: str, after: str) -> None:
    text, offset = at(marked)
    assert edited(text.text, renamed(text, offset, new)) == after


@pytest.mark.parametrize(
    ("marked", "new", "why"),
    [
        ("x = |a * 2\ny = x + a", "3b", "is not a name"),
        ("x = |a * 2\ny = x + a", "if", "is not a name"),
        ("x = |a * 2\ny = x + a", "", "is not a name"),
        ("x = |a * 2\ny = x + a", "a b", "is not a name"),
        ("x = |a * 2\ny = x + a", "x", "defined already, in line 1"),
        ("def f(x, |k=3) = x * k", "x", "defined already"),
        ("hyper h = 2\ndef f(|x) = x * h\ny = f(2.0)", "h", "defined already"),
        ("hyper |h = 2\ndef f(x) = x * h\ny = f(2.0)", "x", "defined already"),
        ("|a = 2\ny = log(a)", "log", "another name would mean something else"),
        ("y = lo|g(a)", "b", "is not defined in this file"),
        ("y = a +| 3", "b", "there is no name here"),
    ],
)
def test_what_would_change_the_meaning_is_refused(marked: str, new: str, why: str) -> None:
    with pytest.raises(CannotRename, match=why):
        renamed(*at(marked), new)


def test_a_name_in_a_text_of_the_file_is_missed_by_nobody() -> None:
    marked = in_net("iterations = 3", 'iterations = 3\n  groups = [group("out.*", lr=0.1)]')
    with pytest.raises(CannotRename, match="with `last` in place of `out`"):
        renamed(*at(marked.replace("out: A", "|out: A")), "last")


def test_renaming_gives_the_name_as_it_is_written() -> None:
    text, offset = at(in_net("Block(hidden", "Block(hid|den"))
    assert renamable(text, offset).name == "hidden"
    assert renamed(text, offset, "hidden") == []


# ---- imports ----------------------------------------------------------------------------------------------


def imported(tmp_path: Path, opened: dict[str, str] | None = None) -> Analysis:
    (tmp_path / "blocks.graph").write_text("# twice\ndef Twice(x, k=2) = x * k\n", encoding="utf-8")
    text = 'import "blocks.graph" as blocks\ny = blocks.Twice(a, k=3)\n'
    importer = importer_with(tmp_path, (opened or {}).get)
    return Analysis(text, str(tmp_path / "main.graph"), importer).examine()


def test_imports_are_hovered_completed_and_followed(tmp_path: Path) -> None:
    main = imported(tmp_path)
    member = main.text.index("Twice")
    answer = hover(main, member)
    assert answer is not None
    assert "def Twice(x, k=2) = x * k" in answer.markdown
    found = [definition_at(main, offset) for offset in (member, main.text.index("k=3"), 10)]
    assert [Path(s.source.name).name if s else None for s in found] == ["blocks.graph"] * 3
    assert [s.text for s in found if s] == ["Twice", "k", ""]
    assert [i.label for i in completions(main, member)[1]] == ["Twice"]
    signature = signature_at(main, main.text.index("a, k"))
    assert signature is not None
    assert signature.label == "Twice(x, k=2)"


def test_references_reach_into_files_that_import(tmp_path: Path) -> None:
    main = imported(tmp_path)
    blocks = main.modules["blocks"]
    spans = references(blocks, blocks.text.index("Twice"), [main])
    assert [Path(s.source.name).name for s in spans] == ["blocks.graph", "main.graph"]
    formals = references(blocks, blocks.text.index("k=2"), [main])
    assert [s.text for s in formals] == ["k", "k", "k"]


def test_an_open_document_stands_for_its_file_and_for_one_that_is_not_there_yet(tmp_path: Path) -> None:
    changed = {str(tmp_path / "blocks.graph"): "def Other(x) = x\n"}
    assert [d.code for d in imported(tmp_path, changed).problems] == ["GL208"]
    (tmp_path / "blocks.graph").unlink()
    importer = importer_with(tmp_path, changed.get)
    text = 'import "blocks.graph" as b\ny = b.Other(a)\n'
    assert Analysis(text, str(tmp_path / "main.graph"), importer).examine().problems == []
    outside = 'import "../x.graph" as b\ny = b.Other(a)\n'
    assert Analysis(outside, str(tmp_path / "main.graph"), importer).examine().problems


# ---- outline, colours, hints ----------------------------------------------------------------------------------


def test_the_outline_has_inputs_values_defs_and_sections() -> None:
    of_net = {s.name: s for s in outline(analysis(NET))}
    assert list(of_net) == ["hidden", "x", "t", "Block", "y", "loss", "train"]
    assert [c.name for c in of_net["Block"].children] == ["h"]
    assert [(c.name, c.detail) for c in of_net["y"].children] == [("out", "Affine(10)")]
    assert of_net["y"].detail == "float[N, 10]"
    assert [c.name for c in of_net["train"].children] == ["minimize", "optimizer", "batch", "iterations"]


@pytest.mark.parametrize(
    ("broken", "symbol"),
    [
        ("input x float", ("x", "input")),
        ("def f(a, b) = a b", ("f", "function")),
        ("y = x + )", ("y", "value")),
        ("train { batch = ( }", ("train", "section")),
        ("hyper h 3", ("h", "constant")),
    ],
)
def test_a_broken_statement_is_in_the_outline(broken: str, symbol: tuple[str, str]) -> None:
    assert [(s.name, s.kind) for s in outline(analysis(broken))] == [symbol]


def test_blocks_and_comments_fold() -> None:
    text = "# one\n# two\n" + NET
    found = [(f.start, f.end, f.comment) for f in folds(analysis(text))]
    assert found == [(0, 2, True), (7, 9, False), (11, 12, False), (16, 20, False)]


def test_every_word_has_its_colour() -> None:
    text = analysis(NET)
    by_word = {text.text[c.start : c.end]: (c.type, c.modifiers) for c in colours(text)}
    assert by_word["hyper"] == ("keyword", ())
    assert by_word["Block"] == ("function", ())
    assert by_word["Affine"] == ("class", ("defaultLibrary",))
    assert by_word["float"] == ("type", ())
    assert by_word["optimizer"] == ("property", ())
    assert by_word["# how many units"] == ("comment", ())
    assert by_word["0.1"] == ("number", ())
    assert by_word["->"] == ("operator", ())
    ordered = list(colours(text))
    assert all(a.end <= b.start for a, b in pairwise(ordered))
    line = NET.index("loss =")
    assert [text.text[c.start : c.end] for c in colours(text, line, line + 6)] == ["loss", "="]


def test_hints_tell_shapes_behind_names_and_layers() -> None:
    shown = [(NET[: h.offset].rpartition("\n")[2], h.label) for h in hints(analysis(NET))]
    assert shown == [
        ("  h", ": float[N, 50]"),
        ("y", ": float[N, 10]"),
        ("  out: Affine(10)", "  float[N, 10]"),
    ]


def test_a_def_with_many_uses_has_a_short_hint() -> None:
    text = "def f(x) {\n  h = x * 2\n  return h\n}\n" + "\n".join(
        f"a{n} = f(zeros({n}))" for n in range(1, 6)
    )
    assert hints(analysis(text))[0].label == ": float[1] or float[2] or 3 more"


def test_values_and_gradients_of_a_run_stand_behind_statements() -> None:
    text = analysis(
        "input apple = 100, tax = 1.1\nprice = apple * 2 * tax\nm = [1, 2] * price\noutput price\n"
    )
    assert is_small(text)
    ran = run_file(text, None)
    shown = [h.label for h in hints(text, ran=ran) if h.sort == "value"]
    assert shown == ["  dprice/dapple = 2.2", "  dprice/dtax = 200", "  = 220", "  = [220, 440]"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(220.00000001, "220"), (3, "3"), (True, "true"), ([], "[]"), ([1.5, 2], "[1.5, 2]"),
     (list(range(5)), "mean 2, 0 .. 4"), ([[True, False]], "1 of 2 true")],
)  # fmt: skip
def test_values_are_shown_in_a_few_characters(value: object, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize("text", [NET, "y = a", "input x = 2\ny = zeros(200, 200) * x", "y = Afine(2)", ""])
def test_what_is_large_or_lacks_a_value_does_not_run_by_itself(text: str) -> None:
    assert not is_small(analysis(text))


def test_what_a_run_lacks_is_told() -> None:
    assert [p.code for p in run_file(analysis("input x: float\ny = x * 2"), None).problems] == ["GL701"]


# ---- actions ------------------------------------------------------------------------------------------------


def test_every_edit_of_a_message_is_an_action_and_the_certain_ones_are_preferred() -> None:
    text = analysis("input x: float[N, 4]\ny = x -> Afine(3)\nb = True\nc = (1\noutput y\n")
    shown = [(a.title, a.sure) for a in actions(text, 0, len(text.text))]
    assert shown[:2] == [("Replace `Afine` with `Affine`", False), ("Replace `True` with `true`", True)]
    assert actions(text, 0, 5) == []
    assert fix_all(text) is not None
    assert "b = true" in str(fix_all(text))
    assert fix_all(analysis(NET)) is None


# ---- cancelling ---------------------------------------------------------------------------------------------


def test_an_analysis_that_nobody_waits_for_stops() -> None:
    cancelled = Event()
    waiting = Analysis(NET, "net.graph", cancelled=cancelled)
    cancelled.set()
    with pytest.raises(Cancelled):
        waiting.examine()
    with pytest.raises(Cancelled):
        Analysis(NET, "net.graph", cancelled=cancelled)


def test_a_mistake_in_an_imported_file_stands_at_the_import_of_that_file() -> None:
    pytest.importorskip("pygls")
    from graphlang.lsp.convert import Converter

    files = {
        "good.graph": "def F(x) = x * 2\n",
        "bad.graph": "def G(x) = x * (\n",
    }
    text = 'import "good.graph" as good\nimport "bad.graph" as bad\ninput x = 1\ny = good.F(x)\n'

    def importer(importing: str, written: str) -> tuple[str, str]:
        return written, files[written]

    analysis = Analysis(text, "net.graph", importer).examine()
    told = Converter(analysis, "utf-16").diagnostics()
    mistake = next(d for d in told if "bad.graph" in d.message)
    assert (mistake.range.start.line, mistake.range.start.character) == (1, 7)
    assert mistake.message.startswith("in bad.graph, line 1: ")
    assert mistake.related_information is not None
    assert mistake.related_information[0].message == "the mistake"
