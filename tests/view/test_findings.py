"""What a scene says of bad values, dead units and images; and arrays in summary."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import graphlang as gl
from graphlang.view.tensors import ALL, BINS, tensor


def scene_of(text, **inputs):
    return gl.loads(text).view(**inputs).scene


def value(scene, name):
    (node,) = [node for node in scene["nodes"] if node["id"] == name]
    return scene["slots"][node["v"]]


# ---- bad values ------------------------------------------------------------------------------------------


def test_the_first_value_that_is_not_finite_is_named():
    scene = scene_of("input x = -1\na = x * 2\nb = log(a)\nc = b + 1\noutput c")
    assert scene["bad"] == {"node": "b", "what": "the value is nan"}


def test_an_overflow_is_named_rather_than_the_nan_that_follows():
    scene = scene_of("input x: float[3] = [1, 1000, 2]\na = exp(x)\nb = sum(a - a)\noutput b")
    assert scene["bad"] == {"node": "a", "what": "of 3 numbers of the value, 1 inf"}


def test_a_gradient_that_is_not_finite_is_named_where_all_values_are():
    scene = scene_of("input x = 0\na = sqrt(x)\ny = a * 1\noutput y")
    assert scene["bad"] == {"node": "x", "what": "the gradient is inf"}


def test_a_gradient_that_vanishes_is_named():
    scene = scene_of("input x: float[2] = [-1, -2]\na = relu(x)\ny = sum(a + 1)\noutput y")
    assert scene["bad"] == {"node": "a", "what": "the value is zero everywhere"}
    scene = scene_of("input x: float[2] = [1000, 2000]\na = tanh(x)\ny = sum(a)\noutput y")
    assert scene["bad"] == {"node": "x", "what": "the gradient is zero everywhere"}


def test_masks_and_zero_weights_are_not_bad():
    scene = scene_of(
        "input x: float[2, 2] = [[1, 2], [3, 4]]\ny = sum(softmax(causal_mask(x)) * x)\noutput y"
    )
    assert scene["bad"] is None
    scene = scene_of("input x: float[1, 2] = [[1, 2]]\ny = sum(x -> Affine(2, init=zeros))\noutput y")
    assert scene["bad"] in (None, {"node": "x", "what": "the gradient is zero everywhere"})


def test_units_that_are_zero_in_every_row_are_counted():
    text = "input x: float[N, 3]\ny = sum(h)\nh = relu(x)\noutput y"
    scene = scene_of(text, x=[[1, -1, -2], [2, -3, 4]])
    assert scene["dead"] == [{"node": "h", "units": 1, "of": 3}]
    assert scene_of(text, x=[[1, -1, -2]])["dead"] == []


# ---- images ----------------------------------------------------------------------------------------------


def test_an_input_that_is_reshaped_to_images_is_shown_as_images():
    x = np.linspace(0, 1, 2 * 64).reshape(2, 64)
    scene = scene_of("input x: float[N, 64]\ny = sum(reshape(x, N, 1, 8, 8))\noutput y", x=x)
    first, second = value(scene, "x")["images"]
    assert (first["width"], first["height"], first["channels"]) == (8, 8, 1)
    pixels = np.frombuffer(b64decode(first["data"] + second["data"][:0]), np.uint8)
    np.testing.assert_array_equal(pixels, np.rint(x[0] * 255))


@pytest.mark.parametrize(("shape", "order"), [((2, 3, 5, 4), (0, 2, 3, 1)), ((2, 5, 4, 3), (0, 1, 2, 3))])
def test_colours_stand_beside_one_another_wherever_the_axis_of_channels_is(shape, order):
    x = np.arange(120.0).reshape(shape) / 119
    scene = scene_of(f"input x: float[N, {', '.join(map(str, shape[1:]))}]\ny = sum(x)\noutput y", x=x)
    image = value(scene, "x")["images"][1]
    assert (image["width"], image["height"], image["channels"]) == (4, 5, 3)
    pixels = np.frombuffer(b64decode(image["data"]), np.uint8)
    np.testing.assert_array_equal(pixels, np.rint(x.transpose(order)[1].reshape(-1) * 255))


def test_a_table_of_numbers_is_no_image():
    scene = scene_of("input x: float[N, 64]\ny = sum(x)\noutput y", x=np.ones((2, 64)))
    assert "images" not in value(scene, "x")


# ---- arrays ----------------------------------------------------------------------------------------------

NUMBERS = st.floats(width=64, allow_nan=True, allow_infinity=True)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(arrays(np.float64, array_shapes(max_dims=4, max_side=6), elements=NUMBERS))
def test_the_summary_of_any_array_counts_every_element_and_has_finite_statistics(array):
    summary = tensor(array, 4)
    finite = array[np.isfinite(array)]
    assert summary["nan"] == np.isnan(array).sum()
    assert summary["inf"] == np.isinf(array).sum()
    assert summary["zero"] == (array == 0).sum()
    assert ("all" in summary) == (array.size <= ALL)
    if finite.size:
        assert (summary["min"], summary["max"]) == (finite.min(), finite.max())
        statistics = [summary[key] for key in ("mean", "std", "norm")]
        assert np.isfinite(statistics).all()
        scale = np.abs(finite).max() or 1.0
        low, mean, high = (summary[key] / scale for key in ("min", "mean", "max"))
        assert low - 1e-9 <= mean <= high + 1e-9
        assert sum(summary["histogram"]["counts"]) == finite.size
    if "heat" in summary:
        heat = summary["heat"]
        assert len(b64decode(heat["data"])) == heat["rows"] * heat["cols"]
        assert max(heat["rows"], heat["cols"]) <= 4 or array.size <= 1


def test_a_heat_map_is_coarsened_by_means():
    summary = tensor(np.repeat(np.arange(4.0), 25).reshape(4, 25), 2)
    assert summary["heat"]["rows"] == summary["heat"]["cols"] == 2
    assert (summary["heat"]["lo"], summary["heat"]["hi"]) == pytest.approx((0.5, 2.5))
    assert [*b64decode(summary["heat"]["data"])] == [0, 0, 255, 255]


def test_a_histogram_has_equal_intervals():
    counts = tensor(np.linspace(0, 1, 10 * BINS), 0)["histogram"]["counts"]
    assert counts == [10] * BINS


@pytest.mark.parametrize(
    "array", [np.zeros((0, 3)), np.array([True, False]), np.arange(3), np.full(2, np.nan)]
)
def test_arrays_without_finite_floats_have_a_summary(array):
    assert tensor(array, 4)["shape"] == list(array.shape)
