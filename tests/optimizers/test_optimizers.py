"""Optimizers against PyTorch's trajectories and the book's lines.

TORCH holds the parameter after steps 1, 10 and 50 of torch 2.13.0 (float64) from W = [1, -2, 0.5] with the
gradient [1, 0.3, 0.05] * W + [cos t, cos 2t, cos 3t] in step t.
"""

import math

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

SETTINGS = {
    "AdaGrad": {"lr": 0.1},
    "SGD": {"lr": 0.1},
    "Momentum": {"lr": 0.1},
    "Nesterov": {"lr": 0.1},
}
"""What TORCH was made with where it is not the rate 0.01."""
DECAYED = {
    "RMSProp": {"decay_rate": 0.9, "weight_decay": 0.02},
    "Adam": {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.02},
    "AdamW": {"weight_decay": 0.3},
}
"""The same for the runs with decay, where it is not that of 0.02."""


def _optimizers():
    """Every optimizer of the catalog, without and with decay."""
    for name in family_names("optimizers"):
        model, settings = family_member("optimizers", name), SETTINGS.get(name, {"lr": 0.01})
        yield name, model(**settings)
        yield f"{name}_decay", model(**settings | DECAYED.get(name, {"weight_decay": 0.02}))


OPTIMIZERS = dict(_optimizers())

TORCH = {
    "SGD": {
        1: [0.845969769413186, -1.8983853163452857, 0.5964992496600445],
        10: [0.47073627865700274, -1.4873272006576304, 0.519001641731627],
        50: [-0.02999788243717154, -0.4527847942159628, 0.39565407490824056],
    },
    "SGD_decay": {
        1: [0.843969769413186, -1.8943853163452857, 0.5954992496600445],
        10: [0.462845991213643, -1.4579437396848298, 0.5086183764169091],
        50: [-0.030811042149194046, -0.4111622985440156, 0.3546747342817722],
    },
    "Momentum": {
        1: [0.845969769413186, -1.8983853163452857, 0.5964992496600445],
        10: [-0.5500222975059944, 0.039098767355805, 0.7048626460566281],
        50: [0.017038822427824164, 0.08121273537241706, 0.019966723626218468],
    },
    "Momentum_decay": {
        1: [0.843969769413186, -1.8943853163452857, 0.5954992496600445],
        10: [-0.5520039990971062, 0.12013846176150501, 0.6559594978258299],
        50: [0.020161072563327383, 0.11409694214281678, -0.07230290085320405],
    },
    "Nesterov": {
        1: [0.7073425618850534, -1.8069321010560428, 0.6833485743540846],
        10: [-0.21978637342684018, 0.01339270454037583, 0.6927300978467571],
        50: [0.022338645282962373, 0.002497076452566171, -0.004494600641449209],
    },
    "Nesterov_decay": {
        1: [0.7035425618850534, -1.799332101056043, 0.6814485743540847],
        10: [-0.21528003466197218, 0.08174923473958752, 0.635996543025969],
        50: [0.022278871824278474, 0.016688480513928676, -0.08890732238356137],
    },
    "AdaGrad": {
        1: [0.9000000064922317, -1.9000000098410965, 0.5999999896372262],
        10: [0.6862660451362768, -1.6929082399043585, 0.5467219476864642],
        50: [0.28816053545685016, -1.2952567106427426, 0.5127456506857718],
    },
    "AdaGrad_decay": {
        1: [0.900000006409014, -1.9000000094683795, 0.5999999895287147],
        10: [0.6832046132073349, -1.684906156019465, 0.5419552851515488],
        50: [0.28397945873516406, -1.2742703558426838, 0.4969722360269743],
    },
    "RMSProp": {
        1: [0.9000000649222784, -1.9000000984108774, 0.5999998963723586],
        10: [0.684332897124169, -1.6910438304834363, 0.5464398029927885],
        50: [0.2681398456826772, -1.270043181174305, 0.5098423652247969],
    },
    "RMSProp_decay": {
        1: [0.9683772298073293, -1.9683772328666937, 0.5316227661304008],
        10: [0.8794657316990153, -1.8884479948075328, 0.5124460276022778],
        50: [0.5831777518126915, -1.6375193941434552, 0.48849859852573696],
    },
    "Adam": {
        1: [0.9900000000649223, -1.990000000098411, 0.5099999998963722],
        10: [0.918780683189831, -1.9265095471063978, 0.5140203701229001],
        50: [0.6255476688540286, -1.6816486094638725, 0.5019915738237727],
    },
    "Adam_decay": {
        1: [0.9900000064090103, -1.9900000094683714, 0.5099999895287245],
        10: [0.9189258466025416, -1.9270134791518496, 0.5106427572251262],
        50: [0.6313249799375201, -1.6770463448545156, 0.4905138475426193],
    },
    "AdamW": {
        1: [0.9899000000649223, -1.989800000098411, 0.5099499998963722],
        10: [0.9178293922185224, -1.924556964011967, 0.5135102140341379],
        50: [0.6219569660806665, -1.6729078900627277, 0.49948354235272613],
    },
    "AdamW_decay": {
        1: [0.9870000000649223, -1.984000000098411, 0.5084999998963723],
        10: [0.8906201339069909, -1.8686976409313758, 0.49891310007813316],
        50: [0.5260058411271005, -1.437851942552525, 0.4318577339285769],
    },
}


def test_every_optimizer_of_the_catalog_is_held_to_pytorch():
    assert set(TORCH) == set(OPTIMIZERS)


def gradient(W, t):
    return np.array([1.0, 0.3, 0.05], W.dtype) * W + np.array([math.cos(t * k) for k in (1, 2, 3)], W.dtype)


def trajectory(optimizer, dtype=np.float64, steps=50, lr=None):
    W = np.array([1.0, -2.0, 0.5], dtype)
    slots, values = optimizer.slots(W), {}
    for t in range(1, steps + 1):
        W, slots = optimizer.update(W, gradient(W, t), slots, lr or optimizer.lr, t)
        values[t] = W
    return values


@pytest.mark.parametrize("name", TORCH)
def test_fifty_steps_are_those_of_pytorch(name):
    values = trajectory(OPTIMIZERS[name])
    for t, expected in TORCH[name].items():
        np.testing.assert_allclose(values[t], expected, rtol=1e-10, atol=1e-10)


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
