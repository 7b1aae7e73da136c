"""The range of an input of indices (labels, ids), and the diagnostic for the first index outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.diagnostics import Span
from graphlang.diagnostics.inputs import WrongIndex
from graphlang.spec.models import InputSpec


def first_not_allowed(spec: InputSpec, sizes: Mapping[str, int]) -> int | None:
    """One more than the largest index allowed in an input; None if unbounded, or if a size is missing."""
    bound = spec.below if spec.dtype == "int" else None
    if bound is None or isinstance(bound, int):
        return bound
    return bound.bind(sizes) if set(bound.symbols) <= set(sizes) else None


def wrong_index(name: str, ids: Any, below: int, ignored: int | None, span: Span | None) -> WrongIndex | None:
    """The diagnostic for the first index outside 0 to `below` - 1 that is not `ignored`; or None."""
    if not ids.size or (ids.min() >= 0 and ids.max() < below):
        return None
    wrong = (ids < 0) | (ids >= below)
    if ignored is not None:
        wrong &= ids != ignored
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), ids.shape))
    return WrongIndex(name, int(ids[place]), place, below, span, ignored)
