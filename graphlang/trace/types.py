"""Types that the whole package of recording shares, below everything else in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex, TypeAlias

import numpy as np

Dtype: TypeAlias = "np.dtype[Any]"
DtypeLike: TypeAlias = "np.dtype[Any] | type[Any] | str | None"
"""What NumPy takes for a dtype; None leaves it to the values."""
NumPyArray: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
"""An array of numbers: what a primitive computes on."""
ArrayOrNumber: TypeAlias = "np.ndarray[Any, np.dtype[Any]] | np.generic | bool | int | float"
"""An array of numbers, or one number."""
Out: TypeAlias = "np.ndarray[Any, np.dtype[Any]] | None"
"""Where a result is written; None for a new array."""
Axis: TypeAlias = "int | tuple[int, ...] | list[int] | None"
"""One axis or several, as NumPy takes them; None for all."""
Axes: TypeAlias = "tuple[int, ...] | list[int]"
Order: TypeAlias = "Sequence[SupportsIndex] | None"
"""The order of all axes; None reverses them."""
Thunk: TypeAlias = Callable[[], Any]
"""A call that is ready: its arguments are bound, its result goes where it was bound to go."""
