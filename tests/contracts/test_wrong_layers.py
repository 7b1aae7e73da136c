"""Tests of the contract tests: a layer that breaks one promise is caught, and the gradient check names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import contract_checks as promise
import numpy as np
import pytest
from contract_cases import Case, cases, sample_texts
from pydantic import Field

import graphlang as gl
from graphlang.catalog.finder import Catalog, CatalogEntry


class OnePercentOff(gl.Layer):
    """y = 3 * x

    Gradient: dx = 3 * dy.
    Shapes: as x.
    """

    def forward(self, x: Any) -> tuple[Any, None]:
        return 3 * x, None

    def backward(self, dy: Any, saved: None) -> Any:
        return 3.03 * dy


class SkipsTheBatch(gl.Layer):
    """y = x + b

    Gradient: dx = dy, db = dy summed over the batch.
    Shapes: x [N, D], b [D] -> y as x.
    """

    def parameters(self, x: Any) -> dict[str, gl.Parameter]:
        from graphlang.initializers.zeros import zeros

        return {"b": gl.Parameter((x.shape[-1],), zeros())}

    def forward(self, x: Any, *, b: Any) -> tuple[Any, Any]:
        return x + b, b

    def backward(self, dy: Any, b: Any) -> tuple[Any, Any]:
        return dy, dy * b


class WritesIntoDy(gl.Layer):
    """y = max(x, 0)"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        return np.maximum(x, 0), x

    def backward(self, dy: Any, x: Any) -> Any:
        dy[x <= 0] = 0
        return dy


class WritesIntoX(gl.Layer):
    """y = max(x, 0)"""

    def forward(self, x: Any) -> tuple[Any, None]:
        if isinstance(x, np.ndarray):
            x[x < 0] = 0
            return x, None
        return np.maximum(x, 0), None


class SpoilsWhatItSaved(gl.Layer):
    """y = x**2"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        return x * x, 2 * x

    def backward(self, dy: Any, saved: Any) -> Any:
        if isinstance(saved, np.ndarray) and saved.ndim:
            saved *= dy
            return saved
        return saved * dy


class Remembers(gl.Layer):
    """y = x**2"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        object.__setattr__(self, "seen", x)
        return x * x, x

    def backward(self, dy: Any, x: Any) -> Any:
        return 2 * x * dy


CALLS: list[int] = []


class ChangesFromCallToCall(gl.Layer):
    """y = x + the number of calls"""

    def forward(self, x: Any) -> tuple[Any, None]:
        CALLS.append(1)
        return x + len(CALLS), None


class WrongShape(gl.Layer):
    """y = sum(x)"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return (np.sum(x) if isinstance(x, np.ndarray) else x), None


class WrongType(gl.Layer):
    """y = 1.5 * x"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return x * np.float64(1.5), None


class Overflows(gl.Layer):
    """y = 1 / (1 + exp(-x))"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return 1 / (1 + np.exp(-x)), None


class DividesByTheSpread(gl.Layer):
    """y = (x - mean(x)) / std(x)"""

    def forward(self, x: Any) -> tuple[Any, None]:
        d = x - np.mean(x)
        return d / np.sqrt(np.mean(d * d)), None


class WrongSecond(gl.Layer):
    """y = x**3"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        return x * x * x, x

    def backward(self, dy: Any, x: Any) -> Any:
        from graphlang.trace.primitives import stop_gradient

        return dy * 3 * stop_gradient(x * x)


class WrongInSinglePrecision(gl.Layer):
    """y = 3 * x"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return (3 * x if x.dtype == np.float64 else 3.01 * x), None


class WrongGradientInSinglePrecision(gl.Layer):
    """y = 3 * x"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return 3 * x, None

    def backward(self, dy: Any, saved: None) -> Any:
        return 3 * dy if dy.dtype == np.float64 else 3.01 * dy


class OverflowsInSinglePrecision(gl.Layer):
    """y = log(1 + exp(x))"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return np.where(x > 500, x, np.log1p(np.exp(np.where(x > 500, 0.0, x)))), None


class UndefinedBelowZero(gl.Layer):
    """y = x**1.5"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return x**1.5, None


class UndefinedForOneAttribute(gl.Layer):
    """y = x / k"""

    k: float = 1.0

    def forward(self, x: Any) -> tuple[Any, None]:
        return (x / self.k if self.k != 2 else np.sqrt(x - 1e3)), None


class WrongFarOut(gl.Layer):
    """y = x, and 0 beyond 15: the gradient knows of it"""

    def forward(self, x: Any) -> tuple[Any, None]:
        return np.where(np.abs(x) > 15, 0 * x, x), None


class WrongGradientFarOut(gl.Layer):
    """y = x"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        return x * 1.0, x

    def backward(self, dy: Any, x: Any) -> Any:
        return np.where(np.abs(x) > 15, 7 * dy, dy)


class CountsTiesTwice(gl.Layer):
    """y = max(x) over the last axis"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        y = np.max(x, axis=-1, keepdims=True)
        return np.squeeze(y, axis=-1), (x, y)

    def backward(self, dy: Any, saved: Any) -> Any:
        x, y = saved
        return np.expand_dims(dy, -1) * (x == y)


class NeverLearns(gl.Layer):
    """y = x + mean"""

    def state(self, x: Any) -> dict[str, gl.Parameter]:
        from graphlang.initializers.ones import ones

        return {"mean": gl.Parameter(x.shape[1:], ones())}

    def forward(self, x: Any, *, mean: Any, training: bool = False) -> tuple[Any, ...]:
        return (x + mean, None, {"mean": 0 * mean}) if training else (x + mean, None)

    def backward(self, dy: Any, saved: None) -> Any:
        return dy


class LearnsAnotherMean(gl.Layer):
    """y = x - mean: in training that of the batch, in evaluation the remembered one"""

    def state(self, x: Any) -> dict[str, gl.Parameter]:
        from graphlang.initializers.zeros import zeros

        return {"mean": gl.Parameter(x.shape[1:], zeros())}

    def forward(self, x: Any, *, mean: Any, training: bool = False) -> tuple[Any, ...]:
        if not training:
            return x - mean, None
        batch = np.mean(x, axis=0)
        return x - batch, None, {"mean": 0.9 * mean + 0.2 * batch}


class WrongAtOneChannel(gl.Layer):
    """y = 2 * x"""

    def forward(self, x: Any) -> tuple[Any, Any]:
        return 2 * x, None

    def backward(self, dy: Any, saved: None) -> Any:
        return 2 * dy if dy.shape[-1:] != (1,) else dy


WRONG: list[tuple[type[gl.Layer], Callable[..., None]]] = [
    (OnePercentOff, promise.gradients_are_the_slopes),
    (OnePercentOff, promise.the_hand_written_backward_is_the_derived_one),
    (SkipsTheBatch, promise.gradients_are_the_slopes),
    (WritesIntoDy, promise.nothing_is_written_to_or_remembered),
    (WritesIntoDy, promise.gradients_add_up_beside_a_sum),
    (WritesIntoX, promise.nothing_is_written_to_or_remembered),
    (SpoilsWhatItSaved, promise.nothing_is_written_to_or_remembered),
    (Remembers, promise.nothing_is_written_to_or_remembered),
    (ChangesFromCallToCall, promise.nothing_is_written_to_or_remembered),
    (WrongShape, promise.shapes_are_those_found_symbolically),
    (WrongType, promise.float32_stays_float32),
    (Overflows, promise.large_numbers_do_not_overflow),
    (DividesByTheSpread, promise.sizes_of_one_and_ties_are_finite),
    (WrongInSinglePrecision, promise.float32_gives_what_float64_gives),
    (WrongGradientInSinglePrecision, promise.float32_gives_what_float64_gives),
    (OverflowsInSinglePrecision, promise.large_numbers_do_not_overflow),
    (UndefinedBelowZero, promise.gradients_are_the_slopes),
    (UndefinedForOneAttribute, promise.gradients_are_the_slopes),
    (WrongFarOut, promise.the_value_is_the_sum_of_its_slopes),
    (WrongGradientFarOut, promise.gradients_are_the_slopes),
    (WrongGradientFarOut, promise.the_hand_written_backward_is_the_derived_one),
    (CountsTiesTwice, promise.equal_numbers_move_together),
    (NeverLearns, promise.what_it_remembers_comes_from_what_it_sees),
    (LearnsAnotherMean, promise.what_it_remembers_comes_from_what_it_sees),
    (WrongSecond, promise.the_second_derivative_is_the_slope_of_the_first),
]


@pytest.mark.parametrize(("wrong", "check"), WRONG, ids=lambda item: item.__name__)
def test_a_wrong_layer_breaks_its_promise(wrong: type[gl.Layer], check: Callable[..., None]) -> None:
    entry = CatalogEntry(wrong.__name__, "layer", wrong)

    def all_of_them() -> None:
        for case in cases(entry, (wrong,)):
            check(case, entry, (wrong,))

    with pytest.raises((AssertionError, ValueError, ArithmeticError)):
        all_of_them()


def test_a_layer_that_is_wrong_for_one_channel_breaks_its_promise_at_odd_shapes() -> None:
    entry = CatalogEntry("WrongAtOneChannel", "layer", WrongAtOneChannel)
    texts = promise.odd_texts(entry, sample_texts(entry, (WrongAtOneChannel,)))

    def all_of_them() -> None:
        for text in texts:
            promise.gradients_are_the_slopes(Case(text), entry, (WrongAtOneChannel,))

    with pytest.raises(AssertionError, match="off by"):
        all_of_them()


def test_a_layer_without_a_docstring_breaks_its_promise() -> None:
    class Silent(gl.Layer):
        strength: float = 1.0

        def forward(self, x: Any) -> tuple[Any, None]:
            return x, None

    Silent.__doc__ = None
    with pytest.raises(AssertionError, match="first line is the formula"):
        promise.the_docstring_tells(CatalogEntry("Silent", "layer", Silent))
    Silent.__doc__ = "y = x\n\n    Gradient: dx = dy.\n    Shapes: as x.\n"
    with pytest.raises(AssertionError, match="`Silent` has no `Source:`"):
        promise.the_docstring_tells(CatalogEntry("Silent", "layer", Silent))
    Silent.__doc__ += "    Source: a book.\n"
    with pytest.raises(AssertionError, match="`strength` of `Silent` has no description"):
        promise.the_docstring_tells(CatalogEntry("Silent", "layer", Silent))


def test_a_number_without_bounds_breaks_its_promise() -> None:
    class Unbounded(gl.Layer):
        """y = k * x

        Gradient: dx = k * dy.
        Shapes: as x.
        Source: a book.
        """

        k: float = Field(1.0, description="a factor")

        def forward(self, x: Any) -> tuple[Any, None]:
            return self.k * x, None

    with pytest.raises(AssertionError, match="`k` of `Unbounded` has no bounds"):
        promise.the_docstring_tells(CatalogEntry("Unbounded", "layer", Unbounded))


def test_a_promise_that_asserts_nothing_is_noticed() -> None:
    entry = CatalogEntry("OnePercentOff", "layer", OnePercentOff)
    found = tuple(c for c in cases(entry, (OnePercentOff,)))
    before = promise.asserted()
    promise.what_it_remembers_comes_from_what_it_sees(found[0], entry, (OnePercentOff,))
    assert promise.asserted() == before


def test_an_operation_without_a_sample_call_is_asked_for_one() -> None:
    def braid(x, pattern: str):
        """y = x, braided"""
        return x

    entry = Catalog([braid]).find("braid")
    assert entry is not None
    with pytest.raises(AssertionError, match="`Example: input x"):
        sample_texts(entry, (braid,))


NETWORK = """
input x: float[N, 4]
h = x -> Affine(5) -> Tanh
y = h -> {layer} -> Affine(3) -> Softplus
loss = sum(y)
output loss
gradcheck {{ of = loss }}
"""


def test_a_gradient_of_the_wrong_shape_is_refused_and_names_the_layer() -> None:
    graph = gl.loads(NETWORK.format(layer="SkipsTheBatch"), layers=[SkipsTheBatch])
    with pytest.raises(
        gl.GraphError, match=r"SkipsTheBatch.*`SkipsTheBatch1.b` a gradient of shape \(3, 5\)"
    ):
        graph.gradcheck()
    with pytest.raises(gl.GraphError, match="SkipsTheBatch"):
        graph.run(x=np.ones((3, 4)))


def test_the_gradient_check_names_the_wrong_layer() -> None:
    report = gl.loads(NETWORK.format(layer="OnePercentOff"), layers=[OnePercentOff]).gradcheck()
    assert not report.ok
    assert report.culprit is not None
    assert "(OnePercentOff)" in report.culprit
    rows = {row.name: row.ok for row in report.rows}
    assert rows["Affine2.W"], "what comes after the wrong layer has the right gradient"


def test_a_layer_that_writes_into_dy_is_found_where_a_value_has_two_uses() -> None:
    text = "input x: float[N, 4]\nh = Affine(x, 4)\ny = h + WritesIntoDy(h)\nloss = sum(y * y)\noutput loss"
    assert not gl.loads(text, layers=[WritesIntoDy]).gradcheck().ok


def test_the_gradient_check_of_a_right_network_names_nobody() -> None:
    report = gl.loads(NETWORK.format(layer="Elu")).gradcheck()
    assert report.ok
    assert report.culprit is None
    assert report.worst < 1e-6
    assert [row.name for row in report.rows] == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]


def test_a_random_mask_is_not_taken_for_a_wrong_layer() -> None:
    """Dropout draws the same mask when it is checked, so only the wrong layer is named."""
    text = NETWORK.format(layer="Dropout(0.5) -> OnePercentOff")
    report = gl.loads(text, layers=[OnePercentOff]).gradcheck()
    assert report.culprit is not None
    assert "OnePercentOff" in report.culprit
