"""Test the tester: a layer that breaks one promise is caught by the contract, and named by the gradient check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import contract_checks as promise
import numpy as np
import pytest
from contract_cases import cases, sample_texts

import graphlang as gl
from graphlang.catalog import Catalog, Entry


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
    (WrongSecond, promise.the_second_derivative_is_the_slope_of_the_first),
]


@pytest.mark.parametrize(("wrong", "check"), WRONG, ids=lambda item: item.__name__)
def test_a_wrong_layer_breaks_its_promise(wrong: type[gl.Layer], check: Callable[..., None]) -> None:
    entry = Entry(wrong.__name__, "layer", wrong)

    def all_of_them() -> None:
        for case in cases(entry, (wrong,)):
            check(case, entry, (wrong,))

    with pytest.raises((AssertionError, ValueError, ArithmeticError)):
        all_of_them()


def test_a_layer_without_a_docstring_breaks_its_promise() -> None:
    class Silent(gl.Layer):
        strength: float = 1.0

        def forward(self, x: Any) -> tuple[Any, None]:
            return x, None

    Silent.__doc__ = None
    with pytest.raises(AssertionError, match="first line is the formula"):
        promise.the_docstring_tells(Entry("Silent", "layer", Silent))
    Silent.__doc__ = "y = x\n\nGradient: dx = dy.\nShapes: as x."
    with pytest.raises(AssertionError, match="`strength` of `Silent` has no description"):
        promise.the_docstring_tells(Entry("Silent", "layer", Silent))


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


def test_one_that_writes_into_dy_is_named_where_its_value_goes_two_ways() -> None:
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
