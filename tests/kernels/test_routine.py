"""A routine computes the same as its function, in memory that it owns and reuses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graphlang.kernels.aligned import scratch
from graphlang.kernels.routine import Routine, Weight

RNG = np.random.default_rng(5)


def run(routine: Routine, operands: Sequence[Any], outs: Sequence[Any] | None = None) -> list[Any]:
    calls, found = routine.bind(operands, outs)
    for call in calls:
        call()
    return found


FUNCTIONS: dict[str, Callable[..., list[Any]]] = {
    "values that end are written over": lambda x, y: [np.exp(np.tanh(x * 2 + y) - x)],
    "a value used late stays": lambda x, y: [(x + y) * np.exp(x - y) + (x + y)],
    "pieces are joined": lambda x, y: [np.concatenate([x * y, x + y, x], axis=1)],
    "a piece that is used twice": lambda x, y: [np.concatenate([x * y, y], axis=1)[:, :3] + x * y],
    "stacks": lambda x, y: [np.reshape(np.stack([x * y, x - y], axis=1), (x.shape[0], 6))],
    "views of results": lambda x, y: [np.concatenate([x, y * 3], axis=1)[:, 2:5] * x],
    "an operand as a result": lambda x, y: [x, y[:, :2], x * y],
    "one result twice": lambda x, y: [x * y, x * y],
    "constants of one row": lambda x, y: [x * np.array([1.0, 2.0, 3.0]) + y],
    "products": lambda x, y: [x @ np.ones((3, 2)) @ np.ones((2, 3)) + y],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("given", [False, True])
def test_a_routine_is_its_function(name: str, given: bool) -> None:
    function = FUNCTIONS[name]
    routine = Routine(function, [np.empty((4, 3))] * 2)
    for _ in range(2):
        x, y = RNG.standard_normal((2, 4, 3))
        before = x.copy(), y.copy()
        expected = function(x, y)
        outs = [np.full(e.shape, np.nan) for e in expected] if given else None
        found = run(routine, [x, y], outs)
        for a, b in zip(outs or found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)
        np.testing.assert_array_equal(before, (x, y))


def test_inner_memory_is_made_once_and_shared_by_what_does_not_live_together() -> None:
    routine = Routine(lambda x: [np.exp(np.exp(np.exp(np.exp(x))) * 2)], [np.empty(8)])
    kept = {id(a) for a in routine._memory._arrays.values()}
    assert len(kept) == 1
    first, second = (run(routine, [np.zeros(8)])[0] for _ in range(2))
    assert first is second


@pytest.mark.parametrize("shape", [(1, 1), (3, 20), (7, 192), (256, 1024), (1024, 256), (5, 67)])
@pytest.mark.parametrize("rows", [1, 7, 16, 32])
@pytest.mark.parametrize("scaled", [False, True])
def test_products_with_a_cut_weight_are_the_products(shape: tuple[int, int], rows: int, scaled: bool) -> None:
    W, x = RNG.standard_normal(shape), RNG.standard_normal((rows, shape[0]))
    scale = RNG.standard_normal(shape[1]) if scaled else None
    weight, out = Weight(W, rows, scale), np.empty((rows, shape[1]))
    call = weight.product(x, out)
    for _ in range(2):
        weight.pack()
        call()
        np.testing.assert_allclose(out, x @ W if scale is None else (x @ W) * scale, rtol=1e-10, atol=1e-10)
        W *= 2


def test_kept_memory_begins_at_a_cache_line_and_is_used_again_by_its_own_thread_alone() -> None:
    first = scratch("test", (3, 5), np.float32)
    again = scratch("test", (2, 3), np.float64)
    other = scratch("another test", (3, 5), np.float32)
    elsewhere: list[Any] = []
    thread = threading.Thread(target=lambda: elsewhere.append(scratch("test", (3, 5), np.float32)))
    thread.start()
    thread.join()
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, other)
    assert not np.shares_memory(first, elsewhere[0])
    for array in (first, again, other, elsewhere[0]):
        assert array.ctypes.data % 64 == 0
    large = scratch("test", (2**22,), np.float32)
    assert not np.shares_memory(large, scratch("test", (2**22,), np.float32))
