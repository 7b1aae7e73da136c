"""Large products are cut into parts that together are the whole product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import normal
from threadpoolctl import threadpool_info

import graphlang as gl
from graphlang.engine import divided_products
from graphlang.engine.divided_products import product_calls

pytestmark = pytest.mark.usefixtures("every_fused_group_is_divided")


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(
    ("left", "right", "parts"),
    [
        ((40, 7), (7, 30), None),
        ((30, 7), (7, 40), None),
        ((1, 7), (7, 40), None),
        ((2, 7), (7, 1), 2),
        ((6, 5, 7), (7, 9), None),
        ((6, 5, 7), (6, 7, 9), None),
        ((1, 5, 7), (6, 7, 9), None),
        ((6, 5, 7), (1, 7, 9), None),
        ((4, 6, 5, 7), (6, 7, 9), 2),
        ((1, 9, 7), (1, 7, 5), None),
        ((40, 7), (7,), 1),
        ((7,), (7, 40), 1),
    ],
)
def test_the_parts_of_a_product_are_the_product(
    monkeypatch: pytest.MonkeyPatch,
    left: tuple[int, ...],
    right: tuple[int, ...],
    parts: int | None,
    threads: int,
) -> None:
    monkeypatch.setattr(divided_products, "SMALLEST_PART", 1)
    monkeypatch.setattr(divided_products, "GRAIN", 1)
    x, w = normal(*left), normal(*right, seed=1)
    out = np.full(np.matmul(x, w).shape, np.nan)
    calls = product_calls(x, w, out, threads)
    assert len(calls) == (parts or threads)
    for call in calls:
        assert np.isnan(out).any()
        call()
    letters = {(1, 2): "i,ij->j", (2, 1): "ij,j->i"}.get((x.ndim, w.ndim), "...ij,...jk->...ik")
    np.testing.assert_allclose(out, np.einsum(letters, x, w), rtol=1e-12, atol=1e-12)


def test_transposed_operands_are_cut_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(divided_products, "SMALLEST_PART", 1)
    monkeypatch.setattr(divided_products, "GRAIN", 1)
    x, w, out = normal(7, 40).T, normal(30, 7, seed=1).T, np.empty((40, 30))
    calls: list[Any] = product_calls(x, w, out, 2)
    for call in calls:
        assert any(np.shares_memory(a, x) for a in call.args)
        assert any(np.shares_memory(a, w) for a in call.args)
        call()
    np.testing.assert_allclose(out, x @ w, rtol=1e-12)


def test_a_small_product_is_left_whole() -> None:
    assert len(product_calls(normal(9, 9), normal(9, 9), np.empty((9, 9)), 4)) == 1


def test_a_program_with_threads_of_its_own_holds_blas_to_one_from_the_first_call_to_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def watching(x: Any, w: Any, out: Any, threads: int) -> list[Any]:
        def call() -> None:
            seen.extend(i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas")
            np.matmul(x, w, out)

        assert threads == 2
        return [call]

    monkeypatch.setattr("graphlang.engine.binding.product_calls", watching)
    text = "input x: float[N, 3, 20, 20]\ny = x -> Conv(16, 3) -> Relu -> Flatten -> Affine(50)\noutput y"
    graph = gl.loads(text, dtype="float64")
    x = normal(16, 3, 20, 20)
    np.testing.assert_allclose(graph.compile(threads=2)(x=x), graph.forward(x=x)["y"], rtol=1e-10, atol=1e-12)
    assert set(seen) == {1}
