"""Each stage costs as much per node in a large graph as in a small one, and large graphs get through."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Self

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.executable import Executable
from graphlang.engine.garbage import collection_paused
from graphlang.engine.passes import optimised
from graphlang.engine.plan import plan
from graphlang.engine.recording import Recorder, Storage

SMALL, LARGE = 500, 2_500


def chain(nodes: int) -> str:
    lines = [f"v{i} = v{i - 1} * 0.999 + 0.001" for i in range(1, nodes // 2)]
    return "\n".join(["input x: float = 0.5", "v0 = x", *lines, f"output v{nodes // 2 - 1}"])


def wide(nodes: int) -> str:
    """Many short branches of one input, brought together by twos."""
    names = [f"a{i}" for i in range(nodes // 3)]
    lines = [f"a{i} = exp(x * 0.{i + 1})" for i in range(len(names))]
    while len(names) > 1:
        pairs = list(zip(names[::2], names[1::2], strict=False))
        lines += (
            [f"{a}_{b} = {a} + {b}" for a, b in pairs]
            if len(names) < 5
            else [f"{a}s = {a} + {b}" for a, b in pairs]
        )
        made = [f"{a}_{b}" for a, b in pairs] if len(names) < 5 else [f"{a}s" for a, b in pairs]
        names = made + names[2 * len(pairs) :]
    return "\n".join(["input x: float = 0.5", *lines, f"output {names[0]}"])


def deep(nodes: int) -> str:
    return (
        f"input x: float[N, 8]\ny = x -> repeat {nodes // 2} {{ Affine(8) -> Relu }}\n"
        "loss = sum(y * y)\noutput loss"
    )


class Calls:
    """Counts the calls of functions, Python's and C's, between two `ended`: a cost that no other load changes."""

    def __init__(self) -> None:
        self.count = 0
        self.stages: dict[str, int] = {}

    def __enter__(self) -> Self:
        sys.setprofile(self._event)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _event(self, frame: object, event: str, argument: object) -> None:
        self.count += event in ("call", "c_call")

    def ended(self, stage: str) -> None:
        self.stages[stage], self.count = self.count, 0


def stages(text: str) -> dict[str, float]:
    """The calls per node of each stage."""
    with collection_paused(), Calls() as calls:
        graph = gl.loads(text, dtype="float64")
        calls.ended("load")
        network = graph.network
        params = graph.params.copies()
        shape, sizes = ((4, 8), {"N": 4}) if params else ((), {})
        of, wrt = network.numbers[graph.spec.outputs[0]], [0, *(network.numbers[n] for n in params)]
        calls.ended("between")
        recorder = Recorder(network, {0: Storage(shape, np.dtype(float))}, np.float64, sizes, training=True)
        recorder.forward([of])
        with recorder.trace:
            gradients = recorder.tape.gradients(of, wrt)
        outputs = {str(i): v for i, v in enumerate([recorder.tape.values[of], *gradients])}
        program = recorder.recording(outputs, {}).program
        calls.ended("record")
        program = optimised(program)
        calls.ended("passes")
        planned = plan(program)
        calls.ended("plan")
        executable = Executable(planned, params)
        calls.ended("bind")
        executable.run()
        calls.ended("run")
    return {stage: count / len(network.nodes) for stage, count in calls.stages.items()}


@pytest.mark.parametrize("make", [chain, wide, pytest.param(deep, marks=pytest.mark.slow)])
def test_the_calls_per_node_do_not_grow_with_the_graph(make: Callable[[int], str]) -> None:
    stages(make(200))  # what is imported and cached by the first graph is no part of the comparison
    small, large = stages(make(SMALL)), stages(make(LARGE))
    for stage, cost in large.items():
        assert cost < 1.2 * small[stage] + 1, (
            f"{stage}: {cost:.1f} calls per node, {small[stage]:.1f} in a small graph"
        )


def test_a_chain_of_20_000_nodes_compiles_to_a_function_that_gives_its_gradient() -> None:
    graph = gl.loads(chain(20_000), dtype="float64")
    f = graph.compile(wrt=["x"])
    value, gradients = f(x=0.5)
    steps = 20_000 // 2 - 1
    assert value == pytest.approx(1 + (0.5 - 1) * 0.999**steps, rel=1e-9)
    assert gradients["x"] == pytest.approx(0.999**steps, rel=1e-9)
    assert type(value) is float


def test_a_deep_network_reuses_the_memory_of_its_layers() -> None:
    graph = gl.loads(deep(400), dtype="float64")
    f = graph.compile()
    f(x=np.ones((1000, 8)))
    layer = 8 * 1000 * 8
    assert f.executables[0].plan.buffer_bytes < 5 * layer


def test_every_value_and_gradient_of_a_long_chain_is_found_by_the_second_run_too() -> None:
    text = chain(7_000) + "\nz = x * 2\nk = 3 * 2"  # nothing that the output needs
    graph = gl.loads(text, dtype="float64")
    first, second = (graph.run(x=0.5, of="v3499") for _ in range(2))
    assert list(first) == list(second)
    for name in first:
        assert second[name] == pytest.approx(first[name], rel=1e-12)
        assert second.grad[name] == pytest.approx(first.grad[name], rel=1e-12)


@pytest.mark.slow
def test_the_function_of_a_large_graph_of_scalars_is_compiled_without_gigabytes() -> None:
    graph = gl.loads(chain(10_000), dtype="float64")
    graph.run(x=0.5)
    tracemalloc.start()
    try:
        graph.run(x=0.5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000 * 5_000
