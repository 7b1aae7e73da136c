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
    write("moons.csv", ["a", "b"], *np.round(x, 3).T)


def ratings() -> None:
    """Half stars that 150 users give to 250 films, by five tastes, one of ten rows for testing."""
    rng = np.random.default_rng(0)
    users, films = rng.normal(size=(150, 5)), rng.normal(size=(250, 5))
    kind, good = rng.normal(0, 0.4, 150), rng.normal(0, 0.6, 250)
    pairs = np.sort(rng.choice(150 * 250, 4500, replace=False))
    u, f = pairs // 250, pairs % 250
    stars = 3.3 + 0.45 * np.sum(users[u] * films[f], axis=1) + kind[u] + good[f] + rng.normal(0, 0.3, len(u))
    stars = np.clip(np.round(2 * stars) / 2, 0.5, 5)
    last = rng.permutation(len(u)) < len(u) // 10
    names = np.array([f"u{i}" for i in u]), np.array([f"f{i}" for i in f])
    for name, rows in (("ratings.csv", ~last), ("ratings_test.csv", last)):
        write(name, ["user", "film", "rating"], names[0][rows], names[1][rows], stars[rows])


def series() -> None:
    """A value every five minutes: 14 days as they should be, and 7 with a jump on the fifth."""
    rng = np.random.default_rng(0)
    day = np.where((np.arange(288) >= 108) & (np.arange(288) < 216), 80.0, 20.0)
    usual = np.tile(day, 14) + rng.uniform(-4, 4, 14 * 288)
    jump = np.tile(day, 7) + rng.uniform(-4, 4, 7 * 288)
    jump[4 * 288 + 108 : 4 * 288 + 216] += 70
    write("series.csv", ["value"], np.round(usual, 1))
    write("series_test.csv", ["value"], np.round(jump, 1))


def blobs() -> None:
    """Three clouds of points, as in plot_logistic_multinomial, and two, as in plot_separating_hyperplane."""
    x, t = datasets.make_blobs(n_samples=1000, centers=[[-5, 0], [0, 1.5], [5, -1]], random_state=40)
    x = x @ [[0.4, 0.2], [-0.4, 1.2]]
    write("blobs.csv", ["a", "b", "t"], *np.round(x, 3).T, t)
    x, t = datasets.make_blobs(n_samples=40, centers=2, random_state=6)
    write("margin.csv", ["a", "b", "t"], *x.T, t)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for make in (quantiles, outliers, wine, digits, moons, ratings, series, blobs):
        make()


if __name__ == "__main__":
    main()
