"""What is said about an override that names nothing of the file: the setting that it means, and its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphlang.diagnostics.settings import (
    Belonging,
    Maximized,
    OverrideElsewhere,
    OverrideMeant,
    UnknownOverride,
)
from graphlang.resolve.context import Context
from graphlang.resolve.member_overrides import attributes_of_members, owner_of
from graphlang.resolve.section_models import belongs_elsewhere, setting_meant, written_settings
from graphlang.syntax import tree


class UnknownOverrides:
    """Diagnostics about overrides of a file; `given` are expressions for settings of `train` from outside."""

    def __init__(self, context: Context, sections: Sequence[tree.Section], given: Mapping[str, Any]) -> None:
        self.context = context
        self.sections = sections
        self.given = given

    def of_plain(self, name: str, value: Any, expression: Any, names: Iterable[str]) -> UnknownOverride:
        """For a name without a section; `names` are the inputs and `hyper`s of the file."""
        names, meant = list(names), setting_meant(name)
        settings = [f"{s.name}.{setting}" for s in self.sections for setting in written_settings(s.name)]
        facts = name, [*names, *settings], self.context.source.name, meant
        short = self._short(settings)
        if meant is not None and meant in [*names, *short]:
            return OverrideMeant(*facts, meant=meant, value=str(value))
        elsewhere = self._elsewhere("train", name, expression)
        if elsewhere is not None:
            return OverrideElsewhere(*facts, belonging=elsewhere)
        return UnknownOverride(*facts, short)

    def _short(self, settings: Iterable[str]) -> list[str]:
        """Settings of one section alone, and attributes of members: they need no section before them."""
        counted = Counter(setting.partition(".")[2] for setting in settings)
        attributes = attributes_of_members(self.context.catalog, self.sections, self.given).values()
        alone = [name for name, count in counted.items() if count == 1]
        return [*alone, *(attribute for own in attributes for attribute in own)]

    def of_setting(self, section: str, setting: str, override: Any) -> UnknownOverride:
        """For a setting that its section does not have."""
        name, meant = f"{section}.{setting}", setting_meant(setting)
        facts = name, [f"{section}.{field}" for field in written_settings(section)], None, meant
        owner = self._owner(meant or setting) if section == "train" else None
        if owner is not None:
            full = f"{section}.{owner}.{meant or setting}"
            return OverrideMeant(*facts, meant=full, value=override.text)
        elsewhere = self._elsewhere(section, setting, override.expression)
        return (
            UnknownOverride(*facts) if elsewhere is None else OverrideElsewhere(*facts, belonging=elsewhere)
        )

    def _owner(self, attribute: str) -> str | None:
        return owner_of(self.context.catalog, self.sections, self.given, attribute)

    def _elsewhere(self, section: str, name: str, value: Any) -> Belonging | Maximized | None:
        found = next((s for s in self.sections if s.name == section), None)
        if found is None:
            return None
        settings = {**{s.name: s.value for s in found.settings}, **self.given}
        return belongs_elsewhere(self.context.catalog, section, name, value, settings.get("optimizer"))
