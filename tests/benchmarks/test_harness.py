"""The benchmark's harness on dummy work, and the book's network against graphlang's: that they compute the same."""

import os
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

import graphlang as gl
from benchmarks import book, harness, limits, machine, networks, registry, subject, threads, worker
from benchmarks.work import Command, Goal, Measured, Skip, Step, Work


def missing():
    raise Skip("Conv is missing")


def not_installed():
    import a_peer_that_nobody_has  # noqa: F401


# ---- taking turns -------------------------------------------------------------------------------------


def test_the_contenders_take_turns(monkeypatch):
    order = []

    class Fake:
        def __init__(self, work, entry, turn) -> None:
            self.entry = entry

        def turn(self):
            order.append(f"{self.entry.contender}{self.entry.threads}")
            self.entry.seconds.append(1.0)

        def end(self):
            pass

    monkeypatch.setattr(harness, "Worker", Fake)
    row = harness.measure(Work("dummy", "Dummy", {"A": missing, "B": missing}), [1, 4], rounds=3)
    assert order == ["A1", "A4", "B1", "B4"] * 3
    assert [len(entry.seconds) for entry in row.entries] == [3, 3, 3, 3]
    order.clear()
    contenders = {"A": missing, "B": missing, "C": missing}
    harness.measure(Work("dummy", "Dummy", contenders, {"B": 1.0}), [1, 4], rounds=1, quick=True)
    assert order == ["A1", "A4", "B4"]
    order.clear()
    harness.measure(Work("dummy", "Dummy", contenders, parallel=False), [1, 4], rounds=1)
    assert order == ["A4", "B4", "C4"]


def test_every_number_of_threads_has_its_goal(monkeypatch):
    monkeypatch.setattr(harness, "measure_calls", lambda *_: None)
    work = Work("dummy", "Dummy", dict.fromkeys("ABCD", missing), {"B": Goal(1.0, 2.0, 3.0), "C": 0.5})
    goals = {(e.contender, e.threads): e.goal for e in harness.measure(work, [1, 2, 16]).entries}
    assert [goals["B", n] for n in (1, 2, 16)] == [1.0, 2.0, 3.0]
    assert [goals["C", n] for n in (1, 2, 16)] == [0.5, 0.5, 0.5]
    assert goals["D", 2] is goals["A", 2] is None


def test_graphlang_is_measured_on_other_interpreters_too():
    work = registry.find("apple_orange")
    only = Work(work.name, work.title, {"graphlang": work.contenders["graphlang"]})
    name = machine.name_of_python(sys.executable)
    row = harness.measure(only, rounds=1, turn=0.001, pythons={name: sys.executable})
    assert name.startswith("Python 3.")
    assert row.contenders == ["graphlang", f"graphlang, {name}"]
    assert [len(entry.seconds) for entry in row.entries] == [1, 1]
    assert row.scaled == row.contenders
    assert row.disagreeing() == []


def test_every_lesson_that_trains_has_its_step():
    names = {work.name for work in registry.works(of_lessons=True)}
    assert {"lesson_two_layer_net", "lesson_transformer"} <= names
    assert not names & {work.name for work in registry.works()}
    assert "lesson_apple" not in names
    step = registry.find("lesson_physics").contenders["graphlang"]()
    assert np.isfinite(step())
    assert [w.name for w in registry.chosen(["resnet"], quick=True, of_lessons=True)] == ["lesson_resnet"]


@pytest.mark.skipif(not threads.can_tie(), reason="the system does not tie processes to cores")
def test_a_process_is_tied_to_the_cores_of_its_column():
    before = os.sched_getaffinity(0)
    code = "import os, sys; sys.exit(len(os.sched_getaffinity(0)) != {})"
    for count in {1, len(before)}:
        command = Command((sys.executable, "-c", code.format(count)))
        work = Work("dummy", "Dummy", {"A": lambda command=command: command}, processes=True)
        entry = harness.measure(work, [count], rounds=1).entries[0]
        assert (entry.skipped, len(entry.seconds)) == (None, 1)
    assert os.sched_getaffinity(0) == before


def test_a_worker_measures_a_small_work_in_a_process_of_its_own():
    work = registry.find("apple_orange")
    only = Work(work.name, work.title, {"the book": work.contenders["the book"]})
    entry = harness.measure(only, rounds=2, turn=0.001).entries[0]
    assert len(entry.seconds) == 2
    # The price, and the sizes of its five gradients.
    assert entry.value == pytest.approx(715 + 2.2 + 110 + 3.3 + 165 + 650)
    assert entry.peak_mib > 0


def answers_of(monkeypatch, contender, turns=0):
    said = []
    monkeypatch.setattr(worker, "_answers", lambda: None)
    monkeypatch.setattr(worker, "_say", lambda _, **what: said.append(what))
    monkeypatch.setattr(worker, "WARM_UP", 0.0)
    monkeypatch.setattr(registry, "find", lambda _: Work("dummy", "Dummy", {"A": contender}))
    monkeypatch.setattr(sys, "stdin", ["go\n"] * turns)
    worker.main("dummy", "A", 0.001)
    return said


def test_a_contender_that_is_missing_is_skipped_by_name(monkeypatch):
    assert answers_of(monkeypatch, missing) == [{"skipped": "Conv is missing"}]


def test_a_peer_that_is_not_installed_is_skipped_by_name(monkeypatch):
    assert answers_of(monkeypatch, not_installed) == [{"skipped": "a_peer_that_nobody_has is not installed"}]


def test_a_turn_ends_when_the_work_is_finished(monkeypatch):
    calls = []
    step = Step(lambda: calls.append("call") or 2.0, lambda: calls.append("finish"))
    ready, turn, peak = answers_of(monkeypatch, lambda: step, turns=1)
    assert ready["value"] == 2.0
    assert turn["seconds"] > 0
    assert peak["peak_mib"] > 0
    assert calls[-1] == "finish"


def test_a_step_may_measure_itself(monkeypatch):
    _, turn, _ = answers_of(monkeypatch, lambda: lambda: Measured(3.0, {"load": 1.0, "run": 2.0}), turns=1)
    assert (turn["seconds"], turn["stages"]) == (3.0, {"load": 1.0, "run": 2.0})


# ---- whole processes ----------------------------------------------------------------------------------


def test_whole_processes_are_measured_with_their_memory():
    work = Work("dummy", "Dummy", {"A": lambda: Command((sys.executable, "-c", "pass"))}, processes=True)
    entry = harness.measure(work, rounds=2).entries[0]
    assert len(entry.seconds) == 2
    assert entry.peak_mib > 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [("import no_such_peer", "No module named 'no_such_peer'"), ("1/0", "failed: ZeroDivisionError")],
)
def test_a_process_that_fails_says_why(code, reason):
    work = Work("dummy", "Dummy", {"A": lambda: Command((sys.executable, "-c", code))}, processes=True)
    assert harness.measure(work, rounds=1).entries[0].skipped.startswith(reason)


def test_no_setting_of_threads_gets_from_the_shell_into_a_run(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert not {"OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"} & set(harness.environment())


def test_the_names_of_the_works_are_unique_and_every_target_names_a_contender():
    works = registry.works()
    assert len({w.name for w in works}) == len(works)
    for work in works:
        assert {*work.targets, *work.memory_targets} <= set(work.contenders)


# ---- numbers of threads -------------------------------------------------------------------------------


def test_the_columns_are_the_numbers_of_threads_that_the_machine_has(monkeypatch):
    monkeypatch.setattr(threads, "available", lambda: 4)
    assert threads.counts_of(["1", "2", "all"]) == [1, 2, 4]
    assert threads.counts_of(["2", "8", "1", "2"]) == [1, 2, 4]
    for wrong in (["0"], ["-1", "2"], ["two"], []):
        with pytest.raises(ValueError, match=r"."):
            threads.counts_of(wrong)


def test_the_first_processors_are_cores_of_their_own(monkeypatch):
    monkeypatch.setattr(threads, "_core_of", lambda processor: str(processor // 2))
    assert threads.in_order({0, 1, 2, 3, 4, 5}) == [0, 2, 4, 1, 3, 5]
    monkeypatch.setattr(threads, "_core_of", str)
    assert threads.in_order({7, 3, 5}) == [3, 5, 7]


def test_a_system_that_does_not_tie_processes_gets_settings_instead(monkeypatch):
    monkeypatch.setattr(threads, "can_tie", lambda: False)
    settings = threads.settings(3)
    assert settings["OMP_NUM_THREADS"] == settings[threads.SETTING] == "3"
    with threads.held_to(1):
        pass
    monkeypatch.setenv(threads.SETTING, "3")
    assert subject.load("input x\ny = x * 2\noutput y").threads == 3


# ---- the limits of the machine ------------------------------------------------------------------------


@pytest.mark.parametrize("count", ["1", "3"])
def test_memory_traffic_reads_and_writes_every_array_once(monkeypatch, count):
    monkeypatch.setenv(threads.SETTING, count)
    read, written, updated = (
        [np.full(7, 2.0), np.full(7, 3.0)],
        [np.zeros(7) for _ in range(3)],
        [np.full(7, 5.0)],
    )
    moves = limits._moves(read, written, updated)
    assert len({id(out) for *_, out in moves}) == len(moves) == 4
    assert sorted(id(a) for *pair, _ in moves for a in pair if a is not None) == sorted(
        map(id, [*read, *updated])
    )
    for move in moves:
        for cut in (slice(0, 4), slice(4, 7)):
            limits._move(*move)(cut)
    assert sorted(array[0] for array in written) == [1.0, 2.0, 3.0]
    assert updated[0].tolist() == [-5.0] * 7
    assert limits.traffic(10, 2, 1, 1)() is None


def test_the_products_alone_have_the_shapes_of_the_step():
    products = [limits._product(*shape) for shape in [(2, 3, 4), (5, 2, 3, 4)]]
    assert [call.keywords["out"].shape for call in products] == [(2, 4), (5, 2, 4)]
    for call in products:
        call()
        np.testing.assert_allclose(call.keywords["out"], call.args[0] @ call.args[1])


# ---- the comparison is one of equals ------------------------------------------------------------------

NET = """
input x: float[N, 20], t: int[N]
y = x -> Affine(7) -> Relu -> Affine(4)
loss = SoftmaxWithLoss(y, t)
output y
"""


@pytest.fixture
def both():
    """The book's network and graphlang's with the same weights, and a batch."""
    network = book.TwoLayerNet(20, 7, 4, std=0.1)
    graph = gl.loads(NET)
    for number in "12":
        graph.params[f"Affine{number}.W"][...] = network.params[f"W{number}"]
        graph.params[f"Affine{number}.b"][...] = network.params[f"b{number}"]
    rng = np.random.default_rng(3)
    return SimpleNamespace(network=network, graph=graph, x=rng.normal(size=(6, 20)), t=rng.integers(0, 4, 6))


def test_the_books_network_has_the_same_loss(both):
    # The book adds 1e-7 to a probability before it takes the logarithm.
    expected = both.graph.run(x=both.x, t=both.t, of="loss")["loss"]
    assert both.network.loss(both.x, np.eye(4)[both.t]) == pytest.approx(expected, abs=1e-5)


def test_the_books_network_has_the_same_gradients(both):
    found = both.network.gradient(both.x, np.eye(4)[both.t])
    grad = both.graph.run(x=both.x, t=both.t, of="loss").grad
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(found[name], grad[f"Affine{name[1]}.{name[0]}"], rtol=1e-10, atol=1e-14)


def test_the_books_convolution_has_the_gradients_of_finite_differences():
    network = book.SimpleConvNet(std=0.1)
    rng = np.random.default_rng(4)
    x, t = rng.random((2, 1, 28, 28)), np.eye(10)[[3, 7]]
    grads = network.gradient(x, t)
    for name, place in (("W1", (3, 0, 2, 1)), ("b1", (5,)), ("W2", (100, 3)), ("W3", (9, 2))):
        weights, h = network.params[name], 1e-5
        kept = weights[place]
        weights[place] = kept + h
        above = network.loss(x, t)
        weights[place] = kept - h
        below = network.loss(x, t)
        weights[place] = kept
        assert grads[name][place] == pytest.approx((above - below) / (2 * h), rel=1e-4, abs=1e-9)


def test_the_books_loop_learns():
    rng = np.random.default_rng(5)
    x, t = rng.random((200, 20)), rng.integers(0, 2, 200)
    x[:, 0] += 3 * t
    data = {"x_train": x, "t_train": np.eye(4)[t], "x_test": x, "t_test": np.eye(4)[t]}
    history = book.train_neuralnet(book.TwoLayerNet(20, 7, 4), data, iterations=300, batch_size=20)
    assert len(history["loss"]) == 300
    assert len(history["test"]) == 30
    assert history["test"][-1] > 0.95


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_graphlang_on_jax_takes_the_steps_of_graphlang_in_numpy(dtype):
    net = networks.Net(20, 7, 4, 6, dtype)
    steps = [networks.graphlang(net, on_jax=on_jax) for on_jax in (False, True)]
    losses = [[step() for _ in range(3)] for step in steps]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5 if dtype == "float32" else 1e-12)


def test_training_steps_have_a_row_of_graphlang_on_jax():
    names = {work.name for work in registry.works() if subject.ON_JAX in work.contenders}
    training = {
        "two_layer_float32",
        "two_layer_float64",
        "mlp",
        "simple_convnet",
        "lstm",
        "transformer_block",
    }
    assert names == training


def test_where_not_all_start_alike_those_that_do_are_compared(monkeypatch):
    def measured(work, entries, *_):
        for entry in entries:
            entry.value = {"A": 1.0, "B": 2.0, "C": 5.0}[entry.contender]

    monkeypatch.setattr(harness, "measure_calls", measured)
    contenders = dict.fromkeys("ABC", missing)
    work = Work("dummy", "Dummy", contenders, same_value=False, alike=("A", "B"))
    assert harness.measure(work).disagreeing() == ["B"]
    assert harness.measure(Work("dummy", "Dummy", contenders, same_value=False)).disagreeing() == []
    for own in registry.works():
        assert set(own.alike) <= set(own.contenders)


def test_without_jax_its_rows_are_skipped_by_name(monkeypatch):
    monkeypatch.setattr(subject, "find_spec", lambda name: None)
    contender = registry.find("lstm").contenders[subject.ON_JAX]
    assert answers_of(monkeypatch, contender) == [{"skipped": "jax is not installed"}]
