"""What must hold where many threads use one graph at once. Needs no pytest: a free-threaded Python runs it too.

`test_many_threads.py` runs every check here; `python tests/engine/checks_by_many_threads.py` does so by itself.
"""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import graphlang as gl
from graphlang.catalog.finder import Catalog, _built_in, _files, _functions
from graphlang.datasets.dataset import Column
from graphlang.engine.workers import Workers, run_jobs
from graphlang.kernels import parallel
from graphlang.lazy import get_or_make, lazy, made_once
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.syntax.parse_table import parser

THREADS = 8
LIMIT = 120.0
"""Seconds after which threads count as waiting for one another."""
CHECKS: dict[str, Callable[[], None]] = {}
APPLES = (
    "input apple = 100, num = 2, tax = 1.1\ntotal = apple * num\nprice = total * tax + total\noutput price"
)
NETWORK = """
input x: float[N, 6], t: int[N]
h = x -> Affine(5) -> Swish
y = h -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.01); batch = 4; iterations = 5; dtype = float64 }
"""
SEQUENCE = """
input x: float[N, T, 3]
s = scan row in x carry h = zeros(N, 3) {
  state = tanh(row * 0.5 + h)
  next h = state
  yield state
}
loss = sum(s * s)
output loss
"""
CONVNET = """
input x: float[N, 2, 12, 12]
y = x -> Conv(6, 3) -> Relu -> MaxPool(2) -> Conv(4, 3)
loss = sum(y * y)
output loss
"""


class Swish(gl.Layer):
    """y = x / (1 + exp(-x)), whose gradient is derived"""

    def forward(self, x: Any) -> Any:
        return x / (1 + np.exp(-x))


def check(function: Callable[[], None]) -> Callable[[], None]:
    """Enters a check by its name."""
    CHECKS[function.__name__.replace("_", " ")] = function
    return function


def at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """What `work(0)`, `work(1)`, ... return, each from a thread of its own that starts with the others."""
    gate = threading.Barrier(threads, timeout=LIMIT)
    results: list[Any] = [None] * threads
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            gate.wait()
            results[place] = work(place)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)

    running = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(LIMIT)
        assert not thread.is_alive(), "threads wait for one another"
    if errors:
        raise errors[0]
    return results


def is_one_object(values: Sequence[Any]) -> bool:
    return all(value is values[0] for value in values)


@contextmanager
def switching_often() -> Any:
    """Lets an interpreter with a lock change threads after a few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


# ---- made once --------------------------------------------------------------------------------------------


@check
def every_thread_gets_the_parameter_that_the_graph_computes_with() -> None:
    for seed in range(30):
        graph = gl.loads(NETWORK, layers=[Swish], seed=seed)
        looks = at_once(lambda _, graph=graph: dict(graph.params))
        for name in graph.params:
            assert is_one_object([look[name] for look in looks])
            assert looks[0][name] is graph.params[name]


@check
def what_is_made_lazily_is_made_once() -> None:
    class Owner:
        @lazy
        def value(self) -> object:
            return made()

    count: list[int] = []

    def made() -> object:
        count.append(1)
        return object()

    @made_once
    def for_key(_: int) -> object:
        return made()

    for key in range(30):
        owner, values, cache = Owner(), {}, RecentlyUsed[object](2)
        ways: list[Callable[[], object]] = [
            lambda owner=owner: owner.value,
            lambda values=values: get_or_make(values, "a", made),
            lambda cache=cache: cache.get_or_make("a", made),
            lambda key=key: for_key(key),
        ]
        for way in ways:
            count.clear()
            assert is_one_object(at_once(lambda _, way=way: way()))
            assert len(count) == 1


@check
def what_could_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> int:
        tries.append(1)
        if len(tries) < 4:
            raise ValueError("not yet")
        return 7

    values: dict[str, int] = {}

    def attempt(_: int) -> int | None:
        try:
            return get_or_make(values, "a", make)
        except ValueError:
            return None

    results = at_once(attempt)
    assert sorted(r or 0 for r in results) == [0] * 3 + [7] * (THREADS - 3)
    assert len(tries) == 4


@check
def the_catalog_and_the_parser_are_made_once() -> None:
    for _ in range(5):
        for function in (_built_in, _functions, _files, parser):
            function.forget()
        names = ["Affine", "BatchNorm", "SoftmaxWithLoss", "exp", "sum", "NoSuchThing"]
        catalog = Catalog()
        finds = at_once(lambda _, catalog=catalog, names=names: [parser(), *map(catalog.find, names)])
        for place in range(len(names) + 1):
            assert is_one_object([find[place] for find in finds])
        assert is_one_object(at_once(lambda _, entry=finds[0][1]: entry.attributes))


@check
def a_cache_keeps_its_bound_and_its_values() -> None:
    cache: RecentlyUsed[str] = RecentlyUsed(3)

    def work(place: int) -> None:
        for i in range(400):
            key = (i * (place + 1)) % 7
            assert cache.get_or_make(key, lambda key=key: f"value {key}") == f"value {key}"
            assert cache.get(key) in (None, f"value {key}")
            cache[key] = f"value {key}"
            assert len(cache.values()) <= 3 + THREADS

    at_once(work)
    assert len(cache) == 3


@check
def a_column_is_read_once() -> None:
    for _ in range(10):
        reads: list[int] = []

        def read(reads: list[int] = reads) -> Any:
            reads.append(1)
            return np.arange(6.0)

        column = Column((6,), np.dtype(np.float64), read)
        assert is_one_object(at_once(lambda _, column=column: column.load()))
        assert len(reads) == 1


# ---- one graph in many threads ----------------------------------------------------------------------------


@check
def texts_are_loaded_and_refused_as_by_one_thread() -> None:
    wrong = "input x: float[N, 2]\ny = x -> Afine(3)\nz = x + xx\noutput y"

    def load(_: int) -> tuple[str, str]:
        spec = gl.loads(NETWORK, layers=[Swish]).spec.model_dump_json()
        try:
            gl.loads(wrong)
        except gl.GraphError as error:
            return spec, str(error)
        raise AssertionError("the text is wrong")

    expected = load(0)
    assert at_once(lambda place: [load(place) for _ in range(3)]) == [[expected] * 3] * THREADS


@check
def runs_of_one_graph_give_each_thread_its_own_values() -> None:
    x, t = normal(12, 6), np.arange(12) % 3
    network = gl.loads(NETWORK, layers=[Swish])
    sequence = gl.loads(SEQUENCE)
    steps = normal(4, 6, 3)

    def work(place: int, graph: Any, loops: Any) -> list[Any]:
        rows = 1 + place
        result = graph.run(x=x[:rows], t=t[:rows])
        loop = loops.run(x=steps[:, : 1 + place % 6])
        return [result["y"], *(result.grad[n] for n in graph.params), loop["loss"], loop.grad["x"]]

    single = gl.loads(NETWORK, layers=[Swish]), gl.loads(SEQUENCE)
    expected = [work(place, *single) for place in range(THREADS)]
    for values in zip(
        expected,
        at_once(lambda place: [work(place, network, sequence) for _ in range(4)]),
        strict=True,
    ):
        for actual in values[1]:
            for a, e in zip(actual, values[0], strict=True):
                close(a, e)


@check
def quick_runs_of_scalars_and_their_inner_values_agree() -> None:
    expected = [(a * 2 * 1.1 + a * 2, 2 * 1.1 + 2, a * 2 * 1.1) for a in range(THREADS)]
    for _ in range(20):
        graph = gl.loads(APPLES)
        inner = next(n for n in graph.network.names if n.startswith("multiply"))

        def work(place: int, graph: Any = graph, inner: str = inner) -> list[tuple[float, float, float]]:
            results = [graph.run(apple=float(place)) for _ in range(3)]
            return [(r["price"], r.grad["apple"], r[inner]) for r in results]

        for actual, one in zip(at_once(work), expected, strict=True):
            close(actual, [one] * 3)
        result = graph.run()
        assert is_one_object(at_once(lambda _, result=result: result._source()))


@check
def calls_of_one_compiled_graph_wait_for_one_another() -> None:
    graph = gl.loads(NETWORK, layers=[Swish])
    program, gradient = graph.compile(threads=2), graph.compile(wrt=list(graph.params), threads=2)
    x, t = normal(40, 6), np.arange(40) % 3
    expected = {n: graph.run(x=x[:n], t=t[:n]) for n in range(1, 41)}

    def work(place: int) -> None:
        for i in range(12):
            n = 1 + (7 * i + 5 * place) % 40  # more sizes than a program keeps
            close(program(x=x[:n]), expected[n]["y"])
            close(graph.predict(x[:n]), expected[n]["y"])
            _, gradients = gradient(x=x[:n], t=t[:n])
            for name, array in gradients.items():
                close(array, expected[n].grad[name])
            assert program.memory is not None
            assert program.executables

    at_once(work)


@check
def results_of_a_compiled_graph_stay_as_they_are() -> None:
    graph = gl.loads("input x: float[N, 512]\ny = exp(x) * 2 + x\noutput y")
    program = graph.compile(threads=2)
    inputs = [np.full((256, 512), place / 8) for place in range(THREADS)]

    def work(place: int) -> list[Any]:
        return [program(x=inputs[place]) for _ in range(6)]

    for place, results in enumerate(at_once(work)):
        for result in results:
            close(result, np.exp(place / 8) * 2 + place / 8)


@check
def programs_of_one_graph_share_the_workers() -> None:
    graph, x = gl.loads(CONVNET), normal(12, 2, 12, 12)
    names = ["x", *graph.params]
    value, gradients = graph.compile(wrt=names, threads=3)(x=x)

    def work(_: int) -> None:
        program = graph.compile(wrt=names, threads=3)
        for _ in range(4):
            again, same = program(x=x)
            assert again == value
            for name in names:
                assert same[name].tobytes() == gradients[name].tobytes()

    at_once(work)


@check
def steps_of_one_compiled_training_are_taken_one_by_one() -> None:
    x, t = normal(4, 6), np.arange(4) % 3
    graph = gl.loads(NETWORK, layers=[Swish], threads=2)
    alone = copy.deepcopy(graph)
    step, single = graph.compile(train=True), alone.compile(train=True)
    losses = at_once(lambda _: [step(x=x, t=t) for _ in range(5)])
    expected = [single(x=x, t=t) for _ in range(5 * THREADS)]
    assert step.t == 5 * THREADS
    assert sorted(loss for part in losses for loss in part) == sorted(expected)
    for name in graph.params:
        assert graph.params[name].tobytes() == alone.params[name].tobytes()


@check
def trainings_of_several_graphs_do_not_disturb_one_another() -> None:
    x, t = normal(20, 6), np.arange(20) % 3

    def trained(place: int) -> list[bytes]:
        graph = gl.loads(NETWORK, layers=[Swish], seed=place, threads=2)
        graph.fit(x=x, t=t, iterations=6, batch=5)
        graph.evaluate(x=x, t=t)
        return [graph.params[name].tobytes() for name in graph.params]

    assert at_once(trained) == [trained(place) for place in range(THREADS)]


@check
def data_of_one_file_is_read_in_many_threads() -> None:
    with TemporaryDirectory() as folder:
        rows = "\n".join(f"{i / 10},{i % 5},{i % 3}" for i in range(30))
        Path(folder, "rows.csv").write_text(f"a,b,t\n{rows}\n", encoding="utf-8")
        text = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
data { source = csv("rows.csv", test=0.5); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; metrics = [accuracy(y, t)] }
"""
        graph = gl.loads(text, folder=folder)
        expected = graph.evaluate()
        assert at_once(lambda _: graph.evaluate()) == [expected] * THREADS


# ---- workers ----------------------------------------------------------------------------------------------


@check
def a_job_of_a_worker_does_not_divide_its_work_again() -> None:
    seen: list[int] = []
    with parallel.worker_threads(4, run_jobs):
        Workers().run([lambda: None, lambda: seen.append(parallel.available())])
    assert seen == [1]


@check
def jobs_of_many_callers_are_all_done_and_their_errors_told() -> None:
    def work(place: int) -> int:
        done: list[int] = []

        def job(number: int) -> Callable[[], None]:
            return lambda: done.append(number)

        for i in range(100):
            run_jobs([job(3 * i), job(3 * i + 1), job(3 * i + 2)])
            if i % 10 == place % 10:
                try:
                    run_jobs([lambda: None, lambda: 1 // 0])
                except ZeroDivisionError:
                    done.append(-1)
        assert sorted(done) == [-1] * 10 + list(range(300))
        return len(done)

    assert at_once(work) == [310] * THREADS


def main() -> None:
    """Runs every check, and prints whether the interpreter has a lock."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    with switching_often():
        for name, function in CHECKS.items():
            function()
            print(f"holds: {name}", flush=True)
    print(f"the interpreter's lock is {'on' if enabled() else 'off'}")


if __name__ == "__main__":
    main()
