"""The page writes numbers as the terminal does: numbers.js against graphlang/draw/numbers.py."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang
from graphlang.draw.numbers import short
from graphlang.view.tensors import tensor

SOURCE = Path(graphlang.__file__).parent / "view" / "static" / "numbers.js"
DIGITS = (3, 4, 6, 7, 10)
TIES = [
    0.5,
    2.5,
    1234.5,
    1235.5,
    -1234.5,
    100050.0,
    0.00012345,
    1e15,
    -1e15,
    1e16,
    1e21,
    123456789.5,
    2.0**53,
]
EDGES = [
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    5e-324,
    1.7976931348623157e308,
    1e-4,
    9.99995e-5,
    0.1 + 0.2,
]


@pytest.fixture(scope="module")
def engine():
    racer = pytest.importorskip("py_mini_racer", reason="mini-racer, of the extra `dev`, runs JavaScript")
    engine = racer.MiniRacer()
    engine.eval(SOURCE.read_text(encoding="utf-8"))
    engine.eval(
        "const number = (t) => t === 'nan' ? NaN : t === 'inf' ? Infinity : t === '-inf' ? -Infinity : Number(t)"
    )
    return engine


def written(engine, values, digits, dtype="float64"):
    """The numbers as the page writes them."""
    texts = json.dumps([repr(float(value)) for value in values])
    code = f"JSON.stringify({texts}.map(t => short(number(t), {digits}, {json.dumps(dtype)})))"
    return json.loads(engine.eval(code))


@pytest.mark.parametrize("digits", DIGITS)
def test_ties_and_edges_are_written_alike(engine, digits):
    values = TIES + EDGES
    assert written(engine, values, digits) == [short(value, digits) for value in values]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(), min_size=20, max_size=60), st.sampled_from(DIGITS))
def test_floats_are_written_alike(engine, values, digits):
    assert written(engine, values, digits) == [short(value, digits) for value in values]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(-(10**8), 10**8), min_size=20, max_size=60),
    st.sampled_from(DIGITS),
    st.integers(0, 9),
)
def test_short_decimals_are_written_alike(engine, numbers, digits, places):
    values = [number / 10**places for number in numbers]
    assert written(engine, values, digits) == [short(value, digits) for value in values]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=20, max_size=60))
def test_single_precision_is_written_alike(engine, bits):
    values = [np.float32(struct.unpack("f", struct.pack("I", word))[0]) for word in bits]
    expected = [short(value, 10) for value in values]
    assert written(engine, values, 10, "float32") == expected


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.0, -2.5, 0.125]),
        np.array([[1, 2], [3, 4]]),
        np.array([[True, False], [False, False]]),
        np.zeros((0, 3)),
        np.arange(12.0).reshape(3, 4) / 7,
        np.array([1.0, math.nan, math.inf] * 5),
        np.array([math.nan] * 9),
        np.arange(20) % 3 == 0,
        np.array([0.1, 1 / 3], np.float32),
    ],
    ids=str,
)
def test_arrays_are_written_alike(engine, array):
    content = json.dumps(tensor(array, 32), allow_nan=False)
    assert engine.eval(f"short({content})") == short(array)
