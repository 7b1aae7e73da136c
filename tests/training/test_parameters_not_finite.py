"""Parameters that are not finite are no result: nothing of them is saved, and the message names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets.arrays import from_arrays
from graphlang.training.finite_state import FiniteState
from graphlang.training.loop import train
from graphlang.training.record import History
from graphlang.training.run_folder import RunFolder
from graphlang.training.sections import section_of
from graphlang.training.state import TrainingState

FALLS = """input x: float[N]
param w: float = 0
loss = mean(x) * (w - stop_gradient(w))
output loss
train { minimize = loss; optimizer = SGD(lr=%s); batch = 1; epochs = 3; shuffle = false; dtype = float32 }
"""
"""The loss is 0 and the gradient of `w` the row, so that one large row makes an infinite step."""


def falls(lr: str = "1") -> gl.Graph:
    return gl.loads(FALLS % lr)


def refused(graph: gl.Graph, rows: Any, **options: Any) -> Any:
    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, from_arrays({"x": np.array(rows, np.float32)}), **options)
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.parametrize(("sign", "value"), [(1.0, "-inf"), (-1.0, "inf")])
def test_a_last_update_to_infinity_is_no_success_and_names_parameter_and_step(
    tmp_path: Path, sign: float, value: str
) -> None:
    problem = refused(falls("1e30"), [1.0, sign * 1e30], folder=tmp_path / "run", epochs=1)
    assert problem.code == "GL728"
    assert (
        problem.message
        == f"`w` holds {value} since the update of iteration 2, though its gradient was finite"
    )
    assert problem.span is not None
    assert not (tmp_path / "run/weights.npz").exists()
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 3, (
        "the record up to there is kept"
    )


def test_the_last_good_checkpoint_stays_and_the_run_goes_on_from_it(tmp_path: Path) -> None:
    small = from_arrays({"x": np.ones(2, np.float32)})
    train(falls("1e30").model, small, folder=tmp_path / "run", epochs=1)
    before = (tmp_path / "run/checkpoint.npz").read_bytes()
    large = np.array([2e8, 2e8], np.float32)
    problem = refused(falls("1e30"), large, resume=tmp_path / "run", epochs=2, changed=True)
    assert problem.message.startswith("`w` holds -inf since the update of iteration 4")
    assert (tmp_path / "run/checkpoint.npz").read_bytes() == before
    with np.load(tmp_path / "run/weights.npz") as weights:
        assert np.isfinite(weights["w"])
    train(falls("1e30").model, small, resume=tmp_path / "run", epochs=2)


def test_a_loss_that_is_not_a_number_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    text = FALLS.replace("mean(x) * (w - stop_gradient(w))", "mean(log(x - 5 * w))") % "0.01"
    graph = gl.loads(text.replace("epochs = 3", "epochs = 40"))
    problem = refused(graph, [1.0, 2.0], folder=tmp_path / "run")
    assert problem.code == "GL704"
    assert "(log)" in problem.message
    checkpoint = RunFolder(tmp_path / "run", None).checkpoint()
    assert 0 < checkpoint.iteration < 80
    assert np.isfinite(checkpoint.params["w"])
    with np.load(tmp_path / "run/weights.npz") as weights:
        assert weights["w"] == checkpoint.params["w"]


def test_an_interruption_after_such_an_update_saves_nothing(tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.iteration == 2:
            raise KeyboardInterrupt

    problem = refused(falls("1e30"), [1.0, 1e30, 1.0], folder=tmp_path / "run", on_progress=stop)
    assert problem.code == "GL728"
    assert not (tmp_path / "run/checkpoint.npz").exists()


def test_the_iterations_in_between_are_named_where_the_step_is_not_known() -> None:
    text = FALLS.replace("mean(x) * (w - stop_gradient(w))", "sum(x * relu(w + 1))")
    problem = refused(gl.loads(text % "10"), [1e-3, 1e-3, 3e38, 1.0, 1.0], epochs=1)
    assert (
        problem.message
        == "`w` holds -inf since an update of the iterations 1 to 4, though its gradient was finite"
    )


def test_fit_raises_too_and_keeps_its_record() -> None:
    graph = falls("1e30")
    with pytest.raises(gl.GraphError, match=r"`w` holds -inf since the update of iteration 2"):
        graph.fit(x=np.array([1, 1e30], np.float32), epochs=1)
    assert graph.history is not None
    assert len(graph.history.losses) == 2


def test_what_the_optimizer_remembers_is_looked_at_too() -> None:
    model = falls().model
    state = TrainingState(model, section_of(model, "train"), None)
    finite = FiniteState(state)
    state.slots["w"] = {"v": np.zeros((), np.float32)}
    finite.check()
    state.slots["w"]["v"][...] = np.inf
    state.t = 1
    with pytest.raises(
        gl.GraphError, match="`v`, remembered of `w`, holds inf since the update of iteration 1"
    ):
        finite.check()


def test_a_sum_that_overflows_is_no_number_that_is_not_finite() -> None:
    model = gl.loads("input x: float[N, 2]\nloss = mean((x -> Affine(2))**2)\noutput loss\n"
                     "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }").model  # fmt: skip
    model.params["Affine1.W"][...] = np.finfo(np.float32).max
    FiniteState(TrainingState(model, section_of(model, "train"), None)).check()


def test_parameters_that_are_not_finite_at_the_start_are_refused(tmp_path: Path) -> None:
    graph = gl.loads("input x: float[N, 2]\nloss = mean((x -> Affine(2))**2)\noutput loss\n"
                     "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }")  # fmt: skip
    graph.params["Affine1.W"][1, 0] = np.nan
    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, from_arrays({"x": np.ones((4, 2))}), folder=tmp_path / "run")
    (problem,) = caught.value.diagnostics
    assert problem.message == "`Affine1.W` holds nan at [1, 0] before the first step"
    assert "learning rate" not in (problem.help or "")
    assert not (tmp_path / "run").exists()


# ---- files ------------------------------------------------------------------------------------------------

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Momentum(lr=0.1); batch = 2; epochs = 2 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    np.savez("d.npz", x=np.arange(12.0).reshape(6, 2) / 12, t=np.arange(6) % 3)
    np.savez("bad.npz", **{"Affine1.W": np.array([[0, 1, 2], [3, np.inf, 5.0]]), "Affine1.b": np.zeros(3)})
    np.savez("in.npz", x=np.array([[0, 1.0], [np.nan, 3]]))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("train", "net.graph", "--weights", "bad.npz"),
        ("evaluate", "net.graph", "--weights", "bad.npz"),
        ("predict", "net.graph", "--weights", "bad.npz", "--inputs", "in.npz"),
    ],
    ids=lambda words: words[0],
)
def test_weights_from_a_file_name_array_and_place(
    folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 1
    told = capsys.readouterr().err
    assert "error[GL709]: `Affine1.W` holds inf at [1, 1]" in told
    assert "bad.npz" in told
    assert "learning rate" not in told


def test_load_weights_refuses_them_and_changes_nothing(folder: Path) -> None:
    graph = gl.load("net.graph")
    before = graph.params.copies()
    with pytest.raises(gl.GraphError, match=r"`Affine1.W` holds inf at \[1, 1\]"):
        graph.load_weights("bad.npz")
    assert all(np.array_equal(before[name], graph.params[name]) for name in before)


def test_inputs_that_are_not_finite_are_computed_with_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "net.graph", "--run", "run"]) == 0
    capsys.readouterr()
    assert main(["predict", "net.graph", "--weights", "run", "--inputs", "in.npz"]) == 0
    assert "note: `x` in `in.npz` holds nan at [1, 0]" in capsys.readouterr().err
    np.save("in.npy", [[0, 1], [2, np.inf]])
    assert main(["predict", "net.graph", "--weights", "run", "--set", "x=@in.npy"]) == 0
    assert "note: `x` in `in.npy` holds inf at [1, 1]" in capsys.readouterr().err
    Path("in.json").write_text('{"x": [[0, 1], [2, "-inf"]]}')
    assert main(["predict", "net.graph", "--weights", "run", "--inputs", "in.json"]) == 0
    assert "note: `x` in `in.json` holds -inf at [1, 1]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["param:Affine1.W", "slot:v:Affine1.W"])
def test_a_checkpoint_with_a_number_that_is_not_finite_is_refused(folder: Path, name: str) -> None:
    train(gl.load("net.graph").model, rows_of_files(), folder=folder / "run", fields={"x": "x", "t": "t"})
    run = RunFolder(folder / "run", None)
    checkpoint = run.checkpoint()
    arrays = checkpoint.arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][0, 2] = np.nan
    wrong = type(checkpoint).from_arrays(arrays)
    run.write(wrong, History())
    with pytest.raises(gl.GraphError, match=r"holds nan at \[0, 2\]"):
        train(gl.load("net.graph").model, rows_of_files(), resume=folder / "run", fields={"x": "x", "t": "t"})


def rows_of_files() -> Any:
    return from_arrays({"x": np.arange(12.0).reshape(6, 2) / 12, "t": np.arange(6) % 3})


# ---- data ---------------------------------------------------------------------------------------------------

ROWS = {"x": np.arange(12.0).reshape(6, 2), "t": np.arange(6) % 3}


def idx(path: str, array: Any) -> None:
    kinds = {"uint8": 0x08, "float32": 0x0D}
    head = bytes([0, 0, kinds[str(array.dtype)], array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    Path(path).write_bytes(head + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes())


def of_npz(x: Any) -> str:
    np.savez("bad_data.npz", x_train=ROWS["x"], t_train=ROWS["t"], x_test=x, t_test=ROWS["t"])
    return 'npz("bad_data.npz")'


def of_csv(x: Any) -> str:
    lines = ["a,b,t", *(f"{float(r[0])},{float(r[1])},{t}" for r, t in zip(x, ROWS["t"], strict=True))]
    Path("bad.csv").write_text("\n".join(lines))
    return 'csv("bad.csv", test=0)'


def of_idx(x: Any) -> str:
    idx("images", x.astype(np.float32).reshape(6, 1, 2))
    idx("labels", ROWS["t"].astype(np.uint8))
    return 'idx("images", "labels", normalize=false)'


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    ("source", "place"),
    [(of_npz, "row 4 of the test split"), (of_csv, "line 6, column `b` of `bad.csv`"), (of_idx, "row 4")],
    ids=["npz", "csv", "idx"],
)
def test_data_of_every_source_names_field_and_row_and_does_not_blame_the_rate(
    folder: Path, source: Any, place: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    x = ROWS["x"].copy()
    x[4, 1] = float(number)
    Path("net.graph").write_text(NET.replace('npz("d.npz")', source(x)))
    assert main(["train", "net.graph", "--run", "run"]) == 1
    told = capsys.readouterr().err
    assert place in told
    assert number in told
    assert "learning rate" not in told
    assert not Path("run").exists()


def test_validation_arrays_from_python_name_the_row() -> None:
    x = ROWS["x"].copy()
    x[4, 1] = np.inf
    with pytest.raises(gl.GraphError, match="`x` holds inf in row 4 of the validation split"):
        gl.loads(NET.replace('data { source = npz("d.npz"); x = x; t = t }', "")).fit(
            ROWS, validation={"x": x, "t": ROWS["t"]}
        )


def test_a_step_of_ones_own_loop_looks_at_the_parameters_now_and_then() -> None:
    graph = falls("1e30")
    step = graph.compile(train=True)
    step(x=np.ones(1, np.float32))
    step(x=np.full(1, 1e30, np.float32))  # the last finite loss: 0 whatever `w` is
    assert np.isinf(graph.params["w"])
    again = graph.compile(train=True)
    with pytest.raises(gl.GraphError, match="`w` holds -inf") as caught:
        again(x=np.ones(1, np.float32))
    assert caught.value.diagnostics[0].code == "GL728"


def test_it_says_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphlang.training.step.CHECKED_EVERY", 2)
    step = falls("1e30").compile(train=True)
    step(x=np.ones(1, np.float32))
    step(x=np.full(1, 1e30, np.float32))
    with pytest.raises(gl.GraphError, match="`w` holds -inf since an update of the iterations 1 to 2"):
        step(x=np.ones(1, np.float32))
