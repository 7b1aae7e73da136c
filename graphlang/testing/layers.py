"""Holds a layer, a loss or a function of one's own to what the built-in ones promise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from graphlang.catalog.operation import is_by_hand
from graphlang.engine.executable import bound
from graphlang.engine.failures import WrongGradients
from graphlang.engine.recording import Recorder, Recording, Storage
from graphlang.testing.agreement import require, require_close
from graphlang.testing.sample_calls import KINDS, SEED, NumericalSlope, SampleCall, arriving
from graphlang.testing.widening import REMEDY, place_of_float64

ROUNDING = {"float64": 1e-9, "float32": 1e-3}
SLOPES = 1e-5
"""How close the gradient is to the slopes."""


def check_layer(
    own: Any, *tensors: Any, batch: bool = True, jax: bool | None = None, **attributes: Any
) -> None:
    """Holds a layer or a loss with its attributes, `Swish(beta=2)`, or a function, to its contract.

    The shape that is known before running is that of the result; the gradient, by hand and derived, is the
    slope of the result; the planned program and JAX (where it is installed, unless `jax` says otherwise)
    compute the same; float32 stays float32; and nothing is written into or remembered. The tensors should
    stand at no corner of the function. Their first axis stands for a batch of any size, unless `batch` is
    False. `attributes` are those of a function. Raises AssertionError with the first promise that is broken.
    """
    calls = {dtype: SampleCall(own, tensors, attributes, batch=batch, dtype=dtype) for dtype in ROUNDING}
    call = calls["float64"]
    for training in call.modes:
        _check_shape(call, training)
        _check_backward(call, training)
        _check_purity(call, training)
        _check_gradients(call, training)
        _check_precision(calls["float32"], call, training)
        backends = ["numpy", "jax"] if (find_spec("jax") is not None if jax is None else jax) else ["numpy"]
        for backend in backends:
            for one in calls.values():
                _check_program(one, backend, training)


def _check_shape(call: SampleCall, training: bool) -> None:
    y, spec = call.forward(training), call.node.spec
    require(
        y.shape == call.shape,
        f"{call.name} gives the shape {y.shape}, but {call.shape} was known before running",
    )
    kind = KINDS[y.dtype.kind]
    require(kind == spec.dtype, f"{call.name} gives {kind}, but {spec.dtype} was known before running")


def _check_backward(call: SampleCall, training: bool) -> None:
    """It lists one array for each argument."""
    y = call.forward(training)
    if y.dtype.kind != "f":
        return
    try:
        call.gradients(arriving(y), training)
    except WrongGradients as error:
        raise AssertionError(f"`backward` of {call.name}: {error}") from error


def _check_purity(call: SampleCall, training: bool) -> None:
    with _locked(call):
        remembered = _attributes(call)
        first, again = call.forward(training), call.forward(training)
        require(
            first.tobytes() == again.tobytes(), f"{call.name} gives other numbers when it is called again"
        )
        if first.dtype.kind == "f":
            dy = arriving(first)
            dy.flags.writeable = False
            once = {name: np.copy(g) for name, g in _given(call.gradients(dy, training)).items()}
            for name, gradient in _given(call.gradients(dy, training)).items():
                require(
                    np.array_equal(gradient, once[name]),
                    f"`backward` of {call.name} differs from call to call",
                )
        require(_attributes(call) == remembered, f"{call.name} remembers something on itself: use `state`")


@contextmanager
def _locked(call: SampleCall) -> Iterator[None]:
    """Where an operation writes into what it is given, NumPy raises ValueError, which becomes a sentence."""
    arrays = [*call.tensors, *call.own.values()]
    for array in arrays:
        array.flags.writeable = False
    try:
        yield
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise AssertionError(f"{call.name} writes into what it is given: make a new array") from error
    finally:
        for array in arrays:
            array.flags.writeable = True


def _attributes(call: SampleCall) -> str:
    return repr(vars(call.operation)) if hasattr(call.operation, "__dict__") else ""


def _given(gradients: dict[str, Any]) -> dict[str, Any]:
    return {name: gradient for name, gradient in gradients.items() if gradient is not None}


def _check_gradients(call: SampleCall, training: bool) -> None:
    y, saved, *_ = call.outcome(training)
    y = np.asarray(y)
    if y.dtype.kind != "f":
        return
    dy, arguments = arriving(y), call.arguments()
    gradients = _given(call.gradients(dy, training))
    for name, array in arguments.items():
        slope = NumericalSlope(lambda: float(np.sum(dy * call.forward(training))), array).everywhere()
        gradient = gradients.get(name, np.zeros_like(array))
        require_close(gradient, slope, SLOPES, f"the gradient of `{name}` in {call.name}")
    if is_by_hand(call.operation, saved):
        derived = _given(call.derived(dy, training))
        for name, array in arguments.items():
            zero = np.zeros_like(array)
            what = f"the gradient of `{name}` by the `backward` of {call.name}"
            require_close(gradients.get(name, zero), derived.get(name, zero), 1e-8, what)


def _check_precision(narrow: SampleCall, wide: SampleCall, training: bool) -> None:
    y, exact = narrow.forward(training), wide.forward(training)
    if y.dtype.kind != "f" or not narrow.arguments():
        return
    if y.dtype != np.float32:
        place = place_of_float64(lambda watched: narrow.outcome(training, watched), narrow.file)
        raise AssertionError(f"{wide.name} makes {y.dtype} of float32{place}: {REMEDY}")
    dy = arriving(y)
    gradients = _given(narrow.gradients(dy, training))
    for name in gradients.keys() & narrow.arguments():
        if np.asarray(gradients[name]).dtype != np.float32:
            place = place_of_float64(lambda watched: narrow.gradients(watched(dy), training), narrow.file)
            raise AssertionError(f"the gradient of `{name}` in {wide.name} is not float32{place}: {REMEDY}")
    if _draws(narrow):  # other numbers in float32
        return
    require_close(y, exact, ROUNDING["float32"], f"the result of {wide.name} in float32")
    exact_gradients = _given(wide.gradients(dy.astype(np.float64), training))
    for name in gradients.keys() & narrow.arguments():
        require_close(gradients[name], exact_gradients[name], 1e-2, f"the gradient of `{name}` in float32")


def _check_program(call: SampleCall, backend: str, training: bool) -> None:
    """The recorded program of value, gradients and new state computes what the calls do."""
    y, _, *rest = call.outcome(training)
    y = np.asarray(y)
    has_gradient = y.dtype.kind == "f" and bool(call.arguments())
    expected = {"the result": y}
    if has_gradient:
        gradients = _given(call.gradients(arriving(y), training))
        zeros = {name: np.zeros_like(a) for name, a in call.arguments().items()}
        expected |= {f"the gradient of `{n}`": gradients.get(n, zero) for n, zero in zeros.items()}
    expected |= {f"the new state `{n}`": a for n, a in (rest[0] if rest else {}).items()}
    graph = call.graph if backend == "numpy" else call.loaded(backend)
    model = graph.model
    recording = _recorded(call, training, has_gradient)
    arrays = dict(zip(call.names, call.tensors, strict=True)) | dict(model.params)
    program = bound(model.backend, lambda: recording, arrays | {"dy": arriving(y)}, model.threads)
    program.fill(np.random.default_rng(SEED))
    with model.diagnosed(), np.errstate(all="ignore"):
        program.run()
    for what, value in expected.items():
        where = "planned" if backend == "numpy" else "on JAX"
        rounding = ROUNDING[str(call.dtype)]
        if backend == "numpy" or not _draws(call):
            require_close(program.output(what), value, rounding, f"{what} of {call.name} {where}")


def _draws(call: SampleCall) -> bool:
    """Whether it draws random numbers, which are others in another precision and on another backend."""
    return bool(call.node.supplied & {"random", "stream"})


def _recorded(call: SampleCall, training: bool, has_gradient: bool) -> Recording:
    network, numbers = call.graph.network, call.graph.network.numbers
    inputs = {numbers[n]: Storage(a.shape, a.dtype) for n, a in zip(call.names, call.tensors, strict=True)}
    recorder = Recorder(network, inputs, call.dtype, call.sizes, training=training)
    of = numbers["y"]
    recorder.forward([of])
    outputs = {"the result": recorder.tape.values[of]}
    if has_gradient:
        seed = recorder.input("dy", call.shape, call.dtype)
        wrt = {name: call.node.own.get(name, numbers.get(name, -1)) for name in call.arguments()}
        with recorder.trace:
            gradients = recorder.tape.gradients(of, list(wrt.values()), seed)
        outputs |= {f"the gradient of `{n}`": g for n, g in zip(wrt, gradients, strict=True)}
    roles = {number: role for role, number in call.node.own.items()}
    outputs |= {f"the new state `{roles[n]}`": a for n, a in recorder.tape.state.items()}
    return recorder.recording(outputs, {})
