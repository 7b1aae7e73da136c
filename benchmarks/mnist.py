"""Reads the four files of MNIST for the other contenders: the same bytes that graphlang reads."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import Skip

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "t_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "t_test": "t10k-labels-idx1-ubyte",
}


def folder() -> Path:
    """The folder with MNIST; skipped if there is none."""
    from graphlang.datasets.data_folders import data_folders

    for place in (*data_folders(), *(f / "mnist" for f in data_folders())):
        if all(_path(place, name) for name in FILES.values()):
            return place
    raise Skip("MNIST is missing: name its folder with --data DIR or GRAPHLANG_DATA")


def _path(place: Path, name: str) -> Path | None:
    return next((p for p in (place / name, place / f"{name}.gz") if p.exists()), None)


def read(place: str | os.PathLike[str]) -> dict[str, Any]:
    """Images as uint8 [N, 784] and labels as uint8 [N]."""
    return {field: _array(Path(place), name, images=field[0] == "x") for field, name in FILES.items()}


def _array(place: Path, name: str, *, images: bool) -> Any:
    path = _path(place, name)
    assert path is not None, f"{name} is not in {place}"
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    array = np.frombuffer(data, np.uint8, offset=16 if images else 8)
    return array.reshape(-1, 784) if images else array
