"""Which rows of a table are for training, validation and testing, so that training sees every class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphlang.datasets._tables import drawn_rows
from graphlang.datasets.dataset import Array
from graphlang.datasets.dividing import divided_rows

TEST, VALIDATION = 0.2, 0.15
FEWEST_FOR_TEST, _FEWEST_FOR_VALIDATION = 10, 300
_SEEDS = 50


class RowSplits(NamedTuple):
    """The settings of a `data` section that divide the rows, and the rows that remain for training."""

    test: float
    validation: float
    seed: int
    train: Array


def row_splits(rows: int, classes: Array | None) -> RowSplits:
    """Splits for so many rows, by the class of each row where there are classes.

    Where no draw leaves a row of each class for training, all rows are for training.
    """
    every = RowSplits(0, 0, 0, np.arange(rows))
    if rows < FEWEST_FOR_TEST:
        return every
    validation = VALIDATION if rows >= _FEWEST_FOR_VALIDATION else 0
    count = 0 if classes is None else len(np.unique(classes))
    for seed in range(_SEEDS):
        train = _for_training(rows, validation, seed)
        if classes is None or len(np.unique(classes[train])) == count:
            return RowSplits(TEST, validation, seed, train)
    return every


def _for_training(rows: int, validation: float, seed: int) -> Array:
    train = drawn_rows(rows, TEST, seed)["train"]
    if validation:
        train = train[divided_rows(len(train), "validation", validation, seed)[0]]
    return train
