"""Values from Python: a mistake is a GraphError, TypeError or ValueError with a clear message."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

FRUIT = "input apple = 100, tax = 1.1\nprice = apple * tax\noutput price\n"
NET = """\
input x: float[N, 4], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 3 }
"""
X, T = np.ones((20, 4)), np.zeros(20, int)


class NoForward(gl.Layer):
    """It computes nothing."""


CALLS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "of": (lambda: gl.loads(FRUIT).run(of=3), TypeError, "of is a text such as 'x', not 3"),
    "of_of_backward": (lambda: gl.loads(FRUIT).forward().backward(of=3), TypeError, "of is a text"),
    "of_list": (lambda: gl.loads(FRUIT).run(of=["price"]), TypeError, "of is a text such as 'x', not list"),
    "value": (lambda: gl.loads(FRUIT).run()[3], gl.GraphError, "the graph has no value `3`"),
    "inputs": (lambda: gl.loads(FRUIT).run(3), TypeError, "what is given by position is a mapping from names"),
    "large": (lambda: gl.loads(FRUIT).run(apple=10**400), gl.GraphError, "`apple` is larger than what a float"),
    "large_decimal": (lambda: gl.loads(FRUIT).run(apple=Decimal("1e400")), gl.GraphError, "larger than what"),
    "large_single": (lambda: gl.loads(FRUIT, dtype="float32").run(apple=1e39), gl.GraphError, r"3\.4e\+38"),
    "large_int": (lambda: gl.loads(NET).run(x=X[:1], t=[10**30]), gl.GraphError, "`t` is larger than what an int"),
    "large_unsigned": (
        lambda: gl.loads(NET).run(x=X[:1], t=np.array([2**63], np.uint64)), gl.GraphError, "9223372036854775807"
    ),
    "large_seed": (lambda: gl.loads(FRUIT).run(seed=10**400), gl.GraphError, "the gradient of `price` is larger"),
    "object": (lambda: gl.loads(FRUIT).run(apple=object()), gl.GraphError, "`apple` is Python objects"),
    "dtype": (lambda: gl.loads(FRUIT, dtype="foo"), ValueError, "\"float32\" or \"float64\".*not 'foo'"),
    "dtype_half": (lambda: gl.loads(FRUIT, dtype="float16"), ValueError, 'not "float16"'),
    "dtype_int": (lambda: gl.loads(FRUIT, dtype="int32"), ValueError, 'not "int32"'),
    "dtype_of_a_spec": (lambda: gl.Graph.from_spec("{}", dtype="foo"), ValueError, "float64"),
    "seed": (lambda: gl.loads(FRUIT, seed=-1), ValueError, "seed is a whole number of at least 0, not -1"),
    "threads": (lambda: gl.loads(FRUIT, threads=0), ValueError, "threads is a whole number of at least 1, not 0"),
    "text": (lambda: gl.loads(3), TypeError, "loads takes a spec as text, not int; `load` reads a file"),  # type: ignore[arg-type]
    "set": (lambda: gl.loads(FRUIT, set=3), TypeError, "set is a mapping from names"),  # type: ignore[arg-type]
    "set_name": (lambda: gl.loads(FRUIT, set={3: 4}), TypeError, "a name in set is a text"),  # type: ignore[dict-item]
    "set_object": (lambda: gl.loads(FRUIT, set={"apple": object()}), gl.GraphError, "is no value of the language"),
    "limits": (lambda: gl.loads(FRUIT, limits=3), TypeError, r"limits is a gl\.Limits"),  # type: ignore[arg-type]
    "spec": (lambda: gl.Graph.from_spec(3), gl.GraphError, "the spec is not sound: Input"),  # type: ignore[arg-type]
    "layers": (lambda: gl.loads(FRUIT, layers=[3]), TypeError, r"classes derived from gl\.Layer, gl\.Optimizer and the like"),  # type: ignore[list-item]
    "layers_class": (lambda: gl.loads(FRUIT, layers=[dict]), TypeError, "not the class dict"),  # type: ignore[list-item]
    "layers_ufunc": (lambda: gl.loads(FRUIT, layers=[np.exp]), TypeError, "not <ufunc 'exp'>"),
    "layers_alone": (lambda: gl.loads(FRUIT, layers=NoForward), TypeError, "layers is a list"),  # type: ignore[arg-type]
    "layer_without_forward": (lambda: gl.loads(FRUIT, layers=[NoForward]), TypeError, "needs a method `forward"),
    "batch": (lambda: gl.loads(NET).compile(batch=-1), ValueError, "batch is a whole number of at least 1, not -1"),
    "batch_text": (lambda: gl.loads(NET).compile(batch="a"), TypeError, "batch is a whole number, not 'a'"),  # type: ignore[arg-type]
    "step_with_wrt": (lambda: gl.loads(NET).compile(train=True, wrt=["x"]), ValueError, "leave `wrt` and `of` out"),
    "wrt": (lambda: gl.loads(FRUIT).compile(wrt=3), TypeError, "wrt is a list of names, not int"),  # type: ignore[arg-type]
    "wrt_number": (lambda: gl.loads(FRUIT).compile(wrt=[3]), TypeError, "a name in wrt is a text"),  # type: ignore[list-item]
    "validation": (lambda: gl.loads(NET).fit(x=X, t=T, validation=3), TypeError, "validation is a mapping"),  # type: ignore[arg-type]
    "data": (lambda: gl.loads(NET).fit(3), TypeError, "fit takes arrays by the names of inputs"),  # type: ignore[arg-type]
    "epochs": (lambda: gl.loads(NET).fit(x=X, t=T, epochs="a"), gl.GraphError, "`epochs` must be a whole number"),  # type: ignore[arg-type]
    "params_shape": (
        lambda: gl.loads(NET).params.__setitem__("Affine1.b", [1, 2]), ValueError, r"has the shape \(3,\), not \(2,\)"
    ),
    "params_ragged": (
        lambda: gl.loads(NET).params.__setitem__("Affine1.b", [[1], [2, 3]]), ValueError, "not a ragged list"
    ),
    "params_text": (
        lambda: gl.loads(NET).params.__setitem__("Affine1.b", ["a"] * 3), ValueError, "`Affine1.b` takes numbers"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_mistake_of_the_caller_is_told_in_a_sentence(name: str) -> None:
    call, kind, said = CALLS[name]
    with pytest.raises(kind, match=said):
        call()


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
def test_a_precision_is_a_name_or_what_numpy_calls_it(dtype: Any) -> None:
    assert gl.loads(FRUIT, dtype=dtype).dtype == np.float32


def test_one_name_may_stand_without_a_list() -> None:
    assert gl.loads(FRUIT).compile(wrt="apple")() == (pytest.approx(110), {"apple": 1.1})


@pytest.mark.parametrize("name", ["nowhere/net.npz", "."])
def test_a_file_that_cannot_be_written_is_named_as_it_was_given(name: str, tmp_path: Path) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(NET).save(tmp_path / name)
    assert [d.code for d in caught.value.diagnostics] == ["GL716"]
    assert caught.value.diagnostics[0].file == str(tmp_path / name)
    assert ".tmp" not in str(caught.value).replace(str(tmp_path), "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (123456789012345678901234567890, 123456789012345678901234567890.0),
        (Fraction(1, 4), 0.25),
        (Decimal("1.5"), 1.5),
        (Decimal("1e40"), 1e40),
        (Decimal("NaN"), pytest.approx(float("nan"), nan_ok=True)),
        ([Fraction(1, 2), 2, 0.5, Decimal(3)], [0.5, 2, 0.5, 3]),
        (float("inf"), float("inf")),
    ],
)
def test_an_exact_number_is_a_value_wherever_it_is_given(number: Any, value: Any) -> None:
    graph = gl.loads("input x\ny = x * 1")
    for found in (
        graph.run(x=number)["x"],
        graph.run(x=number)["x"],
        graph.predict(x=number),
        gl.loads("input x\ny = x * 1", set={"x": number}).run()["x"],
    ):
        assert np.asarray(found).tolist() == value


def test_training_takes_exact_numbers_as_running_does() -> None:
    text = "input x: float[N], t: int[N]\nloss = sum(x * t)\ntrain { minimize = loss; optimizer = SGD(lr=1); batch = 2; epochs = 1 }"
    history = gl.loads(text).fit(x=[Fraction(1, 2), Decimal("0.25")], t=[Fraction(2), 4])
    assert history.losses == [2]
    assert gl.loads(text).fit(x=[10**30, 0], t=[1, 1]).losses[0] == pytest.approx(1e30)
    with pytest.raises(gl.GraphError, match="holds a number larger than"):
        gl.loads(text).fit(x=[Decimal("1e400"), 1], t=[1, 2])


def test_whole_fractions_are_whole_numbers() -> None:
    graph = gl.loads("input n: int[N]\ny = sum(n) * 1.0")
    assert graph.predict(n=[Fraction(4, 2), Decimal(3)]) == 5


def test_a_default_that_is_not_finite_survives_json() -> None:
    graph = gl.loads(FRUIT, set={"apple": float("inf")})
    assert gl.Graph.from_spec(graph.spec.model_dump_json()).run()["apple"] == float("inf")


def test_a_result_answers_for_a_missing_name_as_a_mapping_does() -> None:
    result = gl.loads(FRUIT).run()
    assert "prise" not in result
    assert result.get("prise") is None
    assert result.grad.get("prise", 0) == 0
