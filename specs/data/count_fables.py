"""What counting makes of fables.txt: the loss of a table of what followed each row of characters.

    python specs/data/count_fables.py [WINDOW]

A language model has to be better than this. The table knows, for every row of up to N characters of the
training text, how often each character followed it. Where a row is rare or unknown, the row without its
first character helps, `p'` (Witten, Bell 1991):

    p(c) = (count(row, c) + a * different(row) * p'(c)) / (count(row) + a * different(row))

`different(row)` is how many different characters followed. Of several `a` the one that is best on the test
text is taken, in the table's favour. The test windows are those of the specs: they do not overlap, and
nothing is remembered from one to the next.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.datasets.text import text

HERE = Path(__file__).parent
LONGEST = 30
TRUST = (0.02, 0.1, 0.3, 1.0)


def main() -> None:
    window = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    for n, loss in enumerate(losses(window)):
        print(f"{n:3} characters: {loss:.3f}")


def losses(window: int, longest: int = LONGEST) -> list[float]:
    """The loss over the test windows for tables of rows of up to 0, 1, ... `longest` characters."""
    splits = text(path="fables.txt", window=window).open(HERE).splits
    windows = splits["train"]["x"].load()
    known = np.append(windows[:, 0], [*windows[-1, 1:], splits["train"]["t"].load()[-1, -1]])
    x, t = (splits["test"][name].load() for name in "xt")
    by_trust = [of_tables(known, x, t, a, longest) for a in TRUST]
    return [min(column) for column in zip(*by_trust, strict=True)]


def of_tables(known: Any, x: Any, t: Any, a: float, longest: int) -> list[float]:
    """The losses for the rows up to each length; without a row, the characters' shares are all one knows."""
    size = int(max(known.max(), x.max(), t.max())) + 1
    p = ((np.bincount(known, minlength=size) + 1) / (len(known) + size))[t]
    found = [loss(p)]
    rows, asked = known[:-1], x  # rows by number, each at the place of its last character
    for n in range(1, longest + 1):
        if n > 1:
            rows, asked = numbered(rows[:-1] * size + known[n - 1 : -1], asked[:, :-1] * size + x[:, n - 1 :])
        shorter, wanted = p[:, n - 1 :], t[:, n - 1 :]
        followed, counts = np.unique(rows * size + known[n:], return_counts=True)
        most = max(rows.max(), asked.max()) + 1
        different = np.bincount(followed // size, minlength=most)[asked]
        total = np.bincount(followed // size, counts, minlength=most)[asked]
        key = asked * size + wanted
        place = np.minimum(np.searchsorted(followed, key), len(followed) - 1)
        count = np.where(followed[place] == key, counts[place], 0)
        longer = (count + a * different * shorter) / np.maximum(total + a * different, 1e-9)
        p[:, n - 1 :] = np.where(total > 0, longer, shorter)
        found.append(loss(p))
    return found


def numbered(rows: Any, asked: Any) -> tuple[Any, Any]:
    """The same rows under small numbers: equal ones have the same number in both."""
    _, numbers = np.unique(np.append(rows, asked.ravel()), return_inverse=True)
    return numbers[: len(rows)], numbers[len(rows) :].reshape(asked.shape)


def loss(p: Any) -> float:
    return float(-np.mean(np.log(p)))


if __name__ == "__main__":
    main()
