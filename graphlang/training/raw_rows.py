"""Makes inputs of raw values, as the `data` section makes them of its source: what it learned is applied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.datasets.arrays import columns_from, from_arrays
from graphlang.datasets.dataset import Column, Dataset, named_fields
from graphlang.datasets.preparing import source_fields
from graphlang.diagnostics import GraphError, closest
from graphlang.diagnostics.data_fields import FieldNotGiven
from graphlang.diagnostics.inputs import UnknownGivenColumn
from graphlang.engine.model import Model
from graphlang.spec.models import DataSpec
from graphlang.training.gaps_in_targets import computed_fields

_NAME = "the rows handed in"


def from_raw(model: Model, values: Mapping[str, Any], of: Iterable[str]) -> dict[str, Any]:
    """The inputs that the values `of` depend on, by name.

    `values` are those of inputs, or raw rows: where a name is that of a field of the source and of no input,
    or such a field has texts, which no input takes, all are columns of rows, of which the inputs are computed
    with what `model` has learned. Images of whole
    numbers are flattened and divided as those that were trained on. Raises GraphError for a row that does
    not fit what was learned.
    """
    section = model.spec.data
    if section is None:
        return dict(values)
    inputs = model.network.inputs
    sources = _sources(section)
    of_texts = any(name in sources and _has_texts(value) for name, value in values.items())
    if of_texts or not all(name in inputs for name in values):
        fields = _fields(section, model.network.inputs_of(of))
        if fields and _are_columns(section, values, inputs):
            values = _computed(model, section, values, fields)
    return {name: _as_stored(model, section, name, value) for name, value in values.items()}


def from_columns(model: Model, columns: Mapping[str, Any], of: Iterable[str]) -> dict[str, Any]:
    """The inputs that the values `of` depend on, from a table of raw rows.

    With a `data` section its columns are fields of the source, and what was learned is applied; else inputs
    take the columns of their names, or the one input takes all columns side by side. Columns that nothing
    takes do no harm.
    """
    section, needed = model.spec.data, model.network.inputs_of(of)
    fields = {} if section is None else _fields(section, needed)
    if section is not None and fields:
        beside = {n: columns[n] for n in needed if n in columns and n not in fields}
        return beside | _computed(model, section, _with_features(model, section, columns, fields), fields)
    wanting = [n for n in needed if model.network.inputs[n].default is None] or needed
    if len(wanting) == 1 and wanting[0] not in columns:
        return {wanting[0]: _side_by_side(columns, list(columns))}
    return {name: columns[name] for name in needed if name in columns}


def prepared_like_source(model: Model, dataset: Dataset, *, learn: bool) -> Dataset:
    """A data set with the fields that the `data` section computes of those that it has."""
    section = model.spec.data
    missing = {} if section is None else {f: e for f, e in section.prepared.items() if f not in dataset.train}
    return computed_fields(model, dataset, missing, learn=learn) if missing else dataset


def dataset_of(model: Model, splits: Mapping[str, Mapping[str, Any]], of: Iterable[str]) -> Dataset:
    """Tables of raw rows as the data set that the `data` section makes of its source: what is not learned
    yet, is learned from the training split."""
    section, needed = model.spec.data, model.network.inputs_of(of)
    fields = {} if section is None else _fields(section, needed)
    if section is None or not fields:
        arrays = {split: from_columns(model, columns, of) for split, columns in splits.items()}
        return Dataset(_NAME, {split: dict(from_arrays(a).train) for split, a in arrays.items()})
    taken = {split: _with_features(model, section, columns, fields) for split, columns in splits.items()}
    dataset = Dataset(_NAME, {split: _columns(columns) for split, columns in taken.items()})
    expressions = {f: section.prepared[f] for f in fields.values() if f in section.prepared}
    return computed_fields(model, dataset, expressions, learn=True)


def _with_features(
    model: Model, section: DataSpec, columns: Mapping[str, Any], fields: Mapping[str, str]
) -> Mapping[str, Any]:
    """The columns that fields take. `x` of a table is all of them but the target, in their order."""
    taken: set[str] = set()
    for field in fields.values():
        taken |= set(source_fields(section.prepared[field])) if field in section.prepared else {field}
    if "x" in taken and "x" not in columns:
        target = getattr(model.network.member("datasets", section.source), "target", None) or "t"
        columns = {**columns, "x": _side_by_side(columns, [name for name in columns if name != target])}
    return {name: column for name, column in columns.items() if name in taken}


def _side_by_side(columns: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Columns of numbers as a matrix; raises GraphError for texts in them."""
    read = [column.load() for column in _columns({name: columns[name] for name in names}).values()]
    return np.stack(read, axis=1) if read else np.zeros((0, 0))


def _fields(section: DataSpec, needed: Collection[str]) -> dict[str, str]:
    return {name: field for name, field in section.fields.items() if name in needed}


def _are_columns(section: DataSpec, values: Mapping[str, Any], inputs: Collection[str]) -> bool:
    """Whether values are columns of raw rows; raises GraphError for those that the source does not have,
    where the others, or what their names may be meant for, are columns."""
    sources = _sources(section)
    others = [name for name in values if name not in inputs]
    unknown = [name for name in others if name not in sources]
    if not unknown:
        return True
    if len(unknown) < len(others) or any(closest(name, [*inputs, *sources]) in sources for name in unknown):
        listed = sorted(sources)
        raise GraphError([UnknownGivenColumn(name, listed) for name in unknown])
    return False


def _sources(section: DataSpec) -> set[str]:
    """The fields of the source that the section takes."""
    plain = {field for field in section.fields.values() if field not in section.prepared}
    return plain.union(*map(source_fields, section.prepared.values()))


def _computed(
    model: Model, section: DataSpec, values: Mapping[str, Any], fields: Mapping[str, str]
) -> dict[str, Any]:
    """The inputs of raw rows; those whose fields are all absent keep their defaults."""
    columns = _columns(values)
    dataset = Dataset(_NAME, {"train": columns})
    inputs: dict[str, Any] = {}
    for name, field in fields.items():
        expression = section.prepared.get(field)
        taken = [field] if expression is None else list(source_fields(expression))
        absent = [part for part in taken if part not in columns]
        if absent and model.network.inputs[name].default is not None and len(absent) == len(taken):
            continue
        if absent:
            given = named_fields(columns)
            raise GraphError([FieldNotGiven(name, absent[0], *given, _NAME, None)])
        if expression is None:
            inputs[name] = columns[field].take(slice(None))
        else:
            whole = computed_fields(model, dataset, {field: expression}, learn=False)
            inputs[name] = whole.train[field].take(slice(None))
    return inputs


def _columns(values: Mapping[str, Any]) -> dict[str, Column]:
    """Columns of a table: numbers, or texts, where None and nan are no value; a single value is a row."""
    columns = columns_from({name: [v] if _is_single(v) else v for name, v in values.items()})
    if len({column.shape[0] for column in columns.values()}) > 1:
        from_arrays({name: np.zeros(column.shape[0]) for name, column in columns.items()})  # refuses them
    return columns


def _has_texts(value: Any) -> bool:
    """Whether a value is a text, or texts; the first of several that is there decides."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "O" or value.ndim != 1:
            return bool(value.dtype.kind == "U")
    elif not isinstance(value, list | tuple):
        return isinstance(value, str)
    return isinstance(next((cell for cell in value if cell is not None), None), str)


def _is_single(value: Any) -> bool:
    return isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) == 0


# ---- images ------------------------------------------------------------------------------------------------


def keep_divisors(model: Model, dataset: Dataset) -> None:
    """Keeps what images are divided by with all else that was learned from the training split."""
    section = model.spec.data
    if section is not None:
        for field, column in dataset.train.items():
            if column.pixels is not None and field in section.fields.values():
                model.learned[_normalize(field)] = {"by": column.pixels.largest}


def divide_as_learned(model: Model, dataset: Dataset) -> None:
    """Has images divided by what those that were trained on are divided by."""
    learned = {field: divisor(model, field) for field in dataset.train}
    dataset.divide_by({field: by for field, by in learned.items() if by is not None})


def divisor(model: Model, field: str) -> float | None:
    """What the images of a field are divided by; None where that was not learned."""
    kept = model.learned.get(_normalize(field))
    by = kept.get("by") if isinstance(kept, dict) else None
    return float(by) if isinstance(by, int | float) and by > 0 else None


def _normalize(field: str) -> str:
    return f"normalize({field})"


def _as_stored(model: Model, section: DataSpec, name: str, value: Any) -> Any:
    """An array of images of whole numbers as those that were trained on; any other value as it is."""
    by = divisor(model, section.fields.get(name, ""))
    if by is None or model.network.inputs[name].dtype != "float":
        return value
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iu":  # a list may hold whole floats
        return value
    array = as_images(model, name, value)
    if by == 1:
        return array
    return np.multiply(array, np.asarray(1 / by, model.dtype), dtype=model.dtype)


def as_images(model: Model, name: str, array: Any) -> Any:
    """Images in the shape of those of the source: flattened, or with the axis of a single channel."""
    assert model.spec.data is not None
    source = model.network.member("datasets", model.spec.data.source)
    rank = len(model.network.inputs[name].shape or ())
    if getattr(source, "flatten", False) and rank == 2 and array.ndim > 2:
        return array.reshape(len(array), -1)
    if source.__class__.__name__ in ("idx", "mnist") and (rank, array.ndim) == (4, 3):
        return array[:, None]
    return array
