"""The lessons that learn from tables, and those on formulas: against closed forms, and with rows of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

SPECS = Path(__file__).parents[2] / "specs"


def table(name: str, columns: list[int]) -> np.ndarray:
    return np.genfromtxt(SPECS / "data" / name, delimiter=",", skip_header=1, usecols=columns)


def lesson(name: str, **settings: str) -> gl.Graph:
    return gl.load(SPECS / f"{name}.graph", set=settings)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(rows: str, name: str, *more: str) -> list[str]:
    """Trains a lesson and predicts from rows of one's own; returns the lines of the csv."""
    Path("rows.csv").write_text(rows)
    assert main(["train", f"lesson:{name}", *more]) == 0
    weights = ["--weights", f"runs/{name}-1"]
    assert main(["predict", f"lesson:{name}", *weights, "--data", "rows.csv", "-o", "out.csv"]) == 0
    return Path("out.csv").read_text().splitlines()


def test_gradient_descent_finds_the_line_of_numpys_least_squares() -> None:
    graph = lesson("regression")
    graph.fit()
    slope, intercept = np.polyfit(*table("hubble.csv", [1, 2]).T, 1)
    assert (round(slope, 2), round(intercept, 2)) == (
        454.16,
        -40.78,
    )  # as textbooks have it of Hubble's table
    assert float(graph.params["H"]) == pytest.approx(slope, abs=0.01)
    assert float(graph.params["b"]) == pytest.approx(intercept, abs=0.01)


def test_irises_are_answered_by_name_from_measures_in_centimetres(elsewhere: Path) -> None:
    rows = "sepal_length,sepal_width,petal_length,petal_width\n5.0,3.4,1.5,0.2\n6.2,2.9,4.9,1.7\n"
    head, *answers = written(rows, "iris")
    assert head == "answer,share,share_setosa,share_versicolor,share_virginica"
    assert [line.split(",")[0] for line in answers] == ["setosa", "virginica"]


def test_the_table_of_irises_is_complete() -> None:
    lines = (SPECS / "data" / "iris.csv").read_text().splitlines()[1:]
    species = [line.rpartition(",")[2] for line in lines]
    assert [species.count(name) for name in ("setosa", "versicolor", "virginica")] == [50, 50, 50]
    means = [round(mean, 3) for mean in table("iris.csv", [0, 1, 2, 3]).mean(axis=0)]
    assert means == [5.843, 3.057, 3.758, 1.199]  # Fisher's


def test_a_house_with_gaps_has_a_price_and_age_raises_it_in_the_old_town_alone(elsewhere: Path) -> None:
    rows = ["district,kind,area,rooms,age,sold", "mill,flat,70,,?,2020-01-01"]
    rows += [f"{where},house,120,5,{age},2020-01-01" for where in ("old town", "park") for age in (5, 100)]
    head, *lines = written("\n".join(rows), "house_prices")
    assert head == "price"
    gaps, old_new, old_old, park_new, park_old = map(float, lines)
    assert 50_000 < gaps < 200_000
    assert old_old > 1.1 * old_new
    assert park_old < 0.8 * park_new


@pytest.mark.slow
def test_a_straight_line_misses_what_age_does_and_longer_training_learns_by_heart() -> None:
    history = lesson("house_prices", **{"train.stop": "none", "train.epochs": "800"}).fit()
    last = history.last
    assert last is not None
    assert last.train["off"] < 0.06
    assert last.test["off"] > 0.1
    assert last.test["line_off"] == pytest.approx(0.12, abs=0.01)


def test_the_calmest_portfolio_is_the_one_of_numpys_covariance() -> None:
    returns = table("returns.csv", list(range(1, 7)))
    covariance = np.cov(returns.T) + 0.001 * np.eye(6)
    z = np.linalg.solve(covariance, np.ones(6))
    calm = z / z.sum()
    result = gl.load(SPECS / "portfolio.graph", dtype="float64").forward(r=returns)
    np.testing.assert_allclose(result["C"], covariance, rtol=1e-12)
    np.testing.assert_allclose(result["calm"], calm, rtol=1e-9)
    assert (round(float(result["least"]), 2), round(float(calm[5]), 2)) == (0.96, 0.14)
    assert np.std(returns[:, 1]) == pytest.approx(1.28, abs=0.01)
    assert (calm[[3, 4]] < 0).all()


def test_the_trained_portfolio_is_the_best_one_that_sells_nothing() -> None:
    """By the conditions of Karush, Kuhn and Tucker, which decide for a ratio like this one."""
    graph = lesson("portfolio")
    graph.fit()
    returns = table("returns.csv", list(range(1, 7)))
    share, gain = graph.predict(r=returns), returns.mean(axis=0)
    risks = (np.cov(returns.T) + 0.001 * np.eye(6)) @ share
    pays = gain / (share @ gain) - risks / (share @ risks)  # 0 for what is held, below 0 for what is not
    held = share > 1e-3
    assert held.tolist() == [True, True, True, False, False, True]
    np.testing.assert_allclose(pays[held], 0, atol=0.02)
    assert (pays[~held] < -0.1).all()
    # The same of each is where training begins.
    even = np.full(6, 1 / 6)
    ratio = even @ gain / np.sqrt(even @ (np.cov(returns.T) @ even))
    assert round(float(ratio), 3) == 0.246


def test_the_velocity_to_mars_and_the_days_are_hohmanns() -> None:
    before = lesson("kepler", **{"train.dtype": "float64"}).forward()
    hohmann = np.sqrt(2 * 1.524 / 2.524)
    assert before["off"] == pytest.approx(hohmann - 1, rel=1e-12)  # the earth's own velocity is 1
    assert round(100 * (float(hohmann) - 1), 1) == 9.9
    assert round(float(before["time"]) * 365.25 / (2 * np.pi)) == 259


def test_in_steps_too_coarse_the_law_of_areas_is_the_only_one_that_holds() -> None:
    areas, others = [], []
    for steps in ("50", "100"):
        comet = lesson("kepler", steps=steps, **{"train.dtype": "float64"}).forward()["comet"]
        x, y, vx, vy = np.asarray(comet).T
        areas.append(np.max(np.abs(x * vy - y * vx - 0.9)))
        others.append(np.max(np.abs((vx**2 + vy**2) / 2 - 1 / np.hypot(x, y) + 0.73 / 1.5)))
    assert max(areas) < 1e-12
    assert others[0] / others[1] == pytest.approx(4, abs=0.5)  # the error falls with the square of the step
