"""Training on JAX takes the steps that NumPy's engine takes, and keeps what it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_names
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train
from graphlang.training.record import History, Progress

pytest.importorskip("jax", reason="JAX is not installed")

SPECS = Path(__file__).parents[2] / "specs"
CACHE = TemporaryDirectory(prefix="graphlang-tests-")
"""Many tests compile the same programs."""
NUMPY_DRAWS = gl.Jax(draws="numpy", cache=CACHE.name)
JAX = gl.Jax(cache=CACHE.name)
NET = """input x: float[N, 4]
input t: int[N]
y = x -> BatchNorm -> Affine(8) -> Relu -> Dropout(0.3) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y, loss
train {{ minimize = loss; optimizer = {optimizer}; schedule = {schedule}; batch = 8; epochs = 2; {more}
         metrics = {metrics} }}"""


def net(optimizer: str = "Adam", schedule: str = "constant", more: str = "", **options: Any) -> gl.Graph:
    """A graph with a bit of everything that a training has; without metrics, which are programs besides."""
    text = NET.format(optimizer=optimizer, schedule=schedule, more=more, metrics="[]")
    return gl.loads(text, dtype="float64", **options)


def arrays(rows: int = 21, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {"x": generator.standard_normal((rows, 4)), "t": generator.integers(0, 3, rows)}


def agree(jax: gl.Graph, numpy: gl.Graph, but: tuple[str, ...] = (), tolerance: float = 1e-9) -> None:
    """Both have the same losses, epochs and parameters."""
    assert jax.history is not None
    assert numpy.history is not None
    np.testing.assert_allclose(jax.history.losses, numpy.history.losses, rtol=tolerance)
    for one, other in zip(jax.history.epochs, numpy.history.epochs, strict=True):
        assert one.iteration == other.iteration
        assert one.loss == pytest.approx(other.loss, rel=tolerance)
        assert one.train == pytest.approx(other.train, rel=tolerance)
        assert one.test == pytest.approx(other.test, rel=tolerance)
    for name, array in numpy.params.items():
        if name not in but:
            scale = float(np.max(np.abs(array), initial=1e-3))
            np.testing.assert_allclose(jax.params[name], array, rtol=0, atol=tolerance * scale, err_msg=name)


# ---- the same steps --------------------------------------------------------------------------------------

SLOW = [
    "autoencoder",
    "char_rnn",
    "deep_convnet",
    "dropout_overfit",
    "gan",
    "resnet",
    "simple_convnet",
    "transformer",
    "vae",
]
"""Lessons that take XLA some seconds to compile."""
NOISE = {"gan": ".b", "transformer": "Affine"}
"""Parameters whose gradient is 0 but for rounding, which an optimizer may scale up: a bias before BatchNorm, the
keys of attention."""


@pytest.mark.parametrize(
    "name", ["two_layer_net", "word2vec", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)]
)
def test_five_steps_of_a_lesson_are_those_of_numpy(name: str) -> None:
    def trained(backend: Any) -> gl.Graph:
        settings = {"train.metrics": "[]"}
        graph = gl.load(SPECS / f"{name}.graph", dtype="float64", set=settings, backend=backend)
        graph.fit(iterations=5)
        return graph

    but = NOISE.get(name)
    jax, numpy = trained(gl.Jax(draws="numpy")), trained("numpy")
    agree(jax, numpy, but=tuple(n for n in jax.params if but is not None and but in n))


@pytest.mark.parametrize("optimizer", family_names("optimizers"))
def test_every_optimizer_takes_the_steps_of_numpy(optimizer: str) -> None:
    use = f"{optimizer}(lr=0.01, weight_decay=0.1)"
    jax, numpy = net(use, more="clip_norm = 0.5;", backend=NUMPY_DRAWS), net(use, more="clip_norm = 0.5;")
    for graph in (jax, numpy):
        graph.fit(**arrays())
    agree(jax, numpy)


@pytest.mark.parametrize(
    "more",
    [
        'groups = [group("Affine1.*", freeze=true), group("*.b", lr=0.5, weight_decay=0)];',
        "accumulate = 2; schedule = cosine(warmup=2);",
        "accumulate = 4; clip_norm = 0.1; clip_value = 0.01;",
        "ema = 0.5; keep = best(loss); schedule = plateau(loss, patience=0);",
    ],
)
def test_groups_and_accumulated_gradients_take_the_steps_of_numpy(more: str) -> None:
    def trained(backend: Any) -> gl.Graph:
        text = NET.format(optimizer="AdamW(0.01)", schedule="constant", more=more, metrics="[]")
        text = text.replace("schedule = constant;", "" if "schedule" in more else "schedule = constant;")
        graph = gl.loads(text, dtype="float64", backend=backend)
        graph.fit(**arrays())
        return graph

    agree(trained(NUMPY_DRAWS), trained("numpy"))


def test_objectives_in_turn_take_the_steps_of_numpy() -> None:
    text = """input x: float[N, 4]
layer G = Affine(4)
layer D = Affine(1)
fake = x * x -> G
d_loss = mean((D(x) - 1)**2) + mean(D(fake)**2)
g_loss = mean((D(fake) - 1)**2)
output fake
train { batch = 8; epochs = 2
  minimize = [objective(d_loss, "D.*", Adam(0.02, beta1=0.5)), objective(g_loss, "G.*", SGD(0.1))] }"""
    graphs = [gl.loads(text, dtype="float64", backend=backend) for backend in (NUMPY_DRAWS, "numpy")]
    for graph in graphs:
        graph.fit(x=arrays()["x"])
    agree(*graphs)


SCHEDULES = {
    "step": "step(every=2)",
    "exponential": "exponential(gamma=0.9)",
    "milestones": "milestones(at=[2, 4])",
    "plateau": "plateau(loss, patience=0, min_delta=100)",
    "warmup_cosine": "warmup_cosine(warmup=2)",
}


@pytest.mark.parametrize("schedule", family_names("schedules"))
def test_every_schedule_gives_the_rates_of_numpy(schedule: str) -> None:
    use = SCHEDULES.get(schedule, schedule)
    jax, numpy = net("SGD(lr=0.1)", use, backend=NUMPY_DRAWS), net("SGD(lr=0.1)", use)
    for graph in (jax, numpy):
        graph.fit(**arrays())
    agree(jax, numpy)


@pytest.mark.parametrize("count", [3, None])
def test_several_steps_in_a_call_are_the_single_steps(count: int | None) -> None:
    single, several = (
        net(backend=gl.Jax(steps_per_call=1, cache=CACHE.name)),
        net(backend=gl.Jax(steps_per_call=count, cache=CACHE.name)),
    )
    for graph in (single, several):
        graph.fit(**arrays(53))
    agree(several, single, tolerance=1e-12)


@pytest.mark.parametrize("rows", [16, 21, 17])
@pytest.mark.parametrize(
    "body",
    ["y = x -> Affine(3)", "y = (x -> Affine(3)) - max(x, axis=0)[0]"],
    ids=["padded", "compiled apart"],
)
def test_a_smaller_last_batch_has_the_loss_of_its_own_rows(rows: int, body: str) -> None:
    text = NET.split("\n", 3)
    lines = [
        *text[:2],
        body,
        text[3].format(optimizer="SGD(lr=0.1)", schedule="constant", more="", metrics="[]"),
    ]
    jax, numpy = (gl.loads("\n".join(lines), dtype="float64", backend=b) for b in (JAX, "numpy"))
    for graph in (jax, numpy):
        graph.fit(**arrays(rows))
    agree(jax, numpy)


def test_data_that_does_not_stay_on_the_device_is_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlang.backends.jax.placement import Placement

    jax, fed, numpy = net(backend=NUMPY_DRAWS), net(backend=NUMPY_DRAWS), net()
    jax.fit(**arrays(53))
    monkeypatch.setattr(Placement, "holds_data", lambda self, nbytes: False)
    fed.fit(**arrays(53))
    numpy.fit(**arrays(53))
    agree(fed, numpy)
    assert jax.history is not None
    assert fed.history is not None
    assert jax.history.losses == fed.history.losses


def test_images_stay_bytes_and_become_numbers_in_the_program() -> None:
    losses = []
    for backend in (JAX, "numpy"):
        graph = gl.load(
            SPECS / "two_layer_net.graph", backend=backend, set={"train.batch": 50, "train.metrics": "[]"}
        )
        losses.append(graph.fit(iterations=3).losses)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_metrics_over_both_splits_are_those_of_numpy() -> None:
    text = NET.format(optimizer="Adam", schedule="cosine", more="", metrics="[accuracy(y, t)]")
    jax, numpy = (gl.loads(text, dtype="float64", backend=b) for b in (NUMPY_DRAWS, "numpy"))
    for graph in (jax, numpy):
        graph.fit(**arrays(), validation=arrays(5, seed=1))
    agree(jax, numpy)


# ---- random numbers ----------------------------------------------------------------------------------------


def test_its_own_random_numbers_depend_on_the_seed_and_the_step_alone() -> None:
    losses = [net(seed=seed, backend=JAX).fit(**arrays()).losses for seed in (0, 0, 1)]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_dropout_keeps_the_share_that_it_states() -> None:
    text = """input x: float[N, 1000]
param w: float = 1
y = x -> Dropout(0.3)
loss = mean(y) * w
output loss
train { minimize = loss; optimizer = SGD(lr=0.000001); batch = 4; iterations = 3 }"""
    losses = gl.loads(text, backend=JAX).fit(x=np.ones((4, 1000), np.float32)).losses
    assert len(set(losses)) == 3
    assert losses == pytest.approx([0.7] * 3, abs=0.05) or losses == pytest.approx([1.0] * 3, abs=0.05)


# ---- parameters --------------------------------------------------------------------------------------------


def test_parameters_read_while_it_trains_are_those_of_the_last_step() -> None:
    seen: dict[str, list[Any]] = {"jax": [], "numpy": []}
    for name, backend in (("jax", NUMPY_DRAWS), ("numpy", "numpy")):
        graph = net(backend=backend)
        graph.fit(
            **arrays(),
            epochs=4,
            on_epoch=lambda epoch, graph=graph, name=name: seen[name].append(
                graph.params["Affine2.W"].copy()
            ),
        )
        seen[name].append(graph.params["Affine2.W"].copy())
    for one, other in zip(seen["jax"], seen["numpy"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)
    assert not np.array_equal(seen["jax"][0], seen["jax"][1])


def test_parameters_written_while_it_trains_are_taken() -> None:
    graphs = []
    for backend in (NUMPY_DRAWS, "numpy"):
        graph = net(backend=backend)

        def halve(epoch: Any, graph: gl.Graph = graph) -> None:
            graph.params["Affine2.W"][...] *= 0.5

        graph.fit(**arrays(), on_epoch=halve)
        graphs.append(graph)
    agree(*graphs)


def test_predictions_between_epochs_are_those_of_the_newest_parameters() -> None:
    seen: list[Any] = []
    graph = net(backend=JAX)
    graph.fit(**arrays(), on_epoch=lambda epoch: seen.append(graph.predict(**arrays())["y"]))
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[1], graph.predict(**arrays())["y"])


# ---- records, checkpoints ----------------------------------------------------------------------------------


def test_layers_are_measured_as_in_numpy() -> None:
    jax, numpy = (net(backend=b).fit(**arrays(), epochs=3) for b in (NUMPY_DRAWS, "numpy"))
    assert [r.iteration for r in jax.layers] == [r.iteration for r in numpy.layers]
    for one, other in zip(jax.layers, numpy.layers, strict=True):
        assert one.dead == other.dead
        for name, norms in other.parameters.items():
            assert one.parameters[name].gradient == pytest.approx(norms.gradient, rel=1e-6)
            assert one.parameters[name].update == pytest.approx(norms.update, rel=1e-6)


def test_progress_comes_once_for_every_step_in_order() -> None:
    steps: list[Progress] = []
    graph = net(backend=gl.Jax(steps_per_call=3, cache=CACHE.name))
    history = train(
        graph.model, from_arrays(arrays(53)), on_progress=steps.append, fields={"x": "x", "t": "t"}
    )
    assert [p.iteration for p in steps] == list(range(1, len(history.losses) + 1))
    assert [p.loss for p in steps] == history.losses


def run_in_parts(folder: Path, first: Any, second: Any, stop: int, optimizer: str) -> gl.Graph:
    """Trains until an interruption, and goes on, each part on a backend of its own."""

    def interrupt(progress: Progress) -> None:
        if progress.iteration == stop:
            raise KeyboardInterrupt

    data, fields = from_arrays(arrays(53)), {"x": "x", "t": "t"}
    with pytest.raises(KeyboardInterrupt):
        train(net(optimizer, backend=first).model, data, folder=folder, on_progress=interrupt, fields=fields)
    graph = net(optimizer, backend=second)
    graph.history = train(graph.model, data, resume=folder, fields=fields)
    return graph


@pytest.mark.parametrize("stop", [4, 7, 9])
def test_a_run_that_was_stopped_goes_on_with_the_same_bits(tmp_path: Path, stop: int) -> None:
    backend = gl.Jax(steps_per_call=3, cache=CACHE.name)
    whole = net("Adam", backend=backend)
    history = train(whole.model, from_arrays(arrays(53)), fields={"x": "x", "t": "t"})
    parts = run_in_parts(tmp_path / "run", backend, backend, stop, "Adam")
    assert parts.history == history
    for name, array in whole.params.items():
        np.testing.assert_array_equal(parts.params[name], array)


@pytest.mark.parametrize("optimizer", ["Adam", "Momentum"])
@pytest.mark.parametrize("to_jax", [True, False])
def test_either_backend_goes_on_from_the_checkpoint_of_the_other(
    tmp_path: Path, optimizer: str, to_jax: bool
) -> None:
    backends = (gl.Jax(draws="numpy", cache=CACHE.name), "numpy")
    first, second = backends[::-1] if to_jax else backends
    whole = net(optimizer)
    whole.history = train(whole.model, from_arrays(arrays(53)), fields={"x": "x", "t": "t"})
    parts = run_in_parts(tmp_path / "run", first, second, 5, optimizer)
    agree(parts, whole, tolerance=1e-7)


def test_a_run_folder_names_the_backend_and_its_random_numbers(tmp_path: Path) -> None:
    for name, backend in (("jax", JAX), ("numpy", "numpy")):
        train(
            net(backend=backend).model,
            from_arrays(arrays()),
            folder=tmp_path / name,
            fields={"x": "x", "t": "t"},
        )
    about = {
        name: json.loads((tmp_path / name / "run.json").read_text())["backend"] for name in ("jax", "numpy")
    }
    assert about["jax"]["name"] == "jax"
    assert "fold_in" in about["jax"]["random"]
    assert about["numpy"] == {"name": "numpy"}


# ---- refused steps -----------------------------------------------------------------------------------------

BAD = """input x: float[N]
param w: float[2] = 1
y = sqrt(x * w[0]) -> Dropout(0.2)
loss = sum(y) + w[1]
output loss
train {{ minimize = loss; optimizer = Adam; batch = 2; {length}; shuffle = false }}"""


def refused(text: str, backend: Any, **data: Any) -> tuple[gl.Graph, list[Any]]:
    graph = gl.loads(text, dtype="float64", backend=backend)
    with pytest.raises(gl.GraphError) as caught:
        graph.fit(**data)
    return graph, caught.value.diagnostics


@pytest.mark.parametrize("bad", [-1.0, 0.0])
@pytest.mark.parametrize("place", [0, 5, 10])
def test_a_step_that_is_not_finite_is_refused_as_in_numpy(bad: float, place: int) -> None:
    x = np.ones(12)
    x[place] = bad
    text = BAD.format(length="epochs = 3")
    jax, told = refused(text, NUMPY_DRAWS, x=x)
    numpy, expected = refused(text, "numpy", x=x)
    assert [d.code for d in told] == [d.code for d in expected]
    assert [d.message for d in told] == [d.message for d in expected]
    assert jax.history is not None
    assert numpy.history is not None
    assert len(jax.history.losses) == len(numpy.history.losses) == place // 2
    np.testing.assert_allclose(jax.params["w"], numpy.params["w"], rtol=1e-9)


def test_the_step_is_explained_with_its_own_random_numbers() -> None:
    text = """input x: float[N]
param w: float = 1
kept = (x + 1) -> Dropout(0.5)
loss = mean(log(kept)) * w
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 3; epochs = 1 }"""
    _, told = refused(text, JAX, x=np.ones(60))
    assert told[0].code == "GL704"
    assert "`log" in told[0].message
    assert "(log)" in told[0].message


def test_a_wrong_index_that_the_graph_computes_is_named() -> None:
    text = """input i: int[N]
param w: float[4, 2] = 1
j = i * i
loss = sum(j -> Embedding(4, 2)) + sum(w)
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1; shuffle = false }"""
    ids = np.array([0, 1, 1, 1, 1, 3])
    _, told = refused(text, JAX, i=ids)
    _, expected = refused(text, "numpy", i=ids)
    assert [d.message for d in told] == [d.message for d in expected]


# ---- compile(train=True) -----------------------------------------------------------------------------------


def test_a_compiled_step_is_the_one_of_numpy() -> None:
    graphs = [net(backend=b) for b in (NUMPY_DRAWS, "numpy")]
    losses = []
    for graph in graphs:
        step = graph.compile(train=True)
        losses.append([step(**arrays(rows, seed=rows)) for rows in (8, 8, 5, 8)])
        assert step.t == 4
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)
    for name, array in graphs[1].params.items():
        np.testing.assert_allclose(graphs[0].params[name], array, rtol=1e-7, atol=1e-12)


def test_a_compiled_step_refuses_a_step_and_goes_on() -> None:
    text = BAD.format(length="iterations = 9")
    good, bad = np.array([1.0, 4.0]), np.array([1.0, -1.0])
    plain, graph = (gl.loads(text, dtype="float64", backend=NUMPY_DRAWS) for _ in range(2))
    expected = [plain.compile(train=True)(x=good) for _ in range(1)]
    step = graph.compile(train=True)
    found = [step(x=good)]
    before = graph.params["w"].copy()
    with pytest.raises(gl.GraphError, match="GL704"):
        step(x=bad)
    assert step.t == 1
    np.testing.assert_array_equal(graph.params["w"], before)
    assert found == expected
    step(x=good)
    assert not np.array_equal(graph.params["w"], before)


def test_two_steps_of_one_graph_share_its_parameters() -> None:
    graph, other = net("SGD(lr=0.1)", backend=NUMPY_DRAWS), net("SGD(lr=0.1)")
    for g in (graph, other):
        one, two = g.compile(train=True), g.compile(train=True)
        for seed in range(3):
            one(**arrays(8, seed=seed))
            two(**arrays(8, seed=seed))
    np.testing.assert_allclose(graph.params["Affine2.W"], other.params["Affine2.W"], rtol=1e-8)


def test_the_history_holds_numbers_of_python() -> None:
    history: History = net(backend=JAX).fit(**arrays())
    assert {type(loss) for loss in history.losses} == {float}


def test_what_a_device_refuses_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    from graphlang.backends.jax.step_program import StepProgram

    def fails(self: Any, *_: Any) -> Any:
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes")

    monkeypatch.setattr(StepProgram, "_several", fails)
    with pytest.raises(gl.GraphError, match=r"GL735(.|\n)*Out of memory(.|\n)*smaller batch"):
        net(backend=JAX).fit(**arrays())


def test_a_step_that_is_finite_in_numpy_alone_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlang.backends.jax import training

    monkeypatch.setattr(training, "Redrawn", lambda draws: Constant())
    text = """input x: float[N]
param w: float = 1
loss = mean(log(x -> Dropout(0.9))) * w
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 40; epochs = 1 }"""
    with pytest.raises(gl.GraphError, match=r"at iteration 1 on jax, though NumPy"):
        gl.loads(text, backend=JAX).fit(x=np.ones(40))


class Constant:
    """Random numbers with which dropout keeps everything."""

    def uniform(self, shape: Any) -> Any:
        return np.full(shape, 0.99, np.float32)
