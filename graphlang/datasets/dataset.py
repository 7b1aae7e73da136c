"""The contract of a data source, and the data set that it opens.

A data set has splits, and a split has columns, whose shapes are known before they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt, prod
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pydantic import ConfigDict

from graphlang.contracts.fields import FamilyMember
from graphlang.datasets.files import Files
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import (
    ArrayOfOthers,
    DataTooLarge,
    EmptySplit,
    FieldBesideTraining,
    OtherSampleShape,
    SampleMismatch,
    WrongArray,
)
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.files.array_header import MOST_BYTES
from graphlang.lazy import lazy

ColumnKind = Literal["float", "int", "bool"]
Array = NDArray[Any]
Rows = slice | NDArray[np.integer[Any]] | Sequence[int]


_KINDS: dict[str, ColumnKind] = {"b": "bool", "i": "int", "u": "int", "f": "float"}


class Cause(NamedTuple):
    """A call in a computed field, and what it was given in one row."""

    #: the name of the function, or the sign of the operator
    function: str
    #: the call as the `data` section writes it
    text: str
    #: the text of each argument, and its number
    arguments: Sequence[tuple[str, float]]


class Gaps(NamedTuple):
    """Fields of the source that a computed field takes as they are, and that have no number somewhere."""

    in_row: Sequence[str]
    anywhere: Sequence[str]


@dataclass(frozen=True, eq=False)
class Column:
    """One field of one split: [samples, ...].

    `load` returns the values as stored, so images stay uint8 and a data set of 47 MB stays 47 MB. With
    `pixels`, a value is the stored number times `scale`: `take` scales a batch. An engine that fuses the
    scaling into its own program calls `gather` into a buffer of type `storage` and multiplies by `scale`.
    """

    stored: tuple[int, ...]
    storage: np.dtype[Any]
    read: Callable[[], Array] = field(repr=False)
    pixels: Pixels | None = None
    flatten: bool = False
    #: for several columns side by side: the single column with the field's name
    alone: Column | None = None
    #: whether it is all columns of a table side by side
    together: bool = False
    #: how many bytes reading it will take; 0 where its numbers are in memory already
    in_file: int = 0
    #: for a text file: the line where each sample starts
    lines: Array | None = field(default=None, repr=False)
    #: for a text file: the cells as they are written, empty where they have no value
    texts: Callable[[], Sequence[str]] | None = field(default=None, repr=False)
    #: for a computed field: the call of a row, by its number, that made no finite number of finite ones
    cause: Callable[[int], Cause | None] | None = field(default=None, repr=False)

    #: for a computed field: the fields of the source without a number in a row, and those in any
    gaps: Callable[[int], Gaps] | None = field(default=None, repr=False)

    def gaps_of(self, row: int) -> Gaps | None:
        """The fields that a computed field is not finite for in a row."""
        return self.gaps(row) if self.gaps is not None else None

    def cause_of(self, row: int) -> Cause | None:
        """Why a number of a row is not finite, where a call of a computed field makes it so."""
        return self.cause(row) if self.cause is not None else None

    @property
    def scale(self) -> float | None:
        """The factor on the stored numbers; None if they are the values."""
        return None if self.pixels is None or self.pixels.largest == 1 else 1 / self.pixels.largest

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, samples first; `flatten` merges all axes after the first."""
        return (self.stored[0], prod(self.stored[1:])) if self.flatten else self.stored

    @property
    def dtype(self) -> ColumnKind:
        """The type in a spec: scaled integers are floats."""
        return "float" if self.pixels is not None else _KINDS[self.storage.kind]

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """The shape of a row of pixels as an image: that in which it is stored, or a square; else None."""
        stored = self.stored[1:]
        if len(stored) == 1 and self.pixels is not None:
            side = isqrt(stored[0])
            return (side, side) if side * side == stored[0] else None
        return stored if len(stored) in {2, 3} and self.pixels is not None else None

    def load(self) -> Array:
        """All stored values in `shape`, read once and read-only."""
        return self._raw

    @lazy
    def _raw(self) -> Array:
        raw = self.read().reshape(self.shape).view()
        assert raw.dtype == self.storage, (raw.dtype, self.storage)
        raw.flags.writeable = False
        return raw

    def gather(self, rows: Rows, out: Array | None = None) -> Array:
        """The stored values of the samples `rows`, written into `out` if it is not None."""
        if isinstance(rows, slice):
            if out is None:
                return self._raw[rows]
            np.copyto(out, self._raw[rows])
            return out
        indices = np.asarray(rows, dtype=np.intp)
        if out is None:
            return self._raw[indices]
        if not self._raw.flags.c_contiguous:  # overlapping windows, which `take` would copy in full
            np.copyto(out, self._raw[indices])
            return out
        # `take` with mode="raise" buffers its output, so the range is checked here instead.
        assert indices.size == 0 or (indices.min() >= 0 and indices.max() < self.stored[0]), indices
        return self._raw.take(indices, axis=0, out=out, mode="clip")

    def take(self, rows: Rows, dtype: DTypeLike | None = None) -> Array:
        """The values of the samples `rows` in `dtype`; scaled ones are float64 by default."""
        values = self.gather(rows)
        if dtype is None and (self.pixels is None or values.dtype.kind == "f"):
            dtype = values.dtype
        target = np.dtype(np.float64 if dtype is None else dtype)
        if self.scale is None:
            return values.astype(target, copy=False)
        return np.asarray(np.multiply(values, np.asarray(self.scale, target), dtype=target))


@dataclass(frozen=True, eq=False)
class Dataset:
    """An opened source: the columns of its splits ("train", and "test" if there is one).

    `classes` holds for a field of ids what the ids 0, 1, 2, ... stand for: the labels of a csv, the
    characters of a text.
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
        """What the stored numbers are divided by, for each field of images."""
        return {name: c.pixels.largest for name, c in self.train.items() if c.pixels is not None}

    def divide_by(self, largest: Mapping[str, float]) -> None:
        """Fixes what the integers of some fields are divided by, to match the training of the weights."""
        for name, column in self.train.items():
            if column.pixels is not None and column.storage.kind in "iu" and name in largest:
                column.pixels.settle(largest[name])

    @property
    def notes(self) -> list[str]:
        """What `normalize` concluded from the contents of the data, in case it was meant otherwise."""
        notes = [c.pixels.note for c in self.train.values() if c.pixels is not None]
        return [note for note in notes if note is not None]

    @property
    def train(self) -> dict[str, Column]:
        return self.splits["train"]

    @property
    def test(self) -> dict[str, Column] | None:
        return self.splits.get("test")


class DataSource(FamilyMember):
    """The base class of the data sources: its fields are the arguments in a spec, `open` finds the files.

    A subclass implements `read(files)`, which finds its paths through `files` and returns a Dataset. It
    reads no more than it needs to know every shape.
    """

    family: ClassVar[str] = "datasets"
    model_config = ConfigDict(frozen=True, extra="forbid")

    def open(
        self,
        folder: Path,
        search: Sequence[Path] = (),
        fields: Collection[str] | None = None,
        limits: Limits = DEFAULT,
    ) -> Dataset:
        """Opens the files below the spec's `folder`; `override.open_override` opens others.

        `search` lists the folders of data sets known by name, such as `mnist` (`places.data_folders()`). If
        only `fields` are used, mistakes in other fields are ignored. `limits` say how large tables may be.
        """
        taken = None if fields is None else frozenset(fields)
        dataset = self.read(Files(folder, tuple(search), fields=taken, limits=limits))
        if not isinstance(dataset, Dataset):
            raise TypeError(
                f"the data source {type(self).__name__} returns {type(dataset).__name__} from its `read`, "
                "not a data set: end it with `return gl.from_arrays(x=..., t=...)`"
            )
        return dataset

    def read(self, files: Files) -> Dataset:
        raise NotImplementedError


def named_fields(columns: Mapping[str, Column]) -> tuple[list[str], list[str]]:
    """The names of columns for a message, and apart those of all columns of a table side by side."""
    together = [name for name, column in columns.items() if column.together]
    return [name for name in columns if name not in together], together


def checked_splits(name: str, splits: dict[str, dict[str, Column]]) -> dict[str, dict[str, Column]]:
    """The splits, after checking that their fields fit together."""
    for split, columns in splits.items():
        _check_samples(name, split, columns)
    train = splits["train"]
    for split, purpose in (("validation", "validation"), ("test", "testing")):
        for key, column in splits.get(split, {}).items():
            if key not in train:
                raise GraphError([FieldBesideTraining(name, key, split)])
            shape = train[key].shape[1:]
            if shape != column.shape[1:]:
                raise GraphError([OtherSampleShape(name, key, shape, column.shape[1:], purpose)])
    return splits


def _check_samples(name: str, split: str, columns: dict[str, Column]) -> None:
    counts = [(key, column.shape[0]) for key, column in columns.items()]
    for other in counts[1:]:
        if other[1] != counts[0][1]:
            raise GraphError([SampleMismatch(name, split, *counts[0], *other)])
    if not counts or counts[0][1] == 0:
        raise GraphError([EmptySplit(name, split)])


def check_array(
    path: str,
    name: str,
    shape: Sequence[int],
    dtype: np.dtype[Any] | None,
    description: str = "",
    *,
    objects: bool = False,
) -> None:
    """Raises GraphError for an array that cannot be a field.

    Where a file holds a type that NumPy does not know, `dtype` is None and `description` says what stands
    there.
    """
    if objects or (dtype is not None and dtype.hasobject):
        raise GraphError([WrongArray.objects(path, name)])
    if dtype is None or dtype.kind not in _KINDS:
        raise GraphError([ArrayOfOthers(path, name, description if dtype is None else str(dtype))])
    if not shape:
        raise GraphError([WrongArray.single_number(path, name)])


def check_size(path: str, what: str, size: int, most: int = MOST_BYTES) -> None:
    """Raises GraphError for more bytes than the limit."""
    if size > most:
        raise GraphError([DataTooLarge(path, what, size, most)])
