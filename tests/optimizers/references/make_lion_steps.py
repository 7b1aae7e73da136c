"""Writes lion_steps.json: parameters after steps of Lion, by the lines of the paper's algorithm 2.

    python tests/optimizers/references/make_lion_steps.py

The numbers are Python's decimals of 40 digits, one element after another, so nothing is shared with the code
under test. The gradients are those of make_torch_steps.py.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal, getcontext
from pathlib import Path

AFTER = (1, 10, 50)
RUNS = {
    "Lion": {"lr": 0.01},
    "Lion with decay": {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1},
}


def element(w: Decimal, slope: Decimal, k: int, settings: dict[str, float]) -> dict[int, float]:
    """One element of W after some steps."""
    eta, lam = Decimal(settings["lr"]), Decimal(settings.get("weight_decay", 0.0))
    beta1, beta2 = Decimal(settings.get("beta1", 0.9)), Decimal(settings.get("beta2", 0.99))
    m, kept = Decimal(0), {}
    for t in range(1, max(AFTER) + 1):
        g = slope * w + Decimal(math.cos(t * k))
        c = beta1 * m + (1 - beta1) * g
        w = w - eta * (Decimal((c > 0) - (c < 0)) + lam * w)
        m = beta2 * m + (1 - beta2) * g
        if t in AFTER:
            kept[t] = float(w)
    return kept


def main() -> None:
    getcontext().prec = 40
    runs = {}
    for name, settings in RUNS.items():
        starts = zip((1.0, -2.0, 0.5), (1.0, 0.3, 0.05), (1, 2, 3), strict=True)
        columns = [element(Decimal(w), Decimal(slope), k, settings) for w, slope, k in starts]
        steps = {t: [column[t] for column in columns] for t in AFTER}
        runs[name] = {"optimizer": "Lion", "settings": settings, "steps": steps}
    about = {
        "source": "arXiv:2302.06675, algorithm 2, in decimals of 40 digits",
        "script": Path(__file__).name,
    }
    path = Path(__file__).parent / "lion_steps.json"
    path.write_text(json.dumps({**about, "runs": runs}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
