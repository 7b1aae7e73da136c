"""Weights files: parameters written to and read from npz, without pickle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from graphlang.datasets.number_checks import place_text, too_large
from graphlang.diagnostics import Diagnostic, GraphError, closest
from graphlang.diagnostics.files import FolderInPlace, FolderMissing, WritingRefused, WrongSuffix
from graphlang.diagnostics.weights import (
    CheckpointForWeights,
    MissingWeights,
    UnknownWeights,
    WeightsOfOtherShape,
    WeightsOfOtherType,
    WeightsRefused,
    WeightTooLarge,
    WrongWeights,
)
from graphlang.engine.parameters import Params

OF_CHECKPOINT = "param:"
"""How the name of a parameter begins in the checkpoint of a run."""


OTHER_FORMATS = frozenset(
    ".csv .json .npy .txt .graph .py .pt .pth .pkl .pickle .h5 .hdf5 .keras .onnx .safetensors".split()
)


def check_name(path: str | os.PathLike[str]) -> None:
    """Refuses the suffix of a format other than npz."""
    suffix = Path(path).suffix.lower()
    if suffix in OTHER_FORMATS:
        raise GraphError([WrongSuffix(os.fspath(path), suffix, str(Path(path).with_suffix(".npz")))])


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes an npz in one piece: a reader never sees half of it. Raises GraphError where that fails."""
    with replaced(Path(path)) as file:
        np.savez(file, allow_pickle=False, **arrays)


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


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The arrays of an npz; raises GraphError where the file is something else."""
    name = os.fspath(path)
    try:
        # NumPy leaves a file open that it cannot read, so it gets the open file and not its name.
        with Path(name).open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not hasattr(archive, "files"):
                raise GraphError([WrongWeights.one_array(name)])  # noqa: TRY301
            return {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise GraphError([WrongWeights.no_file(name)]) from None
    except IsADirectoryError:
        raise GraphError([WrongWeights.folder(name)]) from None
    except OSError as error:
        raise GraphError([WeightsRefused(name, (error.strerror or str(error)).lower())]) from None
    except GraphError:
        raise
    except Exception:  # noqa: BLE001 - zipfile raises its own kinds, and zlib too
        raise GraphError([WrongWeights.damaged(name)]) from None


def load_into(params: Params, arrays: Mapping[str, Any], file: str) -> None:
    """Sets every parameter from a weights file; raises GraphError, and sets none, where one does not fit."""
    problems = mismatches(params, arrays, file)
    if problems:
        raise GraphError(problems)
    for name in params:
        params[name] = arrays[name]


def mismatches(params: Params, arrays: Mapping[str, Any], file: str) -> list[Diagnostic]:
    """Why arrays are not the parameters of a graph."""
    if any(name.startswith(OF_CHECKPOINT) for name in arrays):
        return [CheckpointForWeights(file, str(Path(file).with_name("weights.npz")))]
    problems: list[Diagnostic] = []
    for name, array in arrays.items():
        if name not in params:
            problems.append(UnknownWeights(file, name, closest(name, list(params))))
        elif array.shape != params[name].shape:
            problems.append(WeightsOfOtherShape(file, name, array.shape, params[name].shape))
        elif array.dtype.kind not in "fiub":
            problems.append(WeightsOfOtherType(file, name, str(array.dtype)))
        elif (place := too_large(array, params[name].dtype)) is not None:
            number, dtype = array[place], str(params.dtype)
            problems.append(WeightTooLarge(file, name, number, place_text(place), dtype))
    missing = [n for n in params if n not in arrays]
    if missing:
        problems.append(MissingWeights(file, missing[:8]))
    return problems
