"""The types that all of `trace/` shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Dtype: TypeAlias = "np.dtype[Any]"
DtypeLike: TypeAlias = "np.dtype[Any] | type[Any] | str | None"
"""A dtype, or what NumPy turns into one; None is its default."""
NumPyArray: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
"""An array of numbers: what a primitive computes on."""
ArrayOrNumber: TypeAlias = "np.ndarray[Any, np.dtype[Any]] | np.generic | bool | int | float"
"""An array of numbers, or one number."""
Out: TypeAlias = "np.ndarray[Any, np.dtype[Any]] | None"
"""Where a result is written; None for a new array."""
Axis: TypeAlias = "int | tuple[int, ...] | list[int] | None"
"""One axis or several, as NumPy takes them; None for all."""
Thunk: TypeAlias = Callable[[], Any]
"""A call without arguments: its operands, and where its result goes, are bound to it."""
