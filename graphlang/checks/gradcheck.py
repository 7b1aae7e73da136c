"""The gradient check: backpropagation against numerical differentiation, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from graphlang.checks.local_check import chosen, culprit, error
from graphlang.checks.slopes import Slope, slope
from graphlang.engine.executable import built
from graphlang.engine.failures import OperationFailed
from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Storage, record_forward
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.spec.models import GradcheckSpec

MOVES = 2
"""How often the parameters are moved off their corners, to look at gradients beside them."""
MOVED = 1e-3
BESIDE = 12
"""Elements that are looked at there."""

State = Literal["ok", "not decided", "wrong"]


@dataclass(frozen=True)
class Row:
    """One parameter: how far backpropagation and numerical differentiation are apart.

    At a corner, as of `relu` at 0, the slopes to the left and to the right differ, and any gradient between
    them is right; at a jump there is no slope. Where all samples are such, nothing is decided.
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
class Report:
    """The whole check; `culprit` is the first operation whose own backward is wrong."""

    of: str
    tolerance: float
    rows: tuple[Row, ...]
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
        found = self.tape.gradients(self.start, self.checked)
        self.gradients = dict(zip(self.checked, found, strict=True))
        for number in self.checked:
            leaves[number] = np.array(leaves[number], dtype=np.float64)
        self.objective = _objective(model, leaves, sizes, self.start, settings.seed)
        self.here = self.objective()

    def samples(self, number: int, places: Iterable[int]) -> list[_Sample]:
        """The gradients of some elements beside what differences say."""
        gradient = np.asarray(self.gradients[number], dtype=np.float64)
        largest = float(np.max(np.abs(gradient), initial=0.0))
        flat = np.broadcast_to(gradient, self.leaves[number].shape).reshape(-1)
        found = []
        for place in map(int, places):
            there = slope(self.objective, self.leaves[number], place, self.here, 1e-3 * largest)
            found.append(_Sample(place, float(flat[place]), there, error(float(flat[place]), there, largest)))
        return found

    def moved(self, rng: np.random.Generator) -> _Point:
        """A point close by, off the corners on which this one lies."""
        leaves = {
            n: v + MOVED * np.where(v == 0, 1.0, v) * rng.uniform(-1, 1, v.shape)
            if v.dtype.kind == "f"
            else v
            for n, v in self.leaves.items()
        }
        return _Point(self.model, self.settings, leaves, self.sizes)


def gradcheck(model: Model, given: Mapping[str, Any] | None = None, *, of: str | None = None) -> Report:
    """Checks the gradients of `gradcheck.of` by every parameter, in float64 and training mode.

    A file without parameters has its inputs checked. Raises GraphError where the inputs are wrong or
    there is nothing to start from.
    """
    settings = model.spec.gradcheck or GradcheckSpec(of=model.start(of))
    if of is not None:
        settings = settings.model_copy(update={"of": model.start(of)})
    rng = np.random.default_rng(settings.seed)
    network = model.network
    inputs = fill_with_random(network, given or {}, rng, settings.batch)
    bound = bind_inputs(network, inputs, np.float64, None, model.file)
    leaves = {**bound.values, **model.params.numbered(np.float64)}
    with np.errstate(all="ignore"):
        try:
            return _report(_Point(model, settings, leaves, bound.sizes), rng)
        except OperationFailed as failed:
            raise model.failed(failed) from failed.error


def _report(point: _Point, rng: np.random.Generator) -> Report:
    settings, names = point.settings, point.model.network.names
    samples = {
        number: point.samples(number, chosen(point.leaves[number].size, settings.samples, rng))
        for number in point.checked
    }
    fault = None
    if any(_state(found, settings.tol) == "wrong" for found in samples.values()):
        fault = culprit(point.tape, point.start, settings.tol, rng)
    if fault is None:
        unclear = {n: found for n, found in samples.items() if _state(found, settings.tol) != "ok"}
        fault = _look_beside(point, unclear, rng) if unclear else None
        samples |= unclear
    rows = [_row(names[n], found, settings.tol) for n, found in samples.items()]
    return Report(settings.of, settings.tol, tuple(rows), fault)


def _state(samples: list[_Sample], tolerance: float) -> State:
    if any(not s.error <= tolerance for s in samples):
        return "wrong"
    return "ok" if not samples or any(s.slope.kind == "smooth" for s in samples) else "not decided"


def _look_beside(point: _Point, samples: dict[int, list[_Sample]], rng: np.random.Generator) -> str | None:
    """Looks again at points off the corners: they may be the reason of a difference, or hide a fault.

    Where no operation is wrong by itself, corners can add up to a gradient that is not between the slopes:
    `relu(x) - relu(-x)` has the slope 1 at 0, and the gradient 0. Beside the corner it agrees.
    """
    tolerance = point.settings.tol
    fault = None
    beside: dict[int, list[list[_Sample]]] = {number: [] for number in samples}
    doubtful = {n: [s.place for s in found if not s.error <= tolerance] for n, found in samples.items()}
    for moved in (point.moved(rng) for _ in range(MOVES)):
        for number, found in samples.items():
            places = doubtful[number] or [s.place for s in found]
            again = moved.samples(number, [places[i] for i in chosen(len(places), BESIDE, rng)])
            if np.isfinite(moved.here) and all(np.isfinite(s.gradient) for s in again):
                beside[number].append(again)
                if fault is None and _state(again, tolerance) == "wrong":
                    fault = culprit(moved.tape, moved.start, tolerance, rng)
    for number, found in samples.items():
        states = [_state(again, tolerance) for again in beside[number]]
        if "wrong" in states:
            samples[number] = beside[number][states.index("wrong")]
        elif "ok" in states and all(np.isfinite(s.gradient) for s in found):
            samples[number] = [s if s.error <= tolerance else _excused(s) for s in found]
    return fault


def _excused(sample: _Sample) -> _Sample:
    return sample._replace(slope=sample.slope._replace(kind="corner"), error=0.0)


def _row(name: str, samples: list[_Sample], tolerance: float) -> Row:
    compared = [s for s in samples if s.slope.kind == "smooth" or not s.error <= tolerance]
    finite = [s for s in compared if np.isfinite(s.gradient) and np.isfinite(s.slope.value)]
    mean = float(np.mean([abs(s.gradient - s.slope.value) for s in finite])) if finite else None
    kinds = [s.slope.kind for s in samples]
    return Row(
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
    """The sum of `of` as a planned program on the leaves' own arrays, so that changing them shows."""
    network = model.network
    inputs = {n: Storage(v.shape, v.dtype) for n, v in leaves.items() if network.names[n] in network.inputs}
    given = {network.names[n]: v for n, v in leaves.items()}
    executable = built(
        lambda: record_forward(network, inputs, np.float64, sizes, {"of": of}, training=True),
        given,
        model.threads,
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
