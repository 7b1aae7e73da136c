"""Optimizers against reference trajectories and the book's lines.

The files in references/ hold the parameter after some steps from W = [1, -2, 0.5] with the gradient
[1, 0.3, 0.05] * W + [cos t, cos 2t, cos 3t] in step t; each names its source and the script that wrote it.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from graphlang.catalog.finder import family_member, family_names
from graphlang.optimizers.adam import Adam
from graphlang.optimizers.adamw import AdamW
from graphlang.optimizers.momentum import Momentum
from graphlang.optimizers.nesterov import Nesterov
from graphlang.optimizers.sgd import SGD
from graphlang.trace import Trace
from graphlang.trace.replay import replay

REFERENCES = sorted((Path(__file__).parent / "references").glob("*.json"))
RUNS = {name: run for path in REFERENCES for name, run in json.loads(path.read_text("utf-8"))["runs"].items()}
OPTIMIZERS = {
    name: family_member("optimizers", run["optimizer"])(**run["settings"]) for name, run in RUNS.items()
}


def test_every_optimizer_has_a_reference_without_decay_and_one_with_decay():
    """One that PyTorch lacks is held to another source: a file of its own in references/."""
    runs = {(run["optimizer"], run["settings"].get("weight_decay", 0) > 0) for run in RUNS.values()}
    expected = {(name, decays) for name in family_names("optimizers") for decays in (False, True)}
    assert runs == expected


def test_every_file_of_references_names_its_source_and_the_script_that_writes_it():
    for path in REFERENCES:
        about = json.loads(path.read_text("utf-8"))
        assert about["source"]
        assert (path.parent / about["script"]).exists()


def gradient(W, t):
    return np.array([1.0, 0.3, 0.05], W.dtype) * W + np.array([math.cos(t * k) for k in (1, 2, 3)], W.dtype)


def trajectory(optimizer, dtype=np.float64, steps=50, lr=None):
    W = np.array([1.0, -2.0, 0.5], dtype)
    slots, values = optimizer.slots(W), {}
    for t in range(1, steps + 1):
        W, slots = optimizer.update(W, gradient(W, t), slots, lr or optimizer.lr, t)
        values[t] = W
    return values


@pytest.mark.parametrize("name", RUNS)
def test_fifty_steps_are_those_of_the_reference(name):
    values = trajectory(OPTIMIZERS[name])
    for t, expected in RUNS[name]["steps"].items():
        np.testing.assert_allclose(values[int(t)], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("wide", [float, np.float64, np.asarray])
def test_a_float32_parameter_stays_float32_whatever_the_type_of_the_rate(name, wide):
    optimizer = OPTIMIZERS[name]
    W = np.ones(3, np.float32)
    slots = optimizer.slots(W)
    new, after = optimizer.update(W, 2 * W, slots, wide(0.1), wide(1.0))
    assert new.dtype == np.float32
    assert {key: value.dtype for key, value in after.items()} == dict.fromkeys(slots, np.dtype(np.float32))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_follows_float64_to_its_precision(name):
    wide = trajectory(OPTIMIZERS[name])[50]
    np.testing.assert_allclose(trajectory(OPTIMIZERS[name], np.float32)[50], wide, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_writes_into_nothing_that_it_is_given(name):
    W, dW = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    slots = OPTIMIZERS[name].slots(W)
    for array in (W, dW, *slots.values()):
        array.flags.writeable = False
    OPTIMIZERS[name].update(W, dW, slots, 0.1, 1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_recorded_update_computes_what_a_direct_one_does(name):
    """Rate and step stay inputs of the recording, of float64 whatever the parameter is."""
    optimizer, W = OPTIMIZERS[name], np.array([1.0, -2.0, 0.5], np.float32)
    dW = gradient(W, 1)
    trace = Trace()
    symbols = [trace.input(a.shape, a.dtype) for a in (W, dW)]
    slots = {key: trace.input(W.shape, W.dtype) for key in optimizer.slots(W)}
    lr, t = trace.input((), np.dtype(np.float64)), trace.input((), np.dtype(np.float64))
    new, after = optimizer.update(*symbols, slots, lr, t)
    values = {key: np.abs(dW) for key in slots}
    feeds = dict(zip([*symbols, *slots.values(), lr, t], [W, dW, *values.values(), 0.1, 3.0], strict=True))
    feeds = {symbol: np.asarray(value) for symbol, value in feeds.items()}
    results = replay(trace, [new, *after.values()], feeds)
    expected, expected_slots = optimizer.update(W, dW, values, 0.1, 3)
    for result, direct in zip(results, [expected, *expected_slots.values()], strict=True):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, direct, rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_scalar_parameter_is_updated_as_an_array_of_one(name):
    optimizer = OPTIMIZERS[name]
    W = np.array(2.0)
    new, _ = optimizer.update(W, W, optimizer.slots(W), 0.1, 1)
    row, _ = optimizer.update(W[None], W[None], optimizer.slots(W[None]), 0.1, 1)
    assert new == row[0]


def test_the_book_s_sgd_goes_down_by_the_rate_times_the_gradient():
    W, slots = SGD().update(np.array([1.0]), np.array([2.0]), {}, 0.1, 1)
    np.testing.assert_allclose(W, [0.8])
    assert slots == {}


def test_the_book_s_momentum_keeps_the_rate_inside_the_velocity():
    """With rate 0.1 and then 0.01: v = -0.1 * 1, then 0.9 * -0.1 - 0.01 * 1."""
    optimizer = Momentum()
    W = np.array([1.0])
    W, slots = optimizer.update(W, np.array([1.0]), optimizer.slots(W), 0.1, 1)
    W, slots = optimizer.update(W, np.array([1.0]), slots, 0.01, 2)
    assert slots["v"] == pytest.approx([-0.1])
    np.testing.assert_allclose(W, [0.8])


def test_nesterov_is_the_closed_form_with_the_old_velocity():
    """W + m^2 v - (1 + m) lr dW, from Bengio et al. 2012, eq. 7."""
    optimizer, W, v, dW = Nesterov(momentum=0.8), np.array([1.0]), np.array([0.3]), np.array([2.0])
    new, _ = optimizer.update(W, dW, {"v": v}, 0.1, 1)
    np.testing.assert_allclose(new, W + 0.64 * v - 1.8 * 0.1 * dW, rtol=1e-15)


def test_adam_s_first_step_has_the_size_of_the_rate():
    optimizer = Adam()
    new, _ = optimizer.update(np.array([1.0]), np.array([1e3]), optimizer.slots(np.zeros(1)), 0.001, 1)
    assert new == pytest.approx([0.999], abs=1e-12)


def test_weight_decay_pulls_to_zero_where_there_is_no_gradient():
    W, zero = np.array([1.0]), np.array([0.0])
    assert SGD(weight_decay=0.5).update(W, zero, {}, 0.1, 1)[0] == pytest.approx([0.95])
    decoupled = AdamW(weight_decay=0.5)
    assert decoupled.update(W, zero, decoupled.slots(W), 0.1, 1)[0] == pytest.approx([0.95])


@pytest.mark.parametrize(
    "fields", [{"lr": 0}, {"lr": -1}, {"lr": math.inf}, {"weight_decay": -1}, {"rate": 1}]
)
def test_a_wrong_setting_is_refused(fields):
    with pytest.raises(ValidationError):
        SGD(**fields)
