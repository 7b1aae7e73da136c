"""Makes returns.csv: what six investments gained or lost in each of 240 months, in percent.

    python specs/data/make_returns.py

The market is made up. Causes that nobody sees move it, each a normal number that is new every month: growth
g, interest i, fear f, oil o, and one of their own for houses h, shares s and banks b.

    shares = 0.8 + 4 g + 1.5 s     bonds = 0.3 + 1.2 i - 0.3 g     gold   = 0.5 + 3.5 f - g
    oil    = 0.5 + 2.5 g + 5 o     banks = 0.5 + 4 g - i + 2.5 b   houses = 0.6 + 1.5 g + 0.8 i + 1.5 h
"""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import numpy as np

HERE = Path(__file__).parent
MONTHS = 240


def main() -> None:
    # Raw bits, because NumPy promises the stream of a bit generator, not that of `normal`.
    bits = np.random.PCG64(5).random_raw(MONTHS * 7) >> np.uint64(12)
    normal = NormalDist().inv_cdf
    lines = ["month,shares,bonds,gold,oil,houses,banks"]
    for month, row in enumerate(((bits + 0.5) / 2**52).reshape(MONTHS, 7).tolist()):
        g, i, f, o, h, s, b = map(normal, row)
        gains = [
            0.8 + 4 * g + 1.5 * s,
            0.3 + 1.2 * i - 0.3 * g,
            0.5 + 3.5 * f - g,
            0.5 + 2.5 * g + 5 * o,
            0.6 + 1.5 * g + 0.8 * i + 1.5 * h,
            0.5 + 4 * g - i + 2.5 * b,
        ]
        name = f"{2000 + month // 12}-{month % 12 + 1:02}"
        lines.append(",".join([name, *(f"{gain:.2f}" for gain in gains)]))
    (HERE / "returns.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
