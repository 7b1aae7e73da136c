"""Writes the data of the tutorials that come with scikit-learn or are drawn at random, into the folder data.

python docs/examples/tutorials/make_data.py
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).parent / "data"


def write(name: str, header: Iterable[str], *columns: Any) -> None:
    """A csv with one column for each array, to six digits."""
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        for row in zip(*columns, strict=True):
            table.writerow([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row])


def quantiles() -> None:
    """A line with errors that widen, and one with errors of one side, as in plot_quantile_regression."""
    rng = np.random.RandomState(42)
    x = np.linspace(0, 10, 100)
    line = 10 + 0.5 * x
    normal = line + rng.normal(loc=0, scale=0.5 + 0.5 * x, size=100)
    pareto = line + 10 * (rng.pareto(5, size=100) - 1 / 4)
    write("quantiles.csv", ["x", "normal", "pareto"], x, normal, pareto)


def outliers() -> None:
    """Twenty points near a line and four far from it, as in plot_huber_vs_ridge."""
    rng = np.random.RandomState(0)
    x, y = datasets.make_regression(n_samples=20, n_features=1, random_state=0, noise=4.0, bias=100.0)
    far_x, far_y = rng.normal(0, 0.5, size=(4, 1)), rng.normal(0, 2.0, size=4)
    far_x[:2] += x.max() + x.mean() / 4
    far_x[2:] += x.min() - x.mean() / 4
    far_y[:2] += y.min() - y.mean() / 4
    far_y[2:] += y.max() + y.mean() / 4
    write("outliers.csv", ["x", "t"], np.vstack((x, far_x))[:, 0], np.concatenate((y, far_y)))


def wine() -> None:
    """The wines, split as in plot_scaling_importance."""
    table = datasets.load_wine()
    rows = train_test_split(np.arange(len(table.target)), test_size=0.3, random_state=42)
    for name, part in zip(("wine.csv", "wine_test.csv"), rows, strict=True):
        write(
            name, [*table.feature_names, "t"], *table.data[part].T, [f"class {i}" for i in table.target[part]]
        )


def digits() -> None:
    """The digits of 8 by 8 pixels: the first half for training, the second for testing."""
    x, t = datasets.load_digits(return_X_y=True)
    half = len(t) // 2
    np.savez_compressed(
        FOLDER / "digits.npz",
        x_train=x[:half].astype(np.uint8),
        t_train=t[:half].astype(np.uint8),
        x_test=x[half:].astype(np.uint8),
        t_test=t[half:].astype(np.uint8),
    )


def moons() -> None:
    """Two half circles, as in Keras' real_nvp."""
    x = datasets.make_moons(3000, noise=0.05, random_state=0)[0]
    write("moons.csv", ["a", "b"], *np.round(x, 4).T)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for make in (quantiles, outliers, wine, digits):
        make()


if __name__ == "__main__":
    main()
