"""`gl.testing`: what is one's own keeps the contract, or a sentence says what it breaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((4, 3)) + 0.1, RNG.standard_normal((4, 3))


class Swish(gl.Layer):
    """x * sigmoid(beta * x)"""

    beta: float = 1.0

    def forward(self, x: Any) -> Any:
        s = 1 / (1 + np.exp(-self.beta * x))
        return x * s, (x, s)

    def backward(self, dy: Any, saved: Any) -> Any:
        x, s = saved
        return dy * (s + self.beta * x * s * (1 - s))


class Centred(gl.Layer):
    """gain * (x - mean), where the mean runs along"""

    momentum: float

    def parameters(self, x: Any) -> Any:
        return {"gain": gl.Parameter((x.shape[-1],), 1.0)}

    def state(self, x: Any) -> Any:
        return {"mean": gl.Parameter((x.shape[-1],), 0.0)}

    def forward(self, x: Any, *, gain: Any, mean: Any, training: bool) -> Any:
        if not training:
            return gain * (x - mean)
        now = np.mean(x, axis=0)
        return gain * (x - now), None, {"mean": self.momentum * mean + (1 - self.momentum) * now}


class Jitter(gl.Layer):
    """x + noise in training"""

    def forward(self, x: Any, *, training: bool, random: Any) -> Any:
        return x + random.uniform(x.shape) - 0.5 if training else x


class Huber(gl.Loss):
    """the mean of e**2 / 2 up to delta, linear beyond"""

    delta: float = 1.0

    def forward(self, y: Any, t: Any) -> Any:
        e = np.abs(y - t)
        return np.mean(np.where(e <= self.delta, e * e / 2, self.delta * (e - self.delta / 2)))


class Chosen(gl.Layer):
    """the row of W for each id"""

    rows: int = 5

    def parameters(self, ids: Any) -> Any:
        return {"W": gl.Parameter((self.rows, 2), gl.initializers.normal(std=0.5))}

    def index_bounds(self, ids: Any) -> Any:
        return {"ids": self.rows}

    def forward(self, ids: Any, *, W: Any) -> Any:
        return np.take(W, ids, axis=0)


def power(x: Any, k: int = 2) -> Any:
    """x**k"""
    return x**k


def worst(y: Any, t: Any) -> Any:
    """max(|y - t|)"""
    return np.max(np.abs(y - t))


def test_layers_losses_and_functions_that_keep_the_contract_pass() -> None:
    check = gl.testing.check_layer
    check(Swish(beta=2), X, jax=False)
    check(Centred(momentum=0.5), X, jax=False)
    check(Jitter(), X, jax=False)
    check(Huber(delta=0.5), X, T, jax=False)
    check(Chosen(), np.array([3, 0, 3]), jax=False)
    check(power, np.abs(X) + 0.5, k=3, jax=False)
    check(worst, X, T, jax=False)
    check(power, X, batch=False, jax=False)


def test_on_jax_values_gradients_and_states_are_compared_too() -> None:
    pytest.importorskip("jax")
    gl.testing.check_layer(Centred(momentum=0.5), X)
    gl.testing.check_optimizer(Same(lr=0.1))


class HalfGradient(gl.Layer):
    def forward(self, x: Any) -> Any:
        return x * x, x

    def backward(self, dy: Any, saved: Any) -> Any:
        return dy * saved


class Wide(gl.Layer):
    def forward(self, x: Any) -> Any:
        return x * np.float64(0.1)


class WideBySize(gl.Layer):
    def parameters(self, x: Any) -> Any:
        return {"W": gl.Parameter((x.shape[-1], 2))}

    def forward(self, x: Any, *, W: Any) -> Any:
        scaled = x / np.sqrt(x.shape[-1])
        return scaled @ W


class WideBackward(gl.Layer):
    def forward(self, x: Any) -> Any:
        return 2 * x, None

    def backward(self, dy: Any, saved: Any) -> Any:
        return dy * np.array([2.0])


class WritesIntoX(gl.Layer):
    def forward(self, x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x[...] = 1
        return x * 2


class WritesIntoDy(gl.Layer):
    def forward(self, x: Any) -> Any:
        return 2 * x, None

    def backward(self, dy: Any, saved: Any) -> Any:
        dy *= 2
        return dy


class Counts(gl.Layer):
    def forward(self, x: Any) -> Any:
        self.__dict__["calls"] = self.__dict__.get("calls", 0) + 1
        return 2 * x


class Differs(gl.Layer):
    def forward(self, x: Any) -> Any:
        return x + np.random.random() if isinstance(x, np.ndarray) else x + 1  # noqa: NPY002


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (HalfGradient, r"the gradient of `x1` in HalfGradient is \[.*\]: off by 5.0e-01 of it"),
        (
            Wide,
            r"Wide makes float64 of float32 in line \d+, `x \* np.float64\(0.1\)`: a NumPy number or array",
        ),
        (
            WideBySize,
            r"in line \d+, `scaled = x / np.sqrt\(x.shape\[-1\]\)`: .*`x.shape\[-1\] \*\* 0.5`",
        ),
        (WideBackward, r"the gradient of `x1` in WideBackward is not float32 in line \d+, `dy \* np.array"),
        (WritesIntoX, "WritesIntoX writes into what it is given: make a new array"),
        (WritesIntoDy, "WritesIntoDy writes into what it is given"),
        (Counts, "Counts remembers something on itself: use `state`"),
        (Differs, "Differs gives other numbers when it is called again"),
    ],
)
def test_a_layer_that_breaks_a_promise_is_told_which(layer: Any, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        gl.testing.check_layer(layer(), X, jax=False)


class Scaled(gl.Layer):
    """gain * x + shift, and a `backward` that lists its gradients in one of several ways"""

    listed: str = "right"

    def parameters(self, x: Any) -> Any:
        return {"gain": gl.Parameter((x.shape[-1],), 1.0), "shift": gl.Parameter((x.shape[-1],), 0.0)}

    def forward(self, x: Any, *, gain: Any, shift: Any) -> Any:
        return gain * x + shift, (x, gain)

    def backward(self, dy: Any, saved: Any) -> Any:
        x, gain = saved
        dx, dgain, dshift = dy * gain, np.sum(dy * x, axis=0), np.sum(dy, axis=0)
        ways = {
            "right": (dx, dgain, dshift),
            "alone": dx,
            "named": (dx, {"gain": dgain, "shift": dshift}),
            "by name": (dx, {"gain": dgain}, {"shift": dshift}),
            "too many": (dx, dgain, dshift, dshift),
            "unsummed": (dx, dy * x, dy),
        }
        return ways[self.listed]


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ("alone", "it gives 1 gradients for 3 arguments: `x1`, `Scaled1.gain`, `Scaled1.shift`"),
        ("named", "it gives 2 gradients for 3 arguments"),
        (
            "by name",
            "it gives for `Scaled1.gain` a dict, not an array: the gradients are listed in the order",
        ),
        ("too many", "it gives 4 gradients for 3 arguments"),
        (
            "unsummed",
            r"it gives for `Scaled1.gain` a gradient of shape \(4, 3\), and the value has the shape",
        ),
    ],
)
def test_gradients_that_are_listed_otherwise_are_told_alike_by_the_check_and_the_engine(
    listed: str, sentence: str
) -> None:
    gl.testing.check_layer(Scaled(), X, jax=False)
    with pytest.raises(AssertionError, match=f"`backward` of Scaled: {sentence}"):
        gl.testing.check_layer(Scaled(listed=listed), X, jax=False)
    graph = gl.loads(
        f"input x1: float[N, 3]\nloss = sum(Scaled(x1, listed={listed!r}))".replace("'", '"'), layers=[Scaled]
    )
    with pytest.raises(gl.GraphError, match=sentence):
        graph.forward(x1=X).backward()


class Same(gl.Optimizer):
    """m <- m + dW,  W <- W - lr * m"""

    def slots(self, W: Any) -> Any:
        return {"m": np.zeros_like(W)}

    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        m = slots["m"] + dW
        return W - lr * m, {"m": m}


class InPlace(Same):
    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        slots["m"] += dW
        return W - lr * slots["m"], slots


class Forgets(Same):
    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        return W - lr * dW, {}


class Overflows(Same):
    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        return W - lr / (t - 2) * dW, slots


def test_optimizers_keep_the_contract_or_are_told_what_they_break() -> None:
    gl.testing.check_optimizer(Same(lr=0.1, weight_decay=0.1), jax=False)
    gl.testing.check_optimizer(gl.optimizers.NAdam(), jax=False)
    for optimizer, sentence in [
        (InPlace(), "InPlace writes into what it is given"),
        (Forgets(), r"Forgets begins with \['m'\] and returns \[\]"),
        (Overflows(), "Overflows makes the parameter infinite or nan in step 2"),
    ]:
        with np.errstate(all="ignore"), pytest.raises(AssertionError, match=sentence):
            gl.testing.check_optimizer(optimizer, jax=False)


class halving(gl.Schedule):
    every: int = 10

    def factor(self, t: int, total: int) -> float:
        return 0.5 ** ((t - 1) // self.every)


class falling(gl.Schedule):
    def factor(self, t: int, total: int) -> float:
        return 1 - t / total


class negative(gl.Schedule):
    def factor(self, t: int, total: int) -> float:
        return 3.0 - t


def test_schedules_keep_the_contract_or_are_told_what_they_break() -> None:
    gl.testing.check_schedule(halving(every=3, warmup=2))
    gl.testing.check_schedule(gl.schedules.cosine())
    with pytest.raises(AssertionError, match=r"the factor of negative in step 4 of 100 is -1\.0, not"):
        gl.testing.check_schedule(negative())
    with pytest.raises(
        AssertionError, match="falling depends on how many steps there will be: write `needs_"
    ):
        gl.testing.check_schedule(falling())


class flat(gl.Initializer):
    def draw(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return np.zeros(max(1, int(np.prod(shape))))


class elsewhere(gl.Initializer):
    def draw(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return np.random.default_rng().random(shape)


class waves(gl.DataSource):
    rows: int = 5
    noise: bool = False

    def read(self, files: Any) -> gl.Dataset:
        rng = np.random.default_rng(None if self.noise else 0)
        x = rng.random((self.rows, 1))
        return gl.from_arrays(x=x, t=np.sin(x) if self.rows > 1 else x * np.nan)


def test_initializers_and_sources_keep_the_contract_or_are_told_what_they_break() -> None:
    gl.testing.check_initializer(gl.initializers.orthogonal())
    gl.testing.check_source(waves())
    with pytest.raises(AssertionError, match=r"flat draws the shape \(1,\) for \(\)"):
        gl.testing.check_initializer(flat())
    with pytest.raises(AssertionError, match="elsewhere draws other numbers the second time: take all from"):
        gl.testing.check_initializer(elsewhere())
    with pytest.raises(AssertionError, match="`x` of waves has other numbers when it is opened again"):
        gl.testing.check_source(waves(noise=True))
    with pytest.raises(AssertionError, match=r"`t` of waves is not finite at \[0, 0\]"):
        gl.testing.check_source(waves(rows=1))


def test_what_is_of_another_kind_is_refused() -> None:
    testing: Any = gl.testing
    for check in (
        testing.check_optimizer,
        testing.check_schedule,
        testing.check_initializer,
        testing.check_source,
    ):
        with pytest.raises(TypeError, match=f"{check.__name__} takes an? "):
            check(Swish())


def test_an_attribute_without_a_type_is_told_how_to_get_one() -> None:
    with pytest.raises(TypeError, match=r"the attribute `width` of Wider has no type: write `width: int = "):

        class Wider(gl.Layer):
            size: int
            width = 3

            def forward(self, x: Any) -> Any:
                return x * self.size


def test_a_misspelt_name_in_a_layer_gets_a_suggestion() -> None:
    class Scaled(gl.Layer):
        units: int = 3

        def forward(self, x: Any) -> Any:
            return x * self.unitz

    with pytest.raises(gl.GraphError, match=r"did you mean `units`\?"):
        gl.loads("input x: float[N]\ny = Scaled(x)", layers=[Scaled])
