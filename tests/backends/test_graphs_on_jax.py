"""Graphs on JAX from Python: the same results, the same mistakes, and options that a pickle keeps."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.backends import choice
from graphlang.trace import Primitive
from graphlang.trace.core import signature

SPECS = Path(__file__).parent.parent.parent / "specs"
OPTIONS = gl.Jax(device="cpu", cache=False)
NET = """
input x: float[N, 3], t: int[N]
h = x -> Affine(4) -> Relu
y = h -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; iterations = 2; metrics = [accuracy(y, t)] }
"""
X, T = np.linspace(-1, 1, 12).reshape(4, 3), np.array([0, 1, 1, 0])


def both(text: str, **options: Any) -> tuple[gl.Graph, gl.Graph]:
    """A graph in NumPy and the same one on JAX."""
    return gl.loads(text, **options), gl.loads(text, backend=OPTIONS, **options)


def assert_same_run(one: gl.Result, other: gl.Result, rounding: float = 1e-9) -> None:
    assert list(one) == list(other)
    assert list(one.grad) == list(other.grad)
    assert one.of == other.of
    for mine, yours in ((one, other), (one.grad, other.grad)):
        for name in mine:
            a, b = np.asarray(mine[name]), np.asarray(yours[name])
            assert (a.shape, a.dtype) == (b.shape, b.dtype), name
            np.testing.assert_allclose(b, a, rtol=rounding, atol=rounding, err_msg=name)
    assert [one.grad.arrives(n) for n in one.grad] == [other.grad.arrives(n) for n in other.grad]


# ---- results ----------------------------------------------------------------------------------------


def test_a_run_gives_every_value_and_gradient_of_numpy() -> None:
    one, other = both(NET, dtype="float64")
    assert_same_run(one.run(x=X, t=T), other.run(x=X, t=T))
    assert_same_run(one.run(x=X, t=T, of="y", seed=2.0), other.run(x=X, t=T, of="y", seed=2.0))
    assert other.run(x=X, t=T)["y"].__class__ is np.ndarray


def test_inner_values_and_the_parts_of_gradients_can_be_asked_for() -> None:
    one, other = both("y = a * b + a")
    first, second = one.run(a=2, b=3), other.run(a=2, b=3)
    assert second["multiply1"] == first["multiply1"] == 6
    parts = [g.forward(a=2, b=3) for g in (one, other)]
    mine, yours = ([float(p.gradient) for p in f.parts(f.backward())] for f in parts)
    assert mine == yours


def test_backward_starts_from_a_forward_pass_as_often_as_one_likes() -> None:
    one, other = both("y = a * b\nz = y**2\noutput y, z")
    for of in ("y", "z"):
        assert_same_run(one.forward(a=2, b=3).backward(of=of), other.forward(a=2, b=3).backward(of=of))


def test_a_result_keeps_its_values_when_parameters_change() -> None:
    _, graph = both(NET, dtype="float64")
    result = graph.run(x=X, t=T)
    before = result["affine1.W"] if "affine1.W" in result else result[next(iter(graph.params))]
    name = next(iter(graph.params))
    graph.params[name][...] = 0
    np.testing.assert_array_equal(result[name], before)
    assert not np.any(graph.run(x=X, t=T)[name])


def test_training_mode_draws_what_numpy_draws() -> None:
    one, other = both("input x: float[N, 3]\ny = x -> Dropout(0.5)\nz = sum(y)\noutput z", seed=4)
    np.testing.assert_array_equal(
        one.forward(x=X, training=True)["y"], other.forward(x=X, training=True)["y"]
    )


def test_predictions_and_compiled_programs_are_the_same() -> None:
    one, other = both(NET, dtype="float64")
    np.testing.assert_allclose(other.predict(x=X), one.predict(x=X), rtol=1e-12)
    name = next(iter(one.params))
    (a, da), (b, db) = one.compile(wrt=name)(x=X, t=T), other.compile(wrt=name)(x=X, t=T)
    np.testing.assert_allclose(b, a, rtol=1e-12)
    np.testing.assert_allclose(db[name], da[name], rtol=1e-12)
    forward = other.compile(of="h", batch=4)
    np.testing.assert_allclose(forward(x=X), one.compile(of="h")(x=X), rtol=1e-12)


def test_the_memory_of_a_program_is_what_xla_says_of_it() -> None:
    graph = gl.loads(NET.replace("SGD(lr=0.1)", "Adam(lr=0.1)"), dtype="float64", backend=OPTIONS)
    assert graph.compile(wrt=next(iter(graph.params))).memory is None  # there is no program yet
    step = graph.compile(train=True, batch=4)
    before = step.memory
    size = sum(graph.params[name].nbytes for name in graph.params)
    assert before is not None
    assert before.parameters == size
    assert before.optimizer >= 2 * size
    assert before.inputs > 0
    assert before.scratch > 0
    step(x=X, t=T)
    assert step.memory == before
    forward = graph.compile(of="loss")
    forward(x=X, t=T)
    assert forward.memory is not None
    assert forward.memory.parameters == size
    assert forward.memory.optimizer == 0
    assert forward.memory.total == sum(forward.memory)


def test_a_prediction_sees_parameters_that_were_written_into() -> None:
    _, graph = both(NET)
    before = graph.predict(x=X)
    for array in graph.params.values():
        array[...] = 0
    assert np.any(before)
    assert not np.any(graph.predict(x=X))


def test_what_is_handed_out_belongs_to_the_caller() -> None:
    _, graph = both(NET)
    first = graph.predict(x=X)
    kept = first.copy()
    first[...] = 7
    np.testing.assert_array_equal(graph.predict(x=X), kept)


def test_metrics_are_the_same_in_blocks_of_rows() -> None:
    one, other = both(NET, dtype="float64")
    rng = np.random.default_rng(0)
    x, t = rng.random((2300, 3)), rng.integers(0, 2, 2300)
    mine, yours = one.evaluate(x=x, t=t), other.evaluate(x=x, t=t)
    assert mine.keys() == yours.keys()
    for name in mine:
        assert yours[name] == pytest.approx(mine[name], rel=1e-12)


def test_float32_stays_float32_and_ids_stay_whole() -> None:
    text = "input i: int[N]\nparam W: float[3, 2]\ny = take(W, i)\nn = i * 4000000000\noutput y, n"
    for graph in both(text, dtype="float32"):
        found = graph.predict(i=np.array([2, 1, 0]))
        assert found["y"].dtype == np.float32
        assert found["n"].tolist() == [8_000_000_000, 4_000_000_000, 0]


def test_gradients_of_gradients_are_the_same() -> None:
    text = "input x: float[N]\ny = sum(sin(x) * x**3)\ndy = grad(y, x)\nddy = grad(sum(dy), x)\nz = sum(ddy**2)\noutput z"
    one, other = both(text)
    assert_same_run(one.run(x=X[0]), other.run(x=X[0]))


@pytest.mark.parametrize(
    "name", ["apple_orange", "affine", "chain_rule", "newton", "sigmoid", "softmax_with_loss"]
)
def test_a_lesson_that_runs_by_itself_is_the_same(name: str) -> None:
    one = gl.load(SPECS / f"{name}.graph", dtype="float64")
    other = gl.load(SPECS / f"{name}.graph", dtype="float64", backend=OPTIONS)
    assert_same_run(one.run(), other.run())


# ---- layers of one's own ------------------------------------------------------------------------------


class Wave(gl.Layer):
    """y = sin(x) * s, by hand forward and backward."""

    scale: float = 2.0

    def forward(self, x: Any) -> Any:
        return np.sin(x) * self.scale, x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy * np.cos(x) * self.scale


def ramp(x, low: float = 0.0):
    """The part above a bound, whose gradient is derived.

    Shapes: as x.
    """
    return np.where(x > low, x - low, np.log1p(np.exp(x - low)) * 0.1)


def test_a_layer_and_a_function_of_ones_own_run_on_jax_as_they_are() -> None:
    text = "input x: float[N, 3]\nh = x -> Wave(scale=3)\ny = ramp(h, 0.1)\nz = sum(y**2)\noutput z"
    one, other = both(text, layers=[Wave, ramp])
    assert_same_run(one.run(x=X), other.run(x=X))


class Strange(Primitive):
    """A kernel for which no backend has a rule."""

    name = "strange"

    def shape(self, x: Any) -> Any:
        return signature(x)

    def compute(self, x: Any, *, out: Any = None) -> Any:
        return np.negative(x, out=out)

    def derivative(self, position: int, dy: Any, y: Any, x: Any) -> Any:
        return -dy


strange = Strange()


def Odd(x):  # noqa: N802
    """A function with a kernel of its own.

    Shapes: as x.
    """
    return strange(x)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("input x: float[N]\ny = Odd(x)\noutput y", "y"),
        (
            "input x: float[N, T]\nh = scan k in x carry s = zeros(N) { s2 = s + k; next s = s2; yield Odd(s2) }\nz = sum(h)\noutput z",
            "Odd",
        ),
    ],
)
def test_a_primitive_without_a_rule_is_named_with_its_layer_on_loading(text: str, name: str) -> None:
    with pytest.raises(gl.GraphError) as error:
        gl.loads(text, layers=[Odd], backend=OPTIONS)
    (problem,) = error.value.diagnostics
    assert problem.code == "GL733"
    assert problem.message.endswith("cannot run on JAX: it has no rule for the primitive `strange`")
    assert "(Odd)" in problem.message
    assert problem.span is not None
    assert name in problem.span.text


def test_a_primitive_without_a_rule_in_a_value_that_is_asked_for_alone_is_named_then() -> None:
    text = "input x: float[N]\ny = Odd(x)\nz = sum(x)\noutput z"
    graph = gl.loads(text, layers=[Odd], backend=OPTIONS)
    with pytest.raises(gl.GraphError, match="no rule for the primitive `strange`"):
        graph.compile(of="y")(x=X[0])


# ---- mistakes -----------------------------------------------------------------------------------------


def message(graph: gl.Graph, call: str, **inputs: Any) -> str:
    with pytest.raises(gl.GraphError) as error:
        getattr(graph, call)(**inputs)
    return str(error.value)


WRONG = {
    "an index that the graph computes": (
        "input x: float[N, 2], i: int[N]\nparam W: float[4, 2]\ny = take(W, i * 2)\noutput y",
        {"x": X[:2, :2], "i": np.array([0, 3])},
    ),
    "an id beyond the vocabulary": (
        "input i: int[N]\nj = i + 1\ny = j -> Embedding(3, 2)\noutput y",
        {"i": np.array([0, 2])},
    ),
    "a whole number that is too large": ("input i: int[N]\nj = i * i\noutput j", {"i": np.array([2**40, 1])}),
    "a negative power of whole numbers": (
        "input i: int[N], k: int[N]\nj = i ** k\noutput j",
        {"i": np.array([2, 3]), "k": np.array([1, -1])},
    ),
    "a label of another class": (
        NET.replace("output y", "output loss"),
        {"x": X, "t": np.array([0, 1, 2, 0])},
    ),
    "an input of another shape": (NET, {"x": X[:, :2]}),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_told_as_numpy_tells_it(what: str) -> None:
    text, inputs = WRONG[what]
    one, other = both(text)
    assert message(other, "predict", **inputs) == message(one, "predict", **inputs)


def test_an_index_is_found_inside_of_a_scan() -> None:
    text = "input i: int[N, T], w: float[4]\nlast = scan k in i carry s = zeros(N) { s2 = s + take(w, k * 2); next s = s2; yield s2 }\noutput last"
    one, other = both(text)
    good = {"i": np.array([[0, 1]]), "w": np.arange(4.0)}
    np.testing.assert_allclose(other.predict(**good), one.predict(**good))
    bad = {**good, "i": np.array([[0, 2]])}
    assert message(other, "predict", **bad) == message(one, "predict", **bad)


def test_infinite_and_undefined_numbers_are_those_of_numpy() -> None:
    one, other = both("input x: float[N]\ny = log(x) / x\nz = sum(where(x > 0, y, 0.0))\noutput z")
    x = np.array([-1.0, 0.0, 2.0])
    assert_same_run(one.run(x=x), other.run(x=x))


# ---- options ------------------------------------------------------------------------------------------


def test_a_pickle_and_a_copy_keep_the_backend_and_its_options() -> None:
    graph = gl.loads(NET, backend=gl.Jax(device="cpu", cache=False, on_compile=print))
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert other.backend == "jax"
        assert other.model.backend.options == OPTIONS
        np.testing.assert_array_equal(other.predict(x=X), graph.predict(x=X))
    assert gl.Graph.from_spec(graph.spec, backend="jax").backend == "jax"


def test_a_compilation_is_announced_once_for_each_shape() -> None:
    said: list[str] = []
    graph = gl.loads(NET, backend=gl.Jax(cache=False, on_compile=said.append))
    for rows in (X, X, X[:2]):
        graph.predict(x=rows)
    assert said == ["compiling for 4 × 3", "compiling for 2 × 3"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"device": "cuda"}, ValueError, 'device is "cpu", "gpu" or "tpu"'),
        ({"cache": 3}, TypeError, "cache is True, False or the path of a folder"),
        ({"on_compile": "print"}, TypeError, "on_compile is a function"),
    ],
)
def test_options_are_checked(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        gl.Jax(**options)


@pytest.mark.parametrize(("backend", "error"), [("torch", ValueError), (3, TypeError)])
def test_another_backend_is_refused(backend: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r'backend is "numpy", "jax", "auto" or gl\.Jax'):
        gl.loads(NET, backend=backend)


def test_a_device_that_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(gl.GraphError) as error:
        gl.loads(NET, backend=gl.Jax(device="tpu"))
    (problem,) = error.value.diagnostics
    assert problem.code == "GL732"
    assert "finds no tpu here, only cpu" in problem.message


def test_where_jax_is_missing_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(gl.GraphError) as error:
        gl.loads(NET, backend="jax")
    (problem,) = error.value.diagnostics
    assert problem.code == "GL731"
    assert 'pip install "graphlang-dsl[jax]"' in (problem.help or "")
    notes = gl.loads(NET, backend="auto").notes
    assert [note.message for note in notes] == ["backend: NumPy, since JAX is not installed"]


def test_auto_says_what_it_has_taken_and_why() -> None:
    graph = gl.loads(NET, backend="auto")
    assert graph.backend == "numpy"
    assert [n.message for n in graph.notes] == ["backend: NumPy, since JAX finds no GPU and no TPU here"]
    graph = gl.loads("input a: float, b: float\ny = a * b", backend="auto")
    assert [n.message for n in graph.notes] == [
        "backend: NumPy, since the graph computes with single numbers"
    ]


def test_numpy_alone_imports_no_jax() -> None:
    code = (
        "import sys, numpy as np, graphlang as gl; g = gl.loads('y = a * b'); g.run(a=1, b=2); g.predict(a=1, b=2); "
        "gl.Jax; print([m for m in sys.modules if m.split('.')[0] in ('jax', 'jaxlib')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_parameters_lie_where_a_cpu_reads_them_without_a_copy() -> None:
    graph = gl.loads(NET)
    assert [array.ctypes.data % 64 for array in graph.params.values()] == [0] * len(graph.params)
