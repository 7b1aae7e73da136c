"""Compiled graphs: recorded once per shape, safe beside one another, honest about memory and mistakes."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from helpers import normal
from threadpoolctl import threadpool_info, threadpool_limits

import graphlang as gl
from graphlang.catalog.operation import Layer
from graphlang.engine import compiled, fusion
from graphlang.engine.recording import Recorder
from graphlang.engine.workers import BLAS, run_jobs, workers

pytestmark = pytest.mark.usefixtures("every_fused_group_is_divided")

NETWORK = """
input x: float[N, 40], t: int[N]
s = x -> Affine(30, init=he) -> Relu -> Affine(10)
loss = SoftmaxWithLoss(s, t)
output s
train { minimize = loss; optimizer = Momentum(lr=0.1); batch = 8; epochs = 2; metrics = [accuracy(s, t)] }
"""
LARGE = "input x: float[N], y: float[N]\nz = exp(sin(x) * y) + y / (1 + x ** 2)\noutput z"


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A list that grows with every program that is recorded."""
    made: list[Any] = []
    original = Recorder.recording

    def counted(self: Recorder, *args: Any) -> Any:
        made.append(self)
        return original(self, *args)

    monkeypatch.setattr(Recorder, "recording", counted)
    return made


# ---- programs are kept ----------------------------------------------------------------------------------


def test_a_smaller_last_batch_is_recorded_once(recordings: list[Any]) -> None:
    graph = gl.loads(NETWORK)
    graph.fit(x=normal(21, 40), t=np.arange(21) % 10, epochs=5)
    # the step at 8 rows and at 5, the metrics at 21, the units of the Relu on a sample of the rows;
    # and what the loss does with two batches and with both
    assert len(recordings) == 6


def test_batches_that_come_back_are_not_recorded_again(recordings: list[Any]) -> None:
    f = gl.loads(NETWORK).compile()
    for rows in (4, 7, 4, 7, 4, 1, 7):
        assert f(x=normal(rows, 40)).shape == (rows, 10)
    assert len(recordings) == 3


def test_lists_and_other_types_use_the_program_of_their_shape(recordings: list[Any]) -> None:
    f = gl.loads("input x: float[N]\ny = x * 2\noutput y").compile()
    for given in (np.ones(3), [1, 1, 1], np.ones(3, np.float32), np.ones(3, int), (1.0, 1.0, 1.0)):
        np.testing.assert_array_equal(f(x=given), [2, 2, 2])
    assert len(recordings) == 1


def test_the_programs_that_are_kept_are_bounded() -> None:
    f = gl.loads(NETWORK).compile()
    for rows in range(1, 2 * compiled.CAPACITY):
        f(x=normal(rows, 40))
    assert len(f.executables) == compiled.CAPACITY


def test_an_epoch_of_many_batch_sizes_keeps_a_bounded_number_of_programs() -> None:
    from graphlang.datasets.arrays import from_arrays
    from graphlang.training.column_binding import bind_columns
    from graphlang.training.state import TrainingState
    from graphlang.training.step import StepOnRows

    graph = gl.loads(NETWORK)
    data = from_arrays({"x": normal(40, 40), "t": np.zeros(40, int)}, validation=None)
    feed = bind_columns(graph.model, data.splits["train"], {"x": "x", "t": "t"}, "arrays")
    steps = StepOnRows(TrainingState(graph.model, graph.spec.train, None), feed)  # type: ignore[arg-type]
    for rows in range(1, 40):
        steps.take(np.arange(rows))
    assert len(steps._programs) == compiled.CAPACITY


def test_a_program_planned_ahead_is_the_one_that_runs(recordings: list[Any]) -> None:
    f = gl.loads(NETWORK).compile(batch=6)
    assert len(recordings) == 1
    f(x=normal(6, 40))
    assert len(recordings) == 1


def test_gradients_of_scalars_can_be_planned_ahead_too() -> None:
    f = gl.loads("input x: float = 1\ny = x * x\noutput y").compile(wrt=["x"], batch=4)
    assert f(x=3.0) == (9, {"x": 6})
    assert f.memory.total > 0


# ---- beside one another ---------------------------------------------------------------------------------


def at_once(jobs: list[Any]) -> list[Any]:
    """The results of jobs that all start at the same moment."""
    gate = threading.Barrier(len(jobs))

    def start(job: Any) -> Any:
        gate.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(start, jobs))


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_eight_programs_of_one_graph_run_in_eight_threads(threads: int | None) -> None:
    graph = gl.loads(LARGE)
    inputs = [(normal(150_000, seed=i), normal(150_000, seed=i + 8)) for i in range(8)]
    programs = [graph.compile(threads=threads) for _ in inputs]

    def job(i: int) -> Any:
        return lambda: [programs[i](x=inputs[i][0], y=inputs[i][1]) for _ in range(3)]

    for (x, y), found in zip(inputs, at_once([job(i) for i in range(8)]), strict=True):
        for z in found:
            np.testing.assert_allclose(z, np.exp(np.sin(x) * y) + y / (1 + x**2), rtol=1e-12)


def test_one_program_can_be_called_from_several_threads() -> None:
    graph = gl.loads(NETWORK)
    f = graph.compile()
    xs = [normal(3 + i % 3, 40, seed=i) for i in range(8)]
    found = at_once([lambda x=x: [f(x=x) for _ in range(20)] for x in xs])
    for x, ys in zip(xs, found, strict=True):
        expected = graph.forward(x=x, t=np.zeros(len(x), int))["s"]
        for y in ys:
            np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_the_embedding_process_is_left_as_it_was() -> None:
    graph = gl.loads(NETWORK)
    blas = [(i["filepath"], i["num_threads"]) for i in threadpool_info()]
    errors, state = np.geterr(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]  # noqa: NPY002
    at_once([lambda n=n: graph.compile(threads=n)(x=normal(64, 40)) for n in (1, 2, 3, 1)])
    graph.compile(train=True, threads=1)(x=normal(64, 40), t=np.zeros(64, int))
    assert [(i["filepath"], i["num_threads"]) for i in threadpool_info()] == blas
    assert np.geterr() == errors
    assert np.random.get_state()[1].tolist() == state  # type: ignore[union-attr]  # noqa: NPY002


def test_blas_is_limited_to_the_lowest_number_requested_and_restored_by_the_last() -> None:
    def now() -> list[int]:
        return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

    before = now()
    with BLAS.limited(2):
        assert set(now()) == {2}
        with BLAS.limited(1):
            assert set(now()) == {1}
        assert set(now()) == {2}
    assert now() == before


def test_blas_is_limited_and_restored_from_any_thread() -> None:
    def now() -> set[int]:
        return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}

    seen: list[set[int]] = []

    def hold(count: int) -> None:
        for _ in range(20):
            with BLAS.limited(count):
                seen.append(now())

    before = now()
    for _ in range(10):
        at_once([lambda n=n: hold(n) for n in (1, 2, 3, 1)])
        assert now() == before
    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold, 1).result()
    assert seen[-1] == {1}
    assert max(map(max, seen)) <= max(before)


def test_the_application_can_limit_blas_after_a_program_has_run_in_another_thread() -> None:
    """threadpoolctl lets one thread change the threads of OpenBLAS: a program must not keep that claim."""

    def now() -> set[int]:
        return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}

    def limit() -> None:
        with BLAS.limited(1):
            pass

    with ThreadPoolExecutor(1) as pool:
        pool.submit(limit).result()
        with threadpool_limits(1, user_api="blas"):
            assert now() == {1}


def test_what_a_worker_raises_comes_out_of_the_call() -> None:
    def wrong() -> None:
        raise ZeroDivisionError("in a worker")

    done: list[int] = []
    with pytest.raises(ZeroDivisionError, match="in a worker"):
        run_jobs([lambda: done.append(1), wrong, lambda: done.append(3)])
    run_jobs([lambda: done.append(4), lambda: done.append(5), lambda: done.append(6)])
    assert sorted(done) == [1, 3, 4, 5, 6]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_program_goes_on_working_in_a_forked_child() -> None:
    f = gl.loads(LARGE).compile(threads=2)
    x, y = normal(150_000), normal(150_000, seed=1)
    expected = f(x=x, y=y)
    assert workers().count
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(f(x=x, y=y), expected) else 1)
    done = threading.Event()
    status: list[int] = []
    threading.Thread(target=lambda: (status.append(os.waitpid(child, 0)[1]), done.set()), daemon=True).start()
    if not done.wait(20):
        os.kill(child, 9)
        pytest.fail("the child hangs")
    assert os.waitstatus_to_exitcode(status[0]) == 0


# ---- what only large arrays show ------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "expression",
    ["x / (1 + mean(x * x))", "x * mean(x) * sum(x)", "x * var(x)", "x * std(x)", "x - logsumexp(x)"],
)
def test_a_fused_group_reads_the_sum_over_everything_of_its_own_run(expression: str, threads: int) -> None:
    graph = gl.loads(f"input x: float[N, 7]\nz = {expression}\nL = sum(z * z)\noutput L", dtype="float64")
    f = graph.compile(wrt=["x"], threads=threads)
    for seed in range(3):
        x = normal(9500, 7, seed=seed) + seed
        expected = graph.run(x=x)
        value, gradients = f(x=x)
        np.testing.assert_allclose(value, expected["L"], rtol=1e-11)
        scale = np.abs(expected.grad["x"]).max()
        np.testing.assert_allclose(gradients["x"], expected.grad["x"], rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize(
    "text",
    [
        "input x: float[N]\nL = x[0] * sum(x)",
        "input x: float[N]\ny = x * 2\nL = y[0] * sum(x) + y[-1]",
        "input x: float[3]\na, b, c = x\nL = a * b + c",
        "input x: float[3]\nM = reshape(x, 3, 1)\nL = M[1, 0] * sum(x)",
        "input x: float[N]\nparam p: float[2] = [1, 2]\nL = p[0] * sum(x) + p[1] ** 2",
    ],
)
def test_a_single_element_has_the_value_of_its_own_run(text: str) -> None:
    graph = gl.loads(text + "\noutput L", dtype="float64")
    names = ["x", *graph.params]
    f, forward = graph.compile(wrt=names), graph.compile()
    for seed in range(3):
        x = normal(3, seed=seed)
        for array in graph.params.values():
            array[...] = normal(2, seed=seed + 7)
        expected = graph.run(x=x)
        value, gradients = f(x=x)
        np.testing.assert_allclose([value, forward(x=x)], expected["L"], rtol=1e-13)
        for name in names:
            np.testing.assert_allclose(gradients[name], expected.grad[name], rtol=1e-13, atol=1e-15)


def test_training_reads_single_elements_of_a_parameter_as_they_are_then() -> None:
    text = """
    input x: float[N, 3]
    param p: float[2] = [1, 2]
    y = {} * x + {}
    loss = mean((y - 1) ** 2)
    output y
    train {{ minimize = loss; optimizer = SGD(lr=0.01); batch = 2; iterations = 4; dtype = float64 }}
    """
    x = np.array([[5.0, 2, 3], [1, 2, 1]])
    found = []
    for first, second in (("p[0]", "p[1]"), ("p[0:1]", "p[1:2]")):
        step = gl.loads(text.format(first, second)).compile(train=True)
        found.append([step(x=x) for _ in range(4)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-14)
    assert found[0][3] < found[0][0] / 2


@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (1, 1), (3, 5)])
def test_small_iteration_shapes_are_cut_into_blocks_like_large_ones(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(fusion, "FUSE_FROM", 1)
    text = (
        "input x: float[N, D]\nz = softmax(x) * var(x) + logsumexp(x, axis=1, keepdims=true)\nL = sum(z * z)"
    )
    graph = gl.loads(f"{text}\noutput L", dtype="float64")
    x = normal(*shape)
    expected = graph.run(x=x)
    value, gradients = graph.compile(wrt=["x"])(x=x)
    np.testing.assert_allclose(value, expected["L"], rtol=1e-12)
    np.testing.assert_allclose(gradients["x"], expected.grad["x"], rtol=1e-10, atol=1e-12)


def test_several_large_results_that_the_caller_keeps_stay_as_they_were() -> None:
    graph = gl.loads("input x: float[N, 7]\na = 2 * x + 1\nb = a * x\noutput a, b", dtype="float64")
    f = graph.compile()
    given = [normal(9500, 7, seed=seed) for seed in range(5)]
    kept = [f(x=x) for x in given]
    for x, found in zip(given, kept, strict=True):
        np.testing.assert_allclose(found["a"], 2 * x + 1, rtol=1e-14)
        np.testing.assert_allclose(found["b"], (2 * x + 1) * x, rtol=1e-14)


@pytest.mark.parametrize(
    "expression", ["sum(-relu(x))", "-sum(relu(x))", "sum(1 - relu(x))", "sum(-clip(x, -1, 1))"]
)
def test_a_condition_may_be_subtracted(expression: str) -> None:
    graph = gl.loads(f"input x: float[N, 3]\ny = {expression}\noutput y", dtype="float64")
    x = normal(4, 3)
    value, gradients = graph.compile(wrt=["x"])(x=x)
    expected = graph.run(x=x)
    np.testing.assert_allclose(value, expected["y"], rtol=1e-14)
    np.testing.assert_array_equal(gradients["x"], expected.grad["x"])


# ---- memory ---------------------------------------------------------------------------------------------

MLP = """
input x: float[N, 1500], t: int[N]
s = x -> Affine(2500, init=he) -> Relu -> Affine(2500, init=he) -> Relu -> Affine(1000)
loss = SoftmaxWithLoss(s, t)
output s
train { minimize = loss; optimizer = Adam(); batch = 512; epochs = 1; dtype = float32 }
"""
ADAM = """
param W: float[10000000] = 1
loss = sum(W * W)
output loss
train { minimize = loss; optimizer = Adam(); batch = 1; epochs = 1; dtype = float32 }
"""
SIGMOID = "input x: float[N]\ny = 1 / (1 + exp(-x))\noutput y"


def mlp() -> Any:
    program = gl.loads(MLP).compile(train=True)
    x, t = np.ones((512, 1500), np.float32), np.zeros(512, int)
    for _ in range(3):
        program(x=x, t=t)
    return program


def adam() -> Any:
    program = gl.loads(ADAM).compile(train=True)
    for _ in range(3):
        program()
    return program


def sigmoid() -> Any:
    program = gl.loads(SIGMOID, dtype="float32").compile()
    x = np.ones(10**7, np.float32)
    for _ in range(3):
        program(x=x)
    return program


@pytest.mark.parametrize("work", [mlp, adam, sigmoid])
def test_the_memory_that_is_foretold_is_the_memory_that_is_taken(work: Any) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        program = work()
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert program.memory.total == pytest.approx(taken, rel=0.15)


def test_memory_is_known_before_anything_runs() -> None:
    step = gl.loads(NETWORK, dtype="float64").compile(train=True, batch=8)
    memory = step.memory
    assert memory.parameters == 8 * (40 * 30 + 30 + 30 * 10 + 10)
    assert memory.optimizer == memory.parameters
    assert memory.inputs == 8 * (8 * 40 + 8) + 16
    assert memory.total == sum(memory)


# ---- mistakes -------------------------------------------------------------------------------------------


class Sorted(Layer):
    """y = x, by way of a function that cannot be recorded, in the backward."""

    def forward(self, x: Any) -> Any:
        return x * 1, x

    def backward(self, dy: Any, saved: Any) -> Any:
        return np.unwrap(dy)


class Wide(Layer):
    """y = x, with a gradient of another shape."""

    def forward(self, x: Any) -> Any:
        return x * 1, None

    def backward(self, dy: Any, saved: Any) -> Any:
        return np.concatenate([dy, dy])


class Short(Layer):
    """y = x + u, with a gradient for one of the two."""

    def forward(self, x: Any, u: Any) -> Any:
        return x + u, None

    def backward(self, dy: Any, saved: Any) -> Any:
        return (dy,)


class Many(Layer):
    """y = x, with a gradient too many."""

    def forward(self, x: Any) -> Any:
        return x * 1, None

    def backward(self, dy: Any, saved: Any) -> Any:
        return dy, dy


class Broken(Layer):
    """y = x, with a mistake in Python."""

    def forward(self, x: Any) -> Any:
        return x * 1, None

    def backward(self, dy: Any, saved: Any) -> Any:
        return dy * saved.scale


MISTAKES = {
    Sorted: r"the backward of `\w+` \(Sorted\) uses `np.unwrap`, which cannot be recorded",
    Wide: r"the backward of `\w+` \(Wide\) is wrong: it gives for `x` a gradient of shape \(6, 2\), .* \(3, 2\)",
    Short: r"the backward of `\w+` \(Short\) is wrong: it gives 1 gradients for 2 arguments: `x`, `x`",
    Many: r"the backward of `\w+` \(Many\) is wrong: it gives 2 gradients for 1 arguments: `x`",
    Broken: r"the backward of `\w+` \(Broken\) cannot be computed: AttributeError: 'NoneType' object has no",
}
MISTAKEN = """
input x: float[N, 2]
param p: float[2] = 1
y = {}
loss = sum(y * p)
output loss
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 3; epochs = 1; dtype = float64 }}
"""


def mistaken(layer: type[Layer]) -> gl.Graph:
    call = "Short(x, x)" if layer is Short else f"{layer.__name__}(x)"
    return gl.loads(MISTAKEN.format(call), layers=[layer])


@pytest.mark.parametrize("layer", MISTAKES, ids=lambda layer: layer.__name__)
def test_a_mistake_in_a_backward_is_named_when_it_is_compiled(layer: type[Layer]) -> None:
    f = mistaken(layer).compile(wrt=["x"])
    with pytest.raises(gl.GraphError, match=MISTAKES[layer]):
        f(x=np.ones((3, 2)))


@pytest.mark.parametrize("layer", [m for m in MISTAKES if m is not Sorted], ids=lambda layer: layer.__name__)
def test_a_mistake_in_a_backward_is_named_when_it_is_run(layer: type[Layer]) -> None:
    with pytest.raises(gl.GraphError, match=MISTAKES[layer]):
        mistaken(layer).run(x=np.ones((3, 2)))


def test_what_cannot_be_recorded_still_runs_eagerly() -> None:
    assert mistaken(Sorted).run(x=np.ones((3, 2))).grad["x"].shape == (3, 2)


def test_a_mistake_before_a_parameter_is_named_when_it_is_trained() -> None:
    text = MISTAKEN.replace("y = {}", "y = Broken(x * p)")
    with pytest.raises(gl.GraphError, match="the backward of"):
        gl.loads(text.format(), layers=[Broken]).fit(x=np.ones((3, 2)))
    with pytest.raises(gl.GraphError, match="the backward of"):
        gl.loads(text.format(), layers=[Broken]).gradcheck(x=np.ones((3, 2)))


def test_the_error_says_what_to_write_instead() -> None:
    with pytest.raises(gl.GraphError) as caught:
        mistaken(Sorted).compile(wrt=["x"])(x=np.ones((3, 2)))
    (diagnostic,) = caught.value.diagnostics
    assert "kernel" in str(diagnostic.help)
    assert diagnostic.span is not None


def test_a_label_out_of_bounds_is_found_in_every_call() -> None:
    step = gl.loads(NETWORK).compile(train=True)
    good = np.zeros(4, int)
    step(x=normal(4, 40), t=good)
    before = step._model.params.copies()
    for wrong in (-1, 10):
        with pytest.raises(gl.GraphError, match=f"{wrong}"):
            step(x=normal(4, 40), t=np.array([0, 1, 2, wrong]))
    for name, array in before.items():
        np.testing.assert_array_equal(step._model.params[name], array)


def test_arrays_may_be_scattered_read_only_or_of_another_precision() -> None:
    graph = gl.loads(LARGE)
    f = graph.compile()
    x, y = normal(400_000)[::2], normal(200_000, seed=1).astype(np.float32)
    y.flags.writeable = False
    expected = graph.forward(x=x, y=y)["z"]
    for _ in range(2):
        np.testing.assert_allclose(f(x=x, y=y), expected, rtol=1e-12)
        np.testing.assert_allclose(f(x=x.copy(), y=y), expected, rtol=1e-12)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinities")
def test_workers_keep_off_the_core_of_their_caller_and_within_those_of_the_process() -> None:
    cores = os.sched_getaffinity(0)
    seen: set[int] = set()
    run_jobs([lambda: None, lambda: seen.update(os.sched_getaffinity(0))])
    assert seen <= cores
    assert os.sched_getaffinity(0) == cores
    if len(cores) > 1:
        assert len(seen) == len(cores) - 1


@pytest.mark.parametrize(
    "formula", ["log(zeros(3)) * x", "x + zeros(3) / zeros(3)", "x * exp(full(3, value=1e9))"]
)
def test_planning_warns_of_no_constant_that_is_infinite_or_nan(formula: str) -> None:
    graph = gl.loads(f"input x: float[3]\nc = {formula}\ny = sum(c)\noutput y")
    x = np.ones(3)
    with np.errstate(all="raise"):
        value, _ = graph.compile(wrt=["x"])(x=x)
        np.testing.assert_array_equal([value, graph.predict(x=x)], [graph.forward(x=x)["y"]] * 2)


@pytest.mark.parametrize(
    "constant", ["zeros(2, 3)", "full(2, value=0.5)", "[1, 2, 3]", "cumsum(0)", "zeros(0) + 1"]
)
def test_a_graph_without_inputs_may_give_an_array(constant: str) -> None:
    graph = gl.loads(f"y = {constant}\nz = sum(y) * 2\noutput y, z")
    expected = graph.forward()["y"]
    np.testing.assert_array_equal(graph.predict()["y"], expected)
    for of in ("y", "z"):
        value, gradients = graph.compile(wrt=["z"], of=of)()
        np.testing.assert_array_equal(value, graph.forward()[of])
        assert gradients["z"] == (of == "z")
