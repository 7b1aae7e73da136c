"""Branches and loops of a file: what constants decide is written out, loops over data are a `scan`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.onnx.importing.loading import graph_of, import_model

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
reference = pytest.importorskip("onnx.reference", reason="the extra `onnx`")

RNG = np.random.default_rng(0)


def parsed(text: str, opset: int = 20) -> Any:
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : {opset}]>\n{text}')


def held(text: str, constants: tuple[str, ...] = (), **values: Any) -> str:
    """Holds that a model gives the numbers of the reference; its spec."""
    model = parsed(text)
    theirs = reference.ReferenceEvaluator(model).run(None, values)
    imported = import_model(model, "net.onnx", inputs={name: values[name] for name in constants})
    given = {imported.inputs[n]: v for n, v in values.items() if n in imported.inputs}
    results = graph_of(imported, "net.graph", dtype="float64").predict(given)
    names = [imported.outputs[o.name] for o in model.graph.output]
    results = results if isinstance(results, dict) else {names[0]: results}
    for name, expected in zip(names, theirs, strict=True):
        np.testing.assert_allclose(results[name], expected, atol=1e-5)
    return imported.text


def refused(text: str, words: str) -> None:
    with pytest.raises(gl.GraphError, match=words):
        import_model(parsed(text), "net.onnx")


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


SCAN = """g (float[3] h0, float[T, 3] x, float[3, T] v) => (float[3] h, float[T, 3] ys, float[3, T] zs)
<float[3, 3] W = {0.1, 0.2, 0.3, -0.4, 0.5, 0.6, 0.7, -0.8, 0.9}> {
  h, ys, zs = Scan <num_scan_inputs = 2, scan_input_axes = [0, 1], scan_output_axes = [0, 1], OPTIONS body = step
    (float[3] s, float[3] a, float[3] b) => (float[3] t, float[3] y, float[3] z) {
      m = MatMul(s, W)
      c = Add(a, b)
      t = Add(m, c)
      y = Tanh(t)
      z = Mul(y, b)
    }>(h0, x, v)
}"""


def scanned(options: str, length: str, backwards: bool) -> str:
    """Holds that the spec of SCAN gives what a loop of NumPy does; its text."""
    text = (
        SCAN.replace("OPTIONS", options)
        .replace("[T, 3]", f"[{length}, 3]")
        .replace("[3, T]", f"[3, {length}]")
    )
    h0, x, v = normal(3), normal(4, 3), normal(3, 4)
    W = np.reshape([0.1, 0.2, 0.3, -0.4, 0.5, 0.6, 0.7, -0.8, 0.9], (3, 3))
    h, ys, zs = h0, [], []
    for k in range(4):
        b = v[:, 3 - k if backwards else k]
        h = h @ W + x[3 - k if backwards else k] + b
        ys.append(np.tanh(h))
        zs.append(ys[-1] * b)
    zs = zs[::-1] if backwards else zs
    imported = import_model(parsed(text), "net.onnx")
    results = graph_of(imported, "net.graph", dtype="float64").predict({"h0": h0, "x": x, "v": v})
    for name, expected in (("h", h), ("ys", np.stack(ys)), ("zs", np.stack(zs, 1))):
        np.testing.assert_allclose(results[imported.outputs[name]], expected, atol=1e-6)
    return imported.text


def test_a_scan_goes_through_several_sequences_along_their_own_axes() -> None:
    text = scanned("", "T", backwards=False)
    assert "scan t in arange(T) carry" in text
    assert "param W: float[3, 3]" in text


def test_a_scan_may_go_backwards() -> None:
    options = "scan_input_directions = [1, 1], scan_output_directions = [0, 1],"
    scanned(options, "4", backwards=True)


LOOP = """g (float[3] x) => (float[3] y, float[K, 3] ys)
<int64 n = {COUNT}, bool yes = {1}, float[3] step = {1.0, 2.0, 3.0}> {
  y, ys = Loop <body = round (int64 k, bool on, float[3] a) => (bool still, float[3] b, float[3] c) {
    still = Identity(on)
    times = Cast <to = 1>(k)
    more = Mul(step, times)
    b = Add(a, more)
    c = Tanh(b)
  }>(n, yes, x)
}"""


@pytest.mark.parametrize("count", [1, 3, 16, 17, 40])
def test_a_loop_of_a_known_number_of_rounds_is_written(count: int) -> None:
    text = held(LOOP.replace("COUNT", str(count)), x=normal(3))
    assert ("scan" in text) is (count > 16)


def test_a_loop_ends_where_its_own_constants_say() -> None:
    text = """g (float[3] x) => (float[3] y) <int64 n = {9}, bool yes = {1}, int64 most = {2}> {
      y = Loop <body = round (int64 k, bool on, float[3] a) => (bool still, float[3] b) {
        still = Less(k, most)
        b = Add(a, a)
      }>(n, yes, x)
    }"""
    assert held(text, x=normal(3)).count("+") == 3


def test_a_loop_that_the_data_end_is_refused() -> None:
    text = """g (float[3] x, int64 n) => (float[3] y) <int64 most = {9}, bool yes = {1}, float low = {0}> {
      y = Loop <body = round (int64 k, bool on, float[3] a) => (bool still, float[3] b) {
        b = Add(a, a)
        s = ReduceSum <keepdims = 0>(b)
        still = Less(s, low)
      }>(most, yes, x)
    }"""
    refused(text, "the data decide whether it goes on")


IF = """g (float[3] x, bool c) => (float[3] y) {
  y = If <then_branch = a () => (float[3] p) { p = Tanh(x) }, else_branch = b () => (float[3] q) { q = Neg(x) }>(c)
}"""


@pytest.mark.parametrize("c", [True, False])
def test_a_branch_that_the_data_choose_is_a_where(c: bool) -> None:
    assert "where(" in held(IF, x=normal(3), c=np.array(c))


@pytest.mark.parametrize(("c", "name"), [(True, "Tanh"), (False, "-x")])
def test_a_branch_that_a_constant_chooses_stands_alone(c: bool, name: str) -> None:
    text = held(IF, constants=("c",), x=normal(3), c=np.array(c))
    assert name in text
    assert "where" not in text


def test_branches_of_different_shapes_are_refused() -> None:
    text = IF.replace("float[3] q) { q = Neg(x) }", "float[1] q) { q = ReduceSum(x) }")
    refused(text, "results of different shapes")


def test_functions_of_the_file_are_written_out() -> None:
    text = """g (float[3] x) => (float[3] y) { y = own.outer(x) }
    <domain: "own", opset_import: ["" : 20, "own" : 1]> inner (a) => (b) { t = Tanh(a)  b = Add(t, a) }
    <domain: "own", opset_import: ["" : 20, "own" : 1]> outer (a) => (b) { t = own.inner(a)  b = own.inner(t) }"""
    model = onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : 20, "own" : 1]>\n{text}')
    x = normal(3)
    imported = import_model(model, "net.onnx")
    y = graph_of(imported, "net.graph", dtype="float64").predict({imported.inputs["x"]: x})
    once = np.tanh(x) + x
    np.testing.assert_allclose(
        next(iter(y.values())) if isinstance(y, dict) else y, np.tanh(once) + once, atol=1e-6
    )


@pytest.mark.parametrize("op", ["NonZero", "Unique"])
def test_results_whose_size_the_data_decide_want_constants(op: str) -> None:
    refused(f"g (float[3] x) => (float[K] y) {{ y = {op}(x) }}", "needs `x` before running")


def test_how_many_results_there_are_follows_from_a_constant() -> None:
    text = """g (float[4] x, float[6] c) => (float[4] y, int64[K] which) {
        values, first, which, counts = Unique <sorted = 0> (c)
        y = Mul(x, values)
    }"""
    c = np.array([5, 2, 5, 7, 2, 1], np.float32)
    held(text, constants=("c",), x=normal(4), c=c)
