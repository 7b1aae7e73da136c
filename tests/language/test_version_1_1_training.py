"""Section 4 of version 1.1 of the language: training, a test for each line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.followed import Deciders
from graphlang.training.loop import train
from graphlang.training.record import Epoch

NET = """
input x: float[N, 3], t: float[N, 2]
layer enc = Affine(4)
layer head = Affine(2)
y = x -> enc -> Tanh -> head
loss = MeanSquaredError(y, t)
output y
train {{ minimize = loss; batch = 4; seed = 3; dtype = float64; {} }}
"""


def net(settings: str, **options: Any) -> gl.Graph:
    return gl.loads(NET.format(settings), **options)


def rows(count: int = 12) -> dict[str, Any]:
    draw = np.random.default_rng(5)
    return {"x": draw.normal(size=(count, 3)), "t": draw.normal(size=(count, 2))}


def trained(settings: str) -> gl.Graph:
    graph = net(settings)
    graph.fit(**rows())
    return graph


def arrays(graph: gl.Graph) -> dict[str, Any]:
    return {name: np.array(graph.params[name]) for name in graph.params}


@pytest.mark.parametrize(
    "schedule",
    [
        "constant(warmup=2)",
        "step(every=2, warmup=2)",
        "milestones([3, 5], warmup=2)",
        "exponential(0.9, warmup=2)",
        "polynomial(2, warmup=2)",
        "linear(warmup=2)",
        "cosine(warmup=2)",
        "one_cycle(warmup=2)",
    ],
)
def test_schedules_each_with_a_warm_up(schedule: str) -> None:
    """SGD's first step is at half the rate, so it moves half as far; the second is at the whole rate."""
    half, whole = (
        net(f"optimizer = SGD(0.1); epochs = 3; schedule = {schedule}"),
        net("optimizer = SGD(0.1); epochs = 3"),
    )
    before = arrays(half)
    for graph in (half, whole):
        graph.compile(train=True, iterations=9)(**rows(4))
    for name, start in before.items():
        np.testing.assert_allclose(
            half.params[name] - start, (whole.params[name] - start) / 2, rtol=1e-9, atol=1e-14
        )


@pytest.mark.parametrize(
    "optimizer", ["Adam(amsgrad=true)", "NAdam(0.01)", "RAdam(0.01)", "Adadelta", "Lion(0.01)"]
)
def test_optimizers_amsgrad_as_an_option_nadam_radam_adadelta_lion(optimizer: str) -> None:
    graph = net(f"optimizer = {optimizer}; epochs = 30")
    history = graph.fit(**rows())
    assert history.epochs[-1].loss < history.epochs[0].loss


def test_clip_value_cuts_every_number_of_a_gradient() -> None:
    text = (
        "input g: float[N, 3]\nparam W: float[3] = 0\nloss = sum(g * W)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(1); batch = 1; epochs = 1; clip_value = 0.5 }"
    )
    graph = gl.loads(text)
    graph.fit(g=[[2.0, -3.0, 0.25]])
    assert graph.params["W"].tolist() == [-0.5, 0.5, -0.25]
    both = gl.loads(text.replace("clip_value = 0.5", "clip_value = 0.5; clip_norm = 1"))
    both.fit(g=[[3.0, -4.0, 0.0]])  # of norm 5, so [0.6, -0.8, 0] is cut
    np.testing.assert_allclose(both.params["W"], [-0.5, 0.5, 0])


# ---- groups ------------------------------------------------------------------------------------------------


def test_the_first_group_whose_pattern_matches_sets_what_it_names() -> None:
    """With SGD without momentum, the step of each parameter is its own rate times its gradient."""
    groups = 'groups = [group(["head.b", "nothing.else*", "enc.b"], lr=0.05), group("head.*", lr=0.2)]'
    with pytest.raises(gl.GraphError, match=r"no parameter has a name like `nothing\.else"):
        net(f"optimizer = SGD(0.1); iterations = 1; {groups}")
    graph = net("optimizer = SGD(0.1); iterations = 1; " + groups.replace('"nothing.else*", ', ""))
    plain = net("optimizer = SGD(0.1); iterations = 1")
    before = arrays(graph)
    for each in (graph, plain):
        each.fit(**rows(4))
    rates = {"head.b": 0.05, "enc.b": 0.05, "head.W": 0.2, "enc.W": 0.1}
    assert set(rates) == set(before)
    for name, rate in rates.items():
        step = plain.params[name] - before[name]
        np.testing.assert_allclose(
            graph.params[name] - before[name], step * rate / 0.1, rtol=1e-9, atol=1e-14
        )


def test_a_group_sets_any_attribute_of_the_optimizer() -> None:
    graph = net(
        'optimizer = AdamW(0.01, weight_decay=0.5); iterations = 3; groups = group("*.b", weight_decay=0)'
    )
    other = net("optimizer = AdamW(0.01, weight_decay=0); iterations = 3")
    decays = net("optimizer = AdamW(0.01, weight_decay=0.5); iterations = 1")
    for each in (graph, other, decays):
        each.fit(**rows(4))
    with pytest.raises(gl.GraphError, match="`AdamW` has no attribute `momentum`"):
        net('optimizer = AdamW(0.01); iterations = 3; groups = [group("*.b", momentum=0)]')
    with pytest.raises(gl.GraphError, match="lr"):
        net('optimizer = AdamW(0.01); iterations = 3; groups = [group("*.b", lr=-1)]')
    with pytest.raises(gl.GraphError, match="is no group of parameters"):
        net('optimizer = AdamW(0.01); iterations = 3; groups = ["*.b"]')


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(gl.GraphError, match=r"no parameter has a name like `haed\.\*`"):
        net('optimizer = Adam(0.01); iterations = 3; groups = [group("haed.*", freeze=true)]')


@pytest.mark.parametrize(
    "optimizer", ["SGD(0.1, weight_decay=0.5)", "Momentum(0.1)", "AdamW(0.1, weight_decay=0.5)"]
)
def test_freeze_computes_no_gradient_decays_nothing_and_remembers_nothing(optimizer: str) -> None:
    graph = net(f'optimizer = {optimizer}; iterations = 5; groups = [group("enc.*", freeze=true)]')
    before = arrays(graph)
    history = graph.fit(**rows())
    for name, start in before.items():
        assert np.array_equal(graph.params[name], start) == name.startswith("enc.")
    assert set(history.layers[-1].parameters) == {"head.W", "head.b"}


@pytest.mark.parametrize(
    "optimizer", ["SGD(0.1, weight_decay=0.5)", "AdamW(0.1, weight_decay=0.5)", "Lion(0.1, weight_decay=1)"]
)
def test_a_parameter_that_gets_no_gradient_is_not_touched(optimizer: str) -> None:
    text = (
        "input x: float[N]\nparam a: float = 2\nparam b: float = 3\nloss = mean((x * a * stop_gradient(b))**2)\n"
        f"output loss\ntrain {{ minimize = loss; optimizer = {optimizer}; iterations = 4; batch = 2 }}"
    )
    graph = gl.loads(text)
    graph.fit(x=[1.0, 2.0])
    assert graph.params["b"] == 3
    assert graph.params["a"] != 2


# ---- accumulate --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["SGD(0.1)", "Adam(0.01)", "Momentum(0.1)"])
def test_accumulate_averages_the_gradients_of_batches_for_one_update(optimizer: str) -> None:
    """Four batches of 3 rows, averaged, are one batch of 12."""
    many = gl.loads(
        NET.format(f"optimizer = {optimizer}; epochs = 3; accumulate = 4; shuffle = false").replace(
            "batch = 4", "batch = 3"
        )
    )
    one = gl.loads(
        NET.format(f"optimizer = {optimizer}; epochs = 3; shuffle = false").replace("batch = 4", "batch = 12")
    )
    for graph in (many, one):
        graph.fit(**rows())
    for name in one.params:
        np.testing.assert_allclose(many.params[name], one.params[name], rtol=1e-10, atol=1e-12)


def test_batches_that_are_left_at_the_end_are_an_update_too() -> None:
    graph = net("optimizer = SGD(0.1); iterations = 6; accumulate = 4; shuffle = false")
    one = gl.loads(
        NET.format("optimizer = SGD(0.1); iterations = 2; shuffle = false").replace("batch = 4", "batch = 16")
    )
    data = rows(24)
    graph.fit(**data)
    step = one.compile(train=True)
    step({name: array[:16] for name, array in data.items()})
    step({name: array[16:] for name, array in data.items()})
    for name in one.params:
        np.testing.assert_allclose(graph.params[name], one.params[name], rtol=1e-10)


def test_schedules_count_updates_where_gradients_are_accumulated() -> None:
    graph = net("optimizer = SGD(1); iterations = 8; accumulate = 4; schedule = linear")
    state = graph.compile(train=True)._state
    assert [state.rate(t) for t in (1, 2)] == [1.0, 0.5]


FIELDS = {"x": "x", "t": "t"}


# ---- stop, keep, ema ---------------------------------------------------------------------------------------


def validated(settings: str, **options: Any) -> tuple[gl.Graph, Any]:
    graph = net(settings, **options)
    return graph, graph.fit(**rows(8), validation=rows(4))


def test_stop_ends_the_training_after_epochs_without_a_better_value_and_the_best_weights_come_back() -> None:
    """A rate that is too high makes the loss grow from the first epoch on."""
    settings = "optimizer = SGD(3, weight_decay=0.1); epochs = 30; shuffle = false"
    graph, history = validated(
        settings + "; stop = early(monitor=validation.loss, patience=3, min_delta=1e-4)"
    )
    losses = [epoch.validation["loss"] for epoch in history.epochs]
    best = int(np.argmin(losses))
    assert len(losses) == best + 4 < 30
    assert graph.evaluate(**rows(4))["loss"] == pytest.approx(losses[best], rel=1e-12)


def test_keep_brings_the_best_weights_back_at_the_end() -> None:
    graph, history = validated(
        "optimizer = SGD(3, weight_decay=0.1); epochs = 6; shuffle = false; keep = best(validation.loss)"
    )
    losses = [epoch.validation["loss"] for epoch in history.epochs]
    assert len(losses) == 6
    assert min(losses) < losses[-1]
    assert graph.evaluate(**rows(4))["loss"] == pytest.approx(min(losses), rel=1e-12)


def test_keep_takes_the_largest_of_a_metric_of_which_more_is_better() -> None:
    text = (
        "input x: float[N, 3], t: int[N]\ny = x -> Affine(2)\nloss = SoftmaxWithLoss(y, t)\noutput y\n"
        "train {{ minimize = loss; optimizer = SGD({}); epochs = 8; batch = 4; metrics = [accuracy(y, t)]; {} }}"
    )
    draw = np.random.default_rng(0)
    data = {"x": draw.normal(size=(12, 3)), "t": draw.integers(0, 2, 12)}
    graph = gl.loads(text.format(9, "keep = best(validation.accuracy)"))
    history = graph.fit(**data, validation={name: array[:7] for name, array in data.items()})
    values = [epoch.validation["accuracy"] for epoch in history.epochs]
    assert min(values) < max(values)
    few = {name: array[:7] for name, array in data.items()}
    assert graph.evaluate(**few)["accuracy"] == pytest.approx(max(values))
    with pytest.raises(gl.GraphError, match="monitors `accurate`, which is not measured"):
        gl.loads(text.format(1, "keep = best(validation.accurate)"))


def test_a_monitored_split_that_is_not_there_is_an_error_before_the_first_step() -> None:
    with pytest.raises(gl.GraphError, match="the data has no split `validation`"):
        net("optimizer = SGD(0.1); epochs = 3; stop = early").fit(**rows())


def test_what_is_no_monitor_of_its_setting_is_refused() -> None:
    with pytest.raises(gl.GraphError, match="`stop` is `early"):
        net("optimizer = SGD(0.1); epochs = 3; stop = best(loss)")


def test_ema_averages_the_weights_over_the_updates() -> None:
    """Evaluation and the weights at the end are the averages: e <- 0.8 e + 0.2 W, from W of the first update."""
    graph, history = validated("optimizer = SGD(0.3); epochs = 5; shuffle = false; ema = 0.8")
    plain = net("optimizer = SGD(0.3); epochs = 5; shuffle = false")
    step, averages = plain.compile(train=True), dict[str, Any]()
    for _ in range(5):
        for start in (0, 4):
            step({name: array[start : start + 4] for name, array in rows(8).items()})
            for name, W in arrays(plain).items():
                averages[name] = 0.8 * averages[name] + 0.2 * W if name in averages else W
    for name, average in averages.items():
        np.testing.assert_allclose(graph.params[name], average, rtol=1e-9, atol=1e-12)
    assert graph.evaluate(**rows(4))["loss"] == pytest.approx(
        history.epochs[-1].validation["loss"], rel=1e-12
    )


def test_plateau_lowers_the_rate_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.01, threshold_mode="abs"
    )
    graph = net(
        "optimizer = SGD(1); epochs = 3; schedule = plateau(loss, patience=2, factor=0.5, min_delta=0.01)"
    )
    ours = Deciders(graph.model, graph.spec.train, ["train"])
    losses = [3.0, 2.0, 1.995, 1.992, 1.9, 1.95, 1.93, 1.92, 1.91, 1.905, 1.9, 1.8, 2.0, 2.0, 2.0, 2.0]
    for number, loss in enumerate(losses, 1):
        theirs.step(loss)
        ours.see(Epoch(number, number, loss, {}, {}))
        assert ours.rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
    assert ours.rate < 0.5


def test_on_epoch_that_returns_false_ends_the_training_cleanly() -> None:
    graph = net("optimizer = SGD(0.1); epochs = 9; ema = 0.5")
    history = graph.fit(**rows(), on_epoch=lambda epoch: epoch.epoch < 2)
    assert len(history.epochs) == 2


# ---- from outside ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["train.optimizer.lr", "lr"])
def test_an_attribute_of_the_optimizer_is_set_from_outside(name: str) -> None:
    for value in (0.5, "0.5", "1 / 2"):
        train = net("optimizer = AdamW(0.1, weight_decay=0.2); epochs = 3", set={name: value}).spec.train
        assert train.optimizer.attributes == {"lr": 0.5, "weight_decay": 0.2}


def test_so_is_one_of_the_schedule_and_of_what_stops() -> None:
    settings = "optimizer = SGD(0.1); epochs = 3; schedule = step(5); stop = early(loss)"
    train = net(settings, set={"every": 7, "train.schedule.gamma": 0.5, "train.stop.patience": 2}).spec.train
    assert train.schedule.attributes == {"every": 7, "gamma": 0.5}
    assert train.stop.attributes == {"monitor": "loss", "patience": 2}
    train = net("optimizer = SGD(0.1); epochs = 3", set={"train.schedule.warmup": 4}).spec.train
    assert (train.schedule.name, train.schedule.attributes) == ("constant", {"warmup": 4})


def test_an_attribute_is_set_in_an_optimizer_that_comes_from_outside_too() -> None:
    train = net(
        "optimizer = SGD(0.1); epochs = 3", set={"train.optimizer": "Adam(0.1)", "beta1": 0.5}
    ).spec.train
    assert (train.optimizer.name, train.optimizer.attributes) == ("Adam", {"lr": 0.1, "beta1": 0.5})


def test_a_hyper_of_the_name_comes_before_the_optimizer() -> None:
    text = "hyper lr = 0.1\n" + NET.format("optimizer = SGD(lr * 2); epochs = 3")
    train = gl.loads(text, set={"lr": 0.5}).spec.train
    assert train.optimizer.attributes == {"lr": 1.0}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lr", -1, "greater than 0"),
        ("lr", "fast", "unknown name `fast`"),
        ("train.optimizer.rate", 1, "train.optimizer.rate"),
        ("train.stop.patience", 1, "train.stop.patience"),
        ("momentum", 0.9, "momentum"),
    ],
)
def test_what_is_wrong_with_an_attribute_from_outside_is_told(name: str, value: Any, message: str) -> None:
    with pytest.raises(gl.GraphError, match=message):
        net("optimizer = SGD(0.1); epochs = 3", set={name: value})


# ---- weights of another graph ------------------------------------------------------------------------------

OTHER = (
    NET.replace("enc", "encoder")
    .replace("layer head = Affine(2)", "layer head = Affine(5)")
    .replace("t: float[N, 2]", "t: float[N, 5]")
)


def other() -> gl.Graph:
    return gl.loads(OTHER.format("optimizer = SGD(0.1); iterations = 1"))


def test_partial_weights_take_what_fits_by_name_and_shape_and_list_the_rest(tmp_path: Path) -> None:
    graph, new = trained("optimizer = SGD(0.1); iterations = 3"), other()
    graph.save(tmp_path / "old.npz")
    before = arrays(new)
    taken = new.load_weights(tmp_path / "old.npz", partial=True, rename={"enc.*": "encoder.*"})
    assert set(taken.taken) == {"encoder.W", "encoder.b"}
    assert taken.left == {
        "head.W": "[4, 2] in the file, [4, 5] here",
        "head.b": "[2] in the file, [5] here",
    }
    assert set(taken.unused) == {"head.W", "head.b"}
    assert np.array_equal(new.params["encoder.W"], graph.params["enc.W"])
    assert np.array_equal(new.params["head.W"], before["head.W"])
    with pytest.raises(gl.GraphError, match="no array of the file fits"):
        other().load_weights(tmp_path / "old.npz", partial=True)
    with pytest.raises(gl.GraphError, match=r"no array has a name like `dec\.\*`"):
        other().load_weights(tmp_path / "old.npz", partial=True, rename={"dec.*": "encoder.*"})
    with pytest.raises(gl.GraphError, match="would both be"):
        other().load_weights(tmp_path / "old.npz", partial=True, rename={"enc.*": "head.*"})
    with pytest.raises(gl.GraphError, match="the same number of"):
        other().load_weights(tmp_path / "old.npz", partial=True, rename={"enc.*": "encoder.W"})


def test_renamed_weights_that_all_fit_need_no_partial(tmp_path: Path) -> None:
    graph = trained("optimizer = SGD(0.1); iterations = 3")
    graph.save(tmp_path / "old.npz")
    new = gl.loads(NET.replace("enc", "body").format("optimizer = SGD(0.1); iterations = 1"))
    new.load_weights(tmp_path / "old.npz", rename={"enc.*": "body.*"})
    assert np.array_equal(new.params["body.W"], graph.params["enc.W"])


def test_a_run_folder_is_accepted_where_weights_are(tmp_path: Path) -> None:
    graph = net("optimizer = SGD(0.1); iterations = 3")
    train(graph.model, from_arrays(rows()), folder=tmp_path / "run", fields=FIELDS)
    for partial in (False, True):
        new = net("optimizer = SGD(0.1); iterations = 3")
        assert len(new.load_weights(tmp_path / "run", partial=partial).taken) == 4
        assert np.array_equal(new.params["enc.W"], graph.params["enc.W"])


def test_train_takes_partial_weights_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphlang.cli import main

    monkeypatch.chdir(tmp_path)
    trained("optimizer = SGD(0.1); iterations = 3").save("old.npz")
    data = 'data {{ source = npz("rows.npz"); x = x; t = t }}\ntrain'
    Path("new.graph").write_text(OTHER.replace("train", data).format("optimizer = SGD(0.1); iterations = 1"))
    draw = np.random.default_rng(0)
    np.savez("rows.npz", x_train=draw.normal(size=(8, 3)), t_train=draw.normal(size=(8, 5)))
    arguments = ["train", "new.graph", "--weights", "old.npz", "--rename", "enc.*=encoder.*"]
    assert main(arguments) == 1
    assert main([*arguments, "--partial"]) == 0
    assert "2 of 4 parameters are taken" in capsys.readouterr().err
    assert main(["train", "new.graph", "--partial"]) == 2


# ---- objectives in turn ------------------------------------------------------------------------------------

GAN = """
input x: float[N, 3]
layer G = Affine(3)
layer D = Affine(1)
fake = x * x -> G
d_loss = mean((D(x) - 1)**2) + mean(D(fake)**2)
g_loss = mean((D(fake) - 1)**2)
output fake
train {{ batch = 4; iterations = 6; shuffle = false; dtype = float64; seed = 3; {}
  minimize = [objective(d_loss, "D.*", Adam(0.02, beta1=0.5)), objective(g_loss, "G.*", SGD(0.1))] }}
"""


def test_several_objectives_in_turn_each_update_their_parameters_alone() -> None:
    """As PyTorch's loop does: a step for D, then one for G against the new D."""
    torch = pytest.importorskip("torch")
    graph, data = gl.loads(GAN.format("")), rows(4)["x"]
    W = {n: torch.tensor(a, dtype=torch.float64, requires_grad=True) for n, a in arrays(graph).items()}
    d_step = torch.optim.Adam([W["D.W"], W["D.b"]], lr=0.02, betas=(0.5, 0.999))
    g_step = torch.optim.SGD([W["G.W"], W["G.b"]], lr=0.1)
    x, losses = torch.tensor(data), ([], [])
    for _ in range(6):
        fake = (x * x) @ W["G.W"] + W["G.b"]
        d_loss = ((x @ W["D.W"] + W["D.b"] - 1) ** 2).mean() + ((fake @ W["D.W"] + W["D.b"]) ** 2).mean()
        losses[0].append(d_loss.item())
        d_step.zero_grad()
        d_loss.backward()
        d_step.step()
        fake = (x * x) @ W["G.W"] + W["G.b"]
        g_loss = ((fake @ W["D.W"] + W["D.b"] - 1) ** 2).mean()
        losses[1].append(g_loss.item())
        g_step.zero_grad()
        g_loss.backward()
        g_step.step()
    history = graph.fit(x=data)
    assert history.losses == history.objectives["d_loss"]
    for name, own in zip(("d_loss", "g_loss"), losses, strict=True):
        np.testing.assert_allclose(history.objectives[name], own, rtol=1e-9)
    for name, array in W.items():
        np.testing.assert_allclose(graph.params[name], array.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_what_is_no_objective_is_refused() -> None:
    with pytest.raises(gl.GraphError, match="is no objective"):
        gl.loads(GAN.format("").replace('objective(g_loss, "G.*", SGD(0.1))', "g_loss"))
    with pytest.raises(gl.GraphError, match="`optimizer` is set twice"):
        gl.loads(GAN.format("optimizer = Adam"))
    with pytest.raises(gl.GraphError, match=r"train\.optimizer\.lr"):
        gl.loads(GAN.format(""), set={"train.optimizer.lr": 1})
    with pytest.raises(gl.GraphError, match=r"no parameter has a name like `H\.\*`"):
        gl.loads(GAN.format("").replace('"G.*"', '"H.*"'))


def test_what_is_monitored_is_the_validation_split_of_the_data_where_there_is_one(tmp_path: Path) -> None:
    data = 'data {{ source = npz("rows.npz"); validation = 0.25; x = x; t = t }}\ntrain'
    settings = "optimizer = SGD(3, weight_decay=0.1); epochs = 5; keep = best(validation.loss)"
    (tmp_path / "net.graph").write_text(NET.replace("train", data).format(settings))
    np.savez(
        tmp_path / "rows.npz",
        **{f"{n}_train": a for n, a in rows(16).items()},
        **{f"{n}_test": a for n, a in rows(5).items()},
    )
    graph = gl.load(tmp_path / "net.graph")
    history = graph.fit()
    losses = [epoch.validation["loss"] for epoch in history.epochs]
    best = int(np.argmin(losses))
    assert graph.evaluate(**rows(5))["loss"] == pytest.approx(history.epochs[best].test["loss"], rel=1e-12)


# ---- what is told of what cannot be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('groups = [group("*", freeze=true)]', "every parameter is frozen, so nothing is trained"),
        ('groups = [group("enc.*", freeze=true, lr=0.1)]', "what is frozen does not change"),
        ('groups = [group("enc.*", frozen=true)]', "is no group of parameters(.|\n)*freeze=true"),
        ('groups = [group("head", lr=1)]', r"no parameter has a name like `head`(.|\n)*did you mean `head\.\*`"),
        ('freeze = ["enc.*"]', r'`groups = \[group\(\["enc.\*"\], freeze=true\)\]`'),
        ("patience = 3", r"`stop = early\(patience=3\)`"),
        ("early_stopping = 3", "`stop`"),
        ("gradient_accumulation_steps = 3", "`accumulate`"),
        ("keep = best(val_loss)", r"write `validation\.loss`"),
        ("stop = early(loss, mode=smallest)", "`mode` of `early` must be"),
        ("schedule = ReduceLROnPlateau(loss)", "it is called `plateau` here"),
        ("schedule = MultiStepLR([3])", "it is called `milestones` here"),
    ],
)  # fmt: skip
def test_what_other_frameworks_write_is_told_how_to_write_here(settings: str, message: str) -> None:
    with pytest.raises(gl.GraphError, match=message):
        net(f"optimizer = SGD(0.1); epochs = 2; {settings}")


def test_amsgrad_is_told_to_be_an_option() -> None:
    with pytest.raises(gl.GraphError, match=r"it is an option here: `Adam\(amsgrad=true\)`"):
        net("optimizer = AMSGrad(0.1); epochs = 2")


@pytest.mark.parametrize(("mode", "best"), [("min", min), ("max", max)])
def test_the_words_of_mode_need_no_quotes(mode: str, best: Any) -> None:
    graph = net(
        f"optimizer = SGD(0.1); epochs = 4; metrics = [mean(y)]; keep = best(validation.mean, mode={mode})"
    )
    history = graph.fit(**rows(), validation=rows(6))
    values = [epoch.validation["mean"] for epoch in history.epochs]
    assert graph.evaluate(**rows(6))["mean"] == pytest.approx(best(values), rel=1e-9)


def test_an_objective_that_changes_no_parameter_is_refused() -> None:
    with pytest.raises(
        gl.GraphError, match=r"the objective of `g_loss` changes no parameter: `D\.W`, `D\.b` are"
    ):
        gl.loads(GAN.format("").replace('"G.*"', '"D.*"'))
    with pytest.raises(
        gl.GraphError, match=r"the objective of `g_loss` changes no parameter: `G\.W`, `G\.b` are"
    ):
        gl.loads(GAN.format('groups = group("G.*", freeze=true)'))


def test_groups_set_attributes_of_the_optimizer_of_their_objective() -> None:
    gl.loads(GAN.format('groups = group("D.*", beta1=0.3)'))
    gl.loads(GAN.format('groups = group("*.b", weight_decay=0.1)'))
    with pytest.raises(gl.GraphError, match="`SGD` has no attribute `beta1`"):
        gl.loads(GAN.format('groups = group("G.*", beta1=0.3)'))


def test_one_objective_needs_no_list() -> None:
    text = (
        GAN.format("")
        .replace("minimize = [", "minimize = ")
        .replace(', objective(g_loss, "G.*", SGD(0.1))]', "")
    )
    graph = gl.loads(text)
    before = arrays(graph)
    assert list(graph.fit(x=rows()["x"]).objectives) == ["d_loss"]
    assert np.array_equal(graph.params["G.W"], before["G.W"])
