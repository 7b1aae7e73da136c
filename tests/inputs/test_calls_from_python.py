"""Calls from Python: the plain ways to pass inputs and options, and the messages for all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(5) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 2; metrics = [accuracy(y, t)] }
"""
X = np.random.default_rng(0).standard_normal((40, 4))
T = np.arange(40) % 3


# ---- inputs by position --------------------------------------------------------------------------------


def test_one_array_stands_alone_where_one_input_is_needed() -> None:
    net = gl.loads(NET)
    np.testing.assert_array_equal(net.predict(X), net.predict(x=X))
    np.testing.assert_array_equal(net.predict(X.tolist()), net.predict(x=X))
    double = gl.loads("input lambda, c = 2\ny = c * lambda")
    assert double.run(3)["y"] == 6
    assert double.run(3, c=5)["y"] == 15
    assert double.predict(4) == 8
    assert double.forward([1.0, 2.0])["y"].tolist() == [2, 4]
    assert double.run({"lambda": 3, "c": 1})["y"] == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net: net.run(X), r"write run\(x=\.\.\., t=\.\.\.\)"),
        (lambda net: net.run(X, T), r"write run\(x=\.\.\., t=\.\.\.\)"),
        (lambda net: net.forward(X), r"write forward\(x="),
        (lambda net: net.gradcheck(X, T), r"write gradcheck\(x="),
        (lambda net: net.predict(X, T), r"write predict\(x=\.\.\.\)"),
        (lambda net: net.predict(X, x=X), r"write predict\(x=\.\.\.\)"),
        (lambda net: net.fit(X, T), r"write fit\(x=\.\.\., t=\.\.\.\)"),
        (lambda net: net.fit(X), r"write fit\(x=\.\.\., t=\.\.\.\)"),
        (lambda net: net.evaluate(X, T), r"write evaluate\(x=\.\.\., t=\.\.\.\)"),
        (
            lambda _: gl.loads("input lambda, b\ny = lambda * b").predict(3),
            r'predict\(\{"lambda": \.\.\., "b"',
        ),
        (lambda _: gl.loads("y = 2").predict(3), "this graph has none"),
    ],
)
def test_several_inputs_by_position_are_told_by_name(call: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call(gl.loads(NET))


# ---- fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("lr", 0.1, r"write `optimizer=gl\.optimizers\.SGD\(lr=0\.1\)`"),
        ("learning_rate", 0.1, "write `optimizer="),
        ("verbose", 1, "on_epoch=print"),
        ("batch_size", 32, "write `batch="),
        ("scheduler", "cosine", "write `schedule="),
        ("solver", "adam", "write `optimizer="),
        ("shuffle", False, r'set=\{"train.shuffle": False\}'),
        ("clip_norm", 1.0, r'set=\{"train.clip_norm": 1.0\}'),
        ("validation_data", (X, T), "write `validation="),
        ("validate", (X, T), "write `validation="),
        ("momentum", 0.9, r"write `optimizer=gl\.optimizers\.Momentum"),
        ("early_stopping", True, r"`stop = early\(patience=5\)`"),
        ("on_epoch_end", print, "write `on_epoch="),
        ("callbacks", [], "write `on_epoch="),
        ("random_state", 3, r"gl\.load\(file, seed=0\)"),
        ("epoch", 3, "write `epochs="),
        ("epoches", 3, "did you mean `epochs`"),
        ("max_iter", 3, "write `iterations="),
        ("sample_weight", np.ones(40), "in the loss"),
        ("set", {"train.batch": 3}, "given on loading"),
        (
            "whatever",
            3,
            "its options are epochs, iterations, batch, optimizer, schedule, validation, on_epoch",
        ),
    ],
)
def test_an_option_of_another_library_is_told_what_to_write(option: str, value: Any, said: str) -> None:
    net = gl.loads(NET)
    before = net.params.copies()
    with pytest.raises(TypeError, match=said) as caught:
        net.fit(x=X, t=T, **{option: value})
    assert f"fit has no option `{option}`" in str(caught.value)
    assert all(np.array_equal(net.params[n], before[n]) for n in before)


@pytest.mark.parametrize(
    ("method", "option", "said"),
    [
        ("predict", {"batch_size": 10}, "all rows are computed at once"),
        ("predict", {"verbose": 0}, "it prints nothing"),
        ("evaluate", {"batch_size": 10}, "rows are taken in blocks by themselves"),
        ("evaluate", {"metrics": ["accuracy"]}, r"they stand in the `train` section"),
    ],
)
def test_an_option_of_another_librarys_predict_is_told_what_to_write(
    method: str, option: dict[str, Any], said: str
) -> None:
    arrays = {"x": X} if method == "predict" else {"x": X, "t": T}
    with pytest.raises(TypeError, match=f"{method} has no option `{next(iter(option))}`: {said}"):
        getattr(gl.loads(NET), method)(**arrays, **option)


def test_load_weights_tells_its_options() -> None:
    for option, said in [
        ({"strict": False}, "load_weights has no option `strict`: write `partial=True`"),
        ({"partail": True}, "load_weights has no option `partail`; did you mean `partial`"),
        ({"rename": "a=b"}, "rename is a mapping from names"),
    ]:
        with pytest.raises(TypeError, match=said):
            gl.loads(NET).load_weights("net.npz", **option)  # type: ignore[arg-type]


def test_what_the_sentences_say_to_write_works() -> None:
    settings = {"train.optimizer": "Adam(lr=0.001)", "train.shuffle": False, "train.minimize": "loss"}
    net = gl.loads(NET, set=settings, seed=0)
    assert net.spec.train is not None
    assert net.spec.train.optimizer.attributes == {"lr": 0.001}
    validation = {"x": X[:8], "t": T[:8]}
    history = net.fit(x=X, t=T, epochs=1, batch=20, validation=validation, on_epoch=lambda e: None)
    assert len(history.losses) == 2
    assert "accuracy" in history.epochs[0].validation


def test_fit_takes_one_mapping_for_inputs_that_bear_the_name_of_an_option() -> None:
    net = gl.loads(NET.replace("input x:", "input batch:").replace("y = x", "y = batch"))
    assert list(net.inputs) == ["batch", "t"]
    history = net.fit({"batch": X, "t": T}, batch=20, epochs=1)
    assert len(history.losses) == 2


def test_an_input_may_bear_the_name_of_a_habit() -> None:
    text = "input lr: float[N]\nparam w: float = 1\nloss = mean((w * lr - 3)**2)\n"
    net = gl.loads(text + "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 1 }")
    assert len(net.fit(lr=np.ones(8)).losses) == 2


def test_unknown_and_missing_inputs_of_a_fit_are_named_together() -> None:
    net = gl.loads(NET)
    with pytest.raises(gl.GraphError) as caught:
        net.fit(X=X, y=T)
    problems = [(d.code, d.message) for d in caught.value.diagnostics]
    assert problems == [
        ("GL702", "there is no input `X`"),
        ("GL702", "there is no input `y`"),
        ("GL701", "missing inputs: `x`, `t`"),
    ]
    with pytest.raises(gl.GraphError, match="missing input: `t`"):
        net.evaluate(x=X)


def test_wrong_kinds_of_options_are_told_in_a_sentence() -> None:
    net = gl.loads(NET)
    with pytest.raises(TypeError, match=r'write validation=\{"x": \.\.\., "t": \.\.\.\}'):
        net.fit(x=X, t=T, validation=(X, T))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="on_epoch is a function"):
        net.fit(x=X, t=T, on_epoch=3)  # type: ignore[arg-type]


# ---- on_epoch and the history -----------------------------------------------------------------------------


@pytest.mark.parametrize("no", [False, np.bool_(False)])
def test_an_on_epoch_that_returns_false_stops_the_training(no: Any) -> None:
    net = gl.loads(NET)
    history = net.fit(x=X, t=T, epochs=9, on_epoch=lambda e: no if e.epoch == 3 else None)
    assert (len(history.epochs), len(history.losses)) == (3, 12)
    assert net.history is history


@pytest.mark.parametrize("answer", [None, True, 0, "", []])
def test_any_other_return_value_of_on_epoch_continues_the_training(answer: Any) -> None:
    assert len(gl.loads(NET).fit(x=X, t=T, epochs=2, on_epoch=lambda e: answer).epochs) == 2


def test_a_stopped_training_is_that_of_so_many_epochs() -> None:
    # A constant rate does not depend on the length of the training.
    stopped, short = gl.loads(NET, seed=1), gl.loads(NET, seed=1)
    stopped.fit(x=X, t=T, epochs=9, on_epoch=lambda e: e.epoch < 2)
    short.fit(x=X, t=T, epochs=2)
    for name in short.params:
        np.testing.assert_array_equal(stopped.params[name], short.params[name])


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_an_exception_in_on_epoch_keeps_the_history(kind: type[BaseException]) -> None:
    net = gl.loads(NET)

    def fails(epoch: Any) -> None:
        if epoch.epoch == 2:
            raise kind

    with pytest.raises(kind):
        net.fit(x=X, t=T, epochs=5, on_epoch=fails)
    assert net.history is not None
    assert (len(net.history.epochs), len(net.history.losses)) == (2, 8)
    assert "8 iterations, 2 epochs, last: Epoch(epoch=2" in repr(net.history)


# ---- evaluate ----------------------------------------------------------------------------------------------


def test_evaluate_gives_the_loss_and_the_metrics() -> None:
    net = gl.loads(NET, dtype="float64")
    scores = net.predict(X)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    metrics = net.evaluate(x=X, t=T)
    assert set(metrics) == {"accuracy", "loss"}
    assert metrics["accuracy"] == np.mean(scores.argmax(axis=1) == T)
    assert metrics["loss"] == pytest.approx(-logs[np.arange(40), T].mean())
    assert net.evaluate({"x": X, "t": T}) == metrics


def test_evaluate_takes_the_files_own_data_and_its_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x_train=X[:30], t_train=T[:30], x_test=X[30:], t_test=T[30:])
    (tmp_path / "net.graph").write_text(NET + 'data { source = npz("d.npz"); x = x; t = t }')
    net = gl.load(tmp_path / "net.graph")
    assert net.evaluate() == net.evaluate(x=X[30:], t=T[30:])
    assert net.evaluate(split="train") == net.evaluate(x=X[:30], t=T[:30])
    with pytest.raises(ValueError, match='split is "train", "validation" or "test"'):
        net.evaluate(split="valid")
    with pytest.raises(gl.GraphError, match="`evaluate` needs a `train` section"):
        gl.loads("y = x").evaluate(x=X)
    with pytest.raises(gl.GraphError, match="`evaluate` needs a `data` section"):
        gl.loads(NET).evaluate()


# ---- loading, saving, looking -----------------------------------------------------------------------------


def test_weights_are_read_from_the_folder_of_a_run(tmp_path: Path) -> None:
    a, b = gl.loads(NET, seed=1), gl.loads(NET, seed=2)
    (tmp_path / "run").mkdir()
    a.save(tmp_path / "run" / "weights.npz")
    b.load_weights(tmp_path / "run")
    np.testing.assert_array_equal(a.params["Affine1.W"], b.params["Affine1.W"])
    with pytest.raises(gl.GraphError, match="name one of the runs in it"):
        b.load_weights(tmp_path)


def test_weights_keep_the_name_that_they_are_given(tmp_path: Path) -> None:
    net = gl.loads(NET)
    for name in ("net.npz", "net.bin", "net"):
        net.save(tmp_path / name)
        net.load_weights(str(tmp_path / name))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net", "net.bin", "net.npz"]


@pytest.mark.parametrize("name", ["net.graph", "net.csv", "net.pt", "net.JSON"])
def test_weights_do_not_take_the_name_of_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(gl.GraphError, match="weights are written as npz") as caught:
        gl.loads(NET).save(tmp_path / name)
    assert "net.npz`" in (caught.value.diagnostics[0].help or "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["y = x * 2", "input x = 3\ny = x * 2", "input x = 3\ny = x * 2\n" * 3000])
def test_a_text_that_is_loaded_as_a_file_is_told_where_it_goes(text: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.load(text)
    assert "`gl.loads(text)`" in (caught.value.diagnostics[0].help or "")


def test_a_file_that_is_loaded_as_a_text_is_told_where_it_goes() -> None:
    for text in ("specs/apple.graph", "apple.graph\n"):
        with pytest.raises(ValueError, match="the file is read by `load"):
            gl.loads(text)
    with pytest.raises(TypeError, match=r"gl\.load reads a file"):
        gl.Graph("apple.graph")  # type: ignore[arg-type]
    with pytest.raises(gl.GraphError, match="this is no name of a file"):
        gl.load("a\0b")


@pytest.mark.parametrize(
    ("name", "said"),
    [("parameters", "`params`"), ("train", "`fit`"), ("score", "`evaluate`"), ("foo", "no attribute 'foo'")],
)
def test_a_method_of_another_library_gets_the_name_that_it_has_here(name: str, said: str) -> None:
    net = gl.loads(NET)
    with pytest.raises(AttributeError, match=said):
        getattr(net, name)
    assert not hasattr(net, name)
    assert name not in dir(net)


def test_what_is_public_shows_and_documents_itself() -> None:
    assert {n for n in dir(gl) if not n.startswith("_")} == {*gl.__all__, "onnx", "sklearn"}
    for name in gl.__all__:
        assert getattr(gl, name).__doc__, name
    net = gl.loads(NET)
    shown = [
        net.forward(x=X, t=T),
        net.run(x=X, t=T),
        net.compile(),
        net.compile(train=True),
        net.params,
        net,
    ]
    for value in (*shown, net.fit(x=X, t=T), net.gradcheck()):
        assert " object at 0x" not in repr(value)
        assert len(repr(value)) < 2000
