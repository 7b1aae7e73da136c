"""Holds optimizers, schedules and initializers of one's own to what the built-in ones promise."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Any

import numpy as np

from graphlang.contracts.initializer import Initializer
from graphlang.contracts.optimizer import Optimizer
from graphlang.contracts.schedule import Schedule
from graphlang.engine.executable import bound
from graphlang.testing.agreement import require, require_close
from graphlang.trace import Trace, replay

STEPS = 4


def check_optimizer(optimizer: Optimizer, jax: bool | None = None) -> None:
    """Holds an optimizer to the contract: it writes into nothing, keeps shapes and the precision, treats a
    single number as an array of one, is the same recorded, planned and on JAX (where it is installed, unless
    `jax` says otherwise), and leaves a parameter finite. Raises AssertionError with what does not hold.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"check_optimizer takes an optimizer, as SignSGD(lr=0.1), not {optimizer!r}")
    for dtype in (np.float64, np.float32):
        for shape in ((), (3,), (2, 3)):
            _check_steps(optimizer, np.dtype(dtype), shape)
    array, number = np.array([0.7]), np.array(0.7)
    alone, _ = optimizer.update(number, number, optimizer.slots(number), 0.1, 1)
    row, _ = optimizer.update(array, array, optimizer.slots(array), 0.1, 1)
    require_close(np.reshape(alone, 1), row, 1e-12, f"the step of {_name(optimizer)} on a single number")
    _check_recorded(optimizer, find_spec("jax") is not None if jax is None else jax)


def _name(member: Any) -> str:
    return type(member).__name__


def _check_steps(optimizer: Optimizer, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    name, rng = _name(optimizer), np.random.default_rng(1)
    W = np.asarray(rng.standard_normal(shape), dtype)
    slots = {slot: np.array(array) for slot, array in optimizer.slots(W).items()}
    for t in range(1, STEPS + 1):
        dW = np.asarray(rng.standard_normal(shape), dtype)
        for array in (W, dW, *slots.values()):
            array.flags.writeable = False
        try:
            new, after = optimizer.update(W, dW, slots, np.asarray(0.1), np.asarray(float(t)))
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise AssertionError(f"{name} writes into what it is given: make a new array") from error
        again, _ = optimizer.update(W, dW, slots, np.asarray(0.1), np.asarray(float(t)))
        require(np.array_equal(new, again), f"{name} gives other numbers when it is called again")
        require(
            after.keys() == slots.keys(), f"{name} begins with {sorted(slots)} and returns {sorted(after)}"
        )
        before = {"the parameter": (W, new)} | {f"`{s}`": (slots[s], after[s]) for s in slots}
        for what, (old, value) in before.items():
            require(np.shape(value) == old.shape, f"{name} changes the shape of {what}")
            require(value.dtype == old.dtype, f"{name} makes {value.dtype} of {what}, which is {old.dtype}")
            require(bool(np.all(np.isfinite(value))), f"{name} makes {what} infinite or nan in step {t}")
        W, slots = np.array(new), {slot: np.array(array) for slot, array in after.items()}


def _check_recorded(optimizer: Optimizer, jax: bool) -> None:
    """A recorded step computes what a direct one does, in NumPy, planned, and on JAX."""
    from graphlang.engine.program import Program
    from graphlang.engine.recording import Recording

    name, rng = _name(optimizer), np.random.default_rng(2)
    W, dW = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    slots = {slot: np.abs(np.asarray(a) + 0.25) for slot, a in optimizer.slots(W).items()}
    arrays = {"W": W, "dW": dW, **slots, "lr": np.asarray(0.1), "t": np.asarray(3.0)}
    trace = Trace()
    inputs = {label: trace.input(a.shape, a.dtype) for label, a in arrays.items()}
    with trace:
        own = {slot: inputs[slot] for slot in slots}
        new, after = optimizer.update(inputs["W"], inputs["dW"], own, inputs["lr"], inputs["t"])
    direct, kept = optimizer.update(W, dW, slots, arrays["lr"], arrays["t"])
    recorded = {"the parameter": new} | {f"`{slot}`": after[slot] for slot in after}
    expected = {"the parameter": direct} | {f"`{slot}`": kept[slot] for slot in kept}
    feeds = {inputs[label]: array for label, array in arrays.items()}
    replayed = dict(zip(recorded, replay(trace, list(recorded.values()), feeds), strict=True))
    for what, value in replayed.items():
        require_close(value, expected[what], 1e-9, f"{what} after a recorded step of {name}")
    backends: list[Any] = [None]
    if jax:
        from graphlang.api import loads

        backends.append(loads("y = 1 + x", backend="jax").model.backend)
    for backend in backends:
        recording = Recording(Program(inputs, recorded, {}), ())
        program = bound(backend, lambda recording=recording: recording, arrays, None)  # type: ignore[misc]
        program.run()
        for what, value in expected.items():
            where = "planned" if backend is None else "on JAX"
            require_close(program.output(what), value, 1e-9, f"{what} after a step of {name} {where}")


def check_schedule(schedule: Schedule, total: int = 100) -> None:
    """Holds a schedule to the contract: a finite factor, 0 or more, for each step, that depends on nothing
    but the step and the total. Raises AssertionError with the first step for which it does not hold."""
    if not isinstance(schedule, Schedule):
        raise TypeError(f"check_schedule takes a schedule, as halving(every=10), not {schedule!r}")
    name = _name(schedule)
    factors = [schedule.multiplier(t, total) for t in range(1, total + 1)]
    for t, factor in enumerate(factors, 1):
        number = type(factor) in (float, int) or isinstance(factor, np.floating)
        require(
            number and math.isfinite(factor) and factor >= 0,
            f"the factor of {name} in step {t} of {total} is {factor!r}, not a number from 0 on",
        )
    for t in range(total, 0, -1):
        require(
            schedule.multiplier(t, total) == factors[t - 1],
            f"the factor of {name} in step {t} is not always one",
        )
    longer = [schedule.multiplier(t, 2 * total) for t in range(1, total + 1)]
    require(
        schedule.needs_total or longer == factors,
        f"{name} depends on how many steps there will be: write `needs_total = True` into it",
    )


def check_initializer(initializer: Initializer) -> None:
    """Holds an initializer to the contract: finite numbers of the shape, the same for the same stream. Raises
    AssertionError with what does not hold."""
    if not isinstance(initializer, Initializer):
        raise TypeError(f"check_initializer takes an initializer, as checker(size=1), not {initializer!r}")
    name = _name(initializer)
    for shape in ((), (4,), (3, 4), (2, 3, 3, 3)):
        drawn = np.asarray(initializer.start(0, "W", shape))
        require(drawn.shape == shape, f"{name} draws the shape {drawn.shape} for {shape}")
        require(drawn.dtype.kind in "fiu", f"{name} draws {drawn.dtype}, not numbers")
        require(bool(np.all(np.isfinite(drawn))), f"{name} draws numbers that are not finite for {shape}")
        again = np.asarray(initializer.start(0, "W", shape))
        require(
            np.array_equal(drawn, again), f"{name} draws other numbers the second time: take all from `rng`"
        )
