"""Rebuilds mnist_12k.npz, the sample of MNIST that the first specs use, from the four published files.

    python specs/data/make_mnist_12k.py FOLDER

FOLDER holds the IDX files, gzipped or plain; their SHA-256 is checked. Of each digit the sample takes 1,000
training and 200 test images, evenly spaced over the digit's images in the published order, and keeps that
order; so every digit is there equally often and every part of the set is represented. Images are uint8
[N, 28, 28], labels uint8 [N], under the names x_train, t_train, x_test, t_test. Nothing depends on a random
number or a clock: the same zlib writes the same bytes.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphlang.datasets.dataset import Column
from graphlang.datasets.mnist import mnist
from graphlang.datasets.override import open_override

PER_DIGIT = {"train": 1000, "test": 200}
HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description="rebuild mnist_12k.npz from the four files of MNIST")
    parser.add_argument("folder", type=Path, help="the folder with the IDX files, gzipped or plain")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "mnist_12k.npz")
    options = parser.parse_args()
    write(options.output, sample(options.folder))


def sample(folder: Path) -> dict[str, NDArray[Any]]:
    """The four arrays of the sample."""
    splits = open_override(mnist(flatten=False, normalize=False), folder).splits
    arrays = {}
    for split, count in PER_DIGIT.items():
        x, t = splits[split]["x"], splits[split]["t"]
        rows = evenly(t, count)
        arrays[f"x_{split}"] = x.take(rows).reshape(-1, 28, 28)
        arrays[f"t_{split}"] = t.take(rows)
    return arrays


def evenly(labels: Column, count: int) -> NDArray[np.intp]:
    """The rows of `count` samples of each digit, evenly spaced over that digit's samples; ascending."""
    places = (np.flatnonzero(labels.load() == digit) for digit in range(10))
    return np.sort(np.concatenate([p[np.arange(count) * len(p) // count] for p in places]))


def write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes what `numpy.savez_compressed` does, with the zip format's first date for the clock's."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # else it says on which platform it was written
            member.external_attr = 0o644 << 16
            archive.writestr(member, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


if __name__ == "__main__":
    main()
