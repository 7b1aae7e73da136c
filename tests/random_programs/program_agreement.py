"""The tolerance for two results of one program: rounding, scaled by the sensitivity of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Results = dict[str, Any]
"""Values under their names, gradients under `grad NAME`."""


class Fault(AssertionError):
    """Two ways to compute a program give different results, or one of them breaks a promise."""


def magnitude(results: Mapping[str, Any]) -> float:
    """The largest finite number among the results, at least 1: rounding errors are relative to it."""
    largest = 1.0
    for value in results.values():
        array = np.asarray(value)
        if array.dtype.kind == "f" and array.size:
            finite = np.abs(array[np.isfinite(array)])
            largest = max(largest, float(np.max(finite, initial=0.0)))
    return largest


def same_shape_and_type(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.asarray(one).dtype.kind == np.asarray(other).dtype.kind


def difference(one: Any, other: Any) -> float:
    """The largest difference of two arrays; inf where one is nan, infinite or another whole number."""
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind != "f":
        return 0.0 if np.array_equal(one, other) else np.inf
    with np.errstate(all="ignore"):
        off = np.where((one == other) | (np.isnan(one) & np.isnan(other)), 0.0, np.abs(one - other))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0.0))


def compare(
    what: str,
    expected: Results,
    found: Results,
    tolerance: float,
    spread: Callable[[], Results] | None = None,
) -> None:
    """Raises Fault where a result differs by more than rounding.

    `spread` gives what each result moves by when the inputs move by a rounding error: near a jump, or
    after a cancellation, two right ways to compute may differ by as much.
    """
    if expected.keys() != found.keys():
        raise Fault(f"{what}: there, or not there: `{', '.join(set(expected) ^ set(found))}`")
    allowed = tolerance * magnitude(expected)
    for name, value in expected.items():
        if not same_shape_and_type(value, found[name]):
            shapes = f"{np.asarray(found[name]).dtype}{np.shape(found[name])}, not {np.asarray(value).dtype}{np.shape(value)}"
            raise Fault(f"{what}: `{name}` is {shapes}")
        off = difference(value, found[name])
        if off <= allowed:
            continue
        moved = spread().get(name, 0.0) if spread else 0.0
        if off > allowed + 1e3 * moved:
            raise Fault(
                f"{what}: `{name}` is\n{found[name]!r}, not\n{value!r}\n(off by {off:.3g}, allowed {allowed + 1e3 * moved:.3g})"
            )
