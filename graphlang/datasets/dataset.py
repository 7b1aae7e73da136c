"""The contract of a data source, and what opening it gives: columns in splits, known by shape before they
are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pydantic import ConfigDict

from graphlang.contracts.fields import Fields
from graphlang.datasets.files import Files
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import (
    ArrayOfObjects,
    ArrayOfOthers,
    DataTooLarge,
    EmptySplit,
    FieldOfTestAlone,
    OtherSampleShape,
    SampleMismatch,
    SingleNumber,
)

Kind = Literal["float", "int", "bool"]
Array = NDArray[Any]
Rows = slice | NDArray[np.integer[Any]] | Sequence[int]

#: the most bytes that one array may announce; a larger claim is refused before memory is asked for
MAX_BYTES = 4 * 2**30

_KINDS: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int", "f": "float"}


@dataclass(frozen=True, eq=False)
class Column:
    """One field of one split: [samples, ...].

    `load` gives the values as they are stored, so images stay uint8 and a data set of 47 MB stays 47 MB.
    Where it holds `pixels`, a value is the stored number times `scale`; `take` does that for a batch. An
    engine that fuses the scaling into its own program calls `gather` into a buffer of type `storage` and
    multiplies by `scale` itself.
    """

    stored: tuple[int, ...]
    storage: np.dtype[Any]
    read: Callable[[], Array] = field(repr=False)
    pixels: Pixels | None = None
    flatten: bool = False
    #: where this is several columns side by side, the one among them that has the field's name
    alone: Column | None = None
    #: of a text file: the line that each sample starts in
    lines: Array | None = field(default=None, repr=False)

    @property
    def scale(self) -> float | None:
        """What stored numbers are multiplied by; None where they are the values."""
        return None if self.pixels is None or self.pixels.largest == 1 else 1 / self.pixels.largest

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape with the samples first; with `flatten` all axes after the first are one."""
        return (self.stored[0], prod(self.stored[1:])) if self.flatten else self.stored

    @property
    def dtype(self) -> Kind:
        """The type as a spec sees it: scaled integers are floats."""
        return "float" if self.pixels is not None else _KINDS[self.storage.kind]

    def load(self) -> Array:
        """All stored values, read once, in `shape` and not to be written to."""
        return self._raw

    @cached_property
    def _raw(self) -> Array:
        raw = self.read().reshape(self.shape).view()
        assert raw.dtype == self.storage, (raw.dtype, self.storage)
        raw.flags.writeable = False
        return raw

    def gather(self, rows: Rows, out: Array | None = None) -> Array:
        """The stored values of some samples, into `out` where it is given."""
        if isinstance(rows, slice):
            if out is None:
                return self._raw[rows]
            np.copyto(out, self._raw[rows])
            return out
        indices = np.asarray(rows, dtype=np.intp)
        if out is None:
            return self._raw[indices]
        if not self._raw.flags.c_contiguous:  # `take` would copy all of it, with windows that overlap
            np.copyto(out, self._raw[indices])
            return out
        # `take` with mode="raise" copies through a buffer of its own; the range is checked here instead.
        assert indices.size == 0 or (indices.min() >= 0 and indices.max() < self.stored[0]), indices
        return self._raw.take(indices, axis=0, out=out, mode="clip")

    def take(self, rows: Rows, dtype: DTypeLike | None = None) -> Array:
        """The values of some samples in `dtype`: scaled where the column has a scale (then float64 by
        default)."""
        values = self.gather(rows)
        if dtype is None and (self.pixels is None or values.dtype.kind == "f"):
            dtype = values.dtype
        target = np.dtype(np.float64 if dtype is None else dtype)
        if self.scale is None:
            return values.astype(target, copy=False)
        return np.asarray(np.multiply(values, np.asarray(self.scale, target), dtype=target))


@dataclass(frozen=True, eq=False)
class Dataset:
    """An opened source: the columns of its splits ("train", and "test" where there is one).

    `classes` gives, for a field of ids, what id 0, 1, 2, ... stands for (labels of a csv, characters of a
    text).
    """

    name: str
    splits: dict[str, dict[str, Column]]
    files: tuple[Path, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def vocab(self) -> tuple[str, ...]:
        """The characters of a text, in the order of their ids; empty for other sources."""
        return self.classes.get("x", ())

    @property
    def divided_by(self) -> dict[str, float]:
        """What the numbers of each field are divided by that holds images."""
        return {name: c.pixels.largest for name, c in self.train.items() if c.pixels is not None}

    def divide_by(self, largest: Mapping[str, float]) -> None:
        """Settles what whole numbers of some fields are divided by: what it was when a net was trained."""
        for name, column in self.train.items():
            if column.pixels is not None and column.storage.kind in "iu" and name in largest:
                column.pixels.settle(largest[name])

    @property
    def notes(self) -> list[str]:
        """What was told by the contents of the data, and may have been meant otherwise."""
        found = [c.pixels.note for c in self.train.values() if c.pixels is not None]
        return [note for note in found if note is not None]

    @property
    def train(self) -> dict[str, Column]:
        return self.splits["train"]

    @property
    def test(self) -> dict[str, Column] | None:
        return self.splits.get("test")


class Source(Fields):
    """A data source of a spec: its fields are the arguments, `open` looks at the files.

    A subclass implements `read(files)`, which finds its paths through `files` and returns a Dataset
    without reading more than it must to know every shape.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def open(
        self,
        folder: Path,
        search: Sequence[Path] = (),
        fields: Collection[str] | None = None,
    ) -> Dataset:
        """Looks at the files from the spec's `folder`; `override.open_override` looks at others.

        `search` holds the folders where a data set known by name may be (`places.data_folders()`). Where only
        `fields` are taken, others may hold anything.
        """
        taken = None if fields is None else frozenset(fields)
        return self.read(Files(folder, tuple(search), fields=taken))

    def read(self, files: Files) -> Dataset:
        raise NotImplementedError


def checked(name: str, splits: dict[str, dict[str, Column]]) -> dict[str, dict[str, Column]]:
    """The splits, once their fields are known to fit together."""
    for split, columns in splits.items():
        _check_samples(name, split, columns)
    train = splits["train"]
    for key, column in splits.get("test", {}).items():
        if key not in train:
            raise GraphError([FieldOfTestAlone(name, key)])
        if train[key].shape[1:] != column.shape[1:]:
            raise GraphError([OtherSampleShape(name, key, train[key].shape[1:], column.shape[1:])])
    return splits


def _check_samples(name: str, split: str, columns: dict[str, Column]) -> None:
    counts = [(key, column.shape[0]) for key, column in columns.items()]
    for other in counts[1:]:
        if other[1] != counts[0][1]:
            raise GraphError([SampleMismatch(name, split, *counts[0], *other)])
    if not counts or counts[0][1] == 0:
        raise GraphError([EmptySplit(name, split)])


def check_array(path: str, name: str, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuses an array that cannot be a field."""
    if dtype.hasobject:
        raise GraphError([ArrayOfObjects(path, name)])
    if dtype.kind not in _KINDS:
        raise GraphError([ArrayOfOthers(path, name, str(dtype))])
    if not shape:
        raise GraphError([SingleNumber(path, name)])


def check_size(path: str, what: str, size: int) -> None:
    """Refuses a claim of more bytes than the limit."""
    if size > MAX_BYTES:
        raise GraphError([DataTooLarge(path, what, size, MAX_BYTES)])
