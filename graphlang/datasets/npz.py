"""The source `npz`: arrays of a NumPy archive, whose shapes are read from their headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod

import numpy as np
from pydantic import Field

from graphlang.datasets.dataset import Array, Column, Dataset, DataSource, check_array, checked_splits
from graphlang.datasets.files import Files, FoundFile
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.data import (
    DamagedFile,
    DataInflated,
    DataTooLarge,
    FileCutOff,
    FileUnreadable,
    NegativeShape,
    NoData,
    UnknownVersion,
    WrongFormat,
)
from graphlang.files.array_archive import ArrayArchive
from graphlang.files.array_header import MAGIC, ArrayHeader
from graphlang.files.unsound import Announces, CutOff, Inflated, OtherVersion, SizeBelowZero, Unsound


class npz(DataSource):
    """Arrays written with `numpy.savez` or `numpy.savez_compressed`.

    Fields: an array `x_train` is the field `x` of the split train, `x_test` that of the split test; so
            `x_train`, `t_train`, `x_test`, `t_test` are the fields `x` and `t`. Arrays with other names
            are fields of train. The first axis counts the samples and is the same for every field of a
            split.
    Splits: train, and test where an array's name ends in `_test` and there are arrays for training.
    Types:  as stored. `flatten` and `normalize` are meant for images: both leave `t` (the labels) and
            arrays of rank 1 alone. `normalize` brings pixels to 0..1 by what the training images hold:
            divided by 255 where they go up to that, by 65535 where they go up to that, else by the largest
            value of their type; images of 0 and 1 stay as they are.
    Safety: never unpickles; each header is checked against the size of its member before memory is allocated.
    Source: numpy.lib.format (NEP 1)
    """

    path: str = Field(description="the file, relative to the spec's folder")
    flatten: bool = Field(default=False, description="make all axes after the first one")
    normalize: bool = Field(default=False, description="bring pixels to 0..1, by what they hold")

    def read(self, files: Files) -> Dataset:
        file = files.find(self.path)
        with _archive(file) as archive:
            places = _places(archive.members)
            headers = {
                name: header
                for name in archive.members
                if (header := _header_of(self.path, archive, name, files.uses(places[name][1])))
            }
            archive.check_inflation()
        if not places:
            raise GraphError([NoData.empty_archive(self.path)])
        splits: dict[str, dict[str, Column]] = {"train": {}}
        pixels = {key: self._pixels(splits, key) for _, key in places.values()}
        for name, header in headers.items():
            split, key = places[name]
            splits.setdefault(split, {})[key] = self._column(file, name, key, header, pixels[key])
        splits = checked_splits(self.path, _fitting(splits, files))
        return Dataset(file.place.name, splits, (file.place,))

    def _pixels(self, splits: dict[str, dict[str, Column]], key: str) -> Pixels:
        return Pixels(self.path, key, lambda: splits["train"][key])

    def _column(self, file: FoundFile, name: str, key: str, header: ArrayHeader, pixels: Pixels) -> Column:
        assert header.dtype is not None
        shape, dtype = header.shape, header.dtype.newbyteorder("=")
        image = key != "t" and len(shape) > 1
        return Column(
            shape,
            dtype,
            lambda: _load(file, name, header),
            pixels if image and self.normalize and dtype.kind != "b" else None,
            flatten=image and self.flatten,
            in_file=prod(shape) * dtype.itemsize,
        )


def _places(names: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """The split and the field of each array."""
    split = any(name.endswith("_train") for name in names)
    places: dict[str, tuple[str, str]] = {}
    for name in names:
        key, _, suffix = name.rpartition("_")
        places[name] = (suffix, key) if split and key and suffix in ("train", "test") else ("train", name)
    return places


def _header_of(path: str, archive: ArrayArchive, name: str, used: bool) -> ArrayHeader | None:
    """The header of an array; None if it cannot be a field and the spec does not use it."""
    try:
        header = archive.header(name)
        check_array(path, name, header.shape, header.dtype, header.description, objects=header.objects)
    except (GraphError, Unsound):
        if used:
            raise
        return None
    return header


def _fitting(splits: dict[str, dict[str, Column]], files: Files) -> dict[str, dict[str, Column]]:
    """The splits without the arrays that the spec does not use and that do not fit those it uses."""
    used = {key: c for columns in splits.values() for key, c in columns.items() if files.uses(key)}
    if files.fields is None or not used:
        return splits
    fitting: dict[str, dict[str, Column]] = {}
    for split, columns in splits.items():
        counts = {c.shape[0] for key, c in columns.items() if key in used}
        fitting[split] = {k: c for k, c in columns.items() if k in used or {c.shape[0]} == counts}
    train = fitting["train"]
    return {
        split: {k: c for k, c in columns.items() if k in used or _same_samples(c, train.get(k))}
        for split, columns in fitting.items()
        if columns or split == "train"
    }


def _same_samples(column: Column, other: Column | None) -> bool:
    return other is not None and column.shape[1:] == other.shape[1:]


@contextmanager
def _archive(file: FoundFile) -> Iterator[ArrayArchive]:
    with file.open() as opened:
        try:
            yield ArrayArchive(opened)
        except Unsound as error:
            opened.stream.seek(0)
            if opened.stream.read(len(MAGIC)) == MAGIC:
                raise GraphError([WrongFormat.one_array(file.path)]) from None
            raise GraphError([_problem(file.path, error)]) from None


def _problem(path: str, error: Unsound) -> Diagnostic:
    """What to report of an archive that is refused."""
    match error:
        case CutOff():
            return FileCutOff(path, error.part, error.announced, error.size, error.bound)
        case Announces():
            return DataTooLarge(path, error.part, error.announced, error.limit)
        case Inflated():
            return DataInflated(path, error.announced, error.size)
        case OtherVersion():
            return UnknownVersion(path, error.name, error.major, error.minor)
        case SizeBelowZero():
            return NegativeShape(path, error.name, error.shape)
    return DamagedFile.npz(path, str(error))


def _load(file: FoundFile, name: str, header: ArrayHeader) -> Array:
    with _archive(file) as archive:
        if name not in archive.members or archive.header(name) != header:
            raise GraphError([FileUnreadable.changed(file.path)])
        array = archive.read(name)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
