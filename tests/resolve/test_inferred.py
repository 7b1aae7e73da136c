"""What is remembered of a call changes nothing: neither the graph, nor what is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import graphlang as gl
from graphlang.resolve import inferred
from graphlang.resolve.inferred import Inferred
from graphlang.spec.recently_used import RecentlyUsed
from tests.helpers import codes

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.graph"))


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> RecentlyUsed[Inferred]:
    """An empty memory of 64 calls."""
    memory: RecentlyUsed[Inferred] = RecentlyUsed(64)
    monkeypatch.setattr("graphlang.resolve.apply.INFERRED", memory)
    return memory


class Forgetful(RecentlyUsed[Inferred]):
    """A memory that keeps nothing."""

    def __setitem__(self, key: Any, value: Inferred) -> None:
        return


@pytest.mark.parametrize("spec", SPECS[::4], ids=lambda path: path.stem)
def test_a_lesson_is_the_same_with_and_without_what_is_remembered(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gl.load(spec)
    again = gl.load(spec)
    monkeypatch.setattr("graphlang.resolve.apply.INFERRED", Forgetful(1))
    assert gl.load(spec).spec == again.spec


def test_an_equal_call_is_looked_up_and_has_parameters_of_its_own(
    nothing_known: RecentlyUsed[Inferred],
) -> None:
    graph = gl.loads("input x: float[N, 3]\ny = x -> layers { Affine(3); Affine(3) }")
    assert len(nothing_known) == 1
    assert [p.name for p in graph.spec.params] == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]


@pytest.mark.parametrize(
    "text",
    [
        "y = x -> Affine(3)\nz = x -> Affine(3, bias=false)\nexpect y.shape ~= [1]",
        "y = concat(x, x)\nz = concat(x, x, axis=1)\nw = sum(x, axis=0)\nv = sum(x)",
        "y = reshape(x, 3, N)\nz = reshape(x, N, 3, 1)\nw = x * 2 + (x > 0)",
        "a, b = split(x, [1, 2], axis=1)\nc, d, e = split(x, 3, axis=1)",
    ],
)
def test_calls_that_differ_in_an_attribute_or_a_type_are_told_apart(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"input x: float[N, 3]\n{text}"

    def seen() -> Any:
        try:
            return gl.loads(text).spec
        except gl.GraphError as error:
            return [str(d) for d in error.diagnostics]

    first, second = seen(), seen()
    monkeypatch.setattr("graphlang.resolve.apply.INFERRED", Forgetful(1))
    assert first == second == seen()


def test_a_warning_comes_with_every_call() -> None:
    text = "input x: float[N, 1, 2, 2]\ny = x -> Affine(2)\nz = x -> Affine(2)"
    for _ in range(2):
        assert [d.span.text for d in gl.loads(text).notes if d.span] == ["Affine(2)"] * 2


def test_an_index_is_checked_by_every_layer_that_takes_it() -> None:
    text = "input ids: int[N] = [{}]\ny = ids -> Embedding(4, 2)"
    assert codes(text.format(3)) == []
    graph = gl.loads(text.format(3))
    with pytest.raises(gl.GraphError, match="4"):
        graph.run(ids=[4])
    assert codes("y = [0, 3] -> Embedding(4, 2)\nz = [0, 9] -> Embedding(4, 2)") == ["GL308"]


def test_a_layer_of_ones_own_is_asked_at_every_call() -> None:
    calls = []

    class Twice(gl.Layer):  # type: ignore[misc, unused-ignore]
        """y = 2 * x"""

        def forward(self, x: Any) -> Any:
            calls.append(x.shape)
            return 2 * x

    gl.loads("input x: float[3]\ny = x -> Twice -> Twice", layers=[Twice])
    assert len(calls) == 2


def test_what_fits_into_one_limit_of_memory_is_measured_anew_for_a_lower_one() -> None:
    text = "input x: float[1000, 10]\ny = x @ x.T"
    assert codes(text) == []
    assert codes(text, limits=gl.Limits(memory=10**6)) == ["GL804"]


def test_the_memory_is_bounded(nothing_known: RecentlyUsed[Inferred]) -> None:
    for size in range(1, 100):
        gl.loads(f"input x: float[{size}]\ny = x + 1")
    assert len(nothing_known) <= 64
    assert inferred.INFERRED.capacity < 10_000
