"""Says of a cell without a value that it is the answer of its row, where nothing can be put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphlang.datasets.dataset import Dataset
from graphlang.datasets.preparing import prepared, source_fields
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.prepared import (
    CellWithoutClass,
    TargetWithoutClass,
    UnseenClass,
    UnseenTarget,
)
from graphlang.diagnostics.tables import BadCell, is_missing
from graphlang.engine.model import Model
from graphlang.training.section_places import placed


def is_target(model: Model, name: str) -> bool:
    """Whether an input is what the graph learns to answer: its outputs depend on others, not on it."""
    needed = model.network.inputs_of(model.spec.outputs)
    return bool(needed) and name not in needed


def computed_fields(
    model: Model, dataset: Dataset, expressions: Mapping[str, Any], *, learn: bool
) -> Dataset:
    """The data set with fields that the `data` section computes; raises GraphError, which knows targets."""
    try:
        return prepared(dataset, expressions, model.learned, learn=learn, limits=model.network.limits)
    except GraphError as error:
        raise GraphError([placed(model, of_target(model, p)) for p in error.diagnostics]) from None


def of_target(model: Model, problem: Diagnostic) -> Diagnostic:
    """A problem with a cell that has no value, in the words for a target where it is in one."""
    gap = isinstance(problem, CellWithoutClass | UnseenClass) or (
        isinstance(problem, BadCell) and is_missing(problem.cell)
    )
    field = getattr(problem, "field", None) or getattr(problem, "name", None)
    if not gap or field not in columns_of_targets(model):
        return problem
    if isinstance(problem, UnseenClass):
        return UnseenTarget(problem.field, problem.name, problem.place, problem.classes)
    if isinstance(problem, CellWithoutClass):
        return TargetWithoutClass(problem.field, problem.place)
    return problem.replaced(target=True)


def columns_of_targets(model: Model) -> set[str]:
    """The fields of the source that targets are made of, and nothing else is."""
    section = model.spec.data
    fields: dict[bool, set[str]] = {False: set(), True: set()}
    for name, field in (section.fields if section is not None else {}).items():
        assert section is not None
        taken = source_fields(section.prepared[field]) if field in section.prepared else [field]
        fields[is_target(model, name)].update(taken)
    return fields[True] - fields[False]
