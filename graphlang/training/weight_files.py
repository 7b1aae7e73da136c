"""Files of weights and checkpoints: npz and safetensors, read headers first and without pickle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import PackageMissing, WrongSuffix
from graphlang.diagnostics.weights import DamagedWeights, WeightsRefused, WrongWeights
from graphlang.files.array_archive import NUMBERS, NUMBERS_AND_TEXTS, ArrayArchive
from graphlang.files.array_header import MAGIC, ArrayHeader
from graphlang.files.regular import RegularFile, open_regular
from graphlang.files.replace import replaced
from graphlang.files.seal import SEAL, seal_of
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

    def is_sealed(self) -> bool:
        """Whether the archive has a checksum, and its members are those that it is of."""
        members = dict(self._archive.members)
        if members.pop(SEAL, None) is None:
            return False
        return str(self._archive.read(SEAL, NUMBERS_AND_TEXTS)) == seal_of(members)


def check_name(path: str | os.PathLike[str]) -> None:
    """Refuses the suffix of a format other than npz and safetensors."""
    suffix = Path(path).suffix.lower()
    if suffix in OTHER_FORMATS:
        raise GraphError([WrongSuffix(os.fspath(path), suffix, str(Path(path).with_suffix(".npz")))])


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes arrays; raises GraphError where that fails."""
    write = write_tensors if Path(path).suffix.lower() == TENSORS else write_archive
    try:
        with replaced(Path(path)) as file:
            write(file, arrays)
    except ImportError:
        raise GraphError([PackageMissing(os.fspath(path), "safetensors")]) from None


def save_sealed(path: Path, arrays: Mapping[str, Any], earlier: Path | None) -> None:
    """Writes arrays with a checksum of all of them; the file that was there is kept as `earlier`.

    Raises GraphError where that fails.
    """
    with replaced(path, earlier) as file:
        write_archive(file, arrays, sealed=True)


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


def read_sealed(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """All arrays of an archive, None where its checksum is wrong; raises GraphError for any other file."""
    with opened_weights(path, NUMBERS_AND_TEXTS) as file:
        arrays = file.read([name for name in file.arrays if name != SEAL])
        return arrays if isinstance(file, _Archive) and file.is_sealed() else None
