"""Labels and ids out of range are refused by name, whether they are inputs or computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphlang as gl

X = np.random.default_rng(0).standard_normal((4, 4))


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(gl.GraphError) as caught:
        action()
    return caught.value.diagnostics[0].message


def runs(text: str, **inputs: Any) -> list[Callable[[], object]]:
    """The ways to compute a loss: eagerly, planned, planned with gradients."""
    graph = gl.loads(text)
    given = {name: np.asarray(value) for name, value in inputs.items()}
    return [
        lambda: graph.forward(given)["loss"],
        lambda: graph.compile()(given),
        lambda: graph.compile(wrt=["x"] if "x" in graph.inputs else list(graph.params))(given)[0],
    ]


LOSSES = ["SoftmaxWithLoss(x, {})", "CrossEntropyError(softmax(x), {})"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("labels", "wrong", "place"), [([1, 0, 2, 3], -1, 1), ([1, 2, 9, 3], 8, 2)])
def test_a_computed_label_outside_of_the_classes_is_refused_by_name(
    loss: str, labels: list[int], wrong: int, place: int
) -> None:
    text = f"input x: float[N, 4], t: int[N]\nshifted = t - 1\nloss = {loss.format('shifted')}\noutput loss"
    for run in runs(text, x=X, t=labels):
        assert refused(run) == f"`shifted` holds {wrong} at [{place}], but only 0 to 3 are allowed"


@pytest.mark.parametrize("loss", LOSSES)
def test_computed_labels_that_are_classes_train_as_given_ones_do(loss: str) -> None:
    computed = f"input x: float[N, 4], t: int[N]\nloss = {loss.format('t - 1')}\noutput loss"
    given = f"input x: float[N, 4], t: int[N]\nloss = {loss.format('t')}\noutput loss"
    labels = np.array([0, 3, 1, 3])
    for mine, theirs in zip(runs(computed, x=X, t=labels + 1), runs(given, x=X, t=labels), strict=True):
        assert mine() == theirs()


@pytest.mark.parametrize(("ids", "wrong"), [([1, 0], -1), ([1, 9], 8)])
def test_a_computed_id_outside_of_the_vocabulary_is_refused_by_name(ids: list[int], wrong: int) -> None:
    text = "input i: int[N]\nloss = mean(i - 1 -> Embedding(5, 2))\noutput loss"
    for run in runs(text, i=ids):
        assert refused(run) == f"`subtract1` holds {wrong} at [1], but only 0 to 4 are allowed"


def test_an_id_inside_of_a_scan_is_refused_by_name() -> None:
    text = """input ids: int[N, T]
layer words = Embedding(5, 2)
hs = scan i in ids carry h = zeros(N, 2) {
  after = h + words(i)
  next h = after
  yield after
}
loss = sum(hs)
output loss"""
    for run in runs(text, ids=[[0, 1], [4, -1]]):
        assert refused(run) == "`scan1.i` holds -1 at [1], but only 0 to 4 are allowed"
    for run in runs(text, ids=[[0, 1], [4, 3]]):
        run()


IGNORING = "input x: float[N, 4], t: int[N]\nloss = SoftmaxWithLoss(x, t, ignore={})\noutput loss"


@pytest.mark.parametrize(
    ("ignore", "labels", "message"),
    [
        (0, [0, 1, -1, 3], "`t` holds -1 at [2], but only 0 to 3 are allowed"),
        (-1, [-1, 1, -2, 3], "`t` holds -2 at [2], but only 0 to 3, and -1, which is ignored, are allowed"),
        (255, [255, 9, 0, 3], "`t` holds 9 at [1], but only 0 to 3, and 255, which is ignored, are allowed"),
    ],
)
def test_with_a_label_that_is_ignored_all_others_are_checked(
    ignore: int, labels: list[int], message: str
) -> None:
    for run in runs(IGNORING.format(ignore), x=X, t=labels):
        assert refused(run) == message


def test_the_label_that_is_ignored_may_be_any_number() -> None:
    expected = float(gl.loads(IGNORING.format(2)).forward(x=X, t=[1, 2, 2, 3])["loss"])
    for ignore in (-1, 255, -100):
        for run in runs(IGNORING.format(ignore), x=X, t=[1, ignore, ignore, 3]):
            assert run() == pytest.approx(expected, rel=1e-15)


def test_labels_that_two_losses_share_must_suit_both() -> None:
    text = """input x: float[N, 4], u: float[N, 3], t: int[N]
loss = SoftmaxWithLoss(x, t, ignore=-1) + SoftmaxWithLoss(u, t, ignore=3)
output loss"""
    u = X[:, :3]
    for run in runs(text, x=X, u=u, t=[0, 1, 2, -1]):
        assert refused(run).startswith("`t` holds -1 at [3]")
    for run in runs(text, x=X, u=u, t=[0, 1, 2, 3]):
        run()


@pytest.mark.parametrize(
    ("labels", "name", "given"), [("t - 1", "subtract1", [0, 1, 2, 1]), ("t, ignore=2", "t", [0, 1, -1, 1])]
)
def test_training_stops_at_a_label_outside_of_the_classes_and_changes_nothing(
    labels: str, name: str, given: list[int]
) -> None:
    text = f"""input x: float[N, 4], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, {labels})
output y
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 4; iterations = 1; dtype = float64 }}"""
    graph = gl.loads(text)
    start = graph.params.copies()
    assert f"`{name}` holds -1" in refused(lambda: graph.fit(x=X, t=given))
    assert f"`{name}` holds -1" in refused(lambda: graph.compile(train=True)(x=X, t=np.array(given)))
    assert all(np.array_equal(graph.params[n], start[n]) for n in start)


def test_one_hot_of_an_id_that_is_no_class_is_a_row_of_zeros() -> None:
    graph = gl.loads("input t: int[N]\ny = one_hot(t, 3)\noutput y")
    for y in (graph.forward(t=[-1, 1, 3])["y"], graph.compile()(t=np.array([-1, 1, 3]))):
        np.testing.assert_array_equal(y, [[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def test_labels_that_are_written_out_are_checked_too_but_for_the_ignored_one() -> None:
    text = "input x: float[3, 4]\nloss = SoftmaxWithLoss(x, {})\noutput loss"
    for run in runs(text.format("[0, -1, 2], ignore=-1"), x=X[:3]):
        run()
    for labels in ("[0, -1, 2]", "[0, -2, 2], ignore=-1", "[0, 1, 4], ignore=-1"):
        assert "lies outside of 0..3" in refused(lambda labels=labels: gl.loads(text.format(labels)))
