"""A `scan` is recorded as one step, whatever its length, and computes what the interpreter computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.contracts.initializer import stream
from graphlang.engine import bound_loop
from graphlang.engine.executable import Executable
from graphlang.engine.passes import optimised
from graphlang.engine.plan import plan
from graphlang.engine.program import Program
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Storage, record_forward, record_gradients
from graphlang.engine.tape import Tape
from graphlang.kernels.scan_recording import RecordedScan, Repeated
from graphlang.trace import Dim, Trace, replay
from tests.engine.scan_samples import BODIES, graph_of, numbers

RNG = np.random.default_rng(0)
LSTM = """
input xs: float[N, T, 3]
def LstmLayer(xs: float[N, T, D], H) {
  param Wx: float[D, 4*H] = normal(std=0.5)
  param Wh: float[H, 4*H] = normal(std=0.5)
  param b: float[4*H] = normal(std=0.5)
  hs = scan x in xs carry h = zeros(N, H), c = zeros(N, H) {
    f, g, i, o = split(x @ Wx + h @ Wh + b, 4, axis=1)
    c2 = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h2 = sigmoid(o) * tanh(c2)
    next h = h2, c = c2
    yield h2
  }
  return hs
}
y = LstmLayer(xs, 4)
L = sum(y * cos(y))
output L
"""


@pytest.mark.parametrize(("rows", "length"), [(2, 4), (1, 2), (2, 1)])
@pytest.mark.parametrize("name", BODIES)
def test_a_planned_scan_is_what_the_interpreter_computes(name: str, rows: int, length: int) -> None:
    if length == 1 and "xs[:, 1]" in BODIES[name]:
        length = 3
    graph, given = graph_of(BODIES[name]), numbers(rows, length)
    used = {k: v for k, v in given.items() if k in graph.inputs}
    seen = graph.run(used)
    names = ["xs", "w", *graph.params]
    value, gradients = graph.compile(wrt=names)(used)
    assert value == pytest.approx(float(seen["L"]), rel=1e-12)
    for n in names:
        np.testing.assert_allclose(gradients[n], seen.grad[n], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_the_gradient_of_a_scan_is_its_slope(name: str) -> None:
    graph = graph_of(BODIES[name])
    report = graph.gradcheck(**{k: v for k, v in numbers(2, 3).items() if k in graph.inputs})
    assert report.ok, report


@pytest.mark.parametrize("name", ["several carried values and results", "a scan in a scan"])
def test_a_second_gradient_goes_through_a_scan(name: str) -> None:
    body = BODIES[name] + "\ne = sum(y * y)\ng = grad(e, xs)\nq = sum(g * g * xs) + sum(grad(e, w)**2)"
    graph = gl.loads(
        f"input xs: float[N, T, 3], w: float = 0.7\nparam V: float[3, 3] = normal(std=0.5)\n{body}\noutput q"
        "\ngradcheck { of = q; batch = 2 }"
    )
    given = {k: v for k, v in numbers(2, 3).items() if k != "count"}
    report = graph.gradcheck(given)
    assert report.ok, report
    value, gradients = graph.compile(wrt=["xs", "w"])(given)
    seen = graph.run(given)
    assert value == pytest.approx(float(seen["q"]), rel=1e-11)
    np.testing.assert_allclose(gradients["xs"], seen.grad["xs"], rtol=1e-8, atol=1e-10)


def recorded(length: int) -> Any:
    graph = gl.loads(LSTM)
    network = graph.network
    storage = {network.numbers["xs"]: Storage((2, length, 3), np.dtype(np.float64))}
    wrt = {n: network.numbers[n] for n in ("xs", *network.params)}
    sizes = {"N": 2, "T": length}
    return record_gradients(network, storage, np.float64, sizes, network.numbers["L"], wrt).program


def test_the_number_of_recorded_steps_does_not_grow_with_the_length() -> None:
    short, long = recorded(4), recorded(400)
    assert len(short.steps) == len(long.steps)
    bodies = [
        {s.params["body"]: len(s.params["body"].trace.steps) for s in p.steps if s.primitive.name == "scan"}
        for p in (short, long)
    ]
    assert sorted(bodies[0].values()) == sorted(bodies[1].values())
    assert len(bodies[0]) == 2  # forward and backward


def test_all_results_of_a_scan_run_as_one_group() -> None:
    planned = plan(optimised(recorded(4)))
    assert sum(group.loop is not None for group in planned.groups) == 2


def test_one_recording_serves_a_length_that_is_not_known() -> None:
    graph = gl.loads(LSTM)
    network = graph.network
    N, T = Dim.symbol("N"), Dim.symbol("T")
    trace = Trace()
    leaves: dict[int, Any] = {network.numbers["xs"]: trace.input((N, T, 3))}
    leaves.update({network.numbers[n]: trace.input(p.shape) for n, p in graph.params.items()})
    tape = Tape(network, dict(leaves), dtype=np.float64, sizes={"N": N, "T": T}, trace=trace)  # type: ignore[dict-item]
    with trace:
        tape.forward([network.numbers["L"]])
        gradients = tape.gradients(network.numbers["L"], list(leaves))
    for rows, length in ((2, 3), (1, 5)):
        xs = RNG.standard_normal((rows, length, 3))
        feeds = {
            x: xs if n == network.numbers["xs"] else graph.params[network.names[n]] for n, x in leaves.items()
        }
        arrays = replay(trace, [tape.values[network.numbers["L"]], *gradients], feeds)
        seen = graph.run(xs=xs)
        assert arrays[0] == pytest.approx(float(seen["L"]), rel=1e-12)
        for number, array in zip(leaves, arrays[1:], strict=True):
            np.testing.assert_allclose(array, seen.grad[network.names[number]], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("most", [1, 60, 200])
def test_a_very_long_scan_runs_in_parts(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("several carried values and results", "what was carried is yielded", "a scan in a scan"):
        graph, given = graph_of(BODIES[name]), numbers(2, 7)
        del given["count"]
        whole = graph.compile(wrt=["xs", "w"])(given)
        with monkeypatch.context() as patched:
            patched.setattr(bound_loop, "MOST_CALLS", most)
            parts = graph_of(BODIES[name])
            parts.params.update(dict(graph.params))
            value, gradients = parts.compile(wrt=["xs", "w"])(given)
        assert value == pytest.approx(whole[0], rel=1e-13)
        for n, g in gradients.items():
            np.testing.assert_allclose(g, whole[1][n], rtol=1e-11, atol=1e-13)


def test_a_dropout_in_the_body_draws_what_the_interpreter_draws() -> None:
    text = """input xs: float[N, T, 2]
param V = 1.5
hs = scan x in xs carry h = zeros(N, 2) {
  a = V * (x -> Dropout(0.5)) + (h -> Dropout(0.3))
  next h = a
  yield a
}
y = hs -> Dropout(0.2)
loss = sum(y * y)
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 3; iterations = 1; dtype = float64 }"""
    graph = gl.loads(text)
    xs = RNG.standard_normal((3, 4, 2))
    leaves = {0: xs} | graph.params.numbered(np.float64)
    random = StreamRandom(stream(graph.seed, "random of step 1"), np.dtype(np.float64))
    tape = Tape(graph.network, leaves, dtype=np.float64, sizes={"N": 3, "T": 4}, training=True, random=random)
    loss = graph.network.numbers["loss"]
    eager = float(tape.forward([loss]).values[loss])
    assert graph.compile(train=True)(xs=xs) == pytest.approx(eager, rel=1e-12)


def test_a_wrong_index_in_the_body_of_a_planned_scan_names_its_value() -> None:
    text = """input ids: int[N, T]
layer e = Embedding(5, 2)
y = scan i in ids carry h = zeros(N, 2) { k = i * 2
 v = e(k) + h
 next h = v
 yield v }
output y"""
    graph = gl.loads(text)
    assert graph.predict(ids=[[1, 2, 0]]).shape == (1, 3, 2)
    for call in (graph.predict, graph.forward):
        with pytest.raises(gl.GraphError, match=r"`scan1.k` holds 6"):
            call(ids=[[1, 3, 0]])


def test_a_scan_over_no_steps_hands_on_what_it_starts_with() -> None:
    trace, own = Trace(), Trace()
    xs, start = trace.input((0, 2)), trace.input((2,))
    x, h = own.input((2,)), own.input((2,))
    with own:
        following = h * x
    call = RecordedScan(trace, Repeated(own.steps, [(x, xs)], [(h, start, following)], [], [following]), 0)
    program = Program({"xs": xs, "start": start}, {"last": call.last(0), "all": call.stacked(0)}, {})
    executable = Executable(plan(program), {"start": np.array([1.0, 2.0])})
    executable.run()
    assert executable.output("last").tolist() == [1, 2]
    assert executable.output("all").shape == (0, 2)
    last, stacked = replay(trace, [call.last(0), call.stacked(0)], {xs: np.zeros((0, 2)), start: [1.0, 2.0]})
    assert last.tolist() == [1, 2]
    assert stacked.shape == (0, 2)


def test_a_first_step_that_changes_a_type_is_recorded_apart() -> None:
    text = "input xs: float[N, T, 2], k: int[N, 2]\ny = scan x in xs carry h = k { a = h * x\n next h = a\n yield a }\nL = sum(y * y)\noutput L"
    graph = gl.loads(text)
    xs, k = RNG.standard_normal((2, 4, 2)), RNG.integers(1, 5, (2, 2))
    seen = graph.run(xs=xs, k=k)
    value, gradients = graph.compile(wrt=["xs"])(xs=xs, k=k)
    assert value == pytest.approx(float(seen["L"]), rel=1e-12)
    np.testing.assert_allclose(gradients["xs"], seen.grad["xs"], rtol=1e-10)


def test_a_program_for_several_threads_divides_the_body() -> None:
    text = """input xs: float[N, T, 400]
param V: float[400, 400] = normal(std=0.03)
y = scan x in xs carry h = zeros(N, 400) { a = tanh(x + h @ V)
 next h = a
 yield a * x }
L = sum(y * y)
output L"""
    xs = RNG.standard_normal((300, 3, 400))
    results = []
    for threads in (1, 3):
        graph = gl.loads(text, threads=threads)
        results.append(graph.compile(wrt=["xs", "V"])(xs=xs))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    for n in ("xs", "V"):
        np.testing.assert_allclose(results[0][1][n], results[1][1][n], rtol=1e-9, atol=1e-10)


def test_a_forward_program_keeps_what_it_reads_alone() -> None:
    graph = gl.loads(LSTM)
    network = graph.network
    storage = {network.numbers["xs"]: Storage((2, 6, 3), np.dtype(np.float64))}
    recording = record_forward(network, storage, np.float64, {"N": 2, "T": 6}, {"y": network.numbers["y"]})
    assert sum(s.primitive.name == "scan" for s in recording.program.steps) == 1


@pytest.mark.parametrize("nested", [False, True])
def test_a_number_that_is_not_finite_is_named_in_the_body(nested: bool) -> None:
    inner = "  k = x * w\n  a = log(h + k)\n  next h = a\n  yield a"
    if nested:
        inner = (
            "  rs = scan v in zs carry k = h {\n    a = log(k + x)\n    next k = a\n    yield a\n  }\n"
            "  next h = rs[:, 0]\n  yield rs[:, 0]"
        )
    text = f"""input xs: float[N, T, 2]
param w: float[2] = ones
zs = xs * 2
hs = scan x in xs carry h = w * xs[:, 0] {{
{inner}
}}
loss = sum(hs) + sum(w)
output loss
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 2; iterations = 1; dtype = float64 }}"""
    name = r"scan1\.scan1\.a" if nested else r"scan1\.a"
    with pytest.raises(gl.GraphError, match=rf"first value that is not finite is `{name}` \(log\)"):
        gl.loads(text).fit(xs=-np.ones((2, 3, 2)))
