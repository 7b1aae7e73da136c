"""Makes pairs.npz from mnist_12k.npz: two digits side by side, to be asked which one is larger.

    python specs/data/make_pairs.py

Array `x` [N, 28, 56] has the two images, `t` [N] is 1 where the left digit is larger and 0 where the right
one is. 200 pairs for training, from the training images, and 300 for testing, from the test images. No image
comes twice, and no pair is of equal digits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from make_mnist_12k import write

from graphlang.datasets.npz import npz

HERE = Path(__file__).parent
PAIRS = {"train": 200, "test": 300}


def main() -> None:
    splits = npz(path="mnist_12k.npz").open(HERE).splits
    arrays = {}
    for split, count in PAIRS.items():
        digits = splits[split]["t"].load()
        # Raw bits, because NumPy promises the stream of a bit generator, not that of `permutation`.
        order = np.argsort(np.random.PCG64(13).random_raw(len(digits)), kind="stable")
        left, right = order.reshape(2, -1)
        chosen = np.flatnonzero(digits[left] != digits[right])[:count]
        sides = [splits[split]["x"].take(rows[chosen]) for rows in (left, right)]
        arrays[f"x_{split}"] = np.concatenate(sides, axis=2)
        arrays[f"t_{split}"] = (digits[left] > digits[right])[chosen].astype(np.uint8)
    write(HERE / "pairs.npz", arrays)


if __name__ == "__main__":
    main()
