"""What the sections `data`, `train` and `gradcheck` may contain, and what to say about what they may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from graphlang.catalog.finder import Catalog
from graphlang.diagnostics.settings import Belonging, Maximized
from graphlang.spec.models import DataSpec, GradcheckSpec, TrainSpec
from graphlang.syntax import tree

LONGEST = 40
"""A longer value is not written out."""

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


def belongs_elsewhere(
    catalog: Catalog, section: str, name: str, value: Any, optimizer: Any
) -> Belonging | Maximized | None:
    """Where a setting has its place that the section does not have; `optimizer` is the one of the section."""
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
        return Belonging(section, "stop", f"`{name}`", f"early({name}={written_value(value)})")
    attribute = setting_meant(name) or name
    if {name, attribute} & TrainSpec.model_fields.keys():
        return None
    return _of_optimizer(catalog, attribute, value, optimizer)


def _of_optimizer(catalog: Catalog, attribute: str, value: Any, own: Any) -> Belonging | None:
    """How to give an optimizer an attribute, as `momentum`, that is written as a setting of `train`: the
    optimizer of the section, where it has the attribute."""
    name = own.span.text.partition("(")[0].strip() if own is not None else None
    for optimizer in dict.fromkeys((name, "SGD", "Momentum", "Adam", "AdamW")):
        model = catalog.member("optimizers", optimizer) if optimizer else None
        if model is not None and attribute in model.model_fields:
            if optimizer == name:
                example = with_argument(own, attribute_names(model), attribute, written_value(value))
                return Belonging("train", "optimizer", f"`{attribute}`", example)
            rate = "" if attribute == "lr" else f"lr={_rate(own)}, "
            example = f"{optimizer}({rate}{attribute}={written_value(value)})"
            return Belonging("train", "optimizer", f"`{attribute}`", example, name)
    return None


def attribute_names(model: type[BaseModel]) -> list[str]:
    """The attributes under the names of the language."""
    return [field.alias or name for name, field in model.model_fields.items()]


def with_argument(member: Any, names: Sequence[str], attribute: str, written: str) -> str:
    """A member of a family with an attribute, as it would be written; `names` are those of its attributes."""
    if not isinstance(member, tree.Call):
        return f"{member.span.text}({attribute}={written})"
    parts, given = [], False
    for position, argument in enumerate(member.arguments):
        named = argument.name or (names[position] if position < len(names) else None)
        label = f"{argument.name}=" if argument.name else ""
        given = given or named == attribute
        parts.append(f"{label}{written if named == attribute else written_value(argument.value)}")
    if not given:
        parts.append(f"{attribute}={written}")
    return f"{member.function.span.text}({', '.join(parts)})"


def _rate(optimizer: Any) -> str:
    """The learning rate that an optimizer is written with."""
    for position, argument in enumerate(getattr(optimizer, "arguments", ())):
        if argument.name == "lr" or (argument.name is None and position == 0):
            return written_value(argument.value)
    return "0.1"


def written_value(value: Any) -> str:
    """An expression as it stands in the file; `...` for a long one."""
    text = "..." if value is None else str(value.span.text)
    return text if len(text) <= LONGEST and "\n" not in text else "..."
