"""Watches a training for the signs of one that fails, and says what was measured, each at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics import training as signs
from graphlang.diagnostics.base import facts_of
from graphlang.spec.network import Network, Ref
from graphlang.training.batches import BatchSource
from graphlang.training.gradient_path import GradientPaths, Path
from graphlang.training.large_targets import large_target
from graphlang.training.layer_meter import DeadUnits
from graphlang.training.record import Epoch, History, LayerRecord
from graphlang.training.refused_steps import StepInputs
from graphlang.training.state import TrainingState

PER_PATH = 1e-3
"""A gradient that falls to less than this, from the last layer with weights to the first, vanishes; one that
grows to more than its inverse explodes. In healthy networks it stays within 1e-2 and 1e2."""
PER_PATH_IF_STUCK = 1e-2
"""The same where the loss does not move, for which there must be a reason."""
LAYERS = 2
"""It takes a path over so many layers, the last one not counted."""
LARGE_UPDATE = 0.05
"""A step that changes the weights by more than this share of their norm is large; a thousandth is usual."""
GROWN = 3
"""Weights whose norm has grown this many times have taken large steps."""
RISEN = 0.2
"""The loss has risen if it is higher by this share of what it was."""
RECORDS, LEAST_STEPS, MOST_STEPS = 3, 20, 1000
"""A loss is called stuck after so many records and steps; no more steps of either end are compared."""
SAME, NOISY = 1e-3, 1e-2
"""A loss whose change is less than this share is stuck: the first in any case, up to the second where three
standard errors are more than the change."""
TOO_SMALL = 1e-3
"""Steps are too small where all of them together can change the weights by no more than this share."""

IMPLIED: dict[str, tuple[str, ...]] = {
    "GL901": ("GL904",),
    "GL902": ("GL904", "GL905"),
    "GL903": ("GL901", "GL904"),
    "GL905": ("GL901", "GL902", "GL903", "GL904"),
    "GL906": ("GL901", "GL903", "GL904"),
    "GL907": ("GL901", "GL903", "GL904"),
}
"""What a sign explains, so that it is not told as well."""


class WatchedLoss(NamedTuple):
    """A loss that is minimized, and the parameters that change for it."""

    number: int
    parameters: frozenset[str]
    #: how records name it; None where there is one loss
    label: str | None
    #: whether other objectives change what it depends on, so that it may rise or rest without a fault
    is_contested: bool

    def losses(self, history: History) -> Sequence[float]:
        """The loss of every iteration."""
        return history.losses if self.label is None else history.objectives[self.label]

    def of_record(self, epoch: Epoch) -> float:
        """The loss in a record."""
        return epoch.loss if self.label is None else epoch.objectives[self.label]

    def of_layers(self, record: LayerRecord) -> LayerRecord:
        """The part of a record of the layers that is about its parameters."""
        if self.label is None:
            return record
        own = {name: norms for name, norms in record.parameters.items() if name in self.parameters}
        return replace(record, parameters=own)


class Watch:
    """What is told of one training. It reads the history, and looks closer where that is suspicious."""

    def __init__(self, state: TrainingState, data: BatchSource, units: DeadUnits, history: History) -> None:
        self._state, self._data, self._units, self._history = state, data, units, history
        self._model = state.model
        self._losses = _watched(state)
        #: the weights and the dead units before the first step, its gradients and updates
        self.start: LayerRecord | None = None

    @property
    def _params(self) -> Mapping[str, Any]:
        return self._model.params.to_read()

    @property
    def _network(self) -> Network:
        return self._model.network

    def look(self, batch: Callable[[], StepInputs]) -> None:
        """Looks at the history after a record; `batch` gives the inputs of the last step."""
        if self.start is None or not self._history.layers:
            return
        told = {d.code for d in self._history.warnings}
        silent = told | {code for reason in told for code in IMPLIED.get(reason, ())}
        for code, sign_of in self._signs(batch):
            if code in silent:
                continue
            sign = sign_of()
            if sign is not None:
                self._history.warnings.append(sign)
                silent |= {code, *IMPLIED.get(code, ())}

    def refused(self) -> None:
        """Looks at the loss after a step that was refused, before the first record perhaps."""
        for loss in self._losses:
            rises = None if self.start is None else self._rises(loss, loss.losses(self._history)[-1:])
            if rises is not None and "GL905" not in {d.code for d in self._history.warnings}:
                self._history.warnings.append(rises)

    def _signs(
        self, batch: Callable[[], StepInputs]
    ) -> Iterator[tuple[str, Callable[[], Diagnostic | None]]]:
        if len(self._history.layers) == 1:
            yield "GL906", self._constant
            yield "GL907", self._equal_units
        for loss in self._losses:
            yield "GL905", partial(self._rises, loss, self._last_losses(loss))
        yield "GL903", self._dead
        for loss in self._losses:
            if self._suspicious(loss):
                paths = self._paths(loss, batch)
                yield "GL901", partial(self._vanishing, paths)
                yield "GL902", partial(self._exploding, paths)
        for loss in self._losses:
            yield "GL904", partial(self._stuck, loss, batch)

    # ---- what is measured ------------------------------------------------------------------------

    @property
    def _latest(self) -> LayerRecord:
        return self._history.layers[-1]

    def _matrices(self) -> list[str]:
        """The parameters with two or more axes that are trained."""
        return [name for name in self._latest.parameters if np.ndim(self._params[name]) > 1]

    def _largest_update(self, record: LayerRecord) -> tuple[str, float]:
        """The matrix of weights that a step changes most, and by which share of its norm."""
        ratios = {
            name: n.update / n.weight
            for name, n in record.parameters.items()
            if n.weight > 0 and np.ndim(self._params[name]) > 1
        }
        name = max(ratios, key=lambda n: ratios[n], default="")
        return name, ratios.get(name, 0.0)

    def _last_losses(self, loss: WatchedLoss) -> Sequence[float]:
        """The losses of the steps of the last record, but of ten steps at least; empty before there are so
        many."""
        epochs, losses = self._history.epochs, loss.losses(self._history)
        if len(losses) < 10:
            return ()
        before = epochs[-2].iteration if len(epochs) > 1 else 1
        return losses[min(before, len(losses) - 10) :]

    def _rate(self, parameter: str) -> float:
        """The learning rate of a parameter; of a name that is none, that of the first optimizer."""
        known = parameter in self._network.params
        return float(self._state.optimizer_of(parameter).lr if known else self._state.optimizer.lr)

    def _warning(self, kind: Any, name: str, **facts: Any) -> Diagnostic:
        sign: Diagnostic = kind(name=name, span=self._network.span(name), **facts)
        return sign

    # ---- the data and the start ------------------------------------------------------------------

    def _constant(self) -> Diagnostic | None:
        """All data that the outputs depend on has equal rows."""
        network = self._network
        outputs = [network.numbers[name] for name in network.spec.outputs]
        needed = network.ancestors(outputs)
        columns = {n: c for n, c in self._data.columns.items() if needed[n]}
        if not columns or self._data.rows < 2:
            return None
        if not all(_equal_rows(column.load()) for column in columns.values()):
            return None
        names = tuple(network.names[n] for n in columns)
        return self._warning(signs.ConstantData, names[0], names=names, rows=self._data.rows)

    def _equal_units(self) -> Diagnostic | None:
        """A layer whose units are all the same after the first steps."""
        for name in self._matrices():
            W = np.asarray(self._params[name])
            axis = 0 if W.ndim > 2 else -1
            units, one = W.shape[axis], np.take(W, [0], axis)
            norm = self._latest.parameters[name].weight
            if units > 1 and np.array_equal(W, np.broadcast_to(one, W.shape)):
                return self._warning(
                    signs.EqualUnits, name, units=units, steps=self._latest.iteration, norm=norm
                )
        return None

    # ---- the loss --------------------------------------------------------------------------------

    def _rises(self, loss: WatchedLoss, losses: Sequence[float]) -> Diagnostic | None:
        """Three quarters of the losses are above the start of all, and steps are or were large."""
        history, start = self._history, self.start
        assert start is not None
        if not len(losses) or len(history.losses) < 2:
            return None
        first = loss.losses(history)[0]
        low, now = (float(number) for number in np.quantile(losses, (0.25, 0.5)))
        if low <= first + RISEN * abs(first):
            return None
        target = large_target(self._model, self._data, loss.number)
        facts: dict[str, Any] = {"start": first, "now": now, "steps": len(history.losses), "target": target}
        for record in map(loss.of_layers, (start, *history.layers[-1:])):
            name, ratio = self._largest_update(record)
            if ratio > LARGE_UPDATE:
                facts["rate"] = self._rate(name)
                return self._warning(signs.LossRises, name, parameter=name, ratio=ratio, **facts)
        growth = {
            name: float(np.linalg.norm(self._params[name])) / n.weight
            for name, n in loss.of_layers(start).parameters.items()
            if n.weight > 0 and np.ndim(self._params[name]) > 1
        }
        name = max(growth, key=lambda n: growth[n], default="")
        if growth.get(name, 0) > GROWN:
            facts["rate"] = self._rate(name)
            return self._warning(
                signs.LossRises, name, parameter=name, ratio=growth[name], grown=True, **facts
            )
        return None

    def _stuck(self, watched: WatchedLoss, batch: Callable[[], StepInputs]) -> Diagnostic | None:
        """The last fifth of the steps has the loss of the first fifth, or all epochs have the same loss."""
        history, start = self._history, self.start
        assert start is not None
        steps = len(history.losses)
        if len(history.epochs) < RECORDS or steps < LEAST_STEPS:
            return None
        fifth = min(steps // 5, MOST_STEPS)
        losses = watched.losses(history)
        first, last = np.asarray(losses[:fifth]), np.asarray(losses[-fifth:])
        moved, size = float(abs(last.mean() - first.mean())), float(abs(first.mean()))
        noise = float(np.sqrt((first.var() + last.var()) / 2))
        error = 3 * noise * np.sqrt(2 / fifth)
        spread = float(np.ptp([watched.of_record(epoch) for epoch in history.epochs[-MOST_STEPS:]]))
        if spread <= SAME * size:
            moved = min(moved, spread)
        if size == 0 or moved > max(SAME * size, min(error, NOISY * size)):
            return None
        facts: dict[str, Any] = {
            "records": len(history.epochs),
            "steps": steps,
            "moved": moved,
            "noise": noise,
        }
        loss, latest = self._network.names[watched.number], watched.of_layers(self._latest)
        gradient, weights = _together(latest, "gradient"), _together(latest, "weight")
        ratio = _together(latest, "update") / weights if weights else np.inf
        if gradient == 0:
            return self._warning(signs.StuckWithoutGradient, loss, **facts)
        if max(ratio, _ratio(watched.of_layers(start))) * steps < TOO_SMALL:
            name, most = self._largest_update(latest)
            facts |= {"parameter": name or loss, "ratio": most or ratio, "rate": self._rate(name)}
            return self._warning(signs.StuckBySmallSteps, loss, **facts)
        vanishing = self._vanishing(self._paths(watched, batch), PER_PATH_IF_STUCK)
        if vanishing is not None or watched.is_contested:
            return vanishing
        return self._warning(signs.StuckOnPlateau, loss, gradient=gradient, ratio=ratio, **facts)

    # ---- the layers ------------------------------------------------------------------------------

    def _dead(self) -> Diagnostic | None:
        """A Relu all of whose units are dead."""
        start = self.start
        assert start is not None
        name = next((n for n, share in self._latest.dead.items() if share == 1), None)
        if name is None:
            return None
        peak = float(np.max(self._units.peaks()[name]))
        facts: dict[str, Any] = {"peak": peak, "rows": self._units.rows}
        if start.dead.get(name) == 1:
            return self._warning(signs.DeadFromStart, name, **facts, **self._bias_before(name))
        updates = [self._largest_update(record) for record in (start, *self._history.layers)]
        parameter, ratio = max(updates, key=lambda update: update[1])
        facts |= {"parameter": parameter, "ratio": ratio, "large": ratio > LARGE_UPDATE}
        return self._warning(signs.DiedInTraining, name, rate=self._rate(parameter), **facts)

    def _bias_before(self, relu: str) -> dict[str, Any]:
        """The bias that is added just before a Relu, and its mean."""
        network = self._network
        node = network.find(relu)
        assert node is not None
        source = network.find(network.names[node.operands[0].number])
        if source is None:
            return {}
        numbers = [*source.own.values(), *(o.number for o in source.operands if type(o) is Ref)]
        for name in (network.names[number] for number in numbers):
            if name in network.params and len(network.params[name].shape) == 1:
                return {"parameter": name, "mean": float(np.mean(self._params[name]))}
        return {}

    def _suspicious(self, loss: WatchedLoss) -> bool:
        """Whether the gradients of the parameters are so far apart that their paths are worth a look.

        It takes a pass of the interpreter: at the first record, the second, the fourth and so on."""
        count = len(self._history.layers)
        if count & (count - 1):
            return False
        norms = sorted(n.gradient for n in loss.of_layers(self._latest).parameters.values())
        if len(norms) > 3:  # one alone may be small by its nature, as the bias of the keys of attention
            norms = norms[1:-1]
        return len(norms) > 1 and norms[0] <= 3 * PER_PATH * norms[-1] > 0

    def _paths(self, loss: WatchedLoss, batch: Callable[[], StepInputs]) -> GradientPaths | None:
        state, parameters = self._state, list(loss.of_layers(self._latest).parameters)
        paths = GradientPaths(self._model, loss.number, parameters, batch())
        return paths if paths.compute(state.random(state.t), state.t) else None

    def _vanishing(self, paths: GradientPaths | None, least: float = PER_PATH) -> Diagnostic | None:
        path = None if paths is None else paths.extreme(min)
        if path is None or not path.ratio < least or (path.layers < LAYERS and path.ratio > 0):
            return None
        worst = min(range(len(path.steps) - 1), key=path.factor)
        if path.ratio == 0 and path.steps[worst + 1].operation == "Relu":
            return (
                None  # it is dead for the rows of this batch; a sample of all rows tells whether it is dead
            )
        kind = signs.VanishingGradients if path.ratio > 0 else signs.BlockedGradients
        return self._of_path(kind, path, worst)

    def _exploding(self, paths: GradientPaths | None) -> Diagnostic | None:
        path = None if paths is None else paths.extreme(max)
        if path is None or not path.ratio > 1 / PER_PATH or path.layers < LAYERS:
            return None
        return self._of_path(signs.ExplodingGradients, path, max(range(len(path.steps) - 1), key=path.factor))

    def _of_path(self, kind: Any, path: Path, worst: int) -> Diagnostic:
        first, last, step = path.steps[0], path.steps[-1], path.steps[worst + 1]
        return self._warning(
            kind,
            step.name,
            parameter=path.parameter,
            operation=step.operation,
            first=first.name,
            last=last.name,
            before=last.norm,
            after=first.norm,
            factor=float(path.ratio ** (1 / path.layers)),
            worst=path.factor(worst),
        )

    # ---- kept in a checkpoint --------------------------------------------------------------------

    def told(self) -> list[dict[str, Any]]:
        """The warnings as plain data, from which `restore` makes them again."""
        return [
            {"kind": type(d).__name__, **{n: getattr(d, n) for n, _ in facts_of(type(d)) if n != "span"}}
            for d in self._history.warnings
        ]

    def restore(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Takes up the warnings of the part of the run before."""
        for kept in told:
            facts = {n: tuple(v) if isinstance(v, list) else v for n, v in kept.items()}
            kind = getattr(signs, str(facts.pop("kind")))
            self._history.warnings.append(self._warning(kind, str(facts.pop("name")), **facts))


def _watched(state: TrainingState) -> list[WatchedLoss]:
    """What a training minimizes."""
    network, watched = state.model.network, []
    for place, (loss, trained) in enumerate(state.objectives):
        needed = network.ancestors([loss])
        others = {
            name for number, (_, names) in enumerate(state.objectives) if number != place for name in names
        }
        contested = any(needed[network.numbers[name]] for name in others)
        label = state.several[place] if state.several else None
        watched.append(WatchedLoss(loss, frozenset(trained), label, contested))
    return watched


def _equal_rows(values: Any) -> bool:
    """Whether all rows are equal; mostly the first few tell that they are not."""
    block = 1000
    return all(
        np.array_equal(
            values[start : start + block], np.broadcast_to(values[:1], values[start : start + block].shape)
        )
        for start in range(0, len(values), block)
    )


def _together(record: LayerRecord, what: str) -> float:
    """The norm of all parameters together, or of their gradients or updates."""
    return float(np.sqrt(sum(getattr(n, what) ** 2 for n in record.parameters.values())))


def _ratio(record: LayerRecord) -> float:
    weights = _together(record, "weight")
    return _together(record, "update") / weights if weights else np.inf
