"""The confusion of classes and the rows most wrong, against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.outcomes import WORST, outcomes
from graphlang.training.sections import open_data

NET = """
input x: float[N, 4], t: {truth}
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = SGD(lr=0.5); batch = 20; epochs = 3; metrics = [accuracy(y, t)] }}
"""


def points(rows: int = 2300, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, rows)
    return rng.standard_normal((rows, 4)) + np.eye(4)[t], t


@pytest.mark.parametrize("one_hot", [False, True])
def test_the_confusion_and_the_worst_rows_are_those_of_plain_numpy(one_hot: bool) -> None:
    (x, t), (xv, tv) = points(400), points(2300, 1)
    encoded = (np.eye(3)[t], np.eye(3)[tv]) if one_hot else (t, tv)
    graph = gl.loads(NET.format(truth="float[N, 3]" if one_hot else "int[N]"))
    graph.fit(x=x, t=encoded[0])
    data = from_arrays({"x": x, "t": encoded[0]}, test={"x": xv, "t": encoded[1]})
    outcome = outcomes(graph.model, data)
    assert outcome is not None
    scores = graph.predict(x=xv)
    expected = np.zeros((3, 3), int)
    for truth, guess in zip(tv, scores.argmax(axis=1), strict=True):
        expected[truth, guess] += 1
    np.testing.assert_array_equal(outcome.confusion, expected)
    assert outcome.split == "test"
    assert outcome.accuracy == pytest.approx(np.mean(scores.argmax(axis=1) == tv))
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    order = np.argsort(chances[np.arange(len(tv)), tv])[:WORST]
    assert [w.row for w in outcome.worst] == list(order)
    for wrong in outcome.worst:
        assert wrong.measure == pytest.approx(chances[wrong.row, tv[wrong.row]], rel=1e-3)
        assert (wrong.truth, wrong.predicted) == (str(tv[wrong.row]), str(scores[wrong.row].argmax()))
        np.testing.assert_allclose(wrong.inputs["x"], xv[wrong.row])


def test_rows_that_are_right_are_none_of_the_worst() -> None:
    graph = gl.loads(NET.format(truth="int[N]"))
    x = np.eye(4)[[0, 1, 2]] * 10.0
    graph.params["Affine1.W"] = np.eye(4)[:, :3]
    outcome = outcomes(graph.model, from_arrays({"x": x, "t": np.array([0, 1, 1])}))
    assert outcome is not None
    assert outcome.split == "train"
    assert [(w.row, w.truth, w.predicted) for w in outcome.worst] == [(2, "1", "2")]


def test_numbers_are_worst_where_their_error_is_largest() -> None:
    graph = gl.loads(
        "input x: float[N], t: float[N]\nparam w: float = 2\ny = x * w\nloss = MeanSquaredError(y, t)\noutput y\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }"
    )
    x, t = np.arange(20.0), 2 * np.arange(20.0)
    t[[3, 7]] += [1, -5]
    outcome = outcomes(graph.model, from_arrays({"x": x, "t": t}))
    assert outcome is not None
    assert outcome.confusion is None
    assert [(w.row, w.measure) for w in outcome.worst] == [(7, 25), (3, 1)]


def test_a_graph_that_compares_nothing_has_no_outcomes() -> None:
    graph = gl.loads(
        "input x: float[N]\nparam w: float = 2\nloss = mean((x * w)**2)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }"
    )
    assert outcomes(graph.model, from_arrays({"x": np.arange(4.0)})) is None


def test_the_rows_of_a_text_are_characters(tmp_path: Any) -> None:
    (tmp_path / "text.txt").write_text("abcab " * 60)
    graph = gl.loads(
        "input x: int[N, T], t: int[N, T]\nlayer E = Embedding(4, 3)\ny = x -> E -> Affine(4)\n"
        'loss = SoftmaxWithLoss(y, t)\noutput y\ndata { source = text("text.txt", window=6); x = x; t = t }\n'
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1 }",
        folder=tmp_path,
    )
    outcome = outcomes(graph.model, open_data(graph.model))
    assert outcome is not None
    assert list(outcome.classes) == [" ", "a", "b", "c"]
    assert np.shape(outcome.confusion) == (4, 4)
    wrong = outcome.worst[0]
    assert "".join(wrong.inputs["x"]) in "abcab " * 3
    assert "".join(wrong.truth) in "abcab " * 3
