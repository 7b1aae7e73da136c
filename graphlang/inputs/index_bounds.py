"""Which indices (labels, ids) a value may hold, and the diagnostic of the first that it may not."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.diagnostics import Span
from graphlang.diagnostics.inputs import WrongIndex


def wrong_index(name: str, ids: Any, below: int, ignored: int | None, span: Span | None) -> WrongIndex | None:
    """What is wrong with the indices of the value `name`, or None: 0 to `below` - 1 are allowed, and the one
    that is ignored."""
    if not ids.size or (ids.min() >= 0 and ids.max() < below):
        return None
    wrong = (ids < 0) | (ids >= below)
    if ignored is not None:
        wrong &= ids != ignored
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), ids.shape))
    return WrongIndex(name, int(ids[place]), place, below, span, ignored)
