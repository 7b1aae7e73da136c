"""JavaScript computes what NumPy does: every operation of the catalog that scalars have, forward and backward."""

from __future__ import annotations

import itertools
import math
import operator
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import CatalogEntry
from graphlang.engine.program import Program
from graphlang.engine.recording import Recorder, Storage
from graphlang.trace import Trace
from graphlang.trace.errors import DtypeError
from graphlang.trace.primitives import PRIMITIVES
from graphlang.trace.primitives.ufuncs import Elementwise
from graphlang.view import javascript_templates as templates
from graphlang.view.javascript import javascript
from graphlang.view.scalar_program import javascript_of_run

sys.path.append(str(Path(__file__).parent.parent / "contracts"))

from contract_cases import candidates, entries, is_call, load
from javascript_engine import JavaScript

EDGES = (
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-300, 1e-9, -1e-9, 1e300, -1e300, 1.0, -1.0,
    2.0, -2.0, 0.5, -0.5, 3.0, 40.0, -40.0, 709.0, -745.0, 1e16,
)  # fmt: skip
WHOLE = (0, 1, -1, 2, -3, 7, 63, 64, 2**31, -(2**53), 2**53 - 1)
SAMPLES = 40
EXACT = frozenset(
    "add subtract multiply divide negative positive absolute square sqrt sign floor_divide remainder maximum "
    "minimum where clip greater greater_equal less less_equal equal not_equal logical_and logical_or "
    "logical_not invert bitwise_and bitwise_or astype full alias constant stop_gradient chain chain_quotient "
    "zero_times excess isnan isfinite sum max min prod reshape".split()
)
"""Primitives whose result is rounded once, in the same way everywhere."""
ULPS = 32
MORE_ULPS = {"FocalLoss": 2**12}
"""Where a gradient is the difference of two numbers that nearly cancel."""


class Key(NamedTuple):
    kind: str
    node: str
    source: str = ""
    place: int | str | None = None


def scalar_texts(entry: CatalogEntry) -> list[str]:
    """Calls of an operation on scalars of every type, with every value to try of its attributes."""
    count = 2 if entry.any_tensors else len(entry.tensors) - len(entry.optional_tensors)
    required = {a.name: candidates(a) for a in entry.attributes.values() if a.required}
    if not count or not all(required.values()):
        return []
    settings = [{name: values[0] for name, values in required.items()}]
    settings += [{**settings[0], a.name: v} for a in entry.attributes.values() for v in candidates(a)]
    texts = []
    for types in itertools.product(("float", "int", "bool"), repeat=count):
        names = "xuvwstabcd"[:count]
        declared = ", ".join(f"{n}: {t}" for n, t in zip(names, types, strict=True))
        for setting in settings if types == ("float",) * count else settings[:1]:
            arguments = ", ".join([*names, *(f"{k}={v}" for k, v in setting.items())])
            texts.append(f"input {declared}; y = {entry.name}({arguments})")
    return [t for t in dict.fromkeys(texts) if is_call(t) and _is_scalar(load(t))]


def _is_scalar(graph: Any) -> bool:
    return all(node.spec.shape == () for node in graph.network.nodes)


ENTRIES = {name: entry for name, entry in entries().items() if scalar_texts(entry)}


def samples(graph: Any, rng: np.random.Generator) -> Iterator[list[Any]]:
    """Numbers for the inputs: random ones and those at the edges, in random company."""
    types = [spec.dtype for spec in graph.network.inputs.values()]
    largest = float(np.finfo(graph.dtype).max)
    for n in range(SAMPLES):
        row = [_drawn(kind, None if i else n, rng, len(set(types)) > 1) for i, kind in enumerate(types)]
        if all(not math.isfinite(v) or abs(v) <= largest for v in row):
            yield row


def _drawn(kind: str, place: int | None, rng: np.random.Generator, mixed: bool) -> Any:
    """A number; beside floats whole ones stay small, since their differences lose digits in any language."""
    if kind == "bool":
        return bool(rng.integers(2))
    edges: Any = EDGES if kind == "float" else WHOLE[: 5 if mixed else None]
    if place is not None and place < len(edges):
        return edges[place]
    if place is None and rng.random() < 0.5:
        return edges[rng.integers(len(edges))]
    drawn = rng.normal() * 10.0 ** rng.integers(-3, 3)
    return float(drawn) if kind == "float" else int(drawn)


@pytest.fixture(scope="module")
def engine() -> JavaScript:
    return JavaScript()


@pytest.mark.parametrize("name", ENTRIES)
def test_an_operation_gives_what_numpy_gives(name: str, engine: JavaScript) -> None:
    rng = np.random.default_rng(3)
    for text in scalar_texts(ENTRIES[name]):
        for dtype in ("float64", "float32"):
            graph = load(text, dtype=dtype)
            agree(graph, "y", list(samples(graph, rng)), engine, text, MORE_ULPS.get(name, ULPS))


def agree(
    graph: Any, of: str, rows: list[list[Any]], engine: JavaScript, what: str, ulps: int = ULPS
) -> None:
    """Values, gradients, and parts of gradients, as a run has them."""
    start = of if graph.network.spec_of(of).dtype == "float" else None
    keys = [Key("value", name) for name in graph.network.names if _named(graph, name)]
    if start is not None:
        keys += [Key("gradient", n) for n, s in graph.network.inputs.items() if s.dtype == "float"]
    function = javascript_of_run(graph, start, None, keys)
    assert function is not None, f"`{what}` is no function of scalars"
    assert function.inputs == list(graph.network.inputs)
    exact = _is_exact(graph, start)
    for row, results in zip(rows, engine.results(function.code, rows), strict=True):
        run = _run(graph, dict(zip(function.inputs, row, strict=True)), start)
        if isinstance(run, str):
            assert "int" in run, run
            assert isinstance(results, str), f"{what} at {row}: {results}, where a run says {run}"
            continue
        if what.endswith('cast(x, to="int")') and any(not abs(x) < 2**63 for x in row):
            continue  # no int holds it: what NumPy makes of it depends on the processor
        assert not isinstance(results, str), f"{what} at {row}: {results}"
        for key, result in zip(keys, results, strict=True):
            expected = run[key.node] if key.kind == "value" else run.grad[key.node]
            least = np.finfo(graph.dtype).smallest_subnormal
            assert _is_close(result, expected, np.dtype(graph.dtype), exact, float(least), ulps), (
                f"{what} at {row}: {key.kind} of {key.node} is {result}, in NumPy {expected}"
            )


def _run(graph: Any, inputs: dict[str, Any], start: str | None) -> Any:
    """The result of a run, or what is wrong as text."""
    try:
        with np.errstate(all="ignore"):
            forward = graph.forward(inputs)
            return forward.result() if start is None else forward.backward(of=start)
    except gl.GraphError as error:
        return str(error)


def _named(graph: Any, name: str) -> bool:
    return name not in graph.network.params and getattr(graph.network.spec_of(name), "named", True)


def _is_exact(graph: Any, of: str | None) -> bool:
    network = graph.network
    kinds = {"float": np.dtype(graph.dtype), "int": np.dtype(np.int64), "bool": np.dtype(bool)}
    leaves = {network.numbers[n]: Storage((), kinds[s.dtype]) for n, s in network.inputs.items()}
    recorder = Recorder(network, leaves, graph.dtype, {}, training=False)
    recorder.forward(range(len(network.names)))
    if of is not None:
        with recorder.trace:
            recorder.tape.gradients(network.numbers[of], list(leaves))
    return all(step.primitive.name in EXACT for step in recorder.trace.steps)


def _is_close(a: Any, b: Any, dtype: np.dtype[Any], exact: bool, least: float, ulps: int = ULPS) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    b = float(b)
    if math.isnan(b) or math.isinf(b) or exact:
        return a == b or (math.isnan(a) and math.isnan(b))
    return abs(a - b) <= ulps * float(np.finfo(dtype).eps) * abs(b) + ulps * least


# ---- primitives that layers of one's own may use


def _primitive_cases() -> list[tuple[str, str]]:
    tables = (("f", templates.FLOAT), ("i", templates.WHOLE), ("b", templates.TRUTH))
    return [
        (name, kind)
        for kind, table in tables
        for name in table
        if isinstance(PRIMITIVES.get(name), Elementwise)
    ]


@pytest.mark.parametrize(("name", "kind"), _primitive_cases())
def test_a_primitive_gives_what_numpy_gives(name: str, kind: str, engine: JavaScript) -> None:
    primitive, rng = PRIMITIVES[name], np.random.default_rng(4)
    assert isinstance(primitive, Elementwise)
    word = {"f": "float", "i": "int", "b": "bool"}[kind]
    dtype = {"f": np.dtype(np.float64), "i": np.dtype(np.int64), "b": np.dtype(bool)}[kind]
    trace = Trace()
    operands = [trace.input((), dtype) for _ in range(primitive.apply.nin)]
    try:
        output = primitive(*operands)
    except DtypeError:
        pytest.skip(f"NumPy has no {name} of {word}s")
    labels = {str(i): x for i, x in enumerate(operands)}
    code = javascript(Program(labels, {"y": output}, {}), list(labels), ["y"])
    assert code is not None
    edges = {"f": EDGES, "i": WHOLE, "b": (False, True)}[kind]
    rows = [list(row) for row in itertools.product(edges, repeat=min(len(operands), 2))]
    rows = [[*row, _drawn(word, None, rng, False)][: len(operands)] for row in rows]
    rows += [[_drawn(word, None, rng, False) for _ in operands] for _ in range(SAMPLES)]
    for row, results in zip(rows, engine.results(code, rows), strict=True):
        if name == "power" and row == [-math.inf, 0.5]:
            continue  # NumPy takes the root, which is nan, and C's pow is inf
        if name == "power" and kind == "i" and (row[1] < 0 or abs(row[0]) > 1 < row[1] // 16):
            assert isinstance(results, str)  # no int, or larger than one
            continue
        with np.errstate(all="ignore"):
            exact = primitive.compute(*(np.asarray(v, dtype) for v in row))
        if isinstance(results, str):
            assert "does not fit" in results or "larger" in results or "negative power" in results, results
            assert not -(2**63) <= _exactly(name, row) < 2**63
        else:
            assert _is_close(results[0], exact.item(), np.dtype(np.float64), False, 5e-324), (
                row,
                results,
                exact,
            )


def _exactly(name: str, row: list[int]) -> int:
    """What Python's whole numbers give, which know no bound."""
    python: dict[str, Any] = {
        "subtract": operator.sub,
        "multiply": operator.mul,
        "square": lambda x: x * x,
        "power": operator.pow,
    }
    return int((python.get(name) or getattr(operator, name))(*row))


# ---- whole programs


def test_a_large_graph_is_computed_in_parts(engine: JavaScript) -> None:
    lines = ["input x = 0.5, y = 1.5", "a0 = x * y", *(f"a{i} = sin(a{i - 1}) + x" for i in range(1, 3000))]
    graph = gl.loads("\n".join([*lines, "output a2999"]))
    keys = [Key("value", "a2999"), Key("value", "a7"), Key("gradient", "x"), Key("gradient", "a2998")]
    function = javascript_of_run(graph, "a2999", None, keys)
    assert function is not None
    for x, results in zip((0.5, 1.25), engine.results(function.code, [(0.5, 1.5), (1.25, 1.5)]), strict=True):
        run = graph.run(x=x)
        expected = [run["a2999"], run["a7"], run.grad["x"], run.grad["a2998"]]
        np.testing.assert_allclose(results, expected, rtol=1e-13)


def test_what_each_use_contributes_and_its_local_gradient(engine: JavaScript) -> None:
    graph = gl.loads("input x = 3, y = 4\nz = x * y + x\nw = z**2\noutput w")
    uses = [("z", "multiply1", 0), ("z", "x", 1), ("multiply1", "x", 0), ("multiply1", "y", 1), ("w", "z", 0)]
    keys = [Key(kind, node, source, place) for node, source, place in uses for kind in ("part", "local")]
    function = javascript_of_run(graph, "w", 2.0, keys)
    assert function is not None
    (results,) = engine.results(function.code, [(3, 4)])
    assert results == [60, 1, 60, 1, 240, 4, 180, 3, 60, 30]


@pytest.mark.parametrize("expression", ["x * x", "x**x", "x / x - x", "maximum(x, x)", "HuberLoss(x, x)"])
@pytest.mark.parametrize("of", ["y", "slope"])
def test_a_value_that_stands_at_two_places_has_a_part_at_each(
    expression: str, of: str, engine: JavaScript
) -> None:
    graph = gl.loads(f"input x = 1.5\ny = {expression}\nslope = grad(y, x) * y\noutput y, slope")
    forward = graph.forward()
    names = graph.network.names
    found = [p for p in forward.parts(forward.backward(of=of)) if p.place is not None]
    keys = [Key("part", names[p.target], names[p.source], p.place) for p in found]
    assert {0, 1} <= {key.place for key in keys}
    function = javascript_of_run(graph, of, None, keys)
    assert function is not None
    (results,) = engine.results(function.code, [(1.5,)])
    np.testing.assert_allclose(results, [float(p.gradient) for p in found], rtol=1e-12, atol=1e-12)


def test_gradients_of_gradients_and_what_their_derivative_contains(engine: JavaScript) -> None:
    graph = gl.loads("input x = 2, w = 3\ny = w * x**3\nslope = grad(y, x)\noutput slope")
    forward = graph.forward()
    run = forward.backward()
    names = graph.network.names
    parts = forward.parts(run)
    keys = [Key("value", "slope"), Key("gradient", "x"), Key("gradient", "w")]
    keys += [Key("part", names[p.target], names[p.source], p.place) for p in parts]
    function = javascript_of_run(graph, "slope", None, keys)
    assert function is not None
    (results,) = engine.results(function.code, [(2, 3)])
    assert results == [36, 36, 12, *(float(p.gradient) for p in parts)]
    assert any(p.place is None for p in parts)


def test_parameters_keep_their_numbers(engine: JavaScript) -> None:
    graph = gl.loads("input x = 2\nparam w = 3\ny = w * x\noutput y")
    graph.params["w"] = 5.0
    function = javascript_of_run(
        graph, "y", None, [Key("value", "y"), Key("value", "w"), Key("gradient", "w")]
    )
    assert function is not None
    assert function.inputs == ["x"]
    assert engine.results(function.code, [(7,)]) == [[35, 5, 7]]


def test_a_whole_number_that_does_not_fit_is_named(engine: JavaScript) -> None:
    graph = gl.loads("input n: int = 3\nsquared = n * n\noutput squared")
    function = javascript_of_run(graph, None, None, [Key("value", "squared")])
    assert function is not None
    small, large = engine.results(function.code, [(3,), (2**53,)])
    assert small == [9]
    assert large == "RangeError: `squared` is larger than what an int can hold"


@pytest.mark.parametrize(
    "text",
    [
        "input x: float[3]\ny = sum(x)",
        "input x = 1\ny = [1, 2, 3] * x",
        "input x = 1\nparam W: float[2] = 0\ny = sum(W) * x",
    ],
)
def test_a_graph_of_arrays_has_no_function(text: str) -> None:
    assert javascript_of_run(gl.loads(text), None, None, [Key("value", "y")]) is None
