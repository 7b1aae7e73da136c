"""Sequences in an array of objects, as NumPy and pandas hold them, are told and taken as a list of lists is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

SPEC = """input x: float[N, T], t: float[N]
param w: float = 1
y    = w * mean(x, axis=1)
loss = MeanSquaredError(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
"""
RAGGED = [[1.0, 2.0], [3.0, 4.0, 5.0]]
EVEN = [[1.0, 2.0], [3.0, 4.0]]


def objects(rows: list[list[float]], kind: Any) -> Any:
    array = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        array[place] = kind(row)
    return array


@pytest.mark.parametrize("kind", [list, tuple, np.array])
@pytest.mark.parametrize("method", ["fit", "evaluate", "run", "predict"])
def test_rows_of_different_lengths_are_told_by_their_name(method: str, kind: Any) -> None:
    net = gl.loads(SPEC)
    with pytest.raises(gl.GraphError) as caught:
        getattr(net, method)(x=objects(RAGGED, kind), t=[1.0, 2.0])
    (diagnostic,) = caught.value.diagnostics
    assert "is a list whose rows differ in length" in diagnostic.message
    assert "fill shorter sequences up with 0" in (diagnostic.help or "")


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_rows_of_one_length_are_taken(kind: Any) -> None:
    net = gl.loads(SPEC)
    np.testing.assert_allclose(net.predict(x=objects(EVEN, kind)), [1.5, 3.5])
    assert net.fit(x=objects(EVEN, kind), t=[1.0, 2.0]).losses


def test_a_column_of_lists_of_a_data_frame_is_taken() -> None:
    pandas = pytest.importorskip("pandas")
    assert gl.loads(SPEC).fit(x=pandas.Series(EVEN), t=[1.0, 2.0]).losses
    with pytest.raises(gl.GraphError, match="rows differ in length"):
        gl.loads(SPEC).fit(x=pandas.Series(RAGGED), t=[1.0, 2.0])
