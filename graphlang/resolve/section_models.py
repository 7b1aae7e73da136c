"""What the sections `data`, `train` and `gradcheck` may contain, and what to say about what they may not."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from graphlang.catalog.finder import family_member
from graphlang.diagnostics.settings import Belonging, Maximized
from graphlang.spec.models import DataSpec, GradcheckSpec, TrainSpec

MODELS: dict[str, type[BaseModel]] = {"data": DataSpec, "train": TrainSpec, "gradcheck": GradcheckSpec}
EXCLUSIVE = {"train": {"epochs": "iterations", "iterations": "epochs"}}
"""Settings of which a section has one."""
EXAMPLES = {
    "minimize": "minimize = loss",
    "optimizer": "optimizer = SGD(lr=0.1)",
    "batch": "batch = 100",
    "of": "of = loss",
    "source": "source = mnist()",
}


_COMPUTED = frozenset(("fields", "prepared", "objectives"))
"""Fields of the models that follow from what a section says, and are no settings of it."""


def written_settings(section: str) -> list[str]:
    """The settings that a section may have, without the inputs in `data`."""
    return [name for name in MODELS[section].model_fields if name not in _COMPUTED]


def excluded(name: str) -> list[str]:
    """The settings, as `section.setting`, that the setting `name` takes the place of."""
    section, _, setting = name.partition(".")
    other = EXCLUSIVE.get(section, {}).get(setting)
    return [f"{section}.{other}"] if other else []


def setting_meant(name: str) -> str | None:
    """The setting that a name of another framework means."""
    from graphlang.catalog.foreign_names import attribute_meant

    return attribute_meant(name)


def belongs_elsewhere(section: str, name: str, value: Any = None) -> Belonging | Maximized | None:
    """Where a setting has its place that the section does not have."""
    if section == "data" and name in ("target", "labels"):
        return Belonging(section, "source", "the target", 'csv("data.csv", target="price")')
    if section != "train":
        return None
    if name in ("maximize", "maximise"):
        return Maximized()
    if name in ("freeze", "frozen", "freezes"):
        written = value.span.text if value is not None and '"' in value.span.text else '"enc.*"'
        return Belonging(section, "groups", "what is frozen", f"[group({written}, freeze=true)]")
    if name in ("patience", "min_delta", "monitor"):
        written = "..." if value is None else value.span.text
        return Belonging(section, "stop", f"`{name}`", f"early({name}={written})")
    attribute = setting_meant(name) or name
    if {name, attribute} & TrainSpec.model_fields.keys():
        return None
    return _of_optimizer(attribute, value)


def _of_optimizer(attribute: str, value: Any) -> Belonging | None:
    """How to give an optimizer an attribute, as `momentum`, that is written as a setting of `train`."""
    written = value.span.text if value is not None and "\n" not in value.span.text else "..."
    for optimizer in ("SGD", "Momentum", "Adam"):
        model = family_member("optimizers", optimizer)
        if model is not None and attribute in model.model_fields:
            inside = f"{attribute}={written}" if attribute == "lr" else f"lr=0.1, {attribute}={written}"
            return Belonging("train", "optimizer", f"`{attribute}`", f"{optimizer}({inside})")
    return None
