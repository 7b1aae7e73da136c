"""From a spec to ONNX and back: the same outputs, and the same gradients by the parameters."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from round_trips import randomize, round_trip

import graphlang as gl
from graphlang.onnx.exporting.export import exported_bytes

sys.path.append(str(Path(__file__).parent.parent / "random_programs"))
from random_program import random_program

SPECS = Path(__file__).parents[2] / "specs"
HEAVY = {"deep_convnet", "fine_tuning", "resnet", "simple_convnet", "translation"}
REFUSED = {10, 19, 47}
"""Programs with a node that cannot come back, or whose sizes decide what is computed."""
OF_ANY_SHAPE = {0, 38}
"""Programs with an input that takes values of any shape, which in a file is a number."""
LESSONS = [path.stem for path in sorted(SPECS.glob("*.graph"))]


@pytest.mark.parametrize("name", [n for n in LESSONS if n not in HEAVY])
def test_a_lesson_comes_back_as_it_was(name: str) -> None:
    round_trip(randomize(gl.load(SPECS / f"{name}.graph", dtype="float32")))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_larger_lesson_comes_back_as_it_was(name: str) -> None:
    round_trip(randomize(gl.load(SPECS / f"{name}.graph", dtype="float32")))


@pytest.mark.parametrize("seed", [s for s in range(60) if s not in OF_ANY_SHAPE])
def test_a_random_program_comes_back_as_it_was(seed: int) -> None:
    """Or it is said which of its nodes cannot come back, or cannot be written."""
    graph = randomize(gl.loads(random_program(random.Random(seed), large=0).text, dtype="float32"), seed)
    try:
        with np.errstate(all="ignore"):
            round_trip(graph)
    except gl.GraphError as refused:
        if seed not in REFUSED or refused.diagnostics[0].code not in {"GL773", "GL774", "GL782"}:
            raise


@pytest.mark.parametrize("name", ["x", "w"])
def test_an_input_or_a_parameter_may_be_an_output(name: str) -> None:
    content = f"input x: float[N, 2]\nparam w: float[2, 2] = normal(std=1)\ny = x @ w\noutput y, {name}"
    graph = gl.loads(content, dtype="float32")
    agreement = exported_bytes(graph)[1].agreement
    assert agreement is not None
    if name == "x":
        round_trip(randomize(graph))


def test_what_depends_on_which_size_is_larger_is_refused() -> None:
    graph = gl.loads("input x: float[N, T]\ny = sum(full(N - T, value=0.5)) + sum(x)\noutput y")
    with pytest.raises(gl.GraphError, match=r"cannot become ONNX: whether .* fix the sizes"):
        exported_bytes(graph)
    assert exported_bytes(graph, sizes={"N": 5, "T": 3})[1].agreement is not None


def test_a_parameter_of_one_number_comes_back_as_a_parameter() -> None:
    text = "input x: float[N]\nparam w: float[1] = normal(std=1)\nparam b: float = 0\ny = x * w + b\noutput y"
    back = round_trip(randomize(gl.loads(text, dtype="float32")))
    assert len(back.params) == 2
    assert all(np.size(array) == 1 for array in back.params.values())


@pytest.mark.parametrize(
    "call",
    [
        "Attention(x, 2)",
        "Attention(x, 2, causal=true)",
        "Attention(x, 2, mask=m)",
        "Attention(x, 2, mask=few)",
        "Attention(x, 2, mask=m, causal=true)",
        "Attention(x, u, 2)",
        "Attention(x, u, 2, causal=true)",
        "Attention(x, u, 2, mask=far)",
    ],
)
def test_attention_comes_back_from_one_node(call: str) -> None:
    given = "input x: float[N, T, 4], u: float[N, 3, 5], m: bool[N, T, T], few: int[N, T], far: bool[N, 3]"
    graph = randomize(gl.loads(f"{given}\ny = {call}\noutput y", dtype="float32"))
    content, report = exported_bytes(graph)
    assert report.agreement is not None
    kinds = [node.op_type for node in onnx.load_model_from_string(content).graph.node]
    assert ("Attention" in kinds) is (", causal" not in call or call == "Attention(x, 2, causal=true)")
    back = round_trip(graph)
    assert ("Wqkv" in " ".join(back.params)) is (call in ("Attention(x, 2)", "Attention(x, 2, causal=true)"))
    assert "Attention" not in [
        node.op_type for node in onnx.load_model_from_string(exported_bytes(graph, opset=22)[0]).graph.node
    ]


@pytest.mark.parametrize(
    "text",
    [
        "y = inv(tanh(x) + 3 * eye(3) + w)",
        "y = solve(tanh(x) + 3 * eye(3) + w, x)",
        "s, y = slogdet(tanh(x) + 2 * eye(3) + w)",
        "y = cholesky(tanh(x + w) @ tanh(x + w).T + 2 * eye(3))",
    ],
)
def test_what_a_loop_eliminates_comes_back_with_its_gradient(text: str) -> None:
    whole = f"input x: float[N, 3, 3]\nparam w: float[3, 3] = normal(std=1)\n{text}\noutput y"
    round_trip(randomize(gl.loads(whole, dtype="float32")))
