"""The estimators of scikit-learn: its own checks, and what a user does with one."""

from __future__ import annotations

import importlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from graphlang.sklearn import GraphClassifier, GraphRegressor

NET = """\
hyper D = 4, C = 3, hidden = 8
input x: float[N, D], t: int[N]
y = x -> Affine(hidden) -> Tanh -> Affine(C)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.05); batch = 50; epochs = 8 }
"""
LINE = """\
input x: float[N, 1], t: float[N]
y = reshape(x -> Affine(1), -1)
loss = MeanSquaredError(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 60; dtype = float64 }
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.graph"
    path.write_text(NET)
    return path


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any]:
    data = load_iris()
    return data.data, data.target


def rows(n: int = 40, columns: int = 4, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, columns))


# Nearly every check trains, so they take their time: with the hundred epochs of the default, twice as long.
CHECKS = [
    pytest.param(estimator, check, id=f"{type(started).__name__}-{check.func.__name__}")
    for started in (
        GraphClassifier(NET.replace("epochs = 8", "epochs = 15; dtype = float64")),
        GraphRegressor(train__epochs=12, train__optimizer__lr=0.05),
    )
    for estimator, check in estimator_checks_generator(started)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_estimators_pass_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# ---- in the tools of scikit-learn ----------------------------------------------------------------------------


def test_a_spec_is_tuned_by_its_settings_in_a_pipeline(net: Path, iris: tuple[Any, Any]) -> None:
    pipeline = make_pipeline(StandardScaler(), GraphClassifier(net, random_state=1))
    grid = {"graphclassifier__hidden": [1, 8], "graphclassifier__train__optimizer__lr": [0.0001, 0.05]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*iris)
    assert search.best_params_ == {
        "graphclassifier__hidden": 8,
        "graphclassifier__train__optimizer__lr": 0.05,
    }
    assert search.best_score_ > 0.9
    assert search.best_estimator_[-1].graph_.params["Affine1.W"].shape == (4, 8)


def test_folds_are_scored(net: Path, iris: tuple[Any, Any]) -> None:
    assert cross_val_score(make_pipeline(StandardScaler(), GraphClassifier(net)), *iris, cv=3).mean() > 0.7


def test_names_of_columns_are_kept(net: Path, iris: tuple[Any, Any]) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    scaler = StandardScaler().set_output(transform="pandas")
    fitted = make_pipeline(scaler, GraphClassifier(net, train__epochs=1)).fit(table, iris[1])
    assert list(fitted[-1].feature_names_in_) == ["a", "b", "c", "d"]
    assert fitted[-1].n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(table.rename(columns={"a": "z"}))


def test_a_clone_and_a_pickle_keep_settings_and_what_is_learned(net: Path) -> None:
    x = rows()
    fitted = GraphClassifier(net, hidden=3, train__epochs=2).fit(x, x[:, 0] > 0)
    copy = clone(fitted)
    assert copy.get_params(deep=False) == fitted.get_params(deep=False)
    with pytest.raises(NotFittedError):
        copy.predict(x)
    fitted.predict(x)  # compiled by now: the program stays behind
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))
    assert again.history_.losses == fitted.history_.losses


# ---- parameters ------------------------------------------------------------------------------------------------


def test_the_settings_of_the_file_are_parameters(net: Path) -> None:
    params = GraphClassifier(net, hidden=20).get_params()
    assert params["hidden"] == 20
    assert params["train__optimizer__lr"] == 0.05
    assert params["train__epochs"] == 8
    assert params["spec"] == net


def test_settings_are_what_the_command_line_takes(net: Path) -> None:
    x = rows()
    estimator = GraphClassifier(net).set_params(train__optimizer="SGD(lr=0.5)", train__iterations=7, lr=0.25)
    train = estimator.fit(x, x[:, 0] > 0).graph_.spec.train
    assert (train.optimizer.name, train.optimizer.attributes["lr"], train.iterations) == ("SGD", 0.25, 7)
    assert "train__epochs" not in estimator.get_params()


def test_an_unknown_setting_is_refused_when_it_is_set(net: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Invalid parameter 'hiden' for GraphClassifier.*did you mean `hidden`"
    ):
        GraphClassifier(net).set_params(hiden=20)
    with pytest.raises(ValueError, match=r"did you mean `train\.optimizer\.lr`"):
        GraphClassifier(net).set_params(train__optimizer__Ir=0.1)


def test_nothing_is_read_before_it_is_needed() -> None:
    estimator = GraphClassifier("nowhere.graph", hidden=3)
    estimator.set_params(spec="neither.graph")
    assert estimator.get_params()["hidden"] == 3
    with pytest.raises(gl.GraphError, match=r"neither\.graph"):
        estimator.fit(rows(), rows()[:, 0] > 0)


def test_random_state_decides_all_random_numbers() -> None:
    x = rows()
    y = x[:, 0] > 0

    def scores(state: Any) -> Any:
        return GraphClassifier(train__epochs=2, random_state=state).fit(x, y).decision_function(x)

    np.testing.assert_array_equal(scores(3), scores(3))
    np.testing.assert_array_equal(scores(None), scores(0))  # the seed of the file
    np.testing.assert_array_equal(scores(np.random.RandomState(1)), scores(np.random.RandomState(1)))
    assert not np.array_equal(scores(3), scores(4))


def test_layers_of_ones_own_go_with_the_estimator() -> None:
    class Twice(gl.Layer):
        """2 * x"""

        def forward(self, x: Any) -> Any:
            return 2 * x

    x = rows()
    estimator = GraphClassifier(NET.replace("Tanh", "Twice"), layers=(Twice,))
    assert clone(estimator).fit(x, x[:, 0] > 0).score(x, x[:, 0] > 0) > 0.8


# ---- which value is what, and in which size -----------------------------------------------------------------------


def test_sizes_of_the_file_follow_those_of_the_data(net: Path) -> None:
    x = rows(columns=7)
    graph = GraphClassifier(net).fit(x, np.arange(40) % 5).graph_
    assert graph.spec.hypers == {"D": 7, "C": 5, "hidden": 8}
    assert graph.params["Affine2.W"].shape == (8, 5)


def test_a_size_may_be_computed_from_a_hyper() -> None:
    text = NET.replace("hyper D = 4", "hyper half = 2").replace("[N, D]", "[N, 2 * half]")
    assert GraphClassifier(text).fit(rows(columns=6), np.arange(40) % 3).graph_.spec.hypers["half"] == 3
    with pytest.raises(ValueError, match=r"X has 7 columns, which do not fit `x: float\[N, 4\]`"):
        GraphClassifier(text).fit(rows(columns=7), np.arange(40) % 3)


def test_a_hyper_that_is_set_is_left_alone(net: Path) -> None:
    with pytest.raises(ValueError, match="X has 7 columns"):
        GraphClassifier(net, D=4).fit(rows(columns=7), np.arange(40) % 3)
    with pytest.raises(ValueError, match="y has 3 classes, but `y` has 5 scores per row"):
        GraphClassifier(net, C=5).fit(rows(), np.arange(40) % 3)


def test_rows_take_the_shape_of_the_input() -> None:
    images = (
        NET.replace("D = 4, ", "")
        .replace("float[N, D]", "float[N, 1, 2, 2]")
        .replace("-> Affine(hidden)", "-> Flatten -> Affine(hidden)")
    )
    x = rows()
    assert GraphClassifier(images).fit(x, x[:, 3] > 0).score(x, x[:, 3] > 0) > 0.8


def test_ids_go_into_an_input_of_ints() -> None:
    words = (
        NET.replace("D = 4, ", "T = 4, ")
        .replace("x: float[N, D]", "x: int[N, T]")
        .replace("x -> Affine", "x -> Embedding(9, 5) -> Flatten -> Affine")
    )
    x = np.random.default_rng(0).integers(0, 9, (60, 3))
    assert GraphClassifier(words, train__epochs=40).fit(x, x[:, 0] > 4).score(x, x[:, 0] > 4) > 0.9
    with pytest.raises(ValueError, match="X has numbers that are no ints"):
        GraphClassifier(words).fit(x + 0.5, x[:, 0] > 4)


def test_names_say_what_the_file_leaves_open() -> None:
    text = "input a: float[N, 2], b: float[N, 2], t: float[N, 1]\ny = a -> Affine(1)\nz = tanh(y)\nloss = MeanSquaredError(z, t + 0 * sum(b, axis=1, keepdims=true))\ntrain { minimize = loss; optimizer = SGD(0.1); epochs = 1 }"
    x = rows(columns=2)
    with pytest.raises(
        ValueError, match=r'no output beside its loss: say which value is predicted, names=\{"output"'
    ):
        GraphRegressor(text).fit(x, x[:, 0])
    with pytest.raises(ValueError, match=r'the inputs `b`, `t`: say which one is y, names=\{"y"'):
        GraphRegressor(text, names={"output": "z"}).fit(x, x[:, 0])
    with pytest.raises(ValueError, match="no input `tt`; did you mean `t`"):
        GraphRegressor(text, names={"output": "z", "y": "tt"}).fit(x, x[:, 0])
    with pytest.raises(ValueError, match="names has no key 'x'"):
        GraphRegressor(text, names={"x": "a"}).fit(x, x[:, 0])
    short = text.replace(" + 0 * sum(b, axis=1, keepdims=true)", "").replace(", b: float[N, 2]", "")
    assert GraphRegressor(short, names={"output": "z"}).fit(x, x[:, 0]).predict(x).shape == (40,)


# ---- classes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 7], [False, True], [1.0, 2.0]])
def test_labels_may_be_of_any_type(labels: list[Any]) -> None:
    x = rows()
    y = np.array(labels)[(x[:, 0] > 0).astype(int)]
    fitted = GraphClassifier(NET).fit(x, y)
    assert fitted.classes_.tolist() == labels
    assert fitted.score(x, y) > 0.8
    assert fitted.predict_proba(x).shape == (40, 2)


ENDS = {
    "one score": "y = reshape(x -> Affine(1), -1)\nloss = BinaryCrossEntropy(y, t)",
    "one column": "y = x -> Affine(1)\nloss = BinaryCrossEntropy(y, reshape(t, -1, 1))",
    "one probability": "y = sigmoid(s)\ns = reshape(x -> Affine(1), -1)\nloss = BinaryCrossEntropy(s, t)",
    "probabilities": "y = x -> Affine(2) -> Softmax\nloss = CrossEntropyError(y, t)",
}


@pytest.mark.parametrize("end", ENDS)
def test_two_classes_may_have_one_score_or_probabilities(end: str) -> None:
    kind = "int" if end == "probabilities" else "float"
    text = f"input x: float[N, 4], t: {kind}[N]\n{ENDS[end]}\noutput y\ntrain {{ minimize = loss; optimizer = Adam(0.1); epochs = 40; dtype = float64 }}"
    x = rows()
    y = np.where(x[:, 0] > 0, "up", "down")
    fitted = GraphClassifier(text).fit(x, y)
    shares, decisions = fitted.predict_proba(x), fitted.decision_function(x)
    assert fitted.score(x, y) > 0.9
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.predict(x) == "up", shares[:, 1] > shares[:, 0])
    np.testing.assert_array_equal(fitted.predict(x) == "up", decisions > 0)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(x)), shares)
    raw = fitted.graph_.predict(x) if "probab" in end else None
    assert raw is None or np.allclose(raw if raw.ndim == 2 else np.stack([1 - raw, raw], 1), shares)
    if kind == "float":
        with pytest.raises(ValueError, match="Only binary classification"):
            GraphClassifier(text).fit(x, np.arange(40) % 3)


def test_targets_may_be_one_hot() -> None:
    text = NET.replace("t: int[N]", "t: float[N, C]")
    x = rows()
    assert GraphClassifier(text).fit(x, x[:, 0] > 0).score(x, x[:, 0] > 0) > 0.8


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="one class alone"):
        GraphClassifier().fit(rows(), np.zeros(40))


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_a_line_through_points_is_found() -> None:
    x = np.linspace(0, 1, 30).reshape(-1, 1)
    fitted = GraphRegressor(LINE, train__epochs=600).fit(x, 3 * x[:, 0] + 1)
    assert fitted.score(x, 3 * x[:, 0] + 1) > 0.99
    np.testing.assert_allclose(fitted.graph_.params["Affine1.W"], [[3]], atol=0.2)


def test_predictions_have_the_shape_of_the_targets() -> None:
    x = rows()
    for y in (x[:, 0], x[:, :1], x[:, :3]):
        assert GraphRegressor(train__epochs=1).fit(x, y).predict(x).shape == y.shape
    with pytest.raises(ValueError, match=r"y has 2 columns, which do not fit `t: float\[N\]`"):
        GraphRegressor(LINE).fit(x[:, :1], x[:, :2])


# ---- weights and validation -----------------------------------------------------------------------------------------


def test_a_row_of_weight_0_does_not_matter() -> None:
    x = rows()
    y = x[:, 0]
    more, weights = np.concatenate([x, x + 9]), np.repeat([1.0, 0.0], 40)
    plain = GraphRegressor(train__epochs=5).fit(x, y)
    weighted = GraphRegressor(train__epochs=5).fit(more, np.concatenate([y, y - 7]), weights)
    np.testing.assert_allclose(weighted.predict(x), plain.predict(x), rtol=1e-6, atol=1e-9)


def test_weights_go_into_the_losses_of_a_file_without_them() -> None:
    text = NET.replace("SoftmaxWithLoss(y, t)", "SoftmaxWithLoss(y, t) + 0.001 * sum(y**2)").replace(
        "epochs = 8", "epochs = 8; dtype = float64"
    )
    with_input = text.replace("t: int[N]", "t: int[N], w: float[N]").replace(
        "(y, t)", "(y, t, sample_weight=w)"
    )
    x, weights = rows(), np.arange(40) % 4 + 0.5
    fits = [GraphClassifier(t).fit(x, np.arange(40) % 3, weights) for t in (text, with_input)]
    np.testing.assert_array_equal(fits[0].predict_proba(x), fits[1].predict_proba(x))
    unweighted = GraphClassifier(text).fit(x, np.arange(40) % 3)
    assert not np.allclose(fits[0].predict_proba(x), unweighted.predict_proba(x))
    again = pickle.loads(pickle.dumps(fits[0]))
    np.testing.assert_array_equal(again.predict_proba(x), fits[0].predict_proba(x))


def test_weights_are_refused_where_no_loss_takes_them() -> None:
    text = LINE.replace("MeanSquaredError(y, t)", "mean((y - t)**2)")
    with pytest.raises(ValueError, match="no loss behind `loss` takes it"):
        GraphRegressor(text).fit(rows()[:, :1], rows()[:, 0], sample_weight=np.ones(40))


def test_rows_are_held_out_for_what_monitors_look_at() -> None:
    text = NET.replace("epochs = 8", "epochs = 500; stop = early(validation.loss, patience=2)")
    x = rows()
    fitted = GraphClassifier(text, validation=0.25).fit(x, np.arange(40) % 3)
    assert 2 < len(fitted.history_.epochs) < 500
    assert "loss" in fitted.history_.last.validation


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("graphlang.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'pip install "graphlang-dsl\[sklearn\]"'):
        importlib.import_module("graphlang.sklearn")


def test_an_optimizer_of_ones_own_has_parameters_as_a_built_in_one() -> None:
    class Halved(gl.Optimizer):
        """W <- W - lr * dW / 2"""

        def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
            return W - lr * dW / 2, {}

    spec = """
    hyper D = 2
    input x: float[N, D], t: float[N, 1]
    y = x -> Affine(1)
    loss = MeanSquaredError(y, t)
    output y
    train { minimize = loss; optimizer = Halved(lr=0.2); batch = 20; epochs = 40 }
    """
    model = gl.sklearn.GraphRegressor(spec, layers=[Halved])
    assert model.get_params()["train__optimizer__lr"] == 0.2
    X = np.random.default_rng(0).standard_normal((60, 2))
    assert model.set_params(train__optimizer__lr=0.4).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9
