"""A step with a finite loss but gradients that are not: nothing changes, and the error says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_names
from graphlang.cli import main
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train
from graphlang.training.saving_times import Interval

CORNER = """input x: float[N]
param w: float[2] = [0, 1]
param v: float = 1
loss = sum(sqrt(w * w)) + v * mean(x)
output loss
train {{ minimize = loss; optimizer = {optimizer}; batch = 2; epochs = 1; shuffle = false; {more} }}"""
"""sqrt has an infinite slope at 0 (by hand), and inf * 0 is nan: the gradient of w[0]."""
LATER = """input x: float[N]
param w: float[3] = 1
u = w * x[0]
y = reshape(x, N, 1) -> Dropout(0.5) -> BatchNorm
r = sqrt(u)
loss = sum(r) + mean(y) + sum(w)
output loss
train {{ minimize = loss; optimizer = {optimizer}; batch = 2; epochs = {epochs}; shuffle = false }}"""
"""At x[0] = 0 the slope of sqrt(u) is infinite, that of u by w is 0, and inf * 0 is nan (by hand)."""
OPTIMIZERS = family_names("optimizers")


def unchanged(graph: gl.Graph, before: dict[str, Any]) -> bool:
    return all(np.array_equal(graph.params[name], old) for name, old in before.items())


@pytest.mark.parametrize("more", ["", "clip_norm = 1"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_fit_refuses_the_step_with_every_optimizer(optimizer: str, more: str) -> None:
    graph = gl.loads(CORNER.format(optimizer=optimizer, more=more))
    before = graph.params.copies()
    with pytest.raises(gl.GraphError) as caught:
        graph.fit(x=np.ones(4))
    assert unchanged(graph, before)
    problem = caught.value.diagnostics[0]
    assert problem.code == "GL717"
    assert "`w`" in problem.message
    assert "not a number (nan)" in problem.message
    assert "iteration 1" in problem.message
    assert "`sqrt" in problem.message
    assert "`v`" not in problem.message, "its gradient is finite"
    assert "clip_norm" not in (problem.help or ""), "no clipping mends a gradient that is not a number"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_compiled_step_refuses_gradients_that_are_not_finite_and_keeps_its_state(optimizer: str) -> None:
    """After a refused step, training continues to the bit as if the step had never been tried."""
    rows = [np.array([1.0, 4.0]), np.array([2.0, 3.0]), np.array([3.0, 5.0])]
    bad = np.array([0.0, 2.0])
    plain = gl.loads(LATER.format(optimizer=optimizer, epochs=1))
    step = plain.compile(train=True)
    expected = [step(x=x.astype(np.float32)) for x in rows]
    graph = gl.loads(LATER.format(optimizer=optimizer, epochs=1))
    step = graph.compile(train=True)
    found = [step(x=rows[0].astype(np.float32))]
    before = graph.params.copies()
    for _ in range(2):
        with pytest.raises(gl.GraphError, match=r"GL717(.|\n)*nan(.|\n)*`r` \(sqrt\)"):
            step(x=bad.astype(np.float32))
    assert unchanged(graph, before), "running statistics among them"
    assert step.t == 1
    found += [step(x=x.astype(np.float32)) for x in rows[1:]]
    assert found == expected
    assert unchanged(graph, plain.params.copies())


def test_the_message_stands_at_the_operation_and_names_it_in_backward_order() -> None:
    text = """input x: float[N]
param w: float = 1
a = w * x
b = sqrt(a)
c = exp(b)
loss = mean(c) + w
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 3; epochs = 1 }"""
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text).fit(x=np.zeros(3))
    problem = caught.value.diagnostics[0]
    assert "<text>:4:1" in str(caught.value)
    assert "`b` (sqrt)" in problem.message


def test_a_step_whose_loss_contains_a_gradient_is_refused_too() -> None:
    text = """param w: float = 0
input x = 2
y = sqrt(w * w * w * w) * x
d = grad(y, x)
loss = d + w
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 1; iterations = 3 }"""
    graph = gl.loads(text)
    with pytest.raises(gl.GraphError, match=r"GL717(.|\n)*`w`(.|\n)*`y`|sqrt"):
        graph.fit()
    assert graph.params["w"] == 0


@pytest.mark.parametrize("size", [3, 300, 2**16 + 1, 2**18])
@pytest.mark.parametrize("where", [0, -1])
@pytest.mark.parametrize("more", ["", "clip_norm = 1"])
def test_one_number_that_is_not_finite_is_seen_at_every_size(size: int, where: int, more: str) -> None:
    text = (
        f"input x: float[N, {size}]\nparam w: float[{size}] = 1\nloss = mean(sqrt(x * w))\noutput loss\n"
        f"train {{ minimize = loss; optimizer = Adam; batch = 1; epochs = 1; {more} }}"
    )
    graph = gl.loads(text)
    x = np.ones((1, size), np.float32)
    graph.fit(x=x)
    before = graph.params.copies()
    assert not np.array_equal(before["w"], np.ones(size))
    x[0, where] = 0
    with pytest.raises(gl.GraphError, match="GL717"):
        graph.fit(x=x)
    assert unchanged(graph, before)


def test_gradients_that_are_large_and_finite_are_no_reason_to_refuse() -> None:
    """Their sum, and the sum of their squares, overflow in float32."""
    text = (
        "input x: float[N, 70000]\nparam w: float[70000] = 0\nloss = sum(x * w)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=1e-38); batch = 1; epochs = 1 }"
    )
    graph = gl.loads(text)
    graph.fit(x=np.full((1, 70000), 3e38, np.float32))
    np.testing.assert_allclose(graph.params["w"], -3.0, rtol=1e-5)


def test_a_run_keeps_the_epochs_before_the_step(tmp_path: Path) -> None:
    rows = np.ones(8)
    text = LATER.format(optimizer="SGD(lr=0.01)", epochs=3)
    seen: list[Any] = []
    graph = gl.loads(text)

    def spoil(epoch: Any) -> None:
        seen.append(graph.params.copies())
        if epoch.epoch == 2:
            graph.params["w"][...] = 0

    with pytest.raises(gl.GraphError, match="GL717"):
        train(
            graph.model,
            from_arrays({"x": rows}),
            folder=tmp_path / "run",
            on_epoch=spoil,
            interval=Interval(epochs=1),
        )
    again = gl.loads(text)
    again.load_weights(tmp_path / "run" / "weights.npz")
    assert unchanged(again, seen[-1])
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 4 * 2 + 2


def test_the_command_ends_with_status_1(tmp_path: Path, capsys: Any) -> None:
    spec = tmp_path / "corner.graph"
    np.savez(tmp_path / "rows.npz", x=np.ones(4))
    text = CORNER.format(optimizer="Adam", more="")
    spec.write_text(text + '\ndata { source = npz("rows.npz"); x = x }\n')
    assert main(["train", str(spec), "--run", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert "error[GL717]" in error
    assert "corner.graph:4" in error


def test_a_state_of_a_layer_is_left_alone_too() -> None:
    graph = gl.loads(LATER.format(optimizer="SGD", epochs=1))
    before = graph.params.copies()
    with pytest.raises(gl.GraphError, match="GL717"):
        graph.fit(x=np.array([0.0, 9.0]))
    assert unchanged(graph, before)


SECOND = """input x: float[N]
param v: float = 1
param w: float[2] = [0.5, 1]
first = mean((x * v - 3)**2)
r = sqrt((w - v)**2 {slack})
second = sum({second})
output second
train {{ batch = 2; iterations = 3; shuffle = false; dtype = float64
  minimize = [objective(first, "v", SGD(lr=0.25)), objective(second, "w", Momentum(lr=0.1))] }}"""
"""On x = 1 the first objective takes v from 1 to 2 (by hand): the second is computed there."""


@pytest.mark.parametrize(
    ("slack", "second", "w", "message"),
    [
        ("", "r", 2.0, r"GL717(.|\n)*`w`(.|\n)*`second`"),
        ("- 0.5", "r", 1.5, r"GL712(.|\n)*`r`|not a number(.|\n)*`second`"),
    ],
)
def test_what_is_not_finite_in_a_later_objective_is_found_where_the_ones_before_it_have_led(
    slack: str, second: str, w: float, message: str
) -> None:
    graph = gl.loads(SECOND.format(slack=slack, second=second))
    graph.params["w"] = [0.5, w]
    before = graph.params.copies()
    with pytest.raises(gl.GraphError, match=message) as caught:
        graph.fit(x=np.ones(2))
    assert "at iteration 1, in `second`" in str(caught.value)
    assert unchanged(graph, before), "those of the first objective too"
