"""The page of settings: what `data`, `train` and `gradcheck` may contain, from the models that check them."""

from __future__ import annotations

from typing import Any

from markup import escaped, table

from graphlang.catalog.described import as_written, type_in_words
from graphlang.resolve.section_models import MODELS, written_settings

MEANINGS = {"metrics": "what is measured over each split and told for every record"}
"""Where the model describes what it keeps, not what is written."""
TITLES = {
    "data": "Where the rows come from, and which inputs take what. [Data](data.md) says all of it.",
    "train": "How the parameters are trained. [Training](training.md) says all of it.",
    "gradcheck": "What `graphlang gradcheck` and `graphlang test` compare with numerical differentiation.",
}
USES = {
    "source": "[data source](catalog/sources.md)",
    "validation": "number, field or [data source](catalog/sources.md)",
    "test": "number or [data source](catalog/sources.md)",
    "optimizer": "[optimizer](catalog/optimizers.md)",
    "schedule": "[schedule](catalog/schedules.md)",
    "stop": "[early(...)](catalog/monitors.md#early) or none",
    "keep": "[best(...)](catalog/monitors.md#best) or none",
    "groups": "list of `group(...)`",
    "metrics": "list of values, as [metrics](catalog/metrics.md)",
    "minimize": "value, or list of `objective(...)`",
    "of": "value",
    "sample": "`balanced(INPUT)`",
}
"""The types that the models have no words for."""


def page() -> str:
    parts = [
        "# Settings",
        "Every setting of the three sections. `--set SECTION.NAME=VALUE` changes one from outside, and so does\n"
        '`set={"SECTION.NAME": VALUE}` in Python. A name that is none of these is an error that says what was meant.',
    ]
    for section, model in MODELS.items():
        rows = [_row(name, model.model_fields[name]) for name in written_settings(section)]
        if section == "data":
            rows.insert(
                1,
                [
                    "*name of an input*",
                    "field",
                    "required",
                    "the field, or the expression, that the input takes",
                ],
            )
        parts += [f"## {section} {{ #{section} }}", TITLES[section]]
        parts.append(table(["setting", "type", "default", "meaning"], rows))
    return "\n\n".join(parts) + "\n"


def _row(name: str, field: Any) -> list[str]:
    kind = USES.get(name) or escaped(type_in_words(field.annotation))
    default = "required" if field.is_required() else f"`{_default(field.default)}`"
    bounds = ", ".join(filter(None, map(_bound, field.metadata)))
    return [
        f"`{name}`",
        kind + (f", {bounds}" if bounds else ""),
        default,
        escaped(MEANINGS.get(name, field.description or "")),
    ]


def _default(value: Any) -> str:
    return str(value.name) if hasattr(value, "attributes") else as_written(value) if value != {} else "[]"


def _bound(constraint: Any) -> str:
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return " ".join(
        f"{word} {getattr(constraint, name)}" for name, word in words.items() if hasattr(constraint, name)
    )
