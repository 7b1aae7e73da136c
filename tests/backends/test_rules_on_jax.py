"""Every primitive has a rule on JAX that gives what NumPy gives: on its samples, and at the edges of numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax_agreement import Sample, assert_agree

sys.path.append(str(Path(__file__).parent.parent / "trace"))
from primitive_samples import EVERY, SAMPLES

from graphlang.backends.jax.rules import RULES, check_rules
from graphlang.contracts.no_rule import NoRule
from graphlang.engine.checked_indices import checked
from graphlang.trace import Primitive, Trace
from graphlang.trace.errors import DtypeError, ShapeError

EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e30, -1e-30])
ONE = """
    absolute alias ceil constant exp exp2 expm1 fabs floor isfinite isinf isnan log log10 log1p log2 logical_not
    negative positive reciprocal rint sigmoid sigmoid_slope sign signbit sqrt square stop_gradient tanh
    tanh_slope trunc cbrt cosh sinh arctan arcsinh arcsin arccos arccosh arctanh erf deg2rad rad2deg
""".split()
TWO = """
    add arctan2 chain chain_quotient copysign divide equal excess fmax fmin fmod greater greater_equal less
    less_equal logical_and logical_or logical_xor maximum minimum multiply not_equal power remainder subtract
    zero_times hypot logaddexp logaddexp2 floor_divide
""".split()


def sample(primitive: Primitive, operands: Any, params: Any, name: str) -> Sample:
    """A step on inputs of the types of the operands; what is no array stays in the step."""
    trace = Trace()
    feeds = {}
    symbols = []
    for x in operands:
        if isinstance(x, np.ndarray | np.generic):
            symbols.append(trace.input(np.shape(x), x.dtype))
            feeds[symbols[-1]] = np.asarray(x)
        else:
            symbols.append(x)
    return Sample(name, trace, feeds, {"y": trace.record(primitive, tuple(symbols), params)})


def in_type(x: Any, dtype: str) -> Any:
    is_float = isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"
    return np.asarray(x, dtype) if is_float else x


def all_samples(dtype: str) -> Iterator[Sample]:
    for name, make in SAMPLES.items():
        if name == "random_numbers":
            continue  # JAX has its own
        for operands, params in make(np.random.default_rng(0)):
            kept = {**params, "dtype": np.dtype(dtype)} if name == "full" else params
            typed = [in_type(x, dtype) for x in operands]
            yield sample(EVERY[name], typed, kept, f"{name} of {[np.shape(x) for x in operands]} {params}")


def test_every_primitive_has_a_rule() -> None:
    assert set(RULES) == {*EVERY, checked.name}


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_a_rule_gives_what_numpy_gives(dtype: str) -> None:
    assert_agree([*all_samples(dtype)], dtype)


@pytest.mark.slow
def test_a_program_that_xla_optimises_in_full_is_the_same() -> None:
    assert_agree([*all_samples("float64")][::7], "float64", quick=False)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rules_agree_at_the_edges_of_numbers(dtype: str) -> None:
    with np.errstate(all="ignore"):
        x = EDGES.astype(dtype)
    pairs = np.broadcast_arrays(x[:, None], x[None, :])
    samples = [sample(EVERY[name], [x], {}, name) for name in ONE]
    samples += [sample(EVERY[name], pairs, {}, name) for name in TWO]
    samples += [
        sample(EVERY[name], [x], {"axis": (0,), "keepdims": False}, name)
        for name in ("sum", "prod", "max", "min", "any", "all")
    ]
    samples += [
        sample(EVERY[name], [x], {"axis": 0, "keepdims": False}, name) for name in ("argmax", "argmin")
    ]
    samples += [sample(EVERY["argsort"], [x], {}, "argsort")]
    samples += [sample(EVERY["clip"], [x, -1.5, 2.0], {}, "clip")]
    assert_agree(samples, dtype)


def test_rules_agree_on_whole_numbers_and_truth_values() -> None:
    whole = np.array([0, 1, -1, 7, -7, 2**40, -(2**40)])
    small = np.array([1, 2, 3, -2, 5, 7, -7])
    truth = np.array([True, False])
    pairs = np.broadcast_arrays(whole[:, None], np.array([0, 1, -2, 3])[None, :])
    two = "floor_divide remainder fmod maximum minimum equal less add subtract divide bitwise_and".split()
    samples = [sample(EVERY[name], pairs, {}, name) for name in two]
    samples += [sample(EVERY["power"], [small, np.array(3)], {}, "power")]
    samples += [sample(EVERY["multiply"], [small, np.float32(0.1)], {}, "int64 times float32")]
    one = "absolute negative sign square floor ceil trunc rint invert logical_not exp sqrt sigmoid isnan".split()
    samples += [sample(EVERY[name], [whole], {}, name) for name in one if name != "square"]
    samples += [
        sample(EVERY[name], [x], {"axis": (0,), "keepdims": False}, name)
        for name in ("sum", "prod", "max", "min", "any", "all")
        for x in (small, truth)
    ]
    samples += [sample(EVERY["matmul"], [small, small], {}, "matmul")]
    samples += [sample(EVERY["cumsum"], [x], {"axis": 0}, "cumsum") for x in (small, truth)]
    samples += [
        sample(EVERY["where"], [truth[:, None], small, 0.5], {}, "where"),
        sample(
            EVERY["astype"], [np.array([1.9, -1.9, 0.0])], {"dtype": np.dtype(np.int64)}, "to whole numbers"
        ),
        sample(EVERY["astype"], [np.array([1.9, 0.0, np.nan])], {"dtype": np.dtype(bool)}, "to truth values"),
        sample(
            EVERY["one_hot"], [np.array([0, 2, -1, 9])], {"n": 3, "dtype": np.dtype(np.float32)}, "one_hot"
        ),
        sample(EVERY["argsort"], [np.array([3, 1, 3, 1])], {}, "argsort"),
    ]
    assert_agree(samples, "float64")


def kernels_at_edges(dtype: str) -> Iterator[Sample]:
    """Windows with nan, with equal numbers and with infinities; products and sums of infinities; one element."""
    x = np.array([[1, 1, np.nan, 0, 2, 2, -np.inf, -np.inf, 3, np.inf]], dtype)
    for size, stride, pad, dilation in ((2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 2), (1, 1, 0, 1)):
        window = {"axis": 1, "size": size, "stride": stride, "pad": pad, "dilation": dilation}
        y = EVERY["max_pool"].compute(x, **window)
        dy = np.arange(1, y.size + 1, dtype=dtype).reshape(y.shape)
        z = np.arange(x.size, dtype=dtype).reshape(x.shape)
        yield sample(EVERY["max_pool"], [x], window, f"max_pool {window}")
        yield sample(EVERY["max_pool_gradient"], [dy, x, y], window, f"max_pool_gradient {window}")
        yield sample(EVERY["max_pool_pick"], [z, x, y], window, f"max_pool_pick {window}")
        yield sample(EVERY["sum_pool"], [x], window, f"sum_pool {window}")
    huge = np.array([np.inf, 1, 0], dtype)
    yield sample(EVERY["matmul"], [huge, np.array([1, 2, 3], dtype)], {}, "matmul of an infinity")
    yield sample(EVERY["cumsum"], [huge], {"axis": 0}, "cumsum of an infinity")
    yield sample(EVERY["norms"], [huge, np.array([3, 4], dtype)], {}, "norms of an infinity")
    yield sample(EVERY["norms"], [np.array([np.nan, np.inf], dtype)], {}, "norms of nan")
    large = np.array([3, 4], dtype) * np.sqrt(np.finfo(dtype).max)
    yield sample(EVERY["norms"], [large, np.zeros(2, dtype)], {}, "norms whose squares overflow")
    one = np.full((1, 1), 0.5, dtype)
    for name in ("sum", "prod", "max"):
        yield sample(EVERY[name], [one], {"axis": (0, 1), "keepdims": False}, f"{name} of one element")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kernels_agree_at_the_edges_of_numbers(dtype: str) -> None:
    assert_agree([*kernels_at_edges(dtype)], dtype)


def empty_samples() -> Iterator[Sample]:
    """Samples whose first axis is empty, where NumPy takes that."""
    for name, make in SAMPLES.items():
        for operands, params in make(np.random.default_rng(0)):
            shapes = {np.shape(x) for x in operands if np.ndim(x)}
            alone = len(shapes) == 1 and name not in ("transpose", "reshape", "broadcast_to", "norms")
            if not alone or name.startswith(("rnn", "lstm", "gru")):
                continue
            cut = [x[:0] if np.ndim(x) else x for x in operands]
            try:
                made = sample(EVERY[name], cut, params, f"an empty {name} {params}")
                EVERY[name].compute(*cut, **params)
            except (ShapeError, DtypeError, ValueError, IndexError):
                continue
            yield made


def test_rules_agree_on_empty_arrays() -> None:
    samples = [*empty_samples()]
    assert len(samples) > 100
    assert_agree(samples, "float64")


def test_sums_of_many_numbers_do_not_drift_in_float32() -> None:
    rng = np.random.default_rng(0)
    x = (1 + rng.random((100_000, 3))).astype(np.float32)
    made = sample(EVERY["sum"], [x], {"axis": (0,), "keepdims": False}, "a sum of 100,000 rows")
    assert_agree([made], "float32", quick=False)


def test_a_primitive_without_a_rule_is_named() -> None:
    class Strange(Primitive):
        name = "strange"

        def shape(self, x: Any) -> Any:
            return x.shape, x.dtype

    trace = Trace()
    trace.origin = "h"
    Strange()(trace.input((2,)))
    with pytest.raises(NoRule, match="no rule for the primitive `strange`") as error:
        check_rules(trace.steps)
    assert error.value.origin == "h"


def test_the_settings_of_jax_are_as_before_outside_of_the_scope() -> None:
    from graphlang.backends.jax.scope import scope

    with scope():
        assert jax.numpy.asarray(1.5).dtype == np.float64
    assert jax.numpy.asarray(1.5).dtype == np.float32


def test_random_numbers_follow_from_seed_name_and_counters_on_jax() -> None:
    params = {"seed": 3, "key": 2**40 + 5, "normal": True, "shape": (200, 50), "dtype": np.dtype(np.float32)}
    first, again, later = (np.asarray(RULES["random_numbers"](np.float64(t), **params)) for t in (7, 7, 8))
    other = np.asarray(RULES["random_numbers"](np.float64(7), **{**params, "key": 4}))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == later)
    assert not np.any(first == other)
    assert first.dtype == np.float32
    assert abs(np.mean(first)) < 0.05
    assert abs(np.std(first) - 1) < 0.05
