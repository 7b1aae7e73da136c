"""The walker: every node of every lesson is recorded by itself, and replays to what the engine computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.sized_recording import leaves_of, record_graph, targets_of
from graphlang.exports.walk import Recorded, walk
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.syntax.lessons import lesson_names
from graphlang.trace import Dim, SymbolicArray, replay

SMALL = {"attention", "apple", "iris", "two_layer_net", "simple_convnet", "text_classifier", "newton"}


def replayed(recorded: Recorded, given: dict[str, Any], sizes: dict[str, int]) -> list[Any]:
    feeds = {x: given[name] for name, x in recorded.inputs.items()}
    # A node may use a size that none of its inputs has.
    told = recorded.trace.input(tuple(map(Dim.symbol, sizes)))
    feeds[told] = np.broadcast_to(0.0, tuple(sizes.values()))
    return replay(recorded.trace, [recorded.y], feeds) if isinstance(recorded.y, SymbolicArray) else []


@pytest.mark.parametrize("lesson", sorted(SMALL & set(lesson_names())))
def test_each_node_alone_computes_what_the_graph_does(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0))
    run = graph.forward(inputs)._tape
    run.forward()  # what only a metric or an expectation needs, too
    nodes = list(walk(graph.network))
    values = dict(zip(graph.network.names, run.values, strict=True))
    for walked in nodes:
        recorded = walked.recorded(np.float64)
        assert set(walked.reads) <= set(recorded.inputs) or walked.operation == "grad"
        for y in replayed(recorded, values, run.sizes):
            np.testing.assert_allclose(y, values[walked.name], rtol=1e-9, atol=1e-12)


def test_sizes_stay_symbols_and_the_lines_of_the_file_are_told_once() -> None:
    graph = gl.load("lesson:two_layer_net")
    first, *others = walk(graph.network)
    assert str(first.recorded(np.float32).y.shape) == "(N, 50)"
    assert first.lines[0].startswith("y    = x -> Affine(hidden")
    assert [w.lines for w in others[:2]] == [(), ()]
    assert first.parameters == {"W": "Affine1.W", "b": "Affine1.b"}


def test_a_whole_graph_is_recorded_in_one_trace_by_the_origin_of_its_steps() -> None:
    graph = gl.load("lesson:two_layer_net")
    recording, values = record_graph(graph.network, np.float32)
    assert {step.origin for step in recording.trace.steps} == {"Affine1", "Relu1", "y", "loss", "accuracy1"}
    assert str(values["y"].shape) == "(N, 10)"
    assert len(recording.leaves) == len(leaves_of(graph.network, [graph.network.numbers["loss"]]))


def test_what_only_expectations_need_is_left_out() -> None:
    graph = gl.load("lesson:two_layer_net")
    assert targets_of(graph.network) == ["y", "loss", "accuracy1"]
    assert "grad" not in [walked.operation for walked in walk(graph.network)]


def gradients_of(graph: gl.Graph, inputs: dict[str, Any], of: str) -> dict[str, Any]:
    """The gradients of a value, from what each node alone passes back."""
    run = graph.forward(inputs)._tape
    run.forward()
    values = dict(zip(graph.network.names, run.values, strict=True))
    arriving: dict[str, Any] = {of: np.ones_like(values[of])}
    for walked in reversed(list(walk(graph.network, [of]))):
        recorded = walked.recorded(np.float64, backward=True)
        if walked.name not in arriving or recorded.dy is None:
            continue
        feeds = {x: values[name] for name, x in recorded.inputs.items()}
        feeds[recorded.dy] = arriving[walked.name]
        passed = replay(recorded.trace, list(recorded.gradients.values()), feeds)
        for name, dx in zip(recorded.gradients, passed, strict=True):
            arriving[name] = arriving.get(name, 0) + dx
    return arriving


@pytest.mark.parametrize("lesson", ["two_layer_net", "simple_convnet", "text_classifier", "newton"])
def test_what_the_nodes_pass_back_adds_up_to_the_gradients_of_the_engine(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0))
    result = graph.run(inputs)
    assert result.of is not None
    arriving = gradients_of(graph, inputs, result.of)
    trained = [n for n, s in graph.network.params.items() if s.trainable and n in arriving]
    assert trained or lesson == "newton"
    for name in [*trained, *(n for n in graph.inputs if n in arriving)]:
        np.testing.assert_allclose(arriving[name], result.grad[name], rtol=1e-7, atol=1e-10)
