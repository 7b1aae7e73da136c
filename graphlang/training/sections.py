"""The sections of a file that training reads: `train`, and `data` with the data set that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MissingSection
from graphlang.diagnostics.settings import SettingRefused, SettingsRefused, WrongSetting
from graphlang.engine.model import Model
from graphlang.resolve.validation import requirement
from graphlang.spec.models import TrainSpec


def open_data(model: Model, override: Path | None = None, command: str = "train") -> Dataset:
    """The data set of the file's `data` section, or the files at `override` with the section's options.

    A graph whose inputs all have a default trains without data. Raises GraphError where another graph has no
    such section, or where the data cannot be read.
    """
    from graphlang.datasets.data_folders import data_folders

    section = model.spec.data
    if section is None and all(i.default is not None for i in model.network.inputs.values()):
        return Dataset("no data", {"train": {}})
    if section is None:
        raise GraphError([MissingSection(command, "data", model.file)])
    source = model.network.member("datasets", section.source)
    fields = section.fields.values()
    if override is None:
        return source.open(model.folder or Path.cwd(), data_folders(), fields)  # type: ignore[no-any-return]
    from graphlang.datasets.override import open_override

    return open_override(source, override, fields)


def section_of(model: Model, command: str) -> TrainSpec:
    """The `train` section; raises GraphError where the file has none."""
    if model.spec.train is None:
        raise GraphError([MissingSection(command, "train", model.file)])
    return model.spec.train


def with_overrides(
    section: TrainSpec, epochs: int | None, iterations: int | None, batch: int | None
) -> TrainSpec:
    """The `train` section with what a caller gives instead; raises GraphError where that is refused."""
    changes: dict[str, Any] = {}
    if epochs is not None or iterations is not None:
        changes = {"epochs": epochs, "iterations": iterations}
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
