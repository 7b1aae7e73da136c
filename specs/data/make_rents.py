"""Makes rents.csv: 200 flats and what they are rented for, the table of `graphlang new --template csv`.

    python specs/data/make_rents.py

The town is made up, and so is the rule of its rents:

    rent = 260 + area * district + 70 if there is a balcony + 1.5 * (year - 1950) + noise

    district   centre 11.4, park 10.6, harbour 10.2, station 9.2; in the centre the year does not count
    noise      45 z with a normal z, which nobody can foresee

Of 6 in 100 flats the year is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np

HERE = Path(__file__).parent
ROWS = 200
DISTRICTS = {"centre": 11.4, "park": 10.6, "harbour": 10.2, "station": 9.2}


def main() -> None:
    lines = ["area,rooms,year,district,balcony,rent", *map(flat, draws())]
    (HERE / "rents.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draws() -> Iterator[Iterator[float]]:
    """For each flat numbers between 0 and 1."""
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `random`.
    bits = np.random.PCG64(7).random_raw(ROWS * 10) >> np.uint64(12)
    for row in ((bits + 0.5) / 2**52).reshape(ROWS, 10).tolist():
        yield iter(row)


def flat(numbers: Iterator[float]) -> str:
    area = min(170, max(24, round(72 + 26 * normal(numbers))))
    rooms = max(1, round(area / 27 + 0.6 * normal(numbers)))
    year = 1890 + int(next(numbers) * 134)
    district = list(DISTRICTS)[int(next(numbers) * len(DISTRICTS))]
    balcony = next(numbers) < 0.45
    rent = 260 + area * DISTRICTS[district] + 70 * balcony + 45 * normal(numbers)
    if district != "centre":
        rent += 1.5 * (year - 1950)
    known = "" if next(numbers) < 0.06 else year
    return f"{area},{rooms},{known},{district},{'yes' if balcony else 'no'},{round(rent / 5) * 5}"


def normal(numbers: Iterator[float]) -> float:
    return NormalDist().inv_cdf(next(numbers))


if __name__ == "__main__":
    main()
