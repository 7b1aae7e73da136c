"""What the sections `data`, `train` and `gradcheck` may contain, and what to say about what they may not."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from graphlang.catalog.finder import family_member
from graphlang.spec.models import DataSpec, GradcheckSpec, TrainSpec

MODELS: dict[str, type[BaseModel]] = {"data": DataSpec, "train": TrainSpec, "gradcheck": GradcheckSpec}
_LENGTHS = "keep one: `train.epochs` counts passes over the data, `train.iterations` counts steps"
EXCLUSIVE = {"train": {"epochs": ("iterations", _LENGTHS), "iterations": ("epochs", _LENGTHS)}}
"""Settings of which a section has one, and what to do about two."""
EXAMPLES = {
    "minimize": "minimize = loss",
    "optimizer": "optimizer = SGD(lr=0.1)",
    "batch": "batch = 100",
    "of": "of = loss",
    "source": "source = mnist()",
}


def excluded(name: str) -> list[str]:
    """The settings, as `section.setting`, that the setting `name` takes the place of."""
    section, _, setting = name.partition(".")
    other = EXCLUSIVE.get(section, {}).get(setting)
    return [f"{section}.{other[0]}"] if other else []


def setting_meant(name: str) -> str | None:
    """The setting that a name of another framework means."""
    from graphlang.catalog.foreign_names import attribute_meant

    return attribute_meant(name)


def belongs_elsewhere(section: str, name: str, value: Any = None) -> str | None:
    """What to write instead of a setting that the section does not have, if it has another place."""
    if section == "data" and name in ("target", "labels"):
        return 'the target belongs to the source: `source = csv("data.csv", target="price")`'
    if section != "train":
        return None
    if name in ("maximize", "maximise"):
        return "write `minimize = -loss`: what is smallest there is largest here"
    attribute = setting_meant(name) or name
    if {name, attribute} & TrainSpec.model_fields.keys():
        return None
    return _of_optimizer(attribute, value)


def _of_optimizer(attribute: str, value: Any) -> str | None:
    """How to give an optimizer an attribute, as `momentum`, that is written as a setting of `train`."""
    written = value.span.text if value is not None and "\n" not in value.span.text else "..."
    for optimizer in ("SGD", "Momentum", "Adam"):
        model = family_member("optimizers", optimizer)
        if model is not None and attribute in model.model_fields:
            inside = f"{attribute}={written}" if attribute == "lr" else f"lr=0.1, {attribute}={written}"
            return f"`{attribute}` belongs to the optimizer: `optimizer = {optimizer}({inside})`"
    return None


def override_belongs_elsewhere(section: str, setting: str) -> str | None:
    """The same for an override: from outside, an optimizer is set as a whole."""
    advice = belongs_elsewhere(section, setting)
    if advice is None:
        return None
    attribute, example = advice.split(" belongs")[0], advice.partition("`optimizer = ")[2].rstrip("`")
    whole = f"`{section}.optimizer={example.replace('...', '0.01')}`"
    return f"{attribute} belongs to the optimizer, which is set as a whole: {whole}"
