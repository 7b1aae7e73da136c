"""The source `npz`: arrays of a NumPy archive, whose shapes are read from their headers."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from graphlang.datasets.dataset import (
    Array,
    Column,
    Dataset,
    DataSource,
    check_array,
    check_size,
    checked_splits,
)
from graphlang.datasets.files import Files, readable
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import (
    DamagedFile,
    FileCutOff,
    FileUnreadable,
    NegativeShape,
    NoData,
    UnknownVersion,
    WrongFormat,
)

#: deflate shrinks at most 1032 times: a member that announces more is damaged or forged
_DEFLATE = 1040

#: version 3.0 exists only for structured types
_PARSERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # an encrypted archive; its subclass NotImplementedError, an unsupported compression
    ValueError,
)


class ArrayHeader(NamedTuple):
    """The shape and type in the header of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


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
        with _archive(self.path, file) as archive:
            members = {m.filename.removesuffix(".npy"): m for m in archive.infolist() if _is_array(m)}
            places = _places(members)
            headers = {
                name: header
                for name, member in members.items()
                if (header := _header_of(self.path, archive, member, files.uses(places[name][1])))
            }
        if not members:
            raise GraphError([NoData.empty_archive(self.path)])
        splits: dict[str, dict[str, Column]] = {"train": {}}
        pixels = {key: self._pixels(splits, key) for _, key in places.values()}
        for name, header in headers.items():
            split, key = places[name]
            splits.setdefault(split, {})[key] = self._column(file, name, key, header, pixels[key])
        return Dataset(file.name, checked_splits(self.path, _fitting(splits, files)), (file,))

    def _pixels(self, splits: dict[str, dict[str, Column]], key: str) -> Pixels:
        return Pixels(self.path, key, lambda: splits["train"][key])

    def _column(self, file: Path, name: str, key: str, header: ArrayHeader, pixels: Pixels) -> Column:
        shape, dtype = header
        image = key != "t" and len(shape) > 1
        return Column(
            shape,
            dtype.newbyteorder("="),
            lambda: _load(self.path, file, name, header),
            pixels if image and self.normalize and dtype.kind != "b" else None,
            flatten=image and self.flatten,
        )


def _places(names: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The split and the field of each array."""
    split = any(name.endswith("_train") for name in names)
    places: dict[str, tuple[str, str]] = {}
    for name in names:
        key, _, suffix = name.rpartition("_")
        places[name] = (suffix, key) if split and key and suffix in ("train", "test") else ("train", name)
    return places


def _is_array(member: zipfile.ZipInfo) -> bool:
    return member.filename.endswith(".npy")


def _header_of(
    path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, used: bool
) -> ArrayHeader | None:
    """The header of an array; None if it cannot be a field and the spec does not use it."""
    try:
        return _header(path, archive, member)
    except (GraphError, *_DAMAGED):
        if used:
            raise
        return None


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
def _archive(path: str, file: Path) -> Iterator[zipfile.ZipFile]:
    with readable(path):
        try:
            with zipfile.ZipFile(file) as archive:
                yield archive
        except _DAMAGED as error:
            raise GraphError([_no_archive(path, file, error)]) from None


def _no_archive(path: str, file: Path, error: Exception) -> WrongFormat:
    with file.open("rb") as stream:
        start = stream.read(6)
    if start == b"\x93NUMPY":
        return WrongFormat.one_array(path)
    return DamagedFile.npz(path, _reason(error))


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else "it ends too early"
    return text[:1].lower() + text[1:].rstrip(".")


def _header(path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> ArrayHeader:
    """The shape and type of one array, after checking its size against that of the archive's member."""
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _PARSERS:
            raise GraphError([UnknownVersion(path, name, *version)])
        shape, _, dtype = _PARSERS[version](stream)
        length = stream.tell()
    if any(n < 0 for n in shape):
        raise GraphError([NegativeShape(path, name, shape)])
    check_array(path, name, shape, dtype)
    expected = length + prod(shape) * dtype.itemsize
    check_size(path, f"`{name}`", expected)
    if expected != member.file_size:
        raise GraphError([FileCutOff(path, f"`{name}`", expected, member.file_size)])
    if (most := member.compress_size * _DEFLATE) < expected:
        raise GraphError([FileCutOff(path, f"`{name}`", expected, most, "at most ")])
    return ArrayHeader(shape, dtype)


def _load(path: str, file: Path, name: str, header: ArrayHeader) -> Array:
    with _archive(path, file) as archive:
        try:
            member = archive.getinfo(f"{name}.npy")
        except KeyError:
            raise GraphError([FileUnreadable.changed(path)]) from None
        if _header(path, archive, member) != header:
            raise GraphError([FileUnreadable.changed(path)])
        with archive.open(member) as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
    return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("="))
