"""Makes mnist_300.npz from mnist_12k.npz: so few images for training that a network can learn them by heart.

    python specs/data/make_mnist_300.py

30 training and 100 test images of each digit, evenly spaced, under the names that mnist_12k.npz has.
"""

from __future__ import annotations

from pathlib import Path

from graphlang.datasets.npz import npz
from make_mnist_12k import evenly, write

HERE = Path(__file__).parent
PER_DIGIT = {"train": 30, "test": 100}


def main() -> None:
    splits = npz(path="mnist_12k.npz").open(HERE).splits
    arrays = {}
    for split, count in PER_DIGIT.items():
        x, t = splits[split]["x"].load(), splits[split]["t"]
        rows = evenly(t, count)
        arrays[f"x_{split}"] = x[rows]
        arrays[f"t_{split}"] = t.load()[rows]
    write(HERE / "mnist_300.npz", arrays)


if __name__ == "__main__":
    main()
