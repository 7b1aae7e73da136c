"""What a file of weights holds: of each array its shape, its type, and the statistics of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from graphlang.training.weight_files import Stored, WeightFile

TOGETHER = 64 * 2**20
"""Arrays of so many bytes are read at once."""


@dataclass(frozen=True)
class ArrayStatistics:
    """One array of a file; the statistics are those of its finite numbers, None where it has none."""

    name: str
    shape: tuple[int, ...]
    #: the type as the file has it
    dtype: str
    bytes: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    #: the share of numbers that are 0
    zeros: float | None = None
    #: how many numbers are nan or infinite
    not_finite: int = 0


def statistics(weights: WeightFile) -> Iterator[ArrayStatistics]:
    """Every array of a file in its order."""
    for names in _groups(weights):
        numbers = [name for name in names if _kind(weights.arrays[name]) in "fiub"]
        read = weights.read(numbers)
        for name in names:
            yield _of(name, weights.arrays[name], read.get(name))


def _groups(weights: WeightFile) -> Iterator[list[str]]:
    """The names of a file in parts that are read at once."""
    names: list[str] = []
    size = 0
    for name in weights.arrays:
        size += _size(weights.arrays[name])
        if names and size > TOGETHER:
            yield names
            names, size = [], _size(weights.arrays[name])
        names.append(name)
    yield names


def _kind(header: Stored) -> str:
    return "-" if header.dtype is None else header.dtype.kind


def _size(header: Stored) -> int:
    return prod(header.shape) * (0 if header.dtype is None else header.dtype.itemsize)


def _of(name: str, header: Stored, array: Any) -> ArrayStatistics:
    told = header.description if header.dtype is None else str(header.dtype)
    if array is None or array.size == 0:
        return ArrayStatistics(name, tuple(header.shape), told, _size(header))
    finite = array
    not_finite = 0
    if array.dtype.kind == "f":
        mask = np.isfinite(array)
        not_finite = int(array.size - np.count_nonzero(mask))
        finite = array[mask] if not_finite else array
    zeros = 1 - np.count_nonzero(array) / array.size
    shown = (name, tuple(header.shape), told, array.nbytes)
    if finite.size == 0:
        return ArrayStatistics(*shown, zeros=zeros, not_finite=not_finite)
    low, high = float(finite.min()), float(finite.max())
    largest = max(abs(low), abs(high)) or 1.0
    scaled = finite.astype(np.float64) / largest  # so that no square is beyond a float
    mean, std = float(scaled.mean()) * largest, float(scaled.std()) * largest
    return ArrayStatistics(*shown, low, high, mean, std, zeros, not_finite)
