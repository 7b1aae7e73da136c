"""The sections of a file that training reads: `train`, and `data` with the data set that it names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphlang.catalog.finder import Catalog
from graphlang.datasets.dataset import Dataset
from graphlang.datasets.dividing import by_field, with_share, with_source
from graphlang.datasets.override import open_override
from graphlang.datasets.preparing import source_fields
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MissingSection
from graphlang.diagnostics.settings import SettingRefused, SettingsRefused, WrongSetting
from graphlang.engine.model import Model
from graphlang.resolve.validation import requirement
from graphlang.spec.models import DataSpec, TrainSpec, Use
from graphlang.training.gaps_in_targets import computed_fields
from graphlang.training.raw_rows import divide_as_learned
from graphlang.training.section_places import placed


def open_data(
    model: Model,
    override: Path | None = None,
    command: str = "train",
    inputs: Collection[str] | None = None,
    *,
    undivided: bool = False,
) -> Dataset:
    """The data set of the file's `data` section, or the files at `override` with the section's options.

    Fields that the section computes are computed with what `model` has learned; what it has not, is learned
    from the training split, and kept there. With `inputs`, only the fields of these are of interest;
    `undivided`, all rows of `override` are in one split. A graph whose inputs all have a default trains
    without data. Raises GraphError where another graph has no such section, or where the data cannot be
    read.
    """
    section = model.spec.data
    if section is None and all(i.default is not None for i in model.network.inputs.values()):
        return Dataset("no data", {"train": {}})
    if section is None:
        raise GraphError([MissingSection(command, "data", model.file)])
    taken = [field for name, field in section.fields.items() if inputs is None or name in inputs]
    expressions = {field: section.prepared[field] for field in taken if field in section.prepared}
    fields = _of_source(taken, expressions)
    catalog = model.network.catalog
    if override is None:
        try:
            dataset = _opened(model, section, fields)
        except GraphError as error:
            raise GraphError([placed(model, problem) for problem in error.diagnostics]) from None
    else:
        used = _whole(catalog, section.source) if undivided else _divided_by_section(catalog, section)
        source = model.network.member("datasets", used)
        dataset = open_override(source, override, fields, model.network.limits)
    divide_as_learned(model, dataset)
    learn = override is None or command == "train"
    return computed_fields(model, dataset, expressions, learn=learn)


def _of_source(taken: Collection[str], expressions: Mapping[str, Any]) -> set[str]:
    """The fields of the source that some fields are, or are computed from."""
    plain = {field for field in taken if field not in expressions}
    return plain.union(*map(source_fields, expressions.values()))


def _opened(model: Model, section: DataSpec, fields: set[str]) -> Dataset:
    from graphlang.datasets.data_folders import data_folders

    source = model.network.member("datasets", _divided_by_section(model.network.catalog, section))
    folder = model.folder or Path.cwd()
    by = section.validation if isinstance(section.validation, str) else None
    dataset: Dataset = source.open(
        folder, data_folders(), fields if by is None else {*fields, by}, model.network.limits
    )
    if by is not None:
        dataset = by_field(dataset, by)
    seed, plain = getattr(source, "seed", 0), fields & set(section.fields.values())
    for split, part in (("test", section.test), ("validation", section.validation)):
        if isinstance(part, float):
            dataset = with_share(dataset, split, part, seed)
        elif isinstance(part, Use):
            other = model.network.member("datasets", _whole(model.network.catalog, part))
            rows = other.open(folder, data_folders(), fields, model.network.limits)
            dataset = with_source(dataset, split, rows, fields, plain)
    return dataset


def _divided_by_section(catalog: Catalog, section: DataSpec) -> Use:
    """The source, which keeps no rows for testing where the section says which ones these are."""
    divided = section.test is not None or isinstance(section.validation, str)
    return _whole(catalog, section.source) if divided else section.source


def _whole(catalog: Catalog, source: Use) -> Use:
    """A source with all of its rows in the training split."""
    kind = catalog.member("datasets", source.name)
    if kind is None or "test" not in kind.model_fields:
        return source
    return Use(name=source.name, attributes={**source.attributes, "test": 0})


def section_of(model: Model, command: str) -> TrainSpec:
    """The `train` section; raises GraphError where the file has none."""
    if model.spec.train is None:
        raise GraphError([MissingSection(command, "train", model.file)])
    return model.spec.train


def with_overrides(
    section: TrainSpec,
    epochs: int | None,
    iterations: int | None,
    batch: int | None,
    members: Mapping[str, Any] | None = None,
) -> TrainSpec:
    """The `train` section with what a caller gives instead; raises GraphError where that is refused."""
    changes: dict[str, Any] = dict(members or {})
    if epochs is not None or iterations is not None:
        changes |= {"epochs": epochs, "iterations": iterations}
    if batch is not None:
        changes["batch"] = batch
    try:
        return TrainSpec(**{**section.model_dump(), **changes}) if changes else section
    except ValidationError as error:
        raise GraphError([_refused(detail) for detail in error.errors()]) from None


def _refused(detail: Any) -> WrongSetting:
    name = ".".join(map(str, detail["loc"]))
    if name:
        return SettingRefused(None, f"`{name}`", requirement(detail))
    return SettingsRefused(None, str(detail["msg"]).removeprefix("Value error, "))
