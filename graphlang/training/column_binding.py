"""Binds the columns of a data set to the inputs of a graph, or says why they do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Column, named_fields
from graphlang.datasets.number_checks import too_large
from graphlang.datasets.preparing import source_fields
from graphlang.diagnostics import Collector, Diagnostic, GraphError, KnownSize
from graphlang.diagnostics.data_fields import (
    BeyondPrecision,
    FieldOfOtherSize,
    NoFieldFor,
    UnknownField,
)
from graphlang.diagnostics.inputs import UnknownInput
from graphlang.engine.model import Model
from graphlang.inputs.input_values import as_array
from graphlang.spec.models import InputSpec
from graphlang.training.batches import BatchSource, Origin
from graphlang.training.column_types import column_mismatch
from graphlang.training.gaps_in_targets import of_target
from graphlang.training.not_finite_fields import field_not_finite
from graphlang.training.section_places import field_place, setting_place


def bind_columns(
    model: Model,
    columns: Mapping[str, Column],
    fields: Mapping[str, str] | None,
    source: str,
    split: str = "train",
) -> BatchSource:
    """Binds the inputs of a graph to columns; raises GraphError with every mismatch before data is read.

    `fields` says which column each input takes; by default the `data` section does.
    """
    of_file = fields is None
    if fields is None:
        fields = dict(model.spec.data.fields) if model.spec.data is not None else {n: n for n in columns}
    return _Binding(model, columns, Origin(source, split), of_file=of_file).bind(fields)


class _Binding:
    """One binding under way: the columns that are bound, and what is wrong with others."""

    def __init__(self, model: Model, columns: Mapping[str, Column], origin: Origin, *, of_file: bool) -> None:
        self.model = model
        self.network = model.network
        self.columns = columns
        self.origin = origin
        #: whether the `data` section says which fields the inputs take
        self.of_file = of_file
        self.collector = Collector()
        self.bound: dict[int, Column] = {}
        #: inputs whose field the data does not have
        self.without: set[int] = set()
        #: the named dimensions so far, except that of the batch
        self.sizes: dict[str, int] = {}
        #: the fields that said them
        self.owners: dict[str, str] = {}

    def bind(self, fields: Mapping[str, str]) -> BatchSource:
        for name, field in fields.items():
            self._bind(name, field, fields)
        fixed = self._defaults(fields)
        self.collector.finish()
        for column in self.bound.values():
            column.scale  # noqa: B018 - raises GraphError for what is no pixel
        for name, field in fields.items():
            self._add(self._too_large(self.network.inputs[name], field))
            self._add(self._not_finite(self.network.inputs[name], field))
        self.collector.finish()
        return BatchSource(self.network, self.bound, fixed, self.origin)

    def _add(self, problem: Diagnostic | None) -> None:
        if problem is not None:
            self.collector.add(problem)

    def _bind(self, name: str, field: str, fields: Mapping[str, str]) -> None:
        network, spec = self.network, self.network.inputs.get(name)
        if spec is None:
            self._add(UnknownInput(name, list(network.inputs), self.model.file))
            return
        number, column = network.numbers[name], self.columns.get(field)
        if column is None:
            source, split = self.origin
            where = f"the {split} split of {source}" if split != "train" else source
            span = field_place(self.model, field, name) or network.span(name)
            self._add(UnknownField(name, field, *self._fields, where, span))
            self.without.add(number)
            return
        if column.alone is not None and spec.shape is not None and len(spec.shape) == 1:
            column = column.alone
        known = self._known(name)
        try:
            problem = self._mismatch(spec, field, column)
            if isinstance(problem, FieldOfOtherSize) and _has_room(spec, column):
                problem = problem.replaced(unused=self._unused(fields)[:6])
            self._add(problem.replaced(sizes=known) if problem is not None and known else problem)
        except GraphError as error:  # the cells of a table are no numbers
            for problem in error.diagnostics:
                self._add(of_target(self.model, problem))
        self.bound[number] = column
        for axis in filter(None, network.axes[name]):
            if axis in self.sizes:
                self.owners.setdefault(axis, field)

    def _mismatch(self, spec: InputSpec, field: str, column: Column) -> Diagnostic | None:
        other_rank = spec.shape is not None and len(spec.shape) != len(column.shape)
        place = setting_place(self.model, spec.name) if self.of_file and other_rank else None
        return column_mismatch(self.model, spec, field, column, self.sizes, place)

    def _known(self, name: str) -> list[KnownSize]:
        """The sizes of the dimensions of an input that other fields have said."""
        axes = [axis for axis in self.network.axes[name] if axis is not None]
        if not any(axis in self.owners for axis in axes):
            return []
        sizes = []
        for axis in axes:
            said = axis in self.owners
            source = f"field `{self.owners[axis]}` of the data" if said else ""
            sizes.append(KnownSize(axis, self.sizes[axis] if said else None, source))
        return sizes

    def _unused(self, fields: Mapping[str, str]) -> list[str]:
        """The columns of a table that no input takes, in an expression or as they are."""
        section = self.model.spec.data
        computed = section.prepared if section is not None else {}
        expressions = [computed.get(field, {"field": field}) for field in fields.values()]
        used = {name for expression in expressions for name in source_fields(expression)}
        return [name for name in self._fields[0] if self.columns[name].lines is not None and name not in used]

    def _defaults(self, fields: Mapping[str, str]) -> dict[int, Any]:
        """The inputs that are the same in every batch, since they have a default and no column."""
        network, train = self.network, self.model.spec.train
        names = [*train.losses, *train.metrics.values()] if train is not None else list(network.outputs)
        with_column = self.bound.keys() | self.without
        inputs, sizes = network.sources_of([network.numbers[n] for n in names])
        needed = {*inputs, *network.inputs_with(sizes, {network.names[n] for n in with_column})}
        fixed: dict[int, Any] = {}
        for name, spec in network.inputs.items():
            number = network.numbers[name]
            if number in with_column or name not in needed:
                continue
            if spec.default is None:
                there, unused = [*self._fields[0], *self._fields[1]], self._unused(fields)
                self._add(NoFieldFor(name, network.span(name), there, unused))
                continue
            value = as_array(network, spec, spec.default, self.model.dtype)
            if isinstance(value, Diagnostic):
                self._add(value)
            else:
                fixed[number] = value
        return fixed

    @property
    def _fields(self) -> tuple[list[str], list[str]]:
        """The names of the fields of the source for a message."""
        section = self.model.spec.data
        computed = section.prepared if section is not None else {}
        return named_fields({name: c for name, c in self.columns.items() if name not in computed})

    def _too_large(self, spec: InputSpec, field: str) -> Diagnostic | None:
        """A number that the precision of the run, or an int, cannot hold."""
        column = self.bound[self.network.numbers[spec.name]]
        dtype = self.model.dtype if spec.dtype == "float" else np.dtype(np.int64)
        if spec.dtype == "bool" or np.can_cast(column.storage, dtype) or column.storage.kind not in "fu":
            return None
        values = column.load()
        place = too_large(values, dtype)
        if place is None:
            return None
        number, span = values[place].item(), self.network.span(spec.name)
        at = self.origin.of_number(column, place[0])
        return BeyondPrecision(field, number, place[0], dtype.name, span, at)

    def _not_finite(self, spec: InputSpec, field: str) -> Diagnostic | None:
        """A number that is nan or infinite."""
        column = self.bound[self.network.numbers[spec.name]]
        if spec.dtype != "float" or column.storage.kind != "f":
            return None
        return field_not_finite(self.model, spec.name, field, column, self.origin)


def _has_room(spec: InputSpec, column: Column) -> bool:
    """Whether a row of the input holds more numbers than one of the column."""
    width = spec.shape[-1] if spec.shape else None
    return isinstance(width, int) and len(column.shape) == 2 and column.shape[-1] < width
