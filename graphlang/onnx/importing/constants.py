"""How a constant of the file is written: as a number, a list, an expression, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.importing.expression import Expression, Keyword, Literal, WrittenCall
from graphlang.onnx.importing.refusals import NotImported

SHORT = 8
"""The most numbers of a list of floats; a longer one is a `param`."""
LONGEST = 65536
"""The most numbers of a list that can be nothing else: whole numbers, truth values, infinities."""


def literal_of(array: np.ndarray[Any, Any], word: str) -> Expression | None:
    """The constant as an expression; None for floats that are better kept as weights."""
    if array.ndim == 0:
        return Literal(array[()])
    if array.dtype == object:
        return _of_sizes(array)
    if array.size == 0 or (array.size > 1 and (array == array.flat[0]).all()):
        return _uniform(array, word)
    if (triangle := triangle_of(array, word)) is not None:
        return triangle
    if (counted := _counted(array, word)) is not None:
        return counted
    if word == "float":
        if array.size > SHORT and np.isfinite(array).all():
            return None
        return Literal(_listed(array))
    if array.size > LONGEST:
        raise NotImported(f"a constant has {array.size:,} whole numbers, more than {LONGEST:,}")
    return WrittenCall("cast", (Literal(_listed(array)),), (), {"to": Keyword(word)})


def _counted(array: np.ndarray[Any, Any], word: str) -> Expression | None:
    """Whole numbers that follow one another along one axis, as `arange`."""
    least = 2 if word == "int" else SHORT
    if word == "bool" or array.size <= least or max(array.shape) != array.size:
        return None
    flat = array.reshape(-1)
    if not np.isfinite(flat).all() or flat[0] != np.floor(flat[0]) or (np.diff(flat) != 1).any():
        return None
    first, end = int(flat[0]), int(flat[-1]) + 1
    call = WrittenCall("arange", (), (first, end) if first else (end,))
    call = call if word == "int" else WrittenCall("cast", (call,), (), {"to": Keyword("float")})
    return call if array.ndim == 1 else WrittenCall("reshape", (call,), tuple(array.shape))


def _uniform(array: np.ndarray[Any, Any], word: str) -> Expression:
    value = float(array.flat[0]) if array.size else 0.0
    full: Any = WrittenCall("full", (), tuple(array.shape), {"value": value})
    if value in (0.0, 1.0):
        full = WrittenCall("ones" if value else "zeros", (), tuple(array.shape))
    return full if word == "float" else WrittenCall("cast", (full,), (), {"to": Keyword(word)})


def triangle_of(array: np.ndarray[Any, Any], word: str) -> Expression | None:
    """A mask of what comes before each place, or of what comes after it, as numbers, flags or -inf."""
    n = array.shape[-1] if array.ndim else 1
    if array.ndim < 2 or n < 2 or array.shape[-2:] != (n, n) or array.size != n * n:
        return None
    square = array.reshape(n, n)
    low = float(square.min())
    if np.array_equal(square, np.tril(np.ones((n, n)))):
        call = _square("tril", array.shape)
        call = call if word == "float" else WrittenCall("cast", (call,), (), {"to": Keyword(word)})
    elif np.array_equal(square, np.triu(np.ones((n, n)), 1)):
        call = _square("triu", array.shape, 1)
        call = call if word == "float" else WrittenCall("cast", (call,), (), {"to": Keyword(word)})
    elif low <= -1e4 and np.array_equal(square, np.where(np.tri(n, dtype=bool), 0, square.dtype.type(low))):
        shown = WrittenCall("not_equal", (_square("tril", array.shape), Literal(0)))
        return WrittenCall("where", (shown, Literal(0.0), Literal(square.dtype.type(low))))
    else:
        return None
    return call


def _square(name: str, shape: tuple[int, ...], k: int = 0) -> WrittenCall:
    return WrittenCall(name, (WrittenCall("ones", (), tuple(shape)),), (), {"k": k} if k else {})


def _of_sizes(array: np.ndarray[Any, Any]) -> Expression:
    if array.ndim != 1 or not array.size:
        raise NotImported("sizes are computed with in a way that cannot be written")
    parts = tuple(WrittenCall("cast", (Literal(n),), (), {"to": Keyword("int")}) for n in array.tolist())
    return WrittenCall("stack", parts)


def _listed(array: np.ndarray[Any, Any]) -> Any:
    """Nested lists of NumPy's numbers, which know their shortest digits."""
    if array.ndim == 1:
        return list(array)
    return [_listed(part) for part in array]
