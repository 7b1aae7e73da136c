"""Steps of an optimizer in a loop of one's own: the updates of a training, without its graph."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.contracts.optimizer import Optimizer
from graphlang.datasets.number_checks import not_finite, place_text
from graphlang.engine.executable import Executable, built
from graphlang.engine.parameters import Params
from graphlang.engine.program import Program
from graphlang.engine.recording import Recording
from graphlang.engine.updates import NORMS, RATE, STEP, UpdateRule, recorded_updates, slot_label
from graphlang.trace import Trace

STEPS_TAKEN = "t"
"""The name of the number of steps in a state."""


class _Kind(NamedTuple):
    """What the program of a step is made for."""

    shapes: tuple[tuple[str, tuple[int, ...], str], ...]
    clip_norm: float | None
    clip_value: float | None


class OptimizerSteps:
    """How many steps an optimizer has taken, what it remembers of each parameter, and the planned step."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.t = 0
        self.slots: dict[str, dict[str, Any]] = {}
        self._kind: _Kind | None = None
        self._step: Executable | None = None
        #: the arrays of the caller that the program updates where they lie
        self._in_place: dict[str, Any] = {}
        #: parameters whose array was another one from one step to the next
        self._moving: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """A copy has the memory, and plans its own program."""
        slots = {name: {slot: a.copy() for slot, a in own.items()} for name, own in self.slots.items()}
        return {"optimizer": self.optimizer, "t": self.t, "slots": slots}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["optimizer"])  # type: ignore[misc]
        self.t, self.slots = state["t"], state["slots"]

    def take(
        self, params: Any, grads: Any, lr: float, clip_norm: float | None, clip_value: float | None
    ) -> None:
        """One step on the parameters that have a gradient; ValueError, and nothing is changed, where one is
        not finite."""
        holder, gradients = _by_name(params, grads)
        arrays = {name: _parameter(name, holder[name]) for name in gradients}
        for name, gradient in gradients.items():
            _check_gradient(name, gradient, arrays[name])
        step = self._planned(holder, arrays, clip_norm, clip_value)
        for name, gradient in gradients.items():
            step.give(_gradient_label(name), gradient.astype(arrays[name].dtype, copy=False))
            if name not in self._in_place:
                step.inputs[name][...] = arrays[name]
        step.inputs[RATE][...], step.inputs[STEP][...] = lr, self.t + 1
        step.run_to_updates()
        if not math.isfinite(step.output(NORMS)[0]):
            raise _refusal(gradients)
        step.run_updates()
        self.t += 1
        for name in gradients:
            if name not in self._in_place:
                _assign(holder, name, step.inputs[name])

    def _planned(
        self,
        holder: MutableMapping[Any, Any],
        arrays: Mapping[str, Any],
        clip_norm: float | None,
        clip_value: float | None,
    ) -> Executable:
        shapes = tuple((name, a.shape, a.dtype.str) for name, a in arrays.items())
        kind = _Kind(shapes, clip_norm, clip_value)
        moved = {
            name for name, bound in self._in_place.items() if name in arrays and holder[name] is not bound
        }
        if self._step is None or kind != self._kind or moved:
            self._moving |= moved
            in_place = {n: a for n, a in arrays.items() if n not in self._moving and _is_plain(holder[n])}
            self._remember(arrays)
            self._in_place, self._kind = in_place, kind
            self._step = built(lambda: self._recorded(kind), lambda: self._bound(in_place), None)
        return self._step

    def _remember(self, arrays: Mapping[str, Any]) -> None:
        """The slots of parameters that are new; ValueError where a state is of others."""
        for name, array in arrays.items():
            fresh = self.optimizer.slots(array)
            own = self.slots.setdefault(name, {s: np.array(a) for s, a in fresh.items()})
            if {s: np.shape(a) for s, a in own.items()} != {s: np.shape(a) for s, a in fresh.items()}:
                raise ValueError(
                    f"what the optimizer remembers of `{name}` is not that of {self.optimizer!r} "
                    f"for an array of shape {array.shape}"
                )
            self.slots[name] = {s: np.require(own[s], a.dtype, ["C", "W"]) for s, a in fresh.items()}

    def _bound(self, in_place: Mapping[str, Any]) -> dict[str, Any]:
        slots = {slot_label(n, s): a for n, own in self.slots.items() for s, a in own.items()}
        return {**in_place, **slots}

    def _recorded(self, kind: _Kind) -> Recording:
        trace = Trace()
        inputs: dict[str, Any] = {}

        def added(label: str, shape: Sequence[int], dtype: Any) -> Any:
            inputs[label] = trace.input(tuple(shape), np.dtype(dtype))
            return inputs[label]

        parameters = {name: added(name, shape, dtype) for name, shape, dtype in kind.shapes}
        gradients = {n: added(_gradient_label(n), s, dtype) for n, s, dtype in kind.shapes}
        slots = {
            name: {s: added(slot_label(name, s), a.shape, a.dtype) for s, a in self.slots[name].items()}
            for name in parameters
        }
        scalars = {label: added(label, (), np.float64) for label in (RATE, STEP)}
        optimizer = self.optimizer
        rule = UpdateRule(lambda _: optimizer, optimizer.lr, kind.clip_norm, kind.clip_value)
        with trace:
            updates = recorded_updates(trace, rule, parameters, gradients, slots, scalars)
        return Recording(Program(inputs, {NORMS: updates.norms}, updates.values), ())

    # ---- saving -----------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Copies of all that the next step depends on, beside the parameters: arrays by name."""
        slots = {slot_label(n, s): np.array(a) for n, own in self.slots.items() for s, a in own.items()}
        return {STEPS_TAKEN: np.array(self.t), **slots}

    def restore(self, state: Any) -> None:
        """Goes on from what `state` gave."""
        if not isinstance(state, Mapping) or STEPS_TAKEN not in state:
            raise ValueError("a state of an optimizer is what `state_dict()` returned: arrays by name")
        slots: dict[str, dict[str, Any]] = {}
        for label in state:
            if label != STEPS_TAKEN:
                name, colon, slot = label.rpartition(": ")
                if not colon:
                    raise ValueError(f"`{label}` is no part of a state of an optimizer")
                slots.setdefault(name, {})[slot] = np.array(state[label])
        self.t, self.slots = int(state[STEPS_TAKEN]), slots
        self._step = None


def _gradient_label(name: str) -> str:
    return f"gradient of {name}"


def _by_name(params: Any, grads: Any) -> tuple[MutableMapping[Any, Any], dict[Any, Any]]:
    """Where the parameters are, and the gradients as arrays, both by name; in lists the place is the name."""
    if isinstance(params, list) and isinstance(grads, list | tuple):
        if len(params) != len(grads):
            raise ValueError(f"there are {len(params)} parameters and {len(grads)} gradients")
        holder: Any = _Places(params)
        grads = {str(place): gradient for place, gradient in enumerate(grads)}
    elif isinstance(params, MutableMapping) and isinstance(grads, Mapping):
        holder = params
    else:
        raise TypeError(
            "a step takes parameters and gradients by name, `opt.step(graph.params, gradients)`, or a list "
            f"of each, not {type(params).__name__} and {type(grads).__name__}"
        )
    if isinstance(grads, dict):
        unknown = [name for name in grads if name not in holder]
        if unknown:
            raise ValueError(
                f"there is no parameter `{unknown[0]}`, but a gradient of that name; "
                f"the parameters are {', '.join(map(str, holder))}"
            )
        names = list(grads)
    else:  # the gradients of a result are those of every value
        names = [name for name in holder if name in grads]
    if isinstance(holder, Params):  # the state of layers follows no gradient
        names = [name for name in holder.trainable if name in names]
    return holder, {name: np.asarray(grads[name]) for name in names if grads[name] is not None}


class _Places(MutableMapping[str, Any]):
    """A list as a mapping from its places."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __getitem__(self, place: str) -> Any:
        return self._items[int(place)]

    def __setitem__(self, place: str, value: Any) -> None:
        self._items[int(place)] = value

    def __delitem__(self, place: str) -> None:
        raise TypeError("no step takes a parameter away")

    def __iter__(self) -> Any:
        return map(str, range(len(self._items)))

    def __len__(self) -> int:
        return len(self._items)


def _parameter(name: Any, value: Any) -> Any:
    if not isinstance(name, str):
        raise TypeError(f"the name of a parameter is a text, not {name!r}")
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return array
    if isinstance(value, int) and not isinstance(value, bool):
        return np.asarray(float(value))
    raise TypeError(f"a step changes numbers with a fraction, but `{name}` is {array.dtype}")


def _check_gradient(name: str, gradient: Any, array: Any) -> None:
    if gradient.dtype.kind not in "fiu":
        raise TypeError(f"the gradient of `{name}` is {gradient.dtype}, not numbers")
    if gradient.shape != array.shape:
        raise ValueError(f"`{name}` has the shape {array.shape}, and its gradient {gradient.shape}")


def _refusal(gradients: Mapping[str, Any]) -> ValueError:
    for name, gradient in gradients.items():
        place = not_finite(gradient)
        if place is not None:
            number = float(gradient[place])
            return ValueError(
                f"the gradient of `{name}` is {number}{place_text(place)}, so the step was not taken"
            )
    return ValueError("the norm of the gradients overflows, so the step was not taken")


def _is_plain(array: Any) -> bool:
    """Whether a program may update an array of the caller where it lies."""
    return type(array) is np.ndarray and bool(
        array.flags.c_contiguous and array.flags.aligned and array.flags.writeable
    )


def _assign(holder: MutableMapping[Any, Any], name: str, new: Any) -> None:
    old = holder[name]
    if isinstance(old, np.ndarray) and old.flags.writeable:
        old[...] = new
    elif isinstance(old, float | int):
        holder[name] = float(new)
    else:
        holder[name] = np.array(new)
