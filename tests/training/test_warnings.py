"""What a training says of itself: ill networks get the sentence that fits, healthy ones get none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.training.watch import Watch

SPECS = Path(__file__).parents[2] / "specs"


def net(body: str, optimizer: str = "SGD(lr=0.1)", more: str = "") -> gl.Graph:
    return gl.loads(f"""
input x: float[N, 8], t: int[N]
{more}
y = x -> {body} -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = {optimizer}; batch = 20; epochs = 6 }}
""")


def clouds(rows: int = 400) -> dict[str, Any]:
    """Points of three clouds, and which cloud each is of."""
    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, rows)
    return {"x": rng.standard_normal((rows, 8)) * 0.5 + np.eye(8)[t], "t": t}


def told(graph: gl.Graph, **arrays: Any) -> list[Any]:
    """The warnings of a training, also of one that ends in an error."""
    try:
        return graph.fit(**(arrays or clouds())).warnings
    except gl.GraphError:
        return graph.history.warnings


def only(warnings: list[Any], code: str) -> Any:
    assert [w.code for w in warnings] == [code], [w.message for w in warnings]
    assert warnings[0].severity == "warning"
    return warnings[0]


@pytest.mark.parametrize(
    ("body", "optimizer"),
    [
        ("Affine(20) -> Relu", "SGD(lr=0.1)"),
        ("Affine(20) -> Relu -> Affine(20) -> Relu -> Affine(20) -> Relu", "Adam(lr=0.01)"),
        ("repeat 6 { Affine(20) -> BatchNorm -> Relu }", "Momentum(lr=0.05)"),
        ("Affine(20, init=xavier) -> Tanh -> Affine(20, init=xavier) -> Tanh", "SGD(lr=0.3)"),
        ("Affine(20, init=xavier) -> Sigmoid", "Adam(lr=0.02)"),
        ("Affine(20, init=zeros) -> Sigmoid", "SGD(lr=0.5)"),
        ("Affine(50) -> Relu -> Dropout(0.5)", "AdamW(lr=0.01)"),
    ],
)
def test_a_healthy_network_is_told_nothing(body: str, optimizer: str) -> None:
    history = net(body, optimizer).fit(**clouds())
    assert history.warnings == []
    assert history.losses[-1] < history.losses[0]


def test_a_deep_stack_of_sigmoids_with_small_weights_lets_the_gradient_vanish() -> None:
    warning = only(told(net("repeat 6 { Affine(20, init=normal(0.01)) -> Sigmoid }")), "GL901")
    assert warning.parameter == "Affine1.W"
    assert (warning.first, warning.last) == ("Affine1", "y")
    assert warning.operation == "Affine"
    assert 0.001 < warning.factor < 0.1, "0.25 for a sigmoid, and less than 0.2 for weights of 0.01"
    assert "weights are too small" in warning.help


def test_where_sigmoids_alone_let_it_vanish_they_are_named() -> None:
    warning = only(told(net("repeat 8 { Affine(20, init=xavier) -> Sigmoid }")), "GL901")
    assert warning.operation == "Sigmoid"
    assert warning.worst < 0.26, "the slope of a sigmoid is at most 1/4"
    assert "1/4" in warning.help


def test_the_factors_of_a_path_are_those_of_its_norms() -> None:
    warning = only(told(net("repeat 6 { Affine(20, init=normal(0.01)) -> Sigmoid }")), "GL901")
    assert warning.factor == pytest.approx((warning.after / warning.before) ** (1 / 6))


@pytest.mark.parametrize(("std", "codes"), [(0.02, ["GL901"]), (0.15, [])])
def test_the_lesson_of_small_weights_is_told_so_from_the_start_that_it_is_about(
    std: float, codes: list[str]
) -> None:
    graph = gl.load(SPECS / "batchnorm_vs_none.graph", set={"std": std, "train.metrics": "[]"})
    warnings = graph.fit(epochs=1).warnings
    assert [w.code for w in warnings] == codes
    assert all(w.parameter == "Plain1.Affine1.W" for w in warnings)


def test_large_weights_let_the_gradient_explode() -> None:
    warning = only(told(net("repeat 6 { Affine(20, init=normal(4)) -> Relu }", "SGD(lr=1e-12)")), "GL902")
    assert (warning.first, warning.last) == ("Affine1", "y")
    assert warning.factor > 3
    assert warning.after > warning.before


def test_a_relu_that_a_bias_keeps_at_0_is_dead_from_the_start() -> None:
    graph = net("Affine(20) -> Relu")
    graph.params["Affine1.b"] = np.full(20, -100.0)
    warning = only(told(graph), "GL903")
    assert "from the start" in warning.message
    assert warning.peak < -80
    assert (warning.parameter, round(warning.mean)) == ("Affine1.b", -100)


def test_a_relu_that_a_step_has_killed_died_in_training() -> None:
    graph = net("Affine(20) -> Relu", "SGD(lr=0.1)")
    warnings: list[Any] = []

    def kill(epoch: Any) -> None:
        if epoch.epoch == 2:
            graph.params["Affine1.b"] = np.full(20, -50.0)
        warnings[:] = graph.history.warnings

    graph.fit(**clouds(), on_epoch=kill)
    warning = only(warnings, "GL903")
    assert "has died in training" in warning.message


@pytest.mark.parametrize("body", ["Affine(20) -> Relu", "Affine(20) -> Sigmoid", "Affine(20) -> Tanh"])
@pytest.mark.parametrize("optimizer", ["SGD(lr=100)", "Adam(lr=10)"])
def test_a_learning_rate_that_is_too_high_is_told(body: str, optimizer: str) -> None:
    warning = only(told(net(body, optimizer)), "GL905")
    assert warning.now > warning.start
    assert warning.ratio > 1
    assert warning.rate == float(re.findall("[0-9]+", optimizer)[0])
    assert warning.lower < warning.rate / 9


@pytest.mark.parametrize(
    ("compared", "output", "is_scaled"), [("t", "z", False), ("(t - 900) / 300", "900 + 300 * z", True)]
)
def test_a_target_of_large_numbers_is_scaled_rather_than_the_rate(
    compared: str, output: str, is_scaled: bool
) -> None:
    graph = gl.loads(f"""
input x: float[N, 2], t: float[N, 1]
z    = x -> Affine(8) -> Relu -> Affine(1)
y    = {output}
loss = MeanSquaredError(z, {compared})
output y
train {{ minimize = loss; optimizer = SGD(lr={100 if is_scaled else 0.1}); batch = 20; epochs = 2
         metrics = [mae(y, t)] }}
""")
    x = np.random.default_rng(0).standard_normal((200, 2))
    with pytest.raises(gl.GraphError):
        graph.fit(x=x, t=900 + 300 * x[:, :1])
    warning = only(graph.history.warnings, "GL905")
    assert ("`t` are large, about" in warning.help) is not is_scaled
    assert ("try a learning rate of" in warning.help) is is_scaled
    if not is_scaled:
        assert re.search(r"`\(t - \d+\) / \d+` in the loss", warning.help)


def test_the_rate_is_told_where_the_first_epoch_ends_in_an_error() -> None:
    graph = net("Affine(20) -> Relu -> Affine(20) -> Relu", "SGD(lr=1e6)")
    with pytest.raises(gl.GraphError):
        graph.fit(**clouds(4000))
    assert graph.history.epochs == []
    only(graph.history.warnings, "GL905")


@pytest.mark.parametrize("activation", ["Relu", "Tanh"])
def test_layers_that_start_with_zeros_have_equal_units(activation: str) -> None:
    graph = net(f"Affine(20, init=zeros) -> {activation} -> Affine(10, init=zeros)")
    warning = only(told(graph), "GL907")
    assert (warning.name, warning.units, warning.norm) == ("Affine1.W", 20, 0)
    assert "all their weights being 0" in warning.message


def test_units_that_start_equal_with_other_numbers_stay_equal_too() -> None:
    warning = only(
        told(net("Affine(20, init=constant(0.3)) -> Tanh -> Affine(10, init=constant(0.2))")), "GL907"
    )
    assert warning.norm > 0
    assert "being 0" not in warning.message


@pytest.mark.parametrize("optimizer", ["SGD(lr=1e-9)", "Adam(lr=1e-9)", "Momentum(lr=1e-9)"])
def test_steps_that_are_too_small_are_the_reason_for_a_loss_that_does_not_move(optimizer: str) -> None:
    warning = only(told(net("Affine(20) -> Relu", optimizer)), "GL904")
    assert warning.ratio < 1e-6
    assert warning.rate == 1e-9
    assert "larger learning rate" in warning.help


def test_a_gradient_of_0_is_the_reason_for_a_loss_that_does_not_move() -> None:
    graph = gl.loads("""
input x: float[N, 8]
y = x -> Affine(3)
loss = mean(y * 0) + mean(x)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 20; epochs = 6 }
""")
    warning = only(told(graph, x=clouds()["x"]), "GL904")
    assert "norm of all gradients is 0" in warning.message


def test_targets_that_no_input_tells_are_a_plateau() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((20000, 8)), rng.integers(0, 3, 20000)
    graph = net("Affine(4, init=normal(0.001)) -> Tanh", "SGD(lr=0.001)")
    warning = only(told(graph, x=x, t=t), "GL904")
    assert "plateau" in warning.message
    assert warning.moved < 0.01


def test_data_whose_rows_are_all_the_same_are_told() -> None:
    warning = only(told(net("Affine(20) -> Relu"), x=np.ones((400, 8)), t=clouds()["t"]), "GL906")
    assert (warning.names, warning.rows) == (("x",), 400)


def test_a_target_that_is_always_the_same_is_nothing_to_tell() -> None:
    assert told(net("Affine(20) -> Relu"), x=clouds()["x"], t=np.ones(400, int)) == []


def test_each_is_told_once_and_points_at_the_file() -> None:
    history = net("Affine(20) -> Relu", "SGD(lr=1e-9)").fit(**clouds(), epochs=20)
    warning = only(history.warnings, "GL904")
    assert warning.span.text == "loss"
    assert warning.as_json()["line"] == 5


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(net("Affine(20) -> Relu", "SGD(lr=1e-9)"))
    assert capsys.readouterr() == ("", "")


def test_what_is_told_comes_back_from_plain_data() -> None:
    graph = net("Affine(20) -> Relu", "SGD(lr=100)")
    history = graph.history
    assert history is None
    warnings = told(graph)
    watch = Watch.__new__(Watch)
    watch._history, watch._model = graph.history, graph.model
    kept = watch.told()
    graph.history.warnings = []
    watch.restore(kept)
    assert [w.as_json() for w in graph.history.warnings] == [w.as_json() for w in warnings]


ADVERSARIES = """
input x: float[N, 8]
layer G1 = Affine(16)
layer G2 = Affine(8)
layer D1 = Affine(16)
layer D2 = Affine(1)
fake = random_normal(N, 4) -> G1 -> Relu -> G2
score = D2(Relu(D1(fake)))
d_loss = mean((D2(Relu(D1(x))) - 1)**2) + mean(score**2)
g_loss = mean((score - 1)**2)
output fake
train {{ batch = 20; epochs = 6
  minimize = [objective(d_loss, "D*", {d}), objective(g_loss, "G*", {g})] }}
"""


def adversaries(d: str = "Adam(0.002)", g: str = "Adam(0.002)") -> list[Any]:
    return told(gl.loads(ADVERSARIES.format(d=d, g=g)), x=clouds()["x"])


def test_objectives_that_work_against_one_another_are_told_nothing_while_they_are_healthy() -> None:
    assert adversaries() == []


def test_every_objective_is_watched_with_its_own_loss_and_parameters() -> None:
    graph = gl.loads("""
input x: float[N, 8]
near = mean((x -> Affine(3))**2)
far = mean((x -> Affine(3))**2)
output near
train { batch = 20; epochs = 6
        minimize = [objective(near, "Affine1.*", SGD(0.1)), objective(far, "Affine2.*", SGD(1e-9))] }
""")
    warning = only(told(graph, x=clouds()["x"]), "GL904")
    assert (warning.span.text, warning.rate) == ("far", 1e-9)
    rises = next(w for w in adversaries(g="SGD(300)") if w.code == "GL905")
    assert rises.parameter.startswith("G")
    assert rises.rate == 300
