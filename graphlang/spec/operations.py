"""The operation of a node, built from its plain data in the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from graphlang.catalog.finder import Catalog, CatalogEntry, Family
from graphlang.catalog.operation import Function, Operation
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import WrongAttributesInSpec
from graphlang.spec.models import NodeSpec
from graphlang.trace import Dim, Size, Symbolic, axis_size

_IN_ATTRIBUTES: tuple[Family, ...] = ("initializers", "schedules", "optimizers")
"""The families of which an operation may have a member as an attribute."""


def operation_of(catalog: Catalog, spec: NodeSpec, sizes: Mapping[str, int] | None) -> Operation:
    """The operation of a node; with `sizes`, its attributes hold numbers in the place of named dimensions."""
    entry = catalog.find(spec.operation)
    assert entry is not None, spec.operation
    attributes = {name: _attribute(catalog, value, sizes) for name, value in spec.attributes.items()}
    if sizes is not None:
        _refuse_negative_axes(entry, spec, sizes)
    part = attributes.pop("part", None)
    chosen = tuple(attributes.pop(entry.any_sizes)) if entry.any_sizes else ()
    try:
        operation = entry.make(attributes, chosen)
    except ValidationError as error:
        raise GraphError([WrongAttributesInSpec(spec.name, str(error))]) from None
    return operation if part is None else OneResult(operation, part)


def _attribute(catalog: Catalog, value: Any, sizes: Mapping[str, int] | None) -> Any:
    """An attribute as the operation takes it: initializers and the like by name become what they name."""
    if isinstance(value, list | tuple):
        return [_attribute(catalog, item, sizes) for item in value]
    if isinstance(value, Symbolic):
        return value if sizes is None else value.bind(sizes)
    if isinstance(value, dict) and value.keys() == {"use", "attributes"}:
        for family in _IN_ATTRIBUTES:
            model: type[BaseModel] | None = catalog.member(family, value["use"])
            if model is not None:
                return model(**value["attributes"])
    return value


def _refuse_negative_axes(entry: CatalogEntry, spec: NodeSpec, sizes: Mapping[str, int]) -> None:
    """Raises NegativeSize where a length that comes from the data is below 0."""
    for name in spec.attributes.keys() & entry.lengths:
        value = spec.attributes[name]
        for size in value if isinstance(value, list | tuple) else [value]:
            if isinstance(size, Dim):
                axis_size(size, sizes)


class OneResult(Function):
    """One of the results of an operation that returns several."""

    __slots__ = ("part", "whole")

    def __init__(self, whole: Operation, part: int) -> None:
        super().__init__(whole.forward, {})
        self.whole = whole
        self.part = part

    def forward(self, *tensors: Any, **keywords: Any) -> tuple[Any, None]:
        return self.whole.forward(*tensors, **keywords)[0][self.part], None

    def index_bounds(self, *tensors: Any) -> dict[str, Size]:
        return self.whole.index_bounds(*tensors)
