"""Makes houses.csv: 900 houses that were sold, as somebody might have noted them.

    python specs/data/make_houses.py

The town is made up, and so is the rule of its prices, in euros:

    price = 2600 * area * district * kind * age * market * noise

    district   hill 1.5, old town 1.3, park 1.2, harbour 1, station 0.85, mill 0.7
    kind       flat 1, house 1.1, villa 1.35
    age        falls by 0.6 % a year; in the old town old is what one looks for: it rises by 0.3 %
    market     rises by 4 % a year; the sales are from 2015 to 2024
    noise      exp(0.08 z) with a normal z: the mean of abs(noise - 1) is 0.064, and nobody can foresee it

Of 8 in 100 houses the age is not known ("?"), of 5 in 100 the number of rooms is not ("").
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np

HERE = Path(__file__).parent
ROWS = 900
DISTRICTS = {"hill": 1.5, "old town": 1.3, "park": 1.2, "harbour": 1.0, "station": 0.85, "mill": 0.7}
KINDS = {"flat": (1.0, 70), "house": (1.1, 120), "villa": (1.35, 200)}
START, DAYS = datetime.date(2015, 1, 1), 3652


def main() -> None:
    lines = ["district,kind,area,rooms,age,sold,price", *map(house, draws())]
    (HERE / "houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draws() -> Iterator[Iterator[float]]:
    """For each house numbers between 0 and 1."""
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `random`.
    bits = np.random.PCG64(11).random_raw(ROWS * 10) >> np.uint64(12)
    for row in ((bits + 0.5) / 2**52).reshape(ROWS, 10).tolist():
        yield iter(row)


def house(numbers: Iterator[float]) -> str:
    district = list(DISTRICTS)[int(next(numbers) * len(DISTRICTS))]
    kind = ["flat", "flat", "flat", "house", "house", "villa"][int(next(numbers) * 6)]
    factor, usual = KINDS[kind]
    area = round(usual * math.exp(0.3 * normal(numbers)))
    rooms = max(1, round(area / 26 + 0.7 * normal(numbers)))
    age = int(next(numbers) ** 1.5 * 120)
    sold = int(next(numbers) * DAYS)
    price = 2600 * area * DISTRICTS[district] * factor
    price *= 1.003**age if district == "old town" else 0.994**age
    price *= 1.04 ** (sold / 365.25) * math.exp(0.08 * normal(numbers))
    cells = [district, kind, area]
    cells.append("" if next(numbers) < 0.05 else rooms)
    cells.append("?" if next(numbers) < 0.08 else age)
    cells += [START + datetime.timedelta(sold), round(price / 1000) * 1000]
    return ",".join(map(str, cells))


def normal(numbers: Iterator[float]) -> float:
    return NormalDist().inv_cdf(next(numbers))


if __name__ == "__main__":
    main()
