"""Rules of linear algebra: ONNX has the determinant alone, so a loop goes through the columns of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.exporting.call import RuleCall, Rules
from graphlang.onnx.exporting.loop_nodes import scan_loop
from graphlang.trace import Shape

LoopBody = Callable[..., "list[Any]"]
"""From the matrix and the number of the column to the next matrix, and to what is kept of this column."""


def _pivot(m: Any, k: Any) -> tuple[Any, ...]:
    """The numbers of the rows, that of the row with the largest element left in column k, and this row."""
    rows = np.arange(m.shape[-2], like=m)
    left = np.where(rows < k, np.full((), -1, m.dtype), np.abs(np.take(m, k, axis=-1)))
    best = np.argmax(left, axis=-1)
    places = np.broadcast_to(best[..., None, None], (*m.shape[:-2], 1, m.shape[-1]))
    return rows, best, np.take_along_axis(m, places, axis=-2)


def _eliminated(m: Any, k: Any, divisor: Callable[[Any], Any] = lambda pivot: pivot) -> list[Any]:
    """The matrix with column k of the identity, the pivot, and whether two rows were exchanged."""
    rows, best, row = _pivot(m, k)
    pivot = np.take(row[..., 0, :], k, axis=-1)
    new = row / divisor(pivot)[..., None, None]
    own = np.expand_dims(np.take(m, k, axis=-2), -2)
    swapped = np.where((rows == best[..., None])[..., None], own, m)
    factors = np.expand_dims(np.take(swapped, k, axis=-1), -1)
    return [np.where((rows == k)[:, None], new, swapped - factors * new), pivot, best != k]


def _columns(
    c: RuleCall, start: str, shape: Shape, body: LoopBody, kept: list[tuple[Shape, Any]]
) -> list[str]:
    """The matrix after all its columns, and what is kept of each, along a first axis."""
    kind = c.output.dtype
    (places,) = c.inline(lambda m: np.arange(m.shape[-2], like=m), [start], [shape], [kind])

    def repetition(state: list[str], at: list[str]) -> tuple[list[str], list[str]]:
        matrix, *more = c.inline(body, [*state, *at], [shape, ()], [kind, np.int64])
        return [matrix], more

    return scan_loop(c.w, [start], [places], [(shape, kind)], [((), np.dtype(np.int64))], kept, repetition)


def _solved(c: RuleCall, joined: Callable[..., Any], width: Any) -> str:
    """What stands right of a matrix once the matrix is the identity."""
    lead, n = c.output.shape[:-2], c.shapes[0][-1]
    shape = (*lead, n, n + width)
    (start,) = c.inline(joined, c.operands, c.shapes, c.types)
    whole = _columns(c, start, shape, lambda m, k: _eliminated(m, k)[:1], [])[0]
    return c.w.piece(whole, len(lead) + 1, n, n + width)


def inv(c: RuleCall) -> str:
    def joined(x: Any) -> Any:
        identity = np.eye(x.shape[-1], dtype=x.dtype, like=x)
        return np.concatenate([x, np.broadcast_to(identity, x.shape)], axis=-1)

    return _solved(c, joined, c.shapes[0][-1])


def solve(c: RuleCall) -> str:
    lead: Any = c.output.shape[:-2]

    def joined(a: Any, b: Any) -> Any:
        return np.concatenate([np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (a, b)], axis=-1)

    return _solved(c, joined, c.shapes[1][-1])


def _pivots(c: RuleCall, result: Callable[[Any, Any], Any]) -> str:
    """What follows from all pivots and from which rows were exchanged."""
    shape = c.shapes[0]
    kept = [(shape[:-2], c.dtype), (shape[:-2], np.dtype(bool))]

    def body(m: Any, k: Any) -> list[Any]:
        return _eliminated(m, k, lambda pivot: np.where(pivot == 0, np.ones((), m.dtype), pivot))

    _, *found = _columns(c, c.x, shape, body, kept)
    shapes = [(shape[-1], *own) for own, _ in kept]
    return c.inline(result, found, shapes, [kind for _, kind in kept])[0]


def sign_of_determinant(c: RuleCall) -> str:
    def sign(pivots: Any, exchanged: Any) -> Any:
        one = np.ones((), pivots.dtype)
        return np.prod(np.sign(pivots) * np.where(exchanged, -one, one), axis=0)

    return _pivots(c, sign)


def log_determinant(c: RuleCall) -> str:
    return _pivots(c, lambda pivots, exchanged: np.sum(np.log(np.abs(pivots)), axis=0))


def cholesky(c: RuleCall) -> str:
    shape = c.shapes[0]

    def body(m: Any, k: Any) -> list[Any]:
        column = np.take(m, k, axis=-1)
        root = np.sqrt(np.take(column, k, axis=-1))[..., None]
        rows = np.arange(m.shape[-1], like=m)
        column = np.where(rows < k, np.zeros((), m.dtype), column / root)
        return [m - column[..., :, None] * column[..., None, :], column]

    (start,) = c.inline(lambda x: (x + np.swapaxes(x, -1, -2)) / 2, c.operands, c.shapes, c.types)
    columns = _columns(c, start, shape, body, [(shape[:-1], c.dtype)])[1]
    return c.w.move(columns, len(shape), 0, len(shape) - 1)


RULES: Rules = {rule.__name__: rule for rule in (inv, solve, sign_of_determinant, log_determinant, cholesky)}
