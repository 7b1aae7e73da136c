"""Long specs are exported to every target without following them with Python's stack.

Each is longer than the stack that it is given, which is far below Python's own: a recursion over the steps of a
graph, or over the terms of a size, shows in a short spec already.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

import graphlang as gl
from graphlang.exports.latex.notation import tex_depth
from graphlang.exports.targets import TARGETS
from graphlang.exports.targets import exported as written

LONG = 120
FRAMES = 110
"""How many more calls within one another are allowed than there are in the test."""
INPUT = "input x: float[N, 3] = [[1, 2, 3]]\n"


def chain(step: str, last: str, first: str = "exp(x)") -> str:
    """A value that is computed in a long chain, and its gradient, which is recorded as a whole."""
    steps = "\n".join(f"a{i + 1} = {step.format(f'a{i}')}" for i in range(LONG))
    return f"{INPUT}a0 = {first}\n{steps}\ny = sum({last.format(f'a{LONG}')})\ng = grad(y, x)"


def scanned(step: str) -> str:
    steps = "\n".join(f"  a{i + 1} = {step.format(f'a{i}')}" for i in range(LONG))
    return (
        "input x: float[N, T, 3]\nh = scan v in x carry s = zeros(N, 3) {\n  a0 = exp(s) + exp(v)\n"
        f"{steps}\n  b = 1 / a{LONG}\n  next s = b\n  yield b\n}}\ny = sum(h)"
    )


def _sizes(letters: str) -> tuple[str, str]:
    """Inputs with many named sizes, and a product of sums of them, of hundreds of terms."""
    names = [f"{letter}{i}" for letter in letters for i in range(5)]
    inputs = [
        f"input {letter.lower()}: float[{', '.join(f'{letter}{i}' for i in range(5))}]" for letter in letters
    ]
    return "\n".join(inputs), f"({' + '.join(names)})**3"


INPUTS, POLYNOMIAL = _sizes("AB")

SPECS = {
    "products": chain("{0} * {0}", "1 / {}"),
    "sums": chain("{0} + {0}", "1 / {}"),
    "roots of sums": chain("sqrt(1 + {})", "log({})"),
    "quotients of absolute values": chain("{0} / {0}", "sqrt({})", "abs(x)"),
    "powers of powers": chain("x ** {}", "{}"),
    "the larger of two": chain("maximum({}, x)", "1 / {}"),
    "a loop of products": scanned("{0} * {0}"),
    "a loop of roots": scanned("sqrt(1 + {})"),
    "a sum of sizes": f"{INPUTS}\ny = sum(a) * {POLYNOMIAL}",
    "a quotient of sums of sizes": f"{INPUTS}\ny = sum(a) * ({POLYNOMIAL} / 2)",
    "a sum": f"{INPUT}y = {' + '.join(['x'] * LONG)}",
    "differences in brackets": f"{INPUT}y = {'(1 - ' * LONG}x{')' * LONG}",
    "signs": f"{INPUT}y = {'-' * LONG}x",
    "calls in calls": f"{INPUT}y = {'tanh(' * LONG}x{')' * LONG}",
    "layers": f"{INPUT}y = x -> {' -> '.join(['Relu'] * LONG)}",
    "a repeat": f"{INPUT}y = x -> repeat {LONG} {{ tanh }}",
    "blocks in blocks": f"{INPUT}y = x -> {'residual { ' * LONG}Tanh{' }' * LONG}",
    "what is concatenated": f"{INPUT}y = concat({', '.join(['x'] * LONG)}, axis=0)",
}  # fmt: skip


@contextmanager
def short_stack() -> Iterator[None]:
    """Allows few calls within one another."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


AT_HAND = [target for target in TARGETS if target != "onnx" or find_spec("onnx") is not None]
"""All targets, but ONNX where its package is not installed."""


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Imports what exports need, which takes a deep stack."""
    for target in AT_HAND:
        exported(gl.loads(f"{INPUT}y = sum(x -> Affine(2))\ng = grad(y, x)"), target)


def exported(graph: gl.Graph, target: str) -> str | bytes:
    return written(graph, target, **({"verify": False} if target == "onnx" else {}))


@pytest.mark.parametrize("name", SPECS)
def test_a_long_spec_is_exported_to_every_target(name: str) -> None:
    graph = gl.loads(SPECS[name])
    for target in AT_HAND:
        with short_stack():
            made = exported(graph, target)
        if TARGETS[target].suffix == ".py":
            compile(made, target, "exec")
        if target == "latex":
            assert isinstance(made, str)
            rows = re.split(r"\\\\\n", re.sub(r"^ *%.*", "", made, flags=re.MULTILINE))
            assert max(map(tex_depth, rows)) <= 60  # of 255 that TeX allows
        if target == "json":
            assert gl.Graph.from_spec(made).spec == graph.spec


def test_the_larger_of_two_values_is_exported_to_torch_where_one_has_no_axes() -> None:
    graph = gl.loads(f"{INPUT}y = sum(maximum(maximum(exp(x), x), x))\ng = grad(y, x)")
    compile(exported(graph, "torch"), "torch", "exec")
