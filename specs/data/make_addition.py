"""Makes addition.npz: sums of two numbers below 100 and their results, as characters.

    python specs/data/make_addition.py

Every pair of numbers once, 9,000 for training and 1,000 for testing. `question` [N, 5] is "7+85 " and
`answer` [N, 4] is "_92 ", where "_" tells the decoder to begin (Deep Learning from Scratch 2, section 7.2).
A character is its place in CHARACTERS.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from make_mnist_12k import write

HERE = Path(__file__).parent
CHARACTERS = "0123456789+_ "
TRAINING = 9000


def main() -> None:
    pairs = [(a, b) for a in range(100) for b in range(100)]
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `permutation`.
    order = np.argsort(np.random.PCG64(7).random_raw(len(pairs)), kind="stable")
    question = ids([f"{a}+{b}".ljust(5) for a, b in pairs])[order]
    answer = ids([f"_{a + b}".ljust(4) for a, b in pairs])[order]
    arrays = {"question": question, "answer": answer}
    train = {f"{name}_train": array[:TRAINING] for name, array in arrays.items()}
    test = {f"{name}_test": array[TRAINING:] for name, array in arrays.items()}
    write(HERE / "addition.npz", train | test)


def ids(texts: list[str]) -> np.ndarray:
    return np.array([[CHARACTERS.index(c) for c in text] for text in texts], np.uint8)


if __name__ == "__main__":
    main()
