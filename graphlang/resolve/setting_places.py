"""Where a setting has its place that stands in another one: as an argument of the source, or the reverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphlang.catalog.finder import Catalog, Family
from graphlang.diagnostics.settings import Belonging, OtherSection
from graphlang.resolve.scopes import Scope
from graphlang.resolve.section_models import (
    MODELS,
    attribute_names,
    setting_meant,
    with_argument,
    written_settings,
    written_value,
)
from graphlang.resolve.values import Value
from graphlang.syntax import tree

FAMILIES: dict[str, dict[str, Family]] = {
    "data": {"source": "datasets"},
    "train": {"optimizer": "optimizers", "schedule": "schedules", "stop": "monitors", "keep": "monitors"},
    "gradcheck": {},
}
"""The settings that are members of a family, with attributes of their own."""


def section_with(name: str, first: str) -> str | None:
    """The section that has a setting; the `first` one where several have it."""
    for section in dict.fromkeys((first, *MODELS)):
        if name in written_settings(section):
            return section
    return None


def section_of_argument(family: str, argument: tree.Argument, scope: Scope) -> OtherSection | None:
    """Where a setting of a section belongs that is given to a member, as in `csv("a.csv", epochs=3)`."""
    assert argument.name is not None
    home = "data" if family == "datasets" else "train"
    section = section_with(argument.name, home)
    if section is None and family == "datasets" and isinstance(scope.find(argument.name), Value):
        section = "data"  # an input
    return None if section is None else OtherSection(section, argument.name, written_value(argument.value))


def members_of(section: tree.Section) -> dict[str, Any]:
    """The members that a section names, by their settings."""
    return {s.name: s.value for s in section.settings if s.name in FAMILIES[section.name]}


def place_of_setting(
    catalog: Catalog, section: str, members: Mapping[str, Any], name: str, value: Any
) -> Belonging | OtherSection | None:
    """Where a setting belongs that a section does not have: to one of its members, or to another section."""
    for owner, family in FAMILIES[section].items():
        expression = members.get(owner)
        function = expression.function if isinstance(expression, tree.Call) else expression
        model = catalog.member(family, function.name) if isinstance(function, tree.Name) else None
        if model is not None and name in attribute_names(model):
            example = with_argument(expression, attribute_names(model), name, written_value(value))
            return Belonging(section, owner, f"`{name}`", example)
    elsewhere = section_with(name, section) or section_with(setting_meant(name) or name, section)
    if elsewhere in (None, section):
        return None
    return OtherSection(elsewhere, setting_meant(name) or name, written_value(value))
