"""What no program on this machine can beat: the products of a work alone, and the memory that it moves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from benchmarks.threads import SETTING, available
from benchmarks.work import Work

Shape = tuple[int, ...]
"""(m, k, n) for a product of [m, k] and [k, n]; with (batch, m, k, n) that many of them."""


def products(shapes: Sequence[Shape]) -> Callable[[], Any]:
    """Matrix products into existing arrays of float32, with this BLAS: one after the other."""
    calls = [_product(*shape) for shape in shapes]

    def step() -> None:
        for call in calls:
            call()

    return step


def _product(*shape: int) -> Callable[[], Any]:
    *batch, m, k, n = shape
    rng = np.random.default_rng(0)
    a, b = (rng.random((*batch, *part), dtype=np.float32) for part in ((m, k), (k, n)))
    return partial(np.matmul, a, b, out=np.empty((*batch, m, n), np.float32))


def traffic(
    size: int, reads: int, writes: int, updates: int = 0, dtype: str = "float32"
) -> Callable[[], Any]:
    """Reads, writes and updates arrays of `size` elements once each, on all cores: additions of two arrays
    into a third where two are read for one that is written, else copies, else constants."""
    read = [np.ones(size, dtype) for _ in range(reads)]
    written = [np.ones(size, dtype) for _ in range(writes)]
    updated = [np.ones(size, dtype) for _ in range(updates)]
    threads = int(os.environ.get(SETTING) or available())
    cuts = [slice(size * i // threads, size * (i + 1) // threads) for i in range(threads)]
    calls = [_move(*call) for call in _moves(read, written, updated)]
    pool = ThreadPoolExecutor(threads)

    def part(cut: slice) -> None:
        for call in calls:
            call(cut)

    def step() -> None:
        others = [pool.submit(part, cut) for cut in cuts[1:]]
        part(cuts[0])
        for other in others:
            other.result()

    return step


def _moves(read: list[Any], written: list[Any], updated: list[Any]) -> list[tuple[Any, Any, Any]]:
    """Which one or two arrays go into which: an updated array is both."""
    targets = [*updated, *written]
    pairs = [[array] for array in updated] + [[] for _ in written]
    left = list(read)
    for room in (1, 2):
        for pair in pairs:
            if left and len(pair) < room:
                pair.append(left.pop())
    return [(*[*pair, None, None][:2], target) for pair, target in zip(pairs, targets, strict=True)]


def _move(a: Any, b: Any, out: Any) -> Callable[[slice], Any]:
    if a is None:
        return lambda cut: out[cut].fill(1)
    if b is not None:
        return lambda cut: np.add(a[cut], b[cut], out=out[cut])
    if a is out:
        return lambda cut: np.negative(out[cut], out=out[cut])
    return lambda cut: np.copyto(out[cut], a[cut])


SIDE, SIZE = 2048, 10**7
WORKS = [
    Work(
        "memory",
        "The machine: a + b into c, 10^7 float32 each",
        {"a triad": partial(traffic, SIZE, 2, 1)},
        same_value=False,
        amount=3 * 4 * SIZE / 1e9,
        unit="GB/s",
    ),
    Work(
        "product",
        f"The machine: a product of two {SIDE} x {SIDE} matrices, float32",
        {"numpy": partial(products, [(SIDE, SIDE, SIDE)])},
        same_value=False,
        amount=2 * SIDE**3 / 1e9,
        unit="GFLOP/s",
    ),
]
