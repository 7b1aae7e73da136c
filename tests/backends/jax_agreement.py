"""Recorded programs computed by JAX and by NumPy, and what counts as equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from graphlang.backends.jax.replay import run
from graphlang.backends.jax.rules import RULES
from graphlang.backends.jax.scope import scope
from graphlang.trace import SymbolicArray, Trace, needed_steps, replay

ROUNDING = {"float64": 1e-9, "float32": 2e-4}
QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
}
"""Options with which XLA compiles fast; what is computed is the same."""
FULL = {
    "xla_backend_optimization_level": 3,
    "xla_cpu_use_fusion_emitters": True,
    "xla_llvm_disable_expensive_passes": False,
}
"""The options that XLA has by itself."""


class Sample(NamedTuple):
    """What is recorded: a trace, its inputs with their numbers, and the values to compare."""

    name: str
    trace: Trace
    feeds: Mapping[SymbolicArray, Any]
    values: Mapping[str, Any]


def in_numpy(sample: Sample) -> dict[str, Any]:
    """The values by NumPy, step by step."""
    symbolic = {k: v for k, v in sample.values.items() if isinstance(v, SymbolicArray)}
    with np.errstate(all="ignore"):
        arrays = replay(sample.trace, list(symbolic.values()), sample.feeds)
    return dict(zip(symbolic, arrays, strict=True))


def in_jax(samples: Sequence[Sample], *, quick: bool = True) -> list[dict[str, Any]]:
    """The values of several samples by one XLA program."""

    def all_of_them(feeds: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        return [_replayed(sample, own) for sample, own in zip(samples, feeds, strict=True)]

    feeds = [[np.asarray(a, x.dtype) for x, a in s.feeds.items()] for s in samples]
    with scope():
        compiled = jax.jit(all_of_them).lower(feeds).compile(QUICK if quick else FULL)
        return [{k: np.asarray(y) for k, y in values.items()} for values in compiled(feeds)]


def _replayed(sample: Sample, arrays: Sequence[Any]) -> dict[str, Any]:
    symbolic = {k: v for k, v in sample.values.items() if isinstance(v, SymbolicArray)}
    values = {x.number: a for x, a in zip(sample.feeds, arrays, strict=True)}
    run(needed_steps(symbolic.values()), values, RULES)
    return {k: values[v.number] for k, v in symbolic.items()}


def assert_agree(samples: Sequence[Sample], dtype: str, *, quick: bool = True) -> None:
    """Every value of every sample is the same, with the same shape and type."""
    for sample, own in zip(samples, in_jax(samples, quick=quick), strict=True):
        expected = in_numpy(sample)
        largest = largest_number([*expected.values(), *sample.feeds.values()])
        for label, array in expected.items():
            kind, what = sample.values[label].dtype, f"{label} of {sample.name}"
            assert_same(own[label], np.asarray(array, kind), ROUNDING[dtype], largest, what)


def largest_number(arrays: Iterable[Any]) -> float:
    """The largest finite number of some arrays: a sum that cancels is right to its rounding."""
    floats = [a for a in map(np.asarray, arrays) if a.dtype.kind == "f"]
    return max((float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0)) for a in floats), default=0.0)


def assert_same(own: Any, expected: Any, rounding: float, largest: float, what: str) -> None:
    """Equal to rounding, and of the same shape and type."""
    assert own.shape == expected.shape, what
    assert own.dtype == expected.dtype, f"{what} is {own.dtype}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(own, expected, err_msg=what)
        return
    np.testing.assert_allclose(own, expected, rtol=rounding, atol=rounding * largest, err_msg=what)
