"""Data into inputs: which column each input takes, whether it fits, and batches of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from graphlang.catalog.finder import family_member
from graphlang.datasets.dataset import Column
from graphlang.datasets.number_checks import not_finite, place_text, too_large
from graphlang.diagnostics import Collector, Diagnostic, GraphError, Span
from graphlang.diagnostics.fields import (
    BatchOfFixedSize,
    BeyondPrecision,
    FieldMismatch,
    FieldOfOneColumn,
    FieldOfOtherRank,
    FieldOfOtherType,
    FieldToFlatten,
    NoFieldFor,
    ScoresForLabels,
    SizeOfAnotherInput,
    UnknownField,
)
from graphlang.diagnostics.inputs import UnknownInput
from graphlang.engine.model import Model
from graphlang.engine.recording import Storage
from graphlang.inputs.index_bounds import first_not_allowed, wrong_index
from graphlang.inputs.input_values import Binder, as_array, no_largest_index, type_text
from graphlang.spec.models import InputSpec
from graphlang.spec.network import Network
from graphlang.trace import NoSize


class Origin(NamedTuple):
    """Where the rows of a feed come from: the name of the data, and which of its splits."""

    source: str
    split: str = "train"

    def of_number(self, column: Column, row: int) -> str:
        """The place of a number, for a message."""
        if column.lines is not None:
            return f"line {column.lines[row]} of `{self.source}`"
        return f"row {row}{self._of_split}"

    def of_label(self, column: Column, place: tuple[int, ...]) -> str | None:
        """The place of a label, where its indices alone do not tell it."""
        if column.lines is not None:
            return f" in {self.of_number(column, place[0])}"
        return f"{place_text(place)}{self._of_split}" if self._of_split else None

    @property
    def _of_split(self) -> str:
        return " of the test split" if self.split == "test" else ""


class Feed:
    """Columns by the number of the input that they feed; every one has the same number of rows."""

    def __init__(
        self, model: Model, columns: dict[int, Column], fixed: dict[int, Any], origin: Origin
    ) -> None:
        self._network = model.network
        self._origin = origin
        self.names = model.network.names
        self.columns = columns
        #: inputs that are the same in every batch: those with a default
        self.fixed = fixed
        self.rows = next(iter(columns.values())).shape[0] if columns else 1
        self._sizes: dict[int, dict[str, int]] = {}

    def batch(self, rows: Any, dtype: Any) -> dict[int, Any]:
        """The inputs' arrays for some rows, scaled and in the run's precision."""
        found = dict(self.fixed)
        for number, column in self.columns.items():
            found[number] = column.take(rows, dtype if column.dtype == "float" else np.int64)
        return found

    def storage(self, rows: int) -> dict[int, Storage]:
        """How each input arrives in a batch of so many rows: as it is stored, scaled by the program."""
        found = {n: Storage(a.shape, a.dtype) for n, a in self.fixed.items()}
        for number, column in self.columns.items():
            found[number] = Storage((rows, *column.shape[1:]), column.storage, column.scale)
        return found

    def constants(self) -> dict[str, Any]:
        """The inputs that are the same in every batch, by name."""
        return {self.names[n]: a for n, a in self.fixed.items()}

    def gather(self, rows: Any, into: Mapping[str, Any]) -> None:
        """Copies the stored rows of every column into a program's inputs."""
        for number, column in self.columns.items():
            column.gather(rows, into[self.names[number]])

    def not_finite(self) -> str | None:
        """The first number of the data that is nan or infinite, and its place; None where all are finite."""
        for number, column in self.columns.items():
            values = column.load()
            place = not_finite(values)
            if place is not None:
                at = self._origin.of_number(column, place[0])
                return f"`{self.names[number]}` holds {values[place]:g} in {at}"
        return None

    def sizes(self, rows: int) -> dict[str, int]:
        """The named dimensions for a batch of so many rows."""
        if rows not in self._sizes:
            self._sizes[rows] = self._bound(rows)[0]
        return dict(self._sizes[rows])

    def check(self, batches: Iterable[int]) -> None:
        """Raises GraphError where the inputs do not fit together in batches of so many rows, or hold an index
        that such a batch does not allow: what `compile(train=True)` would say of the first of them."""
        for rows in dict.fromkeys(batches):
            collector = Collector()
            for problem in self._bound(rows)[1]:
                collector.add(problem)
            collector.finish()
            for problem in self._wrong_indices(self.sizes(rows)):
                collector.add(problem)
            collector.finish()

    def _bound(self, rows: int) -> tuple[dict[str, int], list[Diagnostic]]:
        network, values = self._network, dict(self.fixed)
        for number, column in self.columns.items():
            kind = {"float": np.float64, "int": np.int64, "bool": np.bool_}[column.dtype]
            values[number] = np.broadcast_to(np.zeros((), kind), (rows, *column.shape[1:]))
        batch = f" in a batch of {rows} {'row' if rows == 1 else 'rows'}"
        binder = Binder(network, "" if rows == self.rows else batch)
        given = {n: s for n, s in network.inputs.items() if network.numbers[n] in values}
        problems = [binder.match(spec, values[network.numbers[n]]) for n, spec in given.items()]
        found = [p for p in problems if p is not None] or binder.expressions(values)
        return {**_sizes_of_defaults(network), **binder.sizes}, found

    def _wrong_indices(self, sizes: Mapping[str, int]) -> list[Diagnostic]:
        """Labels are checked before training, all of them, so that no batch has to."""
        problems: list[Diagnostic] = []
        for number, column in self.columns.items():
            name = self.names[number]
            try:
                below = first_not_allowed(self._network.inputs[name], sizes)
            except NoSize as error:
                problems.append(no_largest_index(self._network, name, error))
                continue
            if below is not None:
                ignored = self._network.inputs[name].ignored
                wrong = wrong_index(name, column.load(), below, ignored, self._network.span(name))
                if wrong is not None:
                    problems.append(wrong.replaced(where=self._origin.of_label(column, wrong.place)))
        return problems


def _sizes_of_defaults(network: Network) -> dict[str, int]:
    """What the defaults of inputs say of named dimensions, also of inputs that nothing needs."""
    found: dict[str, int] = {}
    for spec in network.inputs.values():
        if spec.default is not None and spec.shape is not None:
            named = zip(network.axes[spec.name], np.shape(spec.default), strict=False)
            found.update({axis: size for axis, size in named if axis is not None})
    return found


def bind_columns(
    model: Model,
    columns: Mapping[str, Column],
    fields: Mapping[str, str] | None,
    source: str,
    split: str = "train",
) -> Feed:
    """Binds the inputs of a graph to columns; raises GraphError with every misfit before data is read.

    `fields` says which column each input takes; by default the `data` section does.
    """
    network = model.network
    origin = Origin(source, split)
    if fields is None:
        fields = dict(model.spec.data.fields) if model.spec.data is not None else {n: n for n in columns}
    collector = Collector()
    found: dict[int, Column] = {}
    sizes: dict[str, int] = {}
    unknown: set[int] = set()
    for name, field in fields.items():
        spec = network.inputs.get(name)
        if spec is None:
            collector.add(UnknownInput(name, list(network.inputs), model.file))
            continue
        column = columns.get(field)
        if column is None:
            there = f"the test split of {source}" if split == "test" else source
            collector.add(UnknownField(name, field, list(columns), there, network.span(name)))
            unknown.add(network.numbers[name])
            continue
        if column.alone is not None and spec.shape is not None and len(spec.shape) == 1:
            column = column.alone
        try:
            problem = _misfit(model, spec, field, column, sizes)
        except GraphError as error:  # its cells are no numbers
            for told in error.diagnostics:
                collector.add(told)
            problem = None
        if problem is not None:
            collector.add(problem)
        found[network.numbers[name]] = column
    fixed = _defaults(model, found.keys() | unknown, columns, collector)
    collector.finish()
    for column in found.values():
        column.scale  # noqa: B018 - raises GraphError for what is no pixel
    for name, field in fields.items():
        problem = _too_large(model, network.inputs[name], field, found[network.numbers[name]], origin)
        if problem is not None:
            collector.add(problem)
    collector.finish()
    return Feed(model, found, fixed, origin)


def _too_large(
    model: Model, spec: InputSpec, field: str, column: Column, origin: Origin
) -> Diagnostic | None:
    """A number that the precision of the run cannot hold, or an int."""
    dtype = model.dtype if spec.dtype == "float" else np.dtype(np.int64)
    if spec.dtype == "bool" or np.can_cast(column.storage, dtype) or column.storage.kind not in "fu":
        return None
    values = column.load()
    place = too_large(values, dtype)
    if place is None:
        return None
    at = origin.of_number(column, place[0])
    return BeyondPrecision(
        field, values[place].item(), place[0], dtype.name, model.network.span(spec.name), at
    )


def _defaults(
    model: Model, found: AbstractSet[int], columns: Mapping[str, Column], collector: Collector
) -> dict[int, Any]:
    """The inputs that are the same in every batch."""
    network = model.network
    train = model.spec.train
    wanted = [train.minimize, *train.metrics.values()] if train is not None else list(model.network.outputs)
    inputs, further = network.sources_of([network.numbers[n] for n in wanted])
    needed = {*inputs, *network.inputs_with(further, {network.names[n] for n in found})}
    fixed: dict[int, Any] = {}
    for name, spec in network.inputs.items():
        number = network.numbers[name]
        if number in found or name not in needed:
            continue
        if spec.default is None:
            collector.add(NoFieldFor(name, network.span(name), list(columns)))
        else:
            value = as_array(network, spec, spec.default, model.dtype)
            if isinstance(value, Diagnostic):
                collector.add(value)
            else:
                fixed[number] = value
    return fixed


def column_type(column: Column) -> str:
    return f"{column.dtype}[{', '.join(map(str, column.shape))}]"


def _misfit(
    model: Model, spec: InputSpec, field: str, column: Column, sizes: dict[str, int]
) -> Diagnostic | None:
    """Why a column does not fit an input's type, or None; binds the named dimensions but for the batch."""
    span = model.network.span(spec.name)
    if spec.shape is None:
        return None
    facts: _Facts = (spec.name, type_text(spec), field, column_type(column), span)
    allowed = {"float": ("float", "int", "bool"), "int": ("int",), "bool": ("bool",)}[spec.dtype]
    if spec.dtype == "int" and len(column.shape) == len(spec.shape) + 1 and column.shape[-1] > 1:
        wrong = _of_other_rank(model, spec, column, facts)
        return wrong if isinstance(wrong, FieldToFlatten) else ScoresForLabels(*facts, _fitting(spec, column))
    if column.dtype not in allowed:
        return FieldOfOtherType(*facts, column.dtype, spec.dtype, column.lines is not None)
    if len(spec.shape) != len(column.shape):
        return _of_other_rank(model, spec, column, facts)
    names = model.network.axes[spec.name]
    for axis, (expected, name, size) in enumerate(zip(spec.shape, names, column.shape, strict=True)):
        if axis == 0:
            if isinstance(expected, int):
                return BatchOfFixedSize(*facts, expected)
        elif isinstance(expected, int):
            if expected != size:
                return FieldMismatch(*facts)
        elif name is not None and sizes.setdefault(name, size) != size:
            return SizeOfAnotherInput(*facts, name, sizes[name])
    return None


_Facts: TypeAlias = "tuple[str, str, str, str, Span | None]"
"""What every misfit says: the input, its type, the field, its type, and where the input is declared."""


def _fitting(spec: InputSpec, column: Column) -> str:
    """The type that an input of a field would have."""
    shape = spec.shape or ()
    batch = str(shape[0]) if shape and not isinstance(shape[0], int) else "N"
    kind = "float" if column.dtype == "float" else spec.dtype
    return f"{kind}[{', '.join([batch, *map(str, column.shape[1:])])}]"


def _of_other_rank(model: Model, spec: InputSpec, column: Column, facts: _Facts) -> FieldMismatch:
    shape = spec.shape or ()
    if len(shape) == 1 and len(column.shape) == 2 and column.shape[1] == 1:
        return FieldOfOneColumn(*facts, f"{spec.dtype}[N, 1]")
    fitting = _fitting(spec, column)
    flattens = _flattens(model)
    more = len(column.shape) > len(shape)
    if flattens is None or flattens == more or len(shape) < 2:
        return FieldOfOtherRank(*facts, fitting)
    if not more and len(column.stored) != len(shape):  # without flattening it does not fit either
        return FieldOfOtherRank(*facts, fitting)
    rows_differ = isinstance(shape[1], int) and shape[1] != math.prod(column.shape[1:])
    if more and (len(shape) != 2 or rows_differ):
        return FieldOfOtherRank(*facts, fitting)
    return FieldToFlatten(*facts, fitting, "true" if more else "false")


def _flattens(model: Model) -> bool | None:
    """Whether the source lays each sample out as a row; None where it has no such option."""
    source = model.spec.data.source if model.spec.data is not None else None
    kind = family_member("datasets", source.name) if source is not None else None
    if source is None or kind is None or "flatten" not in kind.model_fields:
        return None
    return bool(source.attributes.get("flatten", kind.model_fields["flatten"].default))
