"""When a value of a file is that of its graph."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

RELATIVE = {4: 1e-5, 8: 1e-11}
"""How much a float may differ, as a share of the largest number or of 1, by the bytes of its type."""
ROUNDING = 32
"""How many times as much as our own rounding: where a graph itself loses digits, a runtime loses others."""


class ValueDifference(NamedTuple):
    """The place where two values differ most."""

    ours: str
    theirs: str
    place: str


def compared(ours: Any, theirs: Any, exact: Any, scale: float = 1.0) -> float | ValueDifference:
    """The largest relative difference, or the place where it is too large; `exact` is ours in float64.

    Differences are measured by the largest number, or by `scale` where that is larger.
    """
    ours, theirs, exact = np.asarray(ours), np.asarray(theirs), np.asarray(exact)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return ValueDifference(_type_text(ours), _type_text(theirs), "all places")
    if not ours.size:
        return 0.0
    if ours.dtype.kind != "f":
        # Where rounding alone decides, as between two equal scores, either is right.
        wrong = (ours != theirs) & (ours == exact)
        return _at(ours, theirs, wrong) if wrong.any() else 0.0
    a, b, c = (x.astype(np.float64) for x in (ours, theirs, exact))
    with np.errstate(all="ignore"):
        size = np.maximum(scale, np.max(np.abs(a), where=np.isfinite(a), initial=0))
        apart = np.abs(a - b)
        allowed = RELATIVE[ours.dtype.itemsize] * size + ROUNDING * np.abs(a - c)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        overflow = ~np.isfinite(a) & np.isfinite(c)  # float32's own: a runtime may get by it
        right = same | (np.isfinite(allowed) & (apart <= allowed)) | overflow
        relative = np.where(same | ~np.isfinite(apart), 0, apart / size)
    wrong = ~right
    return _at(ours, theirs, wrong) if wrong.any() else float(np.max(relative))


def _type_text(x: Any) -> str:
    return f"{x.dtype.name}{list(x.shape)}"


def _at(ours: Any, theirs: Any, wrong: Any) -> ValueDifference:
    """The first place that is wrong."""
    place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    where = f"[{', '.join(str(int(i)) for i in place)}]" if place else "its only place"
    return ValueDifference(f"{ours[place]:.9g}", f"{theirs[place]:.9g}", where)
