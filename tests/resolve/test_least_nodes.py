"""Nodes that are counted before anything is unrolled: never more than there are."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError
from tests.resolve.created_nodes import least_and_created

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.graph"))

EXACT = {
    "operators": ("def f(x, k) = x * 2 + k if k > 3 else x * k\ninput x: float[N]\ny = f(x, 4)\nz = f(y, 1)", 2),
    "layers": ("def F(x, k) = (x -> Relu -> Tanh) if k > 3 else (x -> Relu)\ninput x: float[N, 3]\ny = F(x, 4)", 1),
    "functions": ("def f(x, k) = relu(sigmoid(x)) if k > 0 else relu(softplus(x))\ninput x: float[N]\ny = f(x, 1)", 2),
    "inner calls": ("def g(x) = -x\ndef f(x, k) = g(g(x)) if k > 0 else g(x)\ninput x: float[N]\ny = f(x, 1)", 1),
    "slices": ("def f(x, k) = x[0] * x.T[k] if k > 0 else x[1]\ninput x: float[3, 3]\ny = f(x, 0)", 1),
    "a formula without inputs": ("def f(x, k) = x * 2 if k > 0 else x * 3\ny = f(apple, 1)", 1),
    "names in any order": ("def f(x, k) {\n  a = b * 2\n  b = x + 1 if k > 0 else x\n  return a\n}\ninput x = 1\ny = f(x, 1)", 0),
    "numbers alone": ("def f(x, k) = x * k if k > 0 else x\nhyper a = 3\ninput x = 1\ny = x * f(a, 2)", 1),
    "sizes": ("def f(x, k) = len(x) * 2 if k > 0 else 2\ninput x: float[4]\ny = x * f(x, 1)", 1),
    "a function with a name of the catalog": ("def relu(x, k=0) = x if k > 0 else 2\ninput x = 1\ny = x + relu(x)", 1),
    "several results": ("def f(x, k) {\n  a, b = split(x, 2)\n  return a if k > 0 else b\n}\ninput x: float[4]\ny = f(x, 1)", 1),
    "a `def` that calls itself": ("def f(x, k) = x * f(x, k - 1) if k > 0 else x\ninput x = 2\ny = f(x, 5)", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_what_is_sure_is_counted_and_nothing_else(name: str) -> None:
    text, expected = EXACT[name]
    least, created = least_and_created(text)
    assert least == expected
    assert least <= created


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_no_lesson_is_counted_to_have_more_nodes_than_it_makes(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    text = spec.read_text(encoding="utf-8")
    if "import " in text:
        pytest.skip("a text cannot import")
    least, created = least_and_created(text)
    assert least <= created


LARGE = "def Big(x, k) {{\n{body}\n  return a399\n}}\ninput x: float[N, 3]\n{calls}"


@pytest.mark.parametrize(
    "line",
    [
        "  a{j} = a{i} * {j} + k",
        "  a{j} = a{i} -> Relu -> Tanh",
        "  a{j} = relu(a{i}) * a{i}",
        "  a{j} = a{i} * {j} * k if k > {j} else a{i} + k + 1",
    ],
)
def test_a_large_def_whose_calls_differ_is_refused_before_any_is_unrolled(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["  a0 = x + k if k > 3 else x - k", *(line.format(i=i, j=i + 1) for i in range(399))]
    calls = "\n".join(f"y{i} = Big(x, {i})" for i in range(300))

    def unrolled(*arguments: object) -> None:
        pytest.fail("a call was unrolled")

    monkeypatch.setattr("graphlang.resolve.definitions.unroll", unrolled)
    with pytest.raises(GraphError, match="more than 100,000 nodes"):
        gl.loads(LARGE.format(body="\n".join(lines), calls=calls))
