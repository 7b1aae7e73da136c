"""Makes mnist_300.npz from mnist_12k.npz: few images, some with a wrong label, to be learned by heart.

    python specs/data/make_mnist_300.py

30 training and 50 test images of each digit, evenly spaced, under the names that mnist_12k.npz has. Every
fifth training label is wrong (the next digit stands there); the test labels are right.
"""

from __future__ import annotations

from pathlib import Path

from make_mnist_12k import evenly, write

from graphlang.datasets.npz import npz

HERE = Path(__file__).parent
PER_DIGIT = {"train": 30, "test": 50}


def main() -> None:
    splits = npz(path="mnist_12k.npz").open(HERE).splits
    arrays = {}
    for split, count in PER_DIGIT.items():
        rows = evenly(splits[split]["t"], count)
        arrays[f"x_{split}"] = splits[split]["x"].load()[rows]
        arrays[f"t_{split}"] = splits[split]["t"].load()[rows]
    wrong = arrays["t_train"][::5]
    arrays["t_train"][::5] = (wrong + 1) % 10
    write(HERE / "mnist_300.npz", arrays)


if __name__ == "__main__":
    main()
