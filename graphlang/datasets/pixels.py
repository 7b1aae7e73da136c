"""What `normalize` divides images by: the largest possible pixel, inferred from the training images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NotPixels
from graphlang.lazy import lazy

_USUAL = (1, 255, 65535)
"""The largest pixels of masks, of 8-bit images and of 16-bit images."""


class Loaded(Protocol):
    """A column, whose numbers are read on first use."""

    def load(self) -> NDArray[Any]: ...


class Pixels:
    """The scale of one field of images, inferred from its training split and used for all splits.

    Images are divided by the smallest of 1, 255, 65535 and the largest value of their type that no pixel
    exceeds. Negative pixels, and floats above 65535, are errors.
    """

    def __init__(
        self, path: str, field: str, training: Callable[[], Loaded], largest: float | None = None
    ) -> None:
        self._path = path
        self._field = field
        self._training = training
        self._fixed = largest

    def settle(self, largest: float) -> None:
        """Fixes the divisor, whatever the images contain."""
        self._fixed = largest
        self.__dict__.pop("_inferred", None)

    @property
    def largest(self) -> float:
        """The divisor; raises GraphError for images with impossible pixels."""
        return self._inferred[0]

    @property
    def note(self) -> str | None:
        """A note if the contents decided, and not the type alone."""
        return self._inferred[1]

    @lazy
    def _inferred(self) -> tuple[float, str | None]:
        if self._fixed is not None:
            return self._fixed, None
        values = self._training().load()
        with np.errstate(all="ignore"):
            low, high = (float(f.reduce(values, None)) for f in (np.fmin, np.fmax))
        if low < 0:
            row = int(np.unravel_index(int(np.argmax(values < 0)), values.shape)[0])
            raise GraphError([NotPixels(self._path, self._field, values[row].min().item(), row)])
        of_type = int(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else None
        usual = [n for n in _USUAL if of_type is None or n < of_type]
        largest = next((n for n in [*usual, of_type] if n is not None and high <= n), None)
        if largest is None:
            row = int(np.unravel_index(int(np.argmax(values > _USUAL[-1])), values.shape)[0])
            raise GraphError([NotPixels(self._path, self._field, values[row].max().item(), row)])
        dark = largest == 255 and 1 < high < 64
        obvious = largest == (1 if of_type is None else of_type) and values.itemsize < 8 and not dark
        what = f"divides it by {largest}" if largest > 1 else "leaves it as it is"
        if dark:
            what += f"; `{self._field} / {high:g}` instead of `normalize` brings it to 0..1"
        note = f"`{self._field}` is {values.dtype} and goes up to {high:g}, so `normalize` {what}"
        return largest, None if obvious or (of_type is None and largest == 1) else note
