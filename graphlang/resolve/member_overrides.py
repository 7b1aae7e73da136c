"""Attributes set from outside: `--set train.optimizer.lr=0.01`, or short `--set lr=0.01`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from graphlang.catalog.finder import Catalog, Family
from graphlang.diagnostics import Span
from graphlang.diagnostics.settings import (
    OverrideOutOfRange,
    UnknownNameInOverride,
    UnknownOverride,
    UnreadText,
)
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import Scope
from graphlang.resolve.section_models import attribute_names, setting_meant
from graphlang.resolve.validation import requirement
from graphlang.resolve.values import POISON, Value, without_node
from graphlang.spec.models import Use
from graphlang.syntax import tree

OWNERS: dict[str, Family] = {
    "optimizer": "optimizers",
    "schedule": "schedules",
    "stop": "monitors",
    "keep": "monitors",
}
"""The settings of `train` that have attributes; of a short name the first that has it is meant."""


def attributes_of_members(
    catalog: Catalog, sections: Sequence[tree.Section], given: Mapping[str, Any]
) -> dict[str, list[str]]:
    """The attributes of the members of `train`, by the settings; `given` are expressions from outside."""
    train = next((section for section in sections if section.name == "train"), None)
    if train is None:
        return {}
    expressions = {**{setting.name: setting.value for setting in train.settings}, **given}
    found: dict[str, list[str]] = {}
    for owner, family in OWNERS.items():
        expression = expressions.get(owner)
        function = expression.function if isinstance(expression, tree.Call) else expression
        model = catalog.member(family, function.name) if isinstance(function, tree.Name) else None
        if model is not None:
            found[owner] = attribute_names(model)
    return found


def owner_of(
    catalog: Catalog, sections: Sequence[tree.Section], given: Mapping[str, Any], name: str
) -> str | None:
    """The setting of `train` to which an attribute belongs."""
    owners = attributes_of_members(catalog, sections, given).items()
    return next((owner for owner, attributes in owners if name in attributes), None)


def with_attribute(
    context: Context, name: str, override: Any, use: Use | None, scope: Scope, place: Span | None
) -> Any:
    """The member of a setting with an attribute, `optimizer.lr`, from outside; POISON after a reported
    mistake."""
    owner, _, attribute = name.partition(".")
    full = f"train.{name}"
    if use is None and owner == "schedule":
        use = Use(name="constant")
    model = None if use is None else context.catalog.member(OWNERS[owner], use.name)
    if use is None or model is None or attribute not in attribute_names(model):
        possible = [] if model is None else [f"train.{owner}.{known}" for known in attribute_names(model)]
        return context.poison(UnknownOverride(full, possible, foreign=setting_meant(attribute)))
    value = _constant(context, full, attribute, override, scope)
    if value is POISON:
        return POISON
    attributes = {**use.attributes, attribute: value}
    try:
        model(**attributes)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        return context.poison(OverrideOutOfRange(full, requirement(detail), place))
    return Use(name=use.name, attributes=attributes)


def _constant(context: Context, full: str, attribute: str, override: Any, scope: Scope) -> Any:
    """The value of an override; POISON after a reported mistake."""
    if attribute in ("monitor", "mode"):
        return override.text
    diagnostics = context.collector.diagnostics
    before = len(diagnostics)
    value = without_node(context.evaluate(override.expression, scope))
    for i, problem in enumerate(diagnostics[before:], before):
        unknown = getattr(problem, "name", None)
        if unknown is not None:
            diagnostics[i] = UnknownNameInOverride(full, unknown)
    if isinstance(value, Value):
        return context.poison(UnreadText.no_number_or_list(full, override.text))
    return value
