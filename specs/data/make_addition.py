"""Makes addition.npz: sums of two numbers below 100 and their results, as characters.

    python specs/data/make_addition.py

Every pair of numbers once: of the 5,050 pairs without order 500 are for testing, in both orders, so that
nobody who saw 12+34 is asked for 34+12. `question` [N, 5] is "7+85 " and `answer` [N, 4] is "_92 ", where "_"
tells the decoder to begin (Deep Learning from Scratch 2, section 7.2). A character is its place in
CHARACTERS.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from make_mnist_12k import write

HERE = Path(__file__).parent
CHARACTERS = "0123456789+_ "
TESTED = 500


def main() -> None:
    pairs = shuffled([(a, b) for a in range(100) for b in range(100)], 7)
    tested = set(shuffled([(a, b) for a, b in pairs if a <= b], 8)[:TESTED])
    arrays = {}
    for split in ("train", "test"):
        chosen = [(a, b) for a, b in pairs if ((min(a, b), max(a, b)) in tested) == (split == "test")]
        arrays[f"question_{split}"] = ids([f"{a}+{b}".ljust(5) for a, b in chosen])
        arrays[f"answer_{split}"] = ids([f"_{a + b}".ljust(4) for a, b in chosen])
    write(HERE / "addition.npz", arrays)


def shuffled(pairs: list[tuple[int, int]], seed: int) -> list[tuple[int, int]]:
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `permutation`.
    order = np.argsort(np.random.PCG64(seed).random_raw(len(pairs)), kind="stable")
    return [pairs[i] for i in order]


def ids(texts: list[str]) -> np.ndarray:
    return np.array([[CHARACTERS.index(c) for c in text] for text in texts], np.uint8)


if __name__ == "__main__":
    main()
