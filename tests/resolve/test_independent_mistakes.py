"""Mistakes in different statements are all reported at once, and nothing beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl

SPECS = Path(__file__).parent.parent.parent / "specs"

STATEMENTS: list[tuple[str, list[tuple[str, str]]]] = [
    ("hyper width = 8, depth = 2", [
        ("hyper width = 8, depth = wdith", "GL201"), ("hyper width = , depth = 2", "GL136"),
        ("hyper width = 8 // 0, depth = 2", "GL408"), ("hypr width = 8, depth = 2", "GL140"),
    ]),
    ("input x: float[N, 3]", [
        ("input x: flaot[N, 3]", "GL138"), ("inptu x: float[N, 3]", "GL140"), ("input x: float[N, 0]", "GL306"),
        ("input x: float[N, 3", "GL102"),
    ]),
    ("input t: int[N]", [("input t: integr[N]", "GL138"), ("input t: int[N, -1]", "GL306")]),
    ("input a = 2, b = 3", [("input a = 2, b = = 3", "GL122"), ('input a = 2, b = "3"', "GL305")]),
    ("param V: float[3, width] = normal(0.1)", [
        ("param V: float[3, width] = nromal(0.1)", "GL202"), ("param V: float[3, wdth] = normal(0.1)", "GL303"),
        ("param V = normal(0.1)", "GL137"), ("param V float[3, width] = normal(0.1)", "GL153"),
    ]),
    ("layer enc = Affine(width)", [
        ("layer enc = Afine(width)", "GL202"), ("layer enc = Affine(width, biass=true)", "GL401"),
        ("layer enc Affine(width)", "GL154"), ("layr enc = Affine(width)", "GL140"),
        ("layer enc = Affine(0)", "GL402"),
    ]),
    ("def double(v, k=2) { w = v * k; return w }", [
        ("def double(v, k=2) { w = v * j; return w }", "GL201"), ("def double(v, k=2) { w = v k; return w }", "GL125"),
        ("def double(v, k=2) { w = v * k; retrun w }", "GL140"), ("def double(v, k=2) { w = v * k }", "GL220"),
        ("def double(v, k=2) w = v * k", "GL105"), ("def double(v k=2) { w = v * k; return w }", "GL153"),
    ]),
    ("p = (a + b) * 2", [("p = (a + b * 2", "GL102"), ("p = (a + bb) * 2", "GL201"), ("p = a b", "GL125"), ("p = a +", "GL121")]),
    ("q = double(p)", [("q = duoble(p)", "GL202"), ("q = double(p, m=3)", "GL401"), ("q = double(p", "GL102")]),
    ("h = enc(x) + x @ V", [
        ("h = enc(x) + x @ Vv", "GL201"), ("h = enc(x) + x @ V]", "GL103"), ("h == enc(x) + x @ V", "GL132"),
    ]),
    ("g = x -> Affine(width) -> layers {\n  Relu\n  fc: Affine(4)\n  Relu\n}", [
        ("g = x -> Affine(width) -> layers {\n  Relu\n  fc: Affin(4)\n  Relu\n}", "GL202"),
        ("g = x -> Affine(width) -> layers {\n  Relu\n  fc: Affine(4) Relu\n}", "GL131"),
        ("g = x -> Affine(width) -> lyers {\n  Relu\n  fc: Affine(4)\n  Relu\n}", "GL140"),
        ("g = x -> Affine(widht) -> layers {\n  Relu\n  fc: Affine(4)\n  Relu\n}", "GL201"),
    ]),
    ("r = h -> repeat depth { Affine(width); Relu }", [
        ("r = h -> repeat depth { Affine(width); Rellu }", "GL202"), ("r = h -> reapet depth { Affine(width); Relu }", "GL140"),
        ("r = h -> repeat dpeth { Affine(width); Relu }", "GL201"), ("r = h -> repeat depth { Affine(width), Relu }", "GL130"),
        ("r = h -> repeat depth Affine(width)", "GL105"),
    ]),
    ("y = r -> Affine(5)", [("y = r -> Affine", "GL403"), ("y = r -> Affine(5) -> 3", "GL144"), ("y = r => Affine(5)", "GL119")]),
    ("loss = SoftmaxWithLoss(y, t)", [
        ("loss = SoftmaxWithLos(y, t)", "GL202"), ("loss = SoftmaxWithLoss(y, tt)", "GL201"), ("loss = SoftmaxWithLoss(y t)", "GL125"),
    ]),
    ("m = fc.W * 2", [("m = fc.W * 2 2", "GL125")]),
    ("output y, h", [("output y, hh", "GL201"), ("ouput y, h", "GL140"), ("output y h", "GL153")]),
    ("expect p ~= 10", [("expect p == 10", "GL127"), ("expect pp ~= 10", "GL201"), ("expct p ~= 10", "GL140")]),
    ('data { source = npz("a.npz"); x = x; t = t }', [
        ('data { source = npy("a.npz"); x = x; t = t }', "GL202"), ('dat { source = npz("a.npz"); x = x; t = t }', "GL140"),
        ("data { source = npz('a.npz'); x = x; t = t }", "GL114"), ('data { source = npz("a.npz"); x = x; tt = t }', "GL501"),
    ]),
    ("train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 3 }", [
        ("tran { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 3 }", "GL140"),
        ("train { minimise = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 3 }", "GL501"),
        ("train { minimize = loss; optimizer = SGD(l=0.1); batch = 4; epochs = 3 }", "GL401"),
        ("train { minimize = loss; optimizer = SGDD(lr=0.1); batch = 4; epochs = 3 }", "GL202"),
        ("train { minimize = loss; optimizer = SGD(lr=0.1); batch: 4; epochs = 3 }", "GL129"),
        ("train { minimize = loss; optimizer = SGD(lr=0.1), batch = 4; epochs = 3 }", "GL130"),
        ("train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4 4; epochs = 3 }", "GL125"),
        ("train { minimize = loss; optimizer = SGD(lr=0.1); batch = 0; epochs = 3 }", "GL502"),
    ]),
    ("gradcheck { of = loss; batch = 3 }", [("gradchek { of = loss; batch = 3 }", "GL140"), ("gradcheck { of = los; batch = 3 }", "GL201")]),
]  # fmt: skip


def found(text: str) -> list[tuple[str, int | None]]:
    try:
        gl.loads(text)
    except gl.GraphError as error:
        return [(d.code, d.line) for d in error.diagnostics if d.severity == "error"]
    return []


def test_the_file_that_the_mistakes_go_into_has_none() -> None:
    assert found("\n".join(sound for sound, _ in STATEMENTS)) == []


SINGLE = [(n, m, code) for n, (_, mistakes) in enumerate(STATEMENTS) for m, code in mistakes]


def check(chosen: dict[int, tuple[str, str]]) -> None:
    text, lines = "", {}
    for number, (sound, _) in enumerate(STATEMENTS):
        lines[number] = text.count("\n") + 1
        text += f"{chosen[number][0] if number in chosen else sound}\n"
    ends = [*lines.values(), text.count("\n") + 1]
    rest = found(text)
    for number, (wrong, code) in chosen.items():
        hits = [(c, ln) for c, ln in rest if c == code and ln and lines[number] <= ln < ends[number + 1]]
        assert hits, (wrong, code, rest)
        rest = [hit for hit in rest if hit not in hits]
    assert not rest, (text, rest)


@pytest.mark.parametrize(("number", "wrong", "code"), SINGLE, ids=[wrong for _, wrong, _ in SINGLE])
def test_a_mistake_alone_has_no_consequences(number: int, wrong: str, code: str) -> None:
    check({number: (wrong, code)})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_several_mistakes_are_all_reported_and_nothing_else(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, len(STATEMENTS) - 1), min_size=2, max_size=6, unique=True))
    check({n: data.draw(st.sampled_from(STATEMENTS[n][1])) for n in sorted(numbers)})
