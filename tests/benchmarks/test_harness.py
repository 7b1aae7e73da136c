"""The benchmark's harness on dummy work, and the book's network against graphlang's: that they compute the same."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import graphlang as gl
from benchmarks import book, harness, registry, report, worker
from benchmarks.work import Command, Measured, Skip, Step, Work


def outcome(mine=(1.0, 2.0, 3.0), other=(4.0, 4.0, 8.0), **targets):
    entries = [
        harness.Entry("graphlang", list(mine), value=1.0),
        harness.Entry("peer", list(other), value=1.0),
    ]
    return harness.Outcome("dummy", "Dummy work", entries, targets)


def missing():
    raise Skip("Conv is missing")


def not_installed():
    import a_peer_that_nobody_has  # noqa: F401


# ---- ratios and the table -----------------------------------------------------------------------------


def test_the_ratio_is_that_of_the_medians():
    assert outcome().ratio("peer") == 0.5


def test_there_is_no_ratio_with_a_peer_that_was_skipped():
    assert outcome(other=()).ratio("peer") is None


def test_the_table_says_by_how_much_a_target_is_missed():
    assert "missed by 25%" in report.row(outcome(peer=0.4))
    assert report.row(outcome(peer=0.5)).rstrip().splitlines()[2].endswith("met  (3 rounds)")


def test_a_skipped_contender_is_named_with_its_reason():
    row = outcome()
    row.entries[1] = harness.Entry("peer", skipped="peer is not installed")
    assert "peer                    skipped: peer is not installed" in report.row(row)


def test_a_contender_with_another_result_is_named():
    row = outcome()
    row.entries.append(harness.Entry("third", [1.0], value=1.1))
    assert row.disagreeing() == ["third"]
    assert "another result: third" in report.row(row)


def test_the_results_round_trip_through_json():
    rows = [outcome(peer=0.5)]
    data = json.loads(json.dumps(harness.as_data(rows, {"cores": 2})))
    assert data["rows"][0]["entries"][1]["ratio"] == 0.5
    assert harness.from_data(data) == rows


def test_the_markdown_has_a_line_for_every_peer():
    lines = report.markdown([outcome(peer=0.5)]).splitlines()
    assert lines[2] == "| Dummy work | 2 s | peer | 4 s | **0.50** | 0.5 |"


def test_the_markdown_says_why_graphlang_was_skipped():
    row = outcome()
    row.entries[0] = harness.Entry("graphlang", skipped="Conv is missing")
    assert report.markdown([row]).splitlines()[2].startswith("| Dummy work | Conv is missing |")


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (1.5e-6, "1.5 µs"), (2e-8, "20 ns")]
)
def test_a_duration_has_three_digits_and_a_unit(seconds, text):
    assert report.duration(seconds) == text


# ---- taking turns -------------------------------------------------------------------------------------


def test_the_contenders_take_turns(monkeypatch):
    order = []

    class Fake:
        def __init__(self, work, contender, turn) -> None:
            self.entry = harness.Entry(contender)

        def turn(self):
            order.append(self.entry.contender)
            self.entry.seconds.append(1.0)

        def end(self):
            return self.entry

    monkeypatch.setattr(harness, "Worker", Fake)
    found = harness.measure(Work("dummy", "Dummy", {"A": missing, "B": missing}), rounds=3)
    assert order == ["A", "B", "A", "B", "A", "B"]
    assert [len(entry.seconds) for entry in found.entries] == [3, 3]


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


def test_a_row_says_when_other_programs_kept_the_machine_busy():
    row = outcome()
    assert "unreliable" not in report.row(row)
    row.entries[0].wall, row.entries[0].others = 2.0, 3.0
    assert "other programs kept 1.5 cores busy" in report.row(row)


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
