"""Files of weights and checkpoints: npz and safetensors, read headers first and without pickle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import (
    FolderInPlace,
    FolderMissing,
    PackageMissing,
    WritingRefused,
    WrongSuffix,
)
from graphlang.diagnostics.weights import DamagedWeights, WeightsRefused, WrongWeights
from graphlang.files.array_archive import NUMBERS, ArrayArchive
from graphlang.files.array_header import MAGIC, ArrayHeader
from graphlang.files.regular import RegularFile, open_regular
from graphlang.files.tensor_file import TensorFile, looks_like_tensors, write_tensors
from graphlang.files.unsound import Unsound
from graphlang.files.write_archive import write_archive

TENSORS = ".safetensors"
OTHER_FORMATS = frozenset(
    ".csv .json .npy .txt .graph .py .pt .pth .pkl .pickle .h5 .hdf5 .keras .onnx".split()
)


class Stored(Protocol):
    """An array as the header of its file describes it."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any] | None: ...
    @property
    def description(self) -> str: ...


class WeightFile(Protocol):
    """An open file of arrays: the headers, and the numbers of those that are asked for."""

    @property
    def arrays(self) -> Mapping[str, Stored]: ...
    def read(self, names: Sequence[str]) -> dict[str, Any]: ...


class _Archive(Mapping[str, ArrayHeader]):
    """An npz as a file of weights; a header is read when it is asked for."""

    def __init__(self, file: RegularFile, kinds: str) -> None:
        self._archive = ArrayArchive(file)
        self._archive.check_members()
        self._kinds = kinds
        self.arrays: Mapping[str, Stored] = self

    def __getitem__(self, name: str) -> ArrayHeader:
        return self._archive.header(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive.members)

    def __len__(self) -> int:
        return len(self._archive.members)

    def read(self, names: Sequence[str]) -> dict[str, Any]:
        return {name: self._archive.read(name, self._kinds) for name in names}


def check_name(path: str | os.PathLike[str]) -> None:
    """Refuses the suffix of a format other than npz and safetensors."""
    suffix = Path(path).suffix.lower()
    if suffix in OTHER_FORMATS:
        raise GraphError([WrongSuffix(os.fspath(path), suffix, str(Path(path).with_suffix(".npz")))])


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes arrays in one piece: a reader never sees half of them. Raises GraphError where that fails."""
    write = write_tensors if Path(path).suffix.lower() == TENSORS else write_archive
    try:
        with replaced(Path(path)) as file:
            write(file, arrays)
    except ImportError:
        raise GraphError([PackageMissing(os.fspath(path), "safetensors")]) from None


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` once all is written; raises GraphError on failure."""
    if path.is_dir():
        raise GraphError([FolderInPlace(str(path), str(path / "net.npz"))])
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if not path.parent.exists():
            raise GraphError([FolderMissing(str(path), str(path.parent))]) from None
        raise GraphError([WritingRefused(str(path), (error.strerror or str(error)).lower())]) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def opened_weights(path: str | os.PathLike[str], kinds: str = NUMBERS) -> Iterator[WeightFile]:
    """A file of arrays, with its headers read and checked; raises GraphError where it is something else."""
    name = os.fspath(path)
    try:
        with open_regular(name) as file:
            yield _by_content(name, file, kinds)
    except FileNotFoundError:
        raise GraphError([WrongWeights.no_file(name)]) from None
    except IsADirectoryError:
        raise GraphError([WrongWeights.folder(name)]) from None
    except OSError as error:
        raise GraphError([WeightsRefused(name, (error.strerror or str(error)).lower())]) from None
    except Unsound as error:
        raise GraphError([DamagedWeights(name, str(error))]) from None
    except ImportError:
        raise GraphError([PackageMissing.to_read(name, "safetensors")]) from None


def _by_content(name: str, file: RegularFile, kinds: str) -> WeightFile:
    start = file.stream.read(9)
    file.stream.seek(0)
    if start[:2] == b"PK":
        return _Archive(file, kinds)
    if start[:6] == MAGIC:
        raise GraphError([WrongWeights.one_array(name)])
    if looks_like_tensors(start, file.size) or Path(name).suffix.lower() == TENSORS:
        return TensorFile(file)
    raise GraphError([WrongWeights.other_format(name)])


def read(path: str | os.PathLike[str], kinds: str = NUMBERS) -> dict[str, Any]:
    """All arrays of a file; raises GraphError where the file is something else."""
    with opened_weights(path, kinds) as file:
        return file.read(list(file.arrays))
