"""Reading a csv of a million rows and 20 columns beside pandas: time and peak memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import Goal, Work

ROWS, COLUMNS = 1_000_000, 20
NAME = f"graphlang-benchmark-{ROWS}-{COLUMNS}.csv"


def table() -> Path:
    """The file, written once for all contenders: numbers as Python writes them."""
    path = Path(tempfile.gettempdir()) / NAME
    if not path.exists():
        rng = np.random.default_rng(0)
        block = "".join(
            ",".join(map(repr, row)) + "\n" for row in rng.normal(size=(10_000, COLUMNS)).tolist()
        )
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("w") as file:
            file.write(",".join(f"c{i}" for i in range(COLUMNS)) + "\n")
            for _ in range(ROWS // 10_000):
                file.write(block)
        part.replace(path)
    return path


def _graphlang(*, arrow: bool) -> Callable[[], Any]:
    from graphlang.datasets import arrow_numbers
    from graphlang.datasets.csv import csv

    path = table()
    if arrow:
        import pyarrow.csv  # noqa: F401 - the contender is left out where it is missing
    else:
        arrow_numbers._arrow = lambda: None  # type: ignore[assignment]

    def step() -> float:
        data = csv(path=path.name, test=0).open(path.parent)
        return float(data.train["x"].load()[-1, -1])

    return step


def by_itself() -> Callable[[], Any]:
    return _graphlang(arrow=False)


def with_arrow() -> Callable[[], Any]:
    return _graphlang(arrow=True)


def pandas() -> Callable[[], Any]:
    import pandas as pd

    path = table()

    def step() -> float:
        return float(pd.read_csv(path, float_precision="round_trip").to_numpy()[-1, -1])

    return step


def pandas_roughly() -> Callable[[], Any]:
    """Pandas as it reads by default, where the last bit of a number may differ."""
    import pandas as pd

    path = table()

    def step() -> float:
        return float(pd.read_csv(path).to_numpy()[-1, -1])

    return step


def forget() -> None:
    """Takes the file away."""
    with suppress(FileNotFoundError):
        (Path(tempfile.gettempdir()) / NAME).unlink()


WORKS = [
    Work(
        f"csv-{ROWS}",
        f"A csv of {ROWS:,} rows and {COLUMNS} columns, 390 MB, to an array",
        {
            "graphlang": with_arrow,
            "graphlang without pyarrow": by_itself,
            "pandas": pandas_roughly,
            "pandas, round_trip": pandas,
        },
        targets={"pandas": Goal(1.5, 1.5, 1.5)},
        rounds=3,
        limit=120.0,
        warm_up=False,
        same_value=False,
        long=True,
        note="the file is 390 MB; graphlang may take four times as much memory",
    )
]
