"""Every operation gives the same values and gradients as a planned program as it gives eagerly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import contract_cases as cases
import numpy as np
import pytest
from helpers import every_division_pays

from graphlang.engine import fusion
from graphlang.engine.executable import Executable
from graphlang.engine.passes import optimised
from graphlang.engine.plan import plan
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Recorder, Storage
from graphlang.engine.tape import Tape
from graphlang.spec.network import Network

ENTRIES = cases.entries()
FUSED: list[bool] = []
"""For every planned program, whether it contains a fused group."""
ROUNDING = {"float64": 1e-12, "float32": 2e-5}


def close(found: Any, expected: Any, dtype: str, what: str) -> None:
    """Equal to rounding, measured by the largest number of the array."""
    expected = np.asarray(expected)
    assert np.shape(found) == expected.shape, what
    finite = expected[np.isfinite(expected)] if expected.dtype.kind == "f" else expected
    largest = float(np.max(np.abs(finite), initial=0.0)) if expected.dtype.kind == "f" else 0.0
    rounding = ROUNDING[dtype]
    np.testing.assert_allclose(found, expected, rtol=rounding, atol=rounding * largest, err_msg=what)


def eager(
    network: Network,
    leaves: Mapping[int, Any],
    of: int,
    wrt: list[int],
    dy: Any,
    case: cases.Case,
    dtype: str,
) -> list[Any]:
    """The value, its gradients and the new state, by the interpreter."""
    random = StreamRandom(np.random.default_rng(5), np.dtype(dtype))
    tape = Tape(network, leaves, dtype=dtype, sizes=cases.SIZES, training=case.training, random=random)
    with np.errstate(all="ignore"):
        tape.forward([of])
        gradients = tape.gradients(of, wrt, dy) if wrt else []
    return [tape.values[of], *gradients, *tape.state.values()]


def planned(
    network: Network,
    leaves: Mapping[int, Any],
    of: int,
    wrt: list[int],
    dy: Any,
    case: cases.Case,
    dtype: str,
) -> list[Any]:
    """The same by a planned program, run twice; both runs give the same bits."""
    inputs = {n: Storage(a.shape, a.dtype) for n, a in leaves.items() if network.names[n] in network.inputs}
    recorder = Recorder(network, inputs, dtype, cases.SIZES, training=case.training)
    recorder.forward([of])
    given = {network.names[n]: a for n, a in leaves.items()}
    gradients: list[Any] = []
    if wrt:
        given["dy"] = dy
        seed = recorder.input("dy", dy.shape, dy.dtype)
        with recorder.trace:
            gradients = recorder.tape.gradients(of, wrt, seed)
    values = [recorder.tape.values[of], *gradients, *recorder.tape.state.values()]
    recording = recorder.recording({str(i): v for i, v in enumerate(values)}, {})
    layout = plan(optimised(recording.program))
    FUSED.append(any(group.fused for group in layout.groups))
    executable = Executable(layout, given, threads=2)
    executable.draws = recording.draws
    runs = []
    for _ in range(2):
        executable.fill(np.random.default_rng(5))
        executable.run()
        runs.append([np.array(executable.output(str(i))) for i in range(len(values))])
    for first, second in zip(*runs, strict=True):
        assert first.tobytes() == second.tobytes(), f"{case} differs from run to run"
    return runs[0]


@pytest.fixture(params=["step by step", "fused"])
def fused(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The samples are small: as they are, nothing is fused; else all that can be, in small blocks over
    threads."""
    if request.param == "step by step":
        yield
        return
    monkeypatch.setattr(fusion, "FUSE_FROM", 2)
    monkeypatch.setattr(fusion, "BLOCK_BYTES", 8)
    with every_division_pays():
        yield


@pytest.mark.usefixtures("fused")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ENTRIES)
def test_a_planned_program_agrees_with_the_interpreter(name: str, dtype: str) -> None:
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        graph = cases.load(case.text, dtype=dtype)
        network = graph.network
        values = cases.inputs(graph, case.draw, cases.SIZES, dtype)
        leaves = {network.numbers[n]: np.asarray(v) for n, v in values.items()} | cases.parameters(
            graph, dtype
        )
        of = network.numbers[graph.spec.outputs[0]] if graph.outputs else network.nodes[-1].number
        y = eager(network, leaves, of, [], None, case, dtype)[0]
        wrt = [n for n, a in leaves.items() if a.dtype.kind == "f"] if np.asarray(y).dtype.kind == "f" else []
        dy = np.random.default_rng(3).standard_normal(np.shape(y)).astype(np.asarray(y).dtype)
        expected = eager(network, leaves, of, wrt, dy, case, dtype)
        found = planned(network, leaves, of, wrt, dy, case, dtype)
        labels = ["the value", *(f"the gradient of {network.names[n]}" for n in wrt)]
        for i, (mine, wanted) in enumerate(zip(found, expected, strict=True)):
            close(mine, wanted, dtype, f"{labels[i] if i < len(labels) else 'the new state'} of {case}")


@pytest.mark.parametrize(
    "name", ["Sigmoid", "Gelu", "LayerNorm", "BatchNorm", "std", "softmax", "SoftmaxWithLoss"]
)
def test_small_samples_are_fused_where_that_is_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = cases.Catalog().find(name)
    assert entry is not None
    case = cases.Case(cases.sample_texts(entry)[0], training=name == "BatchNorm")
    graph = cases.load(case.text)
    network, values = graph.network, cases.inputs(graph, "near", cases.SIZES, "float64")
    leaves = {network.numbers[n]: np.asarray(v) for n, v in values.items()} | cases.parameters(
        graph, "float64"
    )
    for size, fused in ((2**16, False), (2, True)):
        monkeypatch.setattr(fusion, "FUSE_FROM", size)
        planned(network, leaves, network.nodes[-1].number, [], None, case, "float64")
        assert FUSED[-1] == fused
