"""What `normalize` divides images by: the largest value of a pixel, told by what the images hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NotPixels

_USUAL = (1, 255, 65535)
"""The largest values of masks, of images of 8 bits and of 16 bits."""


class Loaded(Protocol):
    """A column: what it holds is read when it is first asked for."""

    def load(self) -> NDArray[Any]: ...


class Pixels:
    """The images of one field, in all splits: the largest number of the training split decides for all.

    Up to 1 they are taken as they are, up to 255 divided by that, up to 65535 by that, else by the largest
    value of their type. No pixel is negative, and as a float none is above 65535.
    """

    def __init__(
        self, path: str, field: str, training: Callable[[], Loaded], largest: float | None = None
    ) -> None:
        self._path = path
        self._field = field
        self._training = training
        self._given = largest

    def settle(self, largest: float) -> None:
        """Takes that number, whatever the images hold."""
        self._given = largest
        self.__dict__.pop("_found", None)

    @property
    def largest(self) -> float:
        """What they are divided by; raises GraphError where they hold what no image does."""
        return self._found[0]

    @property
    def note(self) -> str | None:
        """What to tell where the type alone does not say it."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[float, str | None]:
        if self._given is not None:
            return self._given, None
        values = self._training().load()
        with np.errstate(all="ignore"):
            low, high = (float(f.reduce(values, None)) for f in (np.fmin, np.fmax))
        if low < 0:
            row = int(np.unravel_index(int(np.argmax(values < 0)), values.shape)[0])
            raise GraphError([NotPixels(self._path, self._field, values[row].min().item(), row)])
        of_type = int(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else None
        usual = [n for n in _USUAL if of_type is None or n < of_type]
        found = next((n for n in [*usual, of_type] if n is not None and high <= n), None)
        if found is None:
            row = int(np.unravel_index(int(np.argmax(values > _USUAL[-1])), values.shape)[0])
            raise GraphError([NotPixels(self._path, self._field, values[row].max().item(), row)])
        told = found == (1 if of_type is None else of_type) and values.itemsize < 8
        what = f"divides it by {found}" if found > 1 else "leaves it as it is"
        note = f"`{self._field}` is {values.dtype} and goes up to {high:g}, so `normalize` {what}"
        return found, None if told or (of_type is None and found == 1) else note
