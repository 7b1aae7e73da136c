"""Makes reversal.npz: rows of eight random digits, to be read out backwards.

    python specs/data/make_reversal.py

Array `x`, [3000, 8] for training and [500, 8] for testing; what is wanted, the row reversed, a spec
says itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from make_mnist_12k import write

HERE = Path(__file__).parent
TRAINING, TEST, LENGTH = 3000, 500, 8


def main() -> None:
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `integers`.
    digits = np.random.PCG64(3).random_raw((TRAINING + TEST) * LENGTH) % np.uint64(10)
    x = digits.astype(np.uint8).reshape(-1, LENGTH)
    write(HERE / "reversal.npz", {"x_train": x[:TRAINING], "x_test": x[TRAINING:]})


if __name__ == "__main__":
    main()
