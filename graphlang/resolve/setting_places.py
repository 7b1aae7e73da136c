"""Where a setting has its place that stands in another one: as an argument of the source, or the reverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphlang.catalog.finder import Catalog, Family
from graphlang.diagnostics.settings import Belonging, OtherSection
from graphlang.resolve.scopes import Scope
from graphlang.resolve.section_models import MODELS, setting_meant, written_settings
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
    return None if section is None else OtherSection(section, argument.name, _written(argument.value))


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
        if model is not None and name in {f.alias or n for n, f in model.model_fields.items()}:
            return Belonging(section, owner, f"`{name}`", _with_argument(expression, name, value))
    elsewhere = section_with(name, section) or section_with(setting_meant(name) or name, section)
    if elsewhere in (None, section):
        return None
    return OtherSection(elsewhere, setting_meant(name) or name, _written(value))


def _written(value: Any) -> str:
    text: str = value.span.text
    return text if len(text) <= 40 and "\n" not in text else "..."


def _with_argument(member: Any, name: str, value: Any) -> str:
    """A member with one argument more, as it would be written."""
    text = _written(member)
    if not isinstance(member, tree.Call) or text == "...":
        return f"{member.span.text.partition('(')[0]}({name}={_written(value)})"
    opened = text.rstrip().removesuffix(")").rstrip()
    return f"{opened}{'' if opened.endswith('(') else ', '}{name}={_written(value)})"
