"""Every operation of the catalog gives the same values, gradients and second derivatives on JAX as in NumPy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jax_agreement import Sample, assert_agree

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

from graphlang.engine.recording import Recorder, Storage
from graphlang.trace import NoGradient, SymbolicArray
from graphlang.trace.gradient import gradient

ENTRIES = cases.entries()
GROUPS = 16
"""Operations are compiled together: a program of several compiles faster than each alone."""


def recorded(case: cases.Case, dtype: str, *, twice: bool = False) -> Sample:
    """The value of a sample call, the gradients of all that has one, and their own gradients if that is asked."""
    graph = cases.load(case.text, dtype=dtype)
    network = graph.network
    arrays = {
        network.numbers[n]: np.asarray(v)
        for n, v in cases.inputs(graph, case.draw, cases.SIZES, dtype).items()
    }
    storage = {n: Storage(a.shape, a.dtype) for n, a in arrays.items()}
    recorder = Recorder(network, storage, dtype, cases.SIZES, training=case.training)
    arrays |= cases.parameters(graph, dtype)
    of = network.numbers[graph.spec.outputs[0]] if graph.outputs else network.nodes[-1].number
    recorder.forward([of])
    tape = recorder.tape
    y = tape.values[of]
    values: dict[str, Any] = {"the value": y}
    values |= {f"the state {network.names[n]}": v for n, v in tape.state.items()}
    feeds = {recorder.inputs[network.names[n]]: a for n, a in arrays.items()}
    rng = np.random.default_rng(3)
    if isinstance(y, SymbolicArray) and y.dtype.kind == "f":
        seed = recorder.input("seed", y.shape, y.dtype)
        feeds[seed] = rng.standard_normal(y.shape).astype(y.dtype)
        wrt = [n for n, a in arrays.items() if a.dtype.kind == "f"]
        with recorder.trace:
            gradients = tape.gradients(of, wrt, seed)
            values |= {f"the gradient of {network.names[n]}": g for n, g in zip(wrt, gradients, strict=True)}
            values |= second(gradients, [tape.values[n] for n in wrt], seed) if twice else {}
    for x in recorder.random.draws:
        feeds[x] = rng.random(x.shape).astype(x.dtype)
    return Sample(str(case), recorder.trace, feeds, values)


def second(gradients: list[Any], sources: list[Any], seed: Any) -> dict[str, Any]:
    """The gradients of a weighed sum of the gradients, where the language has them."""
    weighed = [np.sum(g * (0.3 + i)) for i, g in enumerate(gradients) if isinstance(g, SymbolicArray)]
    if not weighed:
        return {}
    try:
        twice = gradient(sum(weighed[1:], weighed[0]), [*sources, seed])
    except NoGradient:
        return {}
    return {f"second derivative {i}": g for i, g in enumerate(twice)}


SHAPES = 2
"""The shapes at which the same call is compared: rules of JAX are held to other shapes in `test_rules_on_jax.py`."""


TWICE = 2
"""The calls of an operation whose gradients have their gradients compared too: they take XLA longest."""


def chosen(name: str, *, every: bool) -> list[cases.Case]:
    """One case of each sample call in each mode, so that all draws take turns; or of the first call alone."""
    found = cases.one_of_each_call(cases.cases(ENTRIES[name]))
    texts = list(dict.fromkeys(case.text for case in found))
    shapes: dict[str, list[str]] = {}
    for text in texts if every else texts[:1]:
        shapes.setdefault(text.partition("; ")[2], []).append(text)
    kept = {text for own in shapes.values() for text in own[:SHAPES]}
    return [case for case in found if case.text in kept]


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_operation_is_the_same_on_jax(group: int) -> None:
    names = [*ENTRIES][group::GROUPS]
    calls = [(place, case) for name in names for place, case in enumerate(chosen(name, every=True))]
    assert_agree([recorded(case, "float64", twice=place < TWICE) for place, case in calls], "float64")


@pytest.mark.parametrize("group", range(GROUPS // 4))
def test_every_operation_is_the_same_on_jax_to_rounding_in_float32(group: int) -> None:
    names = [*ENTRIES][group :: GROUPS // 4]
    assert_agree([recorded(c, "float32") for name in names for c in chosen(name, every=False)], "float32")


def test_every_operation_is_in_a_group() -> None:
    groups = [[*ENTRIES][group::GROUPS] for group in range(GROUPS)]
    assert sorted(name for group in groups for name in group) == sorted(ENTRIES)
    assert all(chosen(name, every=False) for name in ENTRIES)
