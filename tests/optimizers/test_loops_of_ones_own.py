"""Optimizers and schedules in loops of one's own: the steps of `fit`, on arrays by name."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import Family, family_names

RNG = np.random.default_rng(3)
X, T = RNG.standard_normal((12, 5)), RNG.integers(0, 3, 12)
NET = """input x: float[N, 5], t: int[N]
y = x -> Affine(4) -> Tanh -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = {optimizer}; iterations = 5; shuffle = false; dtype = {dtype}; {more} }}"""
OPTIMIZERS = [
    *(f"{name}(lr=0.05)" for name in family_names("optimizers")),
    *(f"{name}(lr=0.05, weight_decay=0.1)" for name in family_names("optimizers")),
    "Adam(lr=0.05, amsgrad=true)",
]


def written(text: str) -> Any:
    """The optimizer or schedule in Python that a spec writes."""
    name, _, arguments = text.partition("(")
    family = gl.optimizers if name[0].isupper() else gl.schedules
    settings = [part.split("=") for part in arguments.rstrip(")").split(", ") if part]
    return getattr(family, name)(**{n: True if v == "true" else float(v) for n, v in settings})


def by_fit(optimizer: str, dtype: str = "float64", more: str = "") -> gl.Graph:
    graph = gl.loads(NET.format(optimizer=optimizer, dtype=dtype, more=more))
    graph.fit(x=X.astype(dtype), t=T)
    return graph


def by_loop(optimizer: str, dtype: str = "float64", schedule: str = "constant", **clip: float) -> gl.Graph:
    graph = gl.loads(NET.format(optimizer="SGD", dtype=dtype, more=""))
    opt, factors = written(optimizer), written(schedule)
    value_and_gradients = graph.compile(wrt=list(graph.params), of="loss")
    for i in range(5):
        _, gradients = value_and_gradients(x=X.astype(dtype), t=T)
        opt.step(graph.params, gradients, lr=opt.lr * factors.multiplier(i + 1, 5), **clip)
    assert opt.t == 5
    return graph


def same_bits(a: gl.Graph, b: gl.Graph) -> bool:
    return all(np.array_equal(a.params[n], b.params[n]) for n in a.params)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_takes_the_steps_of_fit_to_the_bit(optimizer: str) -> None:
    assert same_bits(by_loop(optimizer), by_fit(optimizer))


NOISY = """input x: float[N, 5], t: int[N]
z = 0.1 * random_like(x, "normal")
y = x + z -> Affine(4) -> BatchNorm -> Dropout(0.3) -> Tanh -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.05); iterations = 4; shuffle = false; dtype = float64 }"""


def test_gradients_as_in_training_draw_and_remember_as_the_steps_of_fit_do() -> None:
    fitted, looped = gl.loads(NOISY), gl.loads(NOISY)
    losses = fitted.fit(x=X, t=T).losses
    opt = gl.optimizers.Adam(lr=0.05)
    step = looped.compile(wrt=looped.params.trainable, of="loss", training=True)
    for i in range(4):
        loss, gradients = step(x=X, t=T)
        assert loss == losses[i]
        opt.step(looped.params, gradients)
    assert same_bits(looped, fitted)
    assert np.any(looped.params["BatchNorm1.mean"] != 0)
    for wrong in ({"training": True}, {"train": True, "training": True}):
        with pytest.raises(ValueError, match="training=True goes with `wrt`"):
            looped.compile(**wrong)  # type: ignore[call-overload]


def test_on_jax_gradients_as_in_training_make_layers_remember() -> None:
    """Random numbers are others there, as in `fit`."""
    pytest.importorskip("jax")
    text = NOISY.replace("Dropout(0.3)", "Tanh").replace("0.1 *", "0 *")
    by_numpy, by_jax = gl.loads(text), gl.loads(text, backend="jax")
    one, other = (g.compile(wrt=["Affine1.W"], of="loss", training=True) for g in (by_numpy, by_jax))
    for _ in range(2):
        value, gradients = one(x=X, t=T)
        same, alike = other(x=X, t=T)
        assert value == pytest.approx(same, rel=1e-9)
        np.testing.assert_allclose(alike["Affine1.W"], gradients["Affine1.W"], rtol=1e-7, atol=1e-12)
    mean = by_numpy.params["BatchNorm1.mean"]
    np.testing.assert_allclose(by_jax.params["BatchNorm1.mean"], mean, rtol=1e-9)
    assert np.any(mean != 0)


def test_float32_and_schedules_and_clipping_are_those_of_fit_too() -> None:
    for optimizer in ("SGD(lr=0.1)", "NAdam(lr=0.01)"):
        assert same_bits(by_loop(optimizer, "float32"), by_fit(optimizer, "float32"))
    for schedule in ("cosine", "polynomial", "linear"):
        fitted = by_fit("Adam(lr=0.01)", more=f"schedule = {schedule}")
        assert same_bits(by_loop("Adam(lr=0.01)", schedule=schedule), fitted)
    clipped = by_fit("SGD(lr=0.5)", more="clip_norm = 0.1; clip_value = 0.05")
    assert same_bits(by_loop("SGD(lr=0.5)", clip_norm=0.1, clip_value=0.05), clipped)


@pytest.mark.parametrize("family", ["optimizers", "schedules", "initializers"])
def test_the_packages_of_families_have_every_class_of_the_catalog_also_for_type_checkers(
    family: Family,
) -> None:
    package = getattr(gl, family)
    assert dir(package) == sorted(family_names(family))
    text = Path(package.__path__[0], "__init__.py").read_text(encoding="utf-8")
    for name in family_names(family):
        assert getattr(package, name).__name__ == name
        assert f"    from graphlang.{family}.{name.lower()} import {name} as {name}\n" in text
    with pytest.raises(AttributeError, match=f"gl.{family} has no `Adm`; there are "):
        _ = package.Adm


def test_attributes_come_by_name_or_in_the_order_of_a_file() -> None:
    assert gl.optimizers.SGD(0.1) == gl.optimizers.SGD(lr=0.1)
    assert gl.schedules.step(10, 0.5) == gl.schedules.step(every=10, gamma=0.5)
    assert gl.initializers.normal(0.5) == gl.initializers.normal(std=0.5)
    with pytest.raises(ValueError, match=r"Adam has no attribute `lrr`; did you mean `lr`"):
        gl.optimizers.Adam(lrr=0.1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="SGD has no attribute `nesterov`; its attributes are lr"):
        gl.optimizers.SGD(nesterov=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="SGD is given `lr` twice"):
        gl.optimizers.SGD(0.1, lr=0.1)
    with pytest.raises(TypeError, match="SGD has 2 attributes, not 3: lr, weight_decay"):
        gl.optimizers.SGD(0.1, 0.2, 0.3)
    with pytest.raises(AttributeError, match=r"write gl\.optimizers\.Adam"):
        _ = gl.Adam  # type: ignore[attr-defined]


def params() -> dict[str, Any]:
    return {"W": np.arange(6.0).reshape(2, 3), "b": np.zeros(3)}


def test_arrays_are_changed_where_they_lie_and_numbers_in_the_mapping() -> None:
    held: dict[str, Any] = {**params(), "s": 2.0, "fixed": np.ones(2)}
    W, strided = held["W"], np.ones((3, 4))[:, ::2]
    held["strided"] = strided
    opt = gl.optimizers.SGD(lr=0.5)
    for _ in range(2):
        opt.step(held, {"W": np.ones((2, 3)), "s": 1.0, "strided": np.ones((3, 2))})
    assert held["W"] is W
    assert held["strided"] is strided
    np.testing.assert_array_equal(W, np.arange(6.0).reshape(2, 3) - 1)
    np.testing.assert_array_equal(strided, np.zeros((3, 2)))
    assert (type(held["s"]), held["s"]) == (float, 1.0)
    assert held["fixed"].tolist() == [1, 1]


def test_a_loop_may_put_new_arrays_in_the_place_of_the_old_ones() -> None:
    held, opt = params(), gl.optimizers.Momentum(lr=0.1)
    same, other = params(), gl.optimizers.Momentum(lr=0.1)
    for _ in range(4):
        before = held["W"]
        held = {name: array.copy() for name, array in held.items()}
        kept = before.copy()
        opt.step(held, {"W": held["W"], "b": np.ones(3)})
        np.testing.assert_array_equal(before, kept)
        other.step(same, {"W": same["W"], "b": np.ones(3)})
        np.testing.assert_array_equal(held["W"], same["W"])


def test_lists_go_by_their_places() -> None:
    arrays, opt = [np.ones(2), np.ones(3)], gl.optimizers.SGD(lr=1.0)
    opt.step(arrays, [np.full(2, 0.25), None])
    assert [a.tolist() for a in arrays] == [[0.75, 0.75], [1, 1, 1]]
    with pytest.raises(ValueError, match="there are 2 parameters and 1 gradients"):
        opt.step(arrays, [np.ones(2)])


def test_the_gradients_of_a_result_are_those_of_every_value_and_the_parameters_are_taken() -> None:
    graph = gl.loads("input x = 3\nparam w = 2\nparam v = 1\nloss = (x * w)**2\noutput loss")
    gl.optimizers.SGD(lr=0.01).step(graph.params, graph.run().grad)
    assert graph.params["w"] == pytest.approx(2 - 0.01 * 36)


def test_the_state_of_layers_follows_no_gradient() -> None:
    graph = gl.loads("input x: float[N, 3]\ny = x -> BatchNorm\nloss = mean(y**2)\noutput loss")
    assert graph.params.trainable == ["BatchNorm1.gamma", "BatchNorm1.beta"]
    before = graph.params.copies()
    _, gradients = graph.compile(wrt=list(graph.params))(x=X[:, :3])
    gl.optimizers.SGD(0.1).step(graph.params, gradients)
    changed = [name for name in before if not np.array_equal(graph.params[name], before[name])]
    assert changed == graph.params.trainable


@pytest.mark.parametrize("kept", ["state", "file", "pickle", "copy"])
def test_a_loop_goes_on_from_what_was_kept_with_the_same_bits(kept: str, tmp_path: Path) -> None:
    def gradients(held: dict[str, Any]) -> dict[str, Any]:
        return {"W": np.sin(held["W"]), "b": np.cos(held["b"])}

    whole, held, opt = params(), params(), gl.optimizers.NAdam(lr=0.1)
    straight = gl.optimizers.NAdam(lr=0.1)
    for _ in range(6):
        straight.step(whole, gradients(whole))
    for _ in range(3):
        opt.step(held, gradients(held))
    again: Any = gl.optimizers.NAdam(lr=0.1)
    if kept == "state":
        again.load_state_dict(opt.state_dict())
    elif kept == "file":
        np.savez(tmp_path / "opt.npz", **opt.state_dict())
        with np.load(tmp_path / "opt.npz") as state:
            again.load_state_dict(state)
    else:
        again = pickle.loads(pickle.dumps(opt)) if kept == "pickle" else copy.deepcopy(opt)
    opt.step(params(), gradients(params()))
    assert again.t == 3
    for _ in range(3):
        again.step(held, gradients(held))
    assert all(np.array_equal(held[name], whole[name]) for name in whole)


def test_a_gradient_that_is_not_finite_is_refused_by_name_and_changes_nothing() -> None:
    held, opt = params(), gl.optimizers.Adam()
    opt.step(held, {"W": np.ones((2, 3)), "b": np.ones(3)})
    before, state = {n: a.copy() for n, a in held.items()}, opt.state_dict()
    spoilt = np.where(np.arange(3) == 1, np.inf, 0.0)
    with pytest.raises(ValueError, match=r"the gradient of `b` is inf at \[1\], so the step was not taken"):
        opt.step(held, {"W": np.ones((2, 3)), "b": spoilt})
    assert all(np.array_equal(held[n], before[n]) for n in held)
    assert all(np.array_equal(state[n], a) for n, a in opt.state_dict().items())


@pytest.mark.parametrize(
    ("held", "gradients", "error", "message"),
    [
        (params(), {"V": 1.0}, ValueError, "there is no parameter `V`.* the parameters are W, b"),
        (params(), {"b": np.ones(2)}, ValueError, r"`b` has the shape \(3,\), and its gradient \(2,\)"),
        (params(), np.ones(3), TypeError, "takes parameters and gradients by name"),
        ({"i": np.arange(3)}, {"i": np.ones(3)}, TypeError, "`i` is int64"),
        ({"w": np.ones(3)}, {"w": ["a", "b", "c"]}, TypeError, "the gradient of `w` is <U1, not numbers"),
    ],
)
def test_what_is_no_step_is_refused(held: Any, gradients: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gl.optimizers.SGD().step(held, gradients)


def test_a_state_of_another_optimizer_is_refused() -> None:
    held, adam, momentum = params(), gl.optimizers.Adam(), gl.optimizers.Momentum()
    adam.step(held, {"b": np.ones(3)})
    momentum.load_state_dict(adam.state_dict())
    with pytest.raises(ValueError, match="what the optimizer remembers of `b` is not that of Momentum"):
        momentum.step(held, {"b": np.ones(3)})
    with pytest.raises(ValueError, match="is what `state_dict"):
        momentum.load_state_dict({"b: v": np.ones(3)})
