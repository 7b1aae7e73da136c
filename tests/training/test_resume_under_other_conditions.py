"""A run goes on under the conditions that it was started with, or says what is not as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import console, main
from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Dataset
from graphlang.engine.workers import usable_threads
from graphlang.training.changed_conditions import changes
from graphlang.training.conditions import BLAS_THREADS, Conditions
from graphlang.training.loop import train
from graphlang.training.resumption import MOST_TOLD, refuse_changes
from graphlang.training.run_folder import RunFolder

NET = """input x: float[N, 4], t: int[N]
input c = 1
h = x * c -> Affine(8) -> Dropout(0.1)
y = h -> Tanh -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Momentum(lr=0.1); batch = 10; epochs = 2
        metrics = [accuracy(y, t)]; dtype = float32 }
"""


def data(seed: int = 0, rows: int = 35) -> Dataset:
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, rows)
    x = (rng.standard_normal((rows, 4)) + np.eye(4)[t]).astype(np.float32)
    return from_arrays({"x": x, "t": t}, test={"x": x[:9], "t": t[:9]})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    train(gl.loads(NET).model, data(), folder=tmp_path / "run")
    return tmp_path / "run"


def go_on(run: Path, text: str = NET, *, epochs: int = 3, changed: bool = False, **options: Any) -> list[str]:
    """Goes on with a run, and returns what was told."""
    told: list[str] = []
    rows = options.pop("rows", None) or data()
    graph = gl.loads(text, **options)
    train(graph.model, rows, resume=run, epochs=epochs, on_note=told.append, changed=changed)
    return told


def refusals(run: Path, text: str = NET, **options: Any) -> list[str]:
    """Why a run does not go on; the checkpoint stays as it is."""
    before = (run / "checkpoint.npz").read_bytes()
    with pytest.raises(gl.GraphError) as caught:
        go_on(run, text, **options)
    assert (run / "checkpoint.npz").read_bytes() == before
    assert {problem.code for problem in caught.value.diagnostics} == {"GL727"}
    return [problem.message for problem in caught.value.diagnostics]


def with_(old: str, new: str) -> str:
    assert old in NET
    return NET.replace(old, new)


def test_what_changes_no_number_is_no_difference(run: Path) -> None:
    text = with_("h = x * c -> Affine(8)", "# a comment\nhidden = x*c  # another\n  -> Affine(8)")
    text = text.replace("y = h ->", "y = hidden ->").replace(
        "Momentum(lr=0.1)", "Momentum(lr=0.1, momentum=0.9)"
    )
    assert go_on(run, text.replace("output y", "output y\nprobability = softmax(y)")) == []


DIFFERENCES = [
    ("Dropout(0.1)", "Dropout(0.2)", ["line 3 of `<text>` was `h = x * c -> Affine(8) -> Dropout(0.1)` in this run, "
                                      "and is `h = x * c -> Affine(8) -> Dropout(0.2)`"]),
    ("-> Tanh", "-> Relu", ["line 4 of `<text>` was `y = h -> Tanh -> Affine(3)`", "-> Relu -> Affine(3)`"]),
    ("x * c -> Aff", "x -> Aff", ["line 3 of `<text>`", "the data of `c` (train) was float32[]"]),
    ("lr=0.1", "lr=0.05", ["`train.optimizer.lr` was 0.1 in this run, and is 0.05"]),
    ("lr=0.1", "lr=0.1, momentum=0.5", ["`train.optimizer.momentum` was 0.9 in this run, and is 0.5"]),
    ("batch = 10", "batch = 11", ["`train.batch` was 10 in this run, and is 11"]),
    ("batch = 10", "batch = 10; shuffle = false", ["`train.shuffle` was true in this run, and is false"]),
    ("batch = 10", "batch = 10; clip_norm = 1", ["`train.clip_norm` was not set in this run, and is 1.0"]),
    ("batch = 10", "batch = 10; schedule = step(5, 0.5)",
     ["`train.schedule` was constant in this run, and is step", "`train.schedule.gamma` was not set in this run, and is 0.5"]),
    ("input c = 1", "input c = 2", ["the data of `c` (train) was float32[] "]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), DIFFERENCES, ids=lambda value: str(value)[:24])
def test_each_difference_is_told_with_both_values_and_ends_it_unless_told_to_go_on(
    run: Path, old: str, new: str, words: list[str]
) -> None:
    text = with_(old, new)
    messages = refusals(run, text)
    for word in words:
        assert any(word in message for message in messages), messages
    graph, told = gl.loads(text), []
    history = train(graph.model, data(), resume=run, epochs=3, on_note=told.append, changed=True)
    assert told == history.differences == messages
    about = json.loads((run / "run.json").read_text())
    assert about["changes"] == [{"after iteration": 8, "differences": messages}]
    assert (run / "spec.graph").read_text() == text
    assert go_on(run, text, epochs=4) == [], "what it goes on with from now on is what it did last"


def test_data_with_other_numbers_is_told_with_its_digests(run: Path) -> None:
    assert any("the data of `x` (train) was float32[35, 4] " in m for m in refusals(run, rows=data(1)))
    rows = data()
    test = dict(rows.splits["test"])
    test["t"] = replace(test["t"], read=lambda: np.zeros(9, np.int64))
    (message,) = refusals(run, rows=Dataset("arrays", {**rows.splits, "test": test}))
    assert message.startswith("the data of `t` (test) was int64[9] ")


def test_lines_that_are_new_or_gone_are_named(run: Path) -> None:
    text = with_("y = h -> Tanh -> Affine(3)", "g = h -> Tanh\ny = g * 2 -> Affine(3)")
    messages = refusals(run, text)
    assert messages == [
        "line 4 of `<text>` was `y = h -> Tanh -> Affine(3)` in this run, and is `g = h -> Tanh`",
        "line 5 of `<text>` was not there in this run: `y = g * 2 -> Affine(3)`",
    ]
    go_on(run, text, changed=True)
    assert (
        refusals(run, epochs=4)[1]
        == "behind line 4 of `<text>` this run had another one: `y = g * 2 -> Affine(3)`"
    )


def test_a_changed_line_of_an_imported_file_is_named(tmp_path: Path) -> None:
    block = "def Block(x) {\n    return x -> Affine(8) -> %s\n}\n"
    (tmp_path / "parts.graph").write_text(block % "Tanh")
    text = 'import "parts.graph" as parts\n' + with_("x * c -> Affine(8)", "x * c -> parts.Block")
    train(gl.loads(text, folder=tmp_path).model, data(), folder=tmp_path / "run")
    (tmp_path / "parts.graph").write_text("# other words\n" + block % "Tanh")
    assert go_on(tmp_path / "run", text, folder=tmp_path) == []
    (tmp_path / "parts.graph").write_text(block % "Relu")
    (message,) = refusals(tmp_path / "run", text, folder=tmp_path, epochs=4)
    assert "line 2 of `parts.graph` was" in message
    assert "Tanh" in message
    assert "Relu" in message


def test_a_hyper_from_outside_is_named(tmp_path: Path) -> None:
    text = "hyper rate = 0.1\n" + with_("Dropout(0.1)", "Dropout(rate)")
    train(gl.loads(text).model, data(), folder=tmp_path / "run")
    (message,) = refusals(tmp_path / "run", text, set={"rate": 0.3})
    assert message == "`rate` was 0.1 in this run, and is 0.3"
    go_on(tmp_path / "run", text, set={"rate": 0.3}, changed=True)
    assert json.loads((tmp_path / "run/run.json").read_text())["hypers"] == {"rate": 0.3}


def test_a_spec_without_its_text_names_the_node(tmp_path: Path) -> None:
    def bare(text: str) -> gl.Graph:
        return gl.Graph.from_spec(gl.loads(text).spec.model_copy(update={"sources": ()}))

    train(bare(NET).model, data(), folder=tmp_path / "run")
    with pytest.raises(gl.GraphError) as caught:
        train(bare(with_("Dropout(0.1)", "Dropout(0.2)")).model, data(), resume=tmp_path / "run")
    (problem,) = caught.value.diagnostics
    assert problem.message.startswith("`h` is not computed as it was in this run")


def test_more_epochs_are_a_difference_where_the_schedule_depends_on_their_number(tmp_path: Path) -> None:
    text = with_("batch = 10", "batch = 10; schedule = cosine")
    train(gl.loads(text).model, data(), folder=tmp_path / "run")
    assert refusals(tmp_path / "run", text) == ["`train.iterations` was 8 in this run, and is 12"]
    assert go_on(tmp_path / "run", text, epochs=2) == []


def test_other_metrics_are_told_and_are_no_obstacle(run: Path) -> None:
    text = with_("[accuracy(y, t)]", "[mean(y)]")
    assert go_on(run, text) == [
        "the metric `accuracy` is no longer measured; the epochs before are as they were",
        "the metric `mean` is new; the epochs before are as they were",
    ]


def test_a_run_keeps_its_number_of_threads_and_says_so(tmp_path: Path) -> None:
    own = usable_threads(None)[0]
    train(gl.loads(NET, threads=own + 1).model, data(), folder=tmp_path / "run")
    (told,) = go_on(tmp_path / "run")
    assert told.startswith(f"going on with {own + 1} threads, as the run was started, not with the {own} ")
    assert json.loads((tmp_path / "run/run.json").read_text())["threads"] == own + 1
    (message,) = refusals(tmp_path / "run", threads=own + 2, epochs=4)
    assert message == f"this run was computed on {own + 1} threads, and would go on with {own + 2} threads"
    assert go_on(tmp_path / "run", threads=own + 2, epochs=4, changed=True) == [message]
    assert json.loads((tmp_path / "run/run.json").read_text())["threads"] == own + 2


def conditions(run: Path) -> Conditions:
    return RunFolder(run, None).checkpoint().conditions


def test_other_versions_and_another_processor_are_told_in_one_sentence(run: Path) -> None:
    before = conditions(run)
    there = {**before.environment, "NumPy": "1.0", "BLAS": "another"}
    refused, told = changes("run", replace(before, environment=there), before)
    assert refused == []
    (sentence,) = told
    assert f"NumPy was 1.0 and is {np.__version__}; BLAS was another and is " in sentence
    there = {**before.environment, BLAS_THREADS: "64"}
    (sentence,) = changes("run", replace(before, environment=there), before).told
    assert "the number of BLAS threads was 64 and is " in sentence
    refused, told = changes("run", before, replace(before, streams=dict.fromkeys(before.streams, "0")))
    assert len(refused) == 2
    assert told == []


def test_the_conditions_of_a_checkpoint_have_a_form(run: Path) -> None:
    value = conditions(run).as_json()
    assert Conditions.from_json(json.loads(json.dumps(value))) == conditions(run)
    for name in value:
        for junk in (None, 3.5, [], {"a": {}}, "x"):
            with pytest.raises(ValueError, match="condition"):
                Conditions.from_json({**value, name: junk})
        with pytest.raises(ValueError, match="conditions"):
            Conditions.from_json({key: v for key, v in value.items() if key != name})


@pytest.mark.parametrize("name", ["conditions", "order", "epochs", "iteration", "per_epoch", "losses"])
def test_a_checkpoint_that_lacks_something_or_holds_something_else_is_damaged(
    tmp_path: Path, name: str
) -> None:
    def stop(progress: Any) -> None:
        if progress.iteration == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(gl.loads(NET).model, data(), folder=tmp_path / "run", on_progress=stop)
    checkpoint = RunFolder(tmp_path / "run", None).checkpoint()
    arrays = checkpoint.arrays()
    assert sorted(arrays["order"]) == list(range(35))
    for wrong in (np.zeros(35, int), np.zeros((2, 2)), np.zeros(4, np.uint8)):
        with pytest.raises((ValueError, KeyError, TypeError)):
            type(checkpoint).from_arrays({**arrays, name: wrong})


def test_what_a_checkpoint_says_is_told_in_short_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = conditions_of_a_stranger()
    told: list[str] = []
    sentences = refuse_changes(
        "run", before, replace(before, data={}, backend={"name": "numpy"}), True, told.append
    )
    assert len(told) == MOST_TOLD + 1
    assert told == sentences
    assert told[-1] == "62 more differences"
    assert max(map(len, told)) <= 1000
    console.note("a line\n\x1b[31m and \u202e another")
    assert capsys.readouterr().err == "note: a line\ufffd\ufffd[31m and \ufffd another\n"


def conditions_of_a_stranger() -> Conditions:
    data = {f"train {'x' * 100_000}{i}": "y" * 100_000 for i in range(101)}
    backend = {"name": "z" * 100_000, "device": "w" * 100_000}
    return Conditions({}, {}, {}, {}, {}, data, {}, backend, 1)


# ---- the command ------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    source = 'data { source = npz("d.npz"); x = x; t = t }\ntrain {'
    Path("net.graph").write_text(NET.replace("train {", source))
    rows = data()
    np.savez("d.npz", x=rows.train["x"].load(), t=rows.train["t"].load())
    assert main(["train", "net.graph", "--run", "run"]) == 0
    return tmp_path


def test_the_command_names_the_option_that_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "net.graph", "--resume", "run", "--set", "train.epochs=3", "--set", "train.batch=11"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "error[GL727]: `train.batch` was 10 in this run, and is 11" in told
    assert "`--resume-changed`" in told
    assert main([*words, "--resume-changed"]) == 0
    assert "note: `train.batch` was 10 in this run, and is 11" in capsys.readouterr().err


def test_the_command_keeps_the_threads_of_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = usable_threads(None)[0] + 1
    assert main(["train", "net.graph", "--run", "other", "--threads", str(other)]) == 0
    capsys.readouterr()
    assert main(["train", "net.graph", "--resume", "other", "--set", "train.epochs=3"]) == 0
    assert f"note: going on with {other} threads, as the run was started" in capsys.readouterr().err
    assert main(["train", "net.graph", "--resume", "other", "--threads", str(other + 1)]) == 1
    assert "leave out `--threads`" in capsys.readouterr().err


def test_other_data_is_refused_by_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = data(1)
    np.savez("d.npz", x=rows.train["x"].load(), t=rows.train["t"].load())
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=3"]) == 1
    assert "the data of `x` (train) was float32[35, 4]" in capsys.readouterr().err


def test_the_option_belongs_to_resume(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "net.graph", "--resume-changed"]) == 2
    assert "--resume-changed belongs to --resume RUN" in capsys.readouterr().err
