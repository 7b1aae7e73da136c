"""User-defined layers: what `forward` may return, and the errors for code that cannot be recorded."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

import graphlang as gl

X = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 6.0]])
"""Two rows, because unpacking an array yields its rows."""


def loaded(layer: Any, text: str = "input x: float[N, 3]\ny = x -> Own\nz = sum(y)\noutput z") -> gl.Graph:
    layer.__name__ = "Own"
    return gl.loads(text, layers=[layer])


def refused(layer: Any) -> gl.GraphError:
    with pytest.raises(gl.GraphError) as caught:
        loaded(layer)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.line) == ("GL409", 2)
    return caught.value


class Plain(gl.Layer):
    """y = max(x, 0)**2"""

    def forward(self, x):
        return np.maximum(x, 0) ** 2


class Seen(gl.Layer):
    """y = x + seen, where seen grows in training"""

    def state(self, x):
        from graphlang.initializers.zeros import zeros

        return {"seen": gl.Parameter((x.shape[-1],), zeros())}

    def forward(self, x, *, seen, training):
        y = x + seen
        return (y, None, {"seen": seen + 1}) if training else y


def test_an_array_alone_is_the_result_in_every_way_to_run() -> None:
    graph = loaded(Plain)
    expected = np.array([[1.0, 0, 9], [0, 25, 36]])
    for _ in range(2):
        result = graph.run(x=X)
        np.testing.assert_array_equal(result["y"], expected)
        np.testing.assert_array_equal(result.grad["x"], 2 * np.maximum(X, 0))
    assert graph.predict(x=X) == expected.sum()
    value, gradients = graph.compile(wrt=["x"])(x=X)
    assert value == expected.sum()
    np.testing.assert_array_equal(gradients["x"], 2 * np.maximum(X, 0))
    assert graph.gradcheck(x=X).ok
    slope = "input x: float[N, 3]\ny = x -> Own\nz = sum(y)\ns = sum(grad(z, x))\noutput s"
    np.testing.assert_array_equal(loaded(Plain, slope).run(x=X).grad["x"], 2.0 * (X > 0))


def test_a_spec_that_comes_as_json_takes_an_array_alone_too() -> None:
    graph = loaded(Plain)
    back = gl.Graph.from_spec(graph.spec.model_dump_json(), layers=[Plain])
    assert back.run(x=X)["z"] == graph.run(x=X)["z"]


def test_a_layer_may_give_its_state_in_training_alone() -> None:
    text = (
        "input x: float[N, 3]\ny = x -> Own\nz = sum(y)\noutput z\n"
        "train { minimize = z; optimizer = SGD(lr=0.1); batch = 2; iterations = 2 }"
    )
    graph = loaded(Seen, text)
    graph.fit(x=X)
    assert graph.params["Own1.seen"].tolist() == [2, 2, 2]
    assert graph.predict(x=X) == X.sum() + 12


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda x: None, "`Own` returns nothing from its `forward`"),
        (lambda x: [x, None], "`Own` returns a list from its `forward`"),
        (lambda x: (x,), "`Own` returns a tuple of 1 from its `forward`"),
        (lambda x: (x, x, {}, x), "`Own` returns a tuple of 4 from its `forward`"),
        (lambda x: (None, x), "`Own` returns a tuple without an array in front from its `forward`"),
    ],
)
def test_what_is_no_result_is_refused_when_the_file_is_loaded(returned: Any, said: str) -> None:
    class Own(gl.Layer):
        def forward(self, x):
            return returned(x)

    error = refused(Own)
    assert said in error.diagnostics[0].message
    assert "`return y, saved`" in (error.diagnostics[0].help or "")


def test_with_a_backward_of_its_own_a_forward_says_what_it_saves() -> None:
    class Own(gl.Layer):
        def forward(self, x):
            return 2 * x

        def backward(self, dy, saved):
            return 2 * dy

    error = refused(Own)
    assert "its `backward` takes what `forward` saved" in error.diagnostics[0].message
    assert "must return `(y, saved)`" in (error.diagnostics[0].help or "")


def test_a_function_of_ones_own_that_returns_nothing_is_refused() -> None:
    def own(x):
        x * 2  # and the `return` is forgotten

    with pytest.raises(gl.GraphError, match="`own` returns nothing, not an array"):
        gl.loads("input x\ny = own(x)", layers=[own])


def test_writing_into_an_array_is_told_once_and_with_the_way_out() -> None:
    class Own(gl.Layer):
        def forward(self, x):
            x[x < 0] = 0
            return x

    error = refused(Own)
    assert error.diagnostics[0].message == "`Own` uses `x[...] =`, which cannot be recorded"
    assert "np.where" in (error.diagnostics[0].help or "")


def test_a_python_loop_over_an_array_gets_a_sentence() -> None:
    class Own(gl.Layer):
        def forward(self, x):
            total = 0.0
            for row in x:
                total = total + row
            return total

    error = refused(Own)
    assert error.diagnostics[0].message == (
        "`Own` asks for a number that is not known before running: the size N is not a number yet"
    )
    assert "np.sum(x, axis=0)" in (error.diagnostics[0].help or "")


def test_an_exception_of_a_layer_is_the_cause_and_shows_its_line() -> None:
    class Own(gl.Layer):
        def forward(self, x):
            return x.colour  # the line at fault

    error = refused(Own)
    assert "AttributeError" in error.diagnostics[0].message
    assert isinstance(error.__cause__, AttributeError)
    assert "# the line at fault" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("method", ["parameters", "state", "hint", "index_bounds", "forward"])
def test_what_fails_in_any_method_of_a_layer_is_a_diagnostic_with_its_cause(method: str) -> None:
    def fails(self, *tensors, **own):
        raise KeyError("weight")

    def forward(self, x, *, W=None):
        return x

    Own = type("Own", (gl.Layer,), {"forward": forward, method: fails, "__module__": __name__})
    error = refused(Own)
    assert "`Own` failed on float[N, 3]: KeyError: 'weight'" in error.diagnostics[0].message
    assert isinstance(error.__cause__, KeyError)


def test_a_value_error_of_a_layer_is_its_cause_too() -> None:
    class Own(gl.Layer):
        def forward(self, x):
            raise ValueError("two axes are too many")

    with pytest.raises(gl.GraphError, match="two axes are too many") as caught:
        loaded(Own)
    assert isinstance(caught.value.__cause__, ValueError)


class Given(gl.Layer):
    """y = x * w, with every form of a start"""

    start: str = "number"

    def parameters(self, x):
        from graphlang.initializers.constant import constant
        from graphlang.initializers.ones import ones

        n = x.shape[-1]
        starts = {
            "number": gl.Parameter((n,), 2.0),
            "whole": gl.Parameter(n, 2),
            "array": gl.Parameter([n], np.full(3, 2.0)),
            "list": gl.Parameter((n,), [2.0, 2, 2]),
            "initializer": gl.Parameter((n,), constant(c=2.0)),
            "class": gl.Parameter((n,), ones),
            "none": gl.Parameter((n,)),
        }
        return {"w": starts[self.start]}

    def forward(self, x, *, w):
        return x * w


@pytest.mark.parametrize(
    ("start", "w"),
    [("number", 2), ("whole", 2), ("array", 2), ("list", 2), ("initializer", 2), ("class", 1), ("none", 0)],
)
def test_a_parameter_starts_from_a_number_an_array_or_an_initializer(start: str, w: float) -> None:
    text = f'input x: float[N, 3]\ny = x -> Given("{start}")\nz = sum(y)\noutput z'
    graph = gl.loads(text, layers=[Given])
    assert graph.params["Given1.w"].tolist() == [w] * 3
    result = graph.run(x=X)
    np.testing.assert_array_equal(result["y"], X * w)
    np.testing.assert_array_equal(result.grad["Given1.w"], X.sum(axis=0))
    back = gl.Graph.from_spec(graph.spec.model_dump_json(), layers=[Given])
    assert back.params["Given1.w"].tolist() == [w] * 3


def test_a_matrix_without_a_start_is_drawn_as_a_param_of_the_language_is() -> None:
    class Own(gl.Layer):
        def parameters(self, x):
            return {"W": gl.Parameter((x.shape[-1], 400))}

        def forward(self, x, *, W):
            return x @ W

    W = loaded(Own).params["Own1.W"]
    assert W.std() == pytest.approx(np.sqrt(2 / 3), rel=0.1)  # He et al. 2015


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (lambda: gl.Parameter((3,), "he"), "is a number, an array or an initializer"),
        (lambda: gl.Parameter((3,), [1, 2]), r"of shape \(3,\) does not start with an array of shape \(2,\)"),
        (lambda: gl.Parameter((3,), [[1], [1, 2]]), "rows differ in length"),
        (lambda: gl.Parameter((3,), np.nan), "finite numbers"),
        (lambda: gl.Parameter((3.5,), 1), "a tuple of whole numbers"),
        (lambda: gl.Parameter("3", 1), "a tuple of whole numbers"),
        (lambda: gl.Parameter((-3,), 1), "at least one element"),
        (lambda: gl.Parameter((3,), True), "is a number, an array or an initializer"),
    ],
)
def test_what_is_no_parameter_is_told_in_a_sentence(parameter: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        parameter()

    class Own(gl.Layer):
        def parameters(self, x):
            return {"w": parameter()}

        def forward(self, x, *, w):
            return x * w

    with pytest.raises(gl.GraphError, match=said):
        loaded(Own)


def own(parameters: Any, forward: Any, **more: Any) -> Any:
    members = {"parameters": lambda self, x: parameters, "forward": forward, "__module__": __name__, **more}
    return type("Own", (gl.Layer,), members)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([gl.Parameter(3, 1.0)], "`Own` returns a list from its `parameters`, not a dict"),
        ({"w": (3,)}, "`Own` gives `w` as a tuple of 1 in its `parameters`, not as a gl.Parameter"),
        ({"w": np.ones(3)}, "`Own` gives `w` as a ndarray in its `parameters`, not as a gl.Parameter"),
        (None, "`Own` returns nothing from its `parameters`, not a dict"),
        ({"w": gl.Parameter(3), "v": gl.Parameter(3)}, "`Own` has `v`, which its `forward` does not take"),
        ({}, "`Own` takes `w` by keyword, but neither its `parameters` nor its `state` gives it"),
    ],
)
def test_parameters_that_do_not_belong_to_the_forward_are_refused(parameters: Any, said: str) -> None:
    def forward(self, x, *, w):
        return x * w

    error = refused(own(parameters, forward))
    assert said in error.diagnostics[0].message
    assert error.diagnostics[0].help


def test_habits_of_other_frameworks_get_a_sentence() -> None:
    def by_position(self, x, w):
        return x * w

    def initialise(self, n):
        self.n = n

    with pytest.raises(TypeError, match=r"write `def forward\(self, x, \*, W\)`"):
        loaded(own({"w": gl.Parameter(3, 1.0)}, by_position))
    with pytest.raises(TypeError, match="its attributes are fields of the class"):
        loaded(own({}, by_position, __init__=initialise))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (lambda seen: seen, "third from its `forward`, where its state belongs"),
        (lambda seen: {"sen": seen}, "renews `sen`, which it does not remember"),
        (lambda seen: {"seen": seen[:2]}, "renews `seen` in another shape"),
    ],
)
def test_a_state_that_is_renewed_wrongly_is_refused(new: Any, said: str) -> None:
    def forward(self, x, *, seen, training):
        return (x + seen, None, new(seen)) if training else x + seen

    layer = own({}, forward, state=lambda self, x: {"seen": gl.Parameter(3, 0.0)})
    text = (
        "input x: float[N, 3]\ny = x -> Own\nz = sum(y)\noutput z\n"
        "train { minimize = z; optimizer = SGD(lr=0.1); batch = 2; iterations = 2 }"
    )
    graph = loaded(layer, text)
    with pytest.raises(gl.GraphError, match=said):
        graph.fit(x=X)


class Stack(gl.Layer):
    """y = x * w1 * w2 ...: as many parameters as it is told."""

    depth: int = 2

    def parameters(self, x):
        return {f"w{i}": gl.Parameter((x.shape[-1],), 2.0) for i in range(1, self.depth + 1)}

    def forward(self, x, **weights):
        for name in sorted(weights):
            x = x * weights[name]
        return x


def test_a_layer_may_take_any_number_of_parameters_by_keyword() -> None:
    net = gl.loads("input x: float[N, 3]\ny = x -> Stack(depth=3)\noutput y", layers=[Stack])
    assert list(net.params) == ["Stack1.w1", "Stack1.w2", "Stack1.w3"]
    r = net.run(x=np.ones((1, 3)))
    assert np.array_equal(r["y"], np.full((1, 3), 8.0))
    assert np.array_equal(r.grad["Stack1.w2"], np.full(3, 4.0))
