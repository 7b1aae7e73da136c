"""The gradient check: backpropagation against numerical differentiation, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from graphlang.checks.local_check import chosen, culprit, error
from graphlang.checks.slopes import Slope, slope
from graphlang.engine.executable import built
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Storage, record_forward
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.spec.models import GradcheckSpec
from graphlang.spec.shown import Printed, Shown

MOVES = 2
"""How many points near the corners are checked too."""
MOVED = 1e-3
"""The relative distance of these points."""
BESIDE = 12
"""How many elements are checked there."""

State = Literal["ok", "not decided", "wrong"]


@dataclass(frozen=True)
class CheckedParameter:
    """One parameter: the difference between backpropagation and numerical differentiation.

    At a corner, as of `relu` at 0, the slopes to the left and to the right differ, and any gradient between
    them is right; at a jump there is no slope. Where all samples are of these kinds, nothing is decided.
    """

    name: str
    mean_difference: float | None = field(
        metadata={"description": "mean absolute difference, as the book prints it; of smooth samples"}
    )
    worst_relative: float | None
    checked: int
    corners: int
    jumps: int
    state: State

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.state != "wrong"


@dataclass(frozen=True)
class Report(Printed, Shown):
    """The whole check; `culprit` is the first operation whose own backward is wrong."""

    of: str
    tolerance: float
    rows: tuple[CheckedParameter, ...]
    culprit: str | None

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    @property
    def worst(self) -> float:
        return max((row.worst_relative for row in self.rows if row.worst_relative is not None), default=0.0)


class _Sample(NamedTuple):
    place: int
    gradient: float
    slope: Slope
    error: float


class _Point:
    """The values at which gradients are compared: a tape with its gradients, and the function itself."""

    def __init__(
        self, model: Model, settings: GradcheckSpec, leaves: dict[int, Any], sizes: Mapping[str, int]
    ) -> None:
        self.model = model
        self.settings = settings
        self.leaves = leaves
        self.sizes = sizes
        network = model.network
        self.start = network.numbers[settings.of]
        random = StreamRandom(np.random.default_rng(settings.seed), np.float64)
        tape = Tape(network, leaves, dtype=np.float64, sizes=sizes, training=True, random=random)
        self.tape = tape.forward([self.start])
        self.checked = _checked(model, leaves, network.ancestors([self.start]))
        gradients = self.tape.gradients(self.start, self.checked)
        self.gradients = dict(zip(self.checked, gradients, strict=True))
        for number in self.checked:
            leaves[number] = np.array(leaves[number], dtype=np.float64)
        self.objective = _objective(model, leaves, sizes, self.start, settings.seed)
        self.here = self.objective()

    def samples(self, number: int, places: Iterable[int]) -> list[_Sample]:
        """The gradients of some elements, each with the slope by numerical differentiation."""
        gradient = np.asarray(self.gradients[number], dtype=np.float64)
        largest = float(np.max(np.abs(gradient), initial=0.0))
        flat = np.broadcast_to(gradient, self.leaves[number].shape).reshape(-1)
        samples = []
        for place in map(int, places):
            there = slope(self.objective, self.leaves[number], place, self.here, 1e-3 * largest)
            difference = error(float(flat[place]), there, largest)
            samples.append(_Sample(place, float(flat[place]), there, difference))
        return samples

    def moved(self, rng: np.random.Generator) -> _Point:
        """A point nearby that is at no corner where this one may be at some."""
        leaves = {
            n: v + MOVED * np.where(v == 0, 1.0, v) * rng.uniform(-1, 1, v.shape)
            if v.dtype.kind == "f"
            else v
            for n, v in self.leaves.items()
        }
        return _Point(self.model, self.settings, leaves, self.sizes)


def gradcheck(model: Model, inputs: Mapping[str, Any] | None = None, *, of: str | None = None) -> Report:
    """Checks the gradients of `gradcheck.of` by every parameter, in float64 and training mode.

    Without parameters it checks the gradients by the inputs. Raises GraphError where the inputs are wrong or
    there is nothing to start from.
    """
    settings = model.spec.gradcheck or GradcheckSpec(of=model.start(of))
    if of is not None:
        settings = settings.model_copy(update={"of": model.start(of)})
    rng = np.random.default_rng(settings.seed)
    network = model.network
    arrays = fill_with_random(network, inputs or {}, rng, settings.batch)
    bound = bind_inputs(network, arrays, np.float64, None, model.file)
    start = [network.numbers[settings.of]]
    refuse_large_run(network, bound.values, np.float64, bound.sizes, start, training=True)
    leaves = {**bound.values, **model.params.numbered(np.float64)}
    with model.diagnosed():
        return _report(_Point(model, settings, leaves, bound.sizes), rng)


def _report(point: _Point, rng: np.random.Generator) -> Report:
    settings, names = point.settings, point.model.network.names
    samples = {
        number: point.samples(number, chosen(point.leaves[number].size, settings.samples, rng))
        for number in point.checked
    }
    fault = None
    if any(_state(of_one, settings.tol) == "wrong" for of_one in samples.values()):
        fault = culprit(point.tape, point.start, settings.tol, rng)
    if fault is None:
        unclear = {n: of_one for n, of_one in samples.items() if _state(of_one, settings.tol) != "ok"}
        fault = _check_nearby(point, unclear, rng) if unclear else None
        samples |= unclear
    rows = [_row(names[n], of_one, settings.tol) for n, of_one in samples.items()]
    return Report(settings.of, settings.tol, tuple(rows), fault)


def _state(samples: list[_Sample], tolerance: float) -> State:
    if any(not s.error <= tolerance for s in samples):
        return "wrong"
    return "ok" if not samples or any(s.slope.kind == "smooth" for s in samples) else "not decided"


def _check_nearby(point: _Point, samples: dict[int, list[_Sample]], rng: np.random.Generator) -> str | None:
    """Checks again at points nearby, since a corner may be the reason for a difference, or hide a fault.

    Where no operation is wrong by itself, several corners can add up to a gradient that is not between the
    slopes: `relu(x) - relu(-x)` has the slope 1 at 0, and the gradient 0. Near the corner they agree. The
    samples that this decides are replaced; returns the operation at fault, where there is one.
    """
    tolerance = point.settings.tol
    fault = None
    beside: dict[int, list[list[_Sample]]] = {number: [] for number in samples}
    doubtful = {n: [s.place for s in of_one if not s.error <= tolerance] for n, of_one in samples.items()}
    for moved in (point.moved(rng) for _ in range(MOVES)):
        for number, of_one in samples.items():
            places = doubtful[number] or [s.place for s in of_one]
            again = moved.samples(number, [places[i] for i in chosen(len(places), BESIDE, rng)])
            if np.isfinite(moved.here) and all(np.isfinite(s.gradient) for s in again):
                beside[number].append(again)
                if fault is None and _state(again, tolerance) == "wrong":
                    fault = culprit(moved.tape, moved.start, tolerance, rng)
    for number, of_one in samples.items():
        states = [_state(again, tolerance) for again in beside[number]]
        if "wrong" in states:
            samples[number] = beside[number][states.index("wrong")]
        elif "ok" in states and all(np.isfinite(s.gradient) for s in of_one):
            samples[number] = [s if s.error <= tolerance else _at_corner(s) for s in of_one]
    return fault


def _at_corner(sample: _Sample) -> _Sample:
    """A sample whose difference is due to a corner."""
    return sample._replace(slope=sample.slope._replace(kind="corner"), error=0.0)


def _row(name: str, samples: list[_Sample], tolerance: float) -> CheckedParameter:
    compared = [s for s in samples if s.slope.kind == "smooth" or not s.error <= tolerance]
    finite = [s for s in compared if np.isfinite(s.gradient) and np.isfinite(s.slope.value)]
    mean = float(np.mean([abs(s.gradient - s.slope.value) for s in finite])) if finite else None
    kinds = [s.slope.kind for s in samples]
    return CheckedParameter(
        name,
        mean if compared else None,
        max((s.error for s in compared), default=None),
        len(samples),
        kinds.count("corner"),
        kinds.count("jump"),
        _state(samples, tolerance),
    )


def _objective(
    model: Model, leaves: Mapping[int, Any], sizes: Mapping[str, int], of: int, seed: int
) -> Callable[[], float]:
    """The sum of `of` as a function of the leaves' arrays: it uses these arrays, which the caller changes."""
    network = model.network
    inputs = {n: Storage(v.shape, v.dtype) for n, v in leaves.items() if network.names[n] in network.inputs}
    arrays = {network.names[n]: v for n, v in leaves.items()}
    executable = built(
        lambda: record_forward(network, inputs, np.float64, sizes, {"of": of}, training=True),
        arrays,
        model.threads,
        memory=network.limits.memory,
    )

    def objective() -> float:
        executable.fill(np.random.default_rng(seed))
        executable.run()
        return float(np.sum(executable.output("of")))

    return objective


def _checked(model: Model, leaves: Mapping[int, Any], needed: list[bool]) -> list[int]:
    network = model.network
    names = [n for n, p in network.params.items() if p.trainable] or list(network.inputs)
    numbers = [network.numbers[n] for n in names]
    return [i for i in numbers if needed[i] and i in leaves and leaves[i].dtype.kind == "f"]
