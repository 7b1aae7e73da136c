"""Records how a training step changes the parameters from their gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.contracts.optimizer import Optimizer, cast_scalar
from graphlang.engine.fusion import FUSE_FROM, element_count
from graphlang.trace import Shape, Trace
from graphlang.trace.primitives.norms import norms_of

RATE, STEP, NORMS = "learning rate", "step number", "norms of the gradients"
APPLIES, COUNT, UPDATE = "whether the parameters change", "batches of the gradient", "update number"
"""With `accumulate`: 1 in the last of the batches whose gradients are averaged and else 0; how many of them
there have been; and the number of the update, for the optimizer."""
UPDATE_OF = "update of "
"""How the origin of the steps that update a parameter begins."""
SO_FAR, AVERAGE = "gradient so far", "average"
"""What is remembered of a parameter beside the optimizer's slots: with `accumulate` and with `ema`."""


class UpdateRule(NamedTuple):
    """What decides how the parameters change."""

    #: the optimizer of each parameter, by its group
    optimizer_of: Callable[[str], Optimizer]
    #: the learning rate that the rate of a step is a multiple of
    lr: float
    clip_norm: float | None = None
    clip_value: float | None = None
    accumulate: int = 1
    ema: float | None = None

    def slots(self, name: str, W: Any) -> dict[str, Any]:
        """What is remembered of a parameter before the first step."""
        slots = dict(self.optimizer_of(name).slots(W))
        if self.accumulate > 1:
            slots[SO_FAR] = np.zeros_like(W)
        if self.ema is not None:
            slots[AVERAGE] = np.array(W)
        return slots


class Updates(NamedTuple):
    """The new values by label, and the norms of the gradients, that of all together first."""

    values: dict[str, Any]
    norms: Any


def loss_label(place: int) -> str:
    """The label of the loss of an objective, the first at place 0."""
    return "loss" if place == 0 else f"loss {place + 1}"


def slot_label(name: str, slot: str) -> str:
    """The label of an optimizer's slot for a parameter."""
    return f"{name}: {slot}"


def recorded_updates(
    trace: Trace,
    rule: UpdateRule,
    parameters: Mapping[str, Any],
    gradients: Mapping[str, Any],
    slots: Mapping[str, Mapping[str, Any]],
    scalars: Mapping[str, Any],
) -> Updates:
    """The updates of parameters that have gradients; `slots` are theirs, `scalars` what changes from step to
    step: the rate, the number of the step, and what `accumulate` takes."""
    trace.origin = NORMS
    values: dict[str, Any] = {}
    applies = scalars[APPLIES] > 0 if rule.accumulate > 1 else None
    if applies is not None:
        sums = {name: slots[name][SO_FAR] + g for name, g in gradients.items()}
        values |= {slot_label(n, SO_FAR): np.where(applies, g.dtype.type(0), g) for n, g in sums.items()}
        gradients = {name: g / cast_scalar(scalars[COUNT], g) for name, g in sums.items()}
    norms = norms_of(list(gradients.values()), _is_large)
    if rule.clip_norm is not None:
        gradients = _clipped(gradients, norms[0], rule.clip_norm)
    if rule.clip_value is not None:
        gradients = {n: np.clip(g, -rule.clip_value, rule.clip_value) for n, g in gradients.items()}
    for name, gradient in gradients.items():
        trace.origin = f"{UPDATE_OF}{name}"
        old = {slot: x for slot, x in slots[name].items() if slot != SO_FAR}
        new = _updated(rule, name, parameters[name], gradient, old, scalars)
        for label, value, before in new:
            values[label] = value if applies is None else np.where(applies, value, before)
    return Updates(values, norms)


def norms_together(trace: Trace, norms: Sequence[Any]) -> Any:
    """The norms of several objectives as those of one: that of all together first."""
    trace.origin = NORMS
    total = norms_of([parts[:1] for parts in norms], _is_large)[:1]
    return np.concatenate([total, *(parts[1:] for parts in norms)])


def _updated(
    rule: UpdateRule, name: str, W: Any, gradient: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """Of a parameter and its slots the labels, the values after an update, and those before."""
    optimizer, rate, t = rule.optimizer_of(name), scalars[RATE], scalars.get(UPDATE, scalars[STEP])
    if optimizer.lr != rule.lr:
        rate = rate * (optimizer.lr / rule.lr)
    own = {slot: x for slot, x in slots.items() if slot != AVERAGE}
    new, after = optimizer.update(W, gradient, own, rate, t)
    updated = [(name, new, W), *((slot_label(name, s), x, own[s]) for s, x in after.items())]
    if rule.ema is not None:
        share = cast_scalar(np.where(t > 1, 1 - rule.ema, 1.0), W)
        average = slots[AVERAGE]
        updated.append((slot_label(name, AVERAGE), average + share * (new - average), average))
    return updated


def _is_large(shape: Shape) -> bool:
    """Whether the squares of a gradient are summed in a fused group, over several threads."""
    return element_count(shape) >= FUSE_FROM and shape[-1] > 1


def _clipped(gradients: Mapping[str, Any], total: Any, norm: float) -> dict[str, Any]:
    """Scales all gradients by one factor, so that their common norm, which is `total`, becomes at most
    `norm`.

    The factor is norm / (total + 1e-6) where that is below 1, as in torch.nn.utils.clip_grad_norm_.
    """
    factor = np.minimum(1.0, norm / (total + 1e-6))
    return {name: g * factor.astype(g.dtype) for name, g in gradients.items()}
