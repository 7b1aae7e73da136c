"""What counts as equal, and the sentence where something is not."""

from __future__ import annotations

from typing import Any

import numpy as np


def require(holds: bool, sentence: str) -> None:
    """Raises AssertionError with the sentence unless it holds."""
    if not holds:
        raise AssertionError(sentence)


def require_close(value: Any, expected: Any, relative: float, what: str) -> None:
    """Raises AssertionError unless each number is close to what is expected, by its own size or by a
    thousandth of the largest."""
    value, expected = np.asarray(value), np.asarray(expected)
    require(value.shape == expected.shape, f"{what} has the shape {value.shape}, not {expected.shape}")
    if expected.dtype.kind != "f":
        require(bool(np.array_equal(value, expected)), f"{what} is {_few(value)}, not {_few(expected)}")
        return
    finite = np.isfinite(expected)
    require(
        bool(np.array_equal(finite, np.isfinite(value))), f"{what} is {_few(value)}, not {_few(expected)}"
    )
    value, expected = np.where(finite, value, 0).astype(float), np.where(finite, expected, 0).astype(float)
    scale = np.maximum(np.abs(expected), max(1e-3 * np.max(np.abs(expected), initial=0.0), 1e-8))
    off = float(np.max(np.abs(value - expected) / scale, initial=0.0))
    require(off <= relative, f"{what} is {_few(value)}, not {_few(expected)}: off by {off:.1e} of it")


def _few(array: Any) -> str:
    """The first numbers of an array."""
    flat = np.asarray(array).ravel()
    shown = ", ".join(f"{x:.6g}" if flat.dtype.kind == "f" else str(x) for x in flat[:4])
    return f"[{shown}{', ...' if flat.size > 4 else ''}]"
