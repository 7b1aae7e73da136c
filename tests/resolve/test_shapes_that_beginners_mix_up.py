"""Shapes that do not fit in the ways that beginners try: the help says what was meant."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import graphlang as gl


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("input x: float[N, 3], W: float[3, 2]\ny = x * W", "`x @ W`"),
        ("input x: float[4, 3], W: float[3, 2]\ny = x * W", "`x @ W`"),
        ("input x: float[T]\ny = x[:3] * [1, 2, 3]", "x[[0, 1, 2]]"),
        ("input x: float[T], w: float[3]\ny = x[-3:] * w", "x[[0, 1, 2]]"),
    ],
)
def test_help_says_what_was_meant(text: str, help_: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text)
    assert help_ in (caught.value.diagnostics[0].help or "")


def test_a_list_of_indices_takes_those_elements_or_is_refused() -> None:
    g = gl.loads("input x: float[T]\ny = sum(x[[0, 1, 2]] * [1, 2, 3])")
    assert g.run(x=[1.0, 2, 3, 4])["y"] == 1 + 4 + 9
    with pytest.raises(gl.GraphError):
        g.run(x=[1.0, 2])


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_the_mean_and_spread_of_nothing_are_nan_without_a_warning_of_numpy(name: str) -> None:
    g = gl.loads(f"input x: float[T]\ny = {name}(x[4:])\noutput y")
    rows = gl.loads(
        f"input x: float[T, 3]\ny = {name}(x[4:], axis=0)\nz = {name}(x[4:], axis=1)\noutput y, z"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            assert np.isnan(g.run(x=[1.0, 2, 3])["y"])
            found = rows.forward(x=np.ones((3, 3)))
            assert np.isnan(found["y"]).tolist() == [True] * 3
            assert found["z"].shape == (0,)
        assert np.isnan(g.predict(x=[1.0, 2, 3]))
        assert g.run(x=[1.0, 2, 3, 4, 6])["y"] == {"mean": 6, "var": 0, "std": 0}[name]
