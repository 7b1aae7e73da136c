"""What a training takes, told before it takes it; one for which there is not enough memory is refused."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.too_large import NotEnoughMemory, in_units
from graphlang.engine.free_memory import free_memory
from graphlang.engine.model import Model
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.spec.models import TrainSpec
from graphlang.trace.errors import TooLarge

WORTH_ASKING = 2**26
"""Bytes that are taken without asking what is free."""
FEW_ARRAYS = 8
"""More arrays of the size of a parameter than any usual optimizer needs, the gradient included."""


def refuse_large_training(
    model: Model, section: TrainSpec, dataset: Dataset, fields: Mapping[str, str] | None
) -> None:
    """Raises GraphError where the data that is still in files, the parameters, their gradients and what the
    optimizer remembers are more than what is free."""
    taken = set(fields.values()) if fields is not None else None
    if taken is None and model.spec.data is not None:
        taken = set(model.spec.data.fields.values())
    unread = sum(
        column.in_file
        for columns in dataset.splits.values()
        for name, column in columns.items()
        if taken is None or name in taken
    )
    parameters = sum(prod(p.shape) for p in model.spec.params if p.trainable) * model.dtype.itemsize
    if unread + FEW_ARRAYS * parameters <= WORTH_ASKING:
        return
    parts = {
        "data": unread,
        "parameters and their gradients": 2 * parameters - min(parameters, model.params.drawn),
        "the optimizer's memory": parameters * _slots(model, section),
    }
    rows = next((column.shape[0] for column in dataset.splits["train"].values()), 1)
    _refuse(model, parts, section.batch or rows, "")


def _slots(model: Model, section: TrainSpec) -> int:
    """How many arrays are remembered of each parameter: by the optimizer that has most, for `accumulate` and
    for `ema`."""
    from numpy import zeros

    uses = [objective.optimizer for objective in section.objectives] or [section.optimizer]
    slots = max(len(model.network.member("optimizers", use).slots(zeros(1))) for use in uses)
    return slots + (section.accumulate > 1) + (section.ema is not None)


def memory_for_step(model: Model, needed: int) -> int:
    """How many bytes the program of a step may take: the limit, or what is free where that is less. Its
    parameters have been drawn."""
    limit = model.network.limits.memory
    free = free_memory() if needed > WORTH_ASKING else None
    return limit if free is None else min(limit, max(free.size + model.params.drawn, WORTH_ASKING))


def refused_step(model: Model, error: TooLarge, batch: int) -> GraphError:
    """What to tell the user of a step that takes too much memory."""
    if error.limit >= model.network.limits.memory:
        return model.too_large(error)
    origin = error.origin.removeprefix(GRADIENT_OF).removeprefix("update of ")
    try:
        _refuse(model, {"the program of a step": error.size - model.params.drawn}, batch, origin)
    except GraphError as refusal:
        return refusal
    return model.too_large(error)  # by now there is more


def _refuse(model: Model, parts: Mapping[str, int], batch: int, origin: str) -> None:
    total = sum(parts.values())
    free = free_memory() if total > WORTH_ASKING else None
    if free is not None and total > free.size:
        told = [f"{name} {in_units(size)}" for name, size in parts.items() if size]
        span = model.network.span(origin)
        problem = NotEnoughMemory(span, told, total, free.size, free.where, batch)
        raise GraphError([problem if span is not None else problem.replaced(file=model.file)])
