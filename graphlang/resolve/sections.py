"""Evaluates the sections `data`, `train` and `gradcheck`, with the overrides from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from graphlang.diagnostics import Span
from graphlang.diagnostics.names import UnknownName
from graphlang.diagnostics.settings import (
    Belonging,
    Maximized,
    MissingSetting,
    OverrideOutOfRange,
    OverrideRefused,
    SectionMissing,
    SectionTwice,
    SettingElsewhere,
    SettingRefused,
    SettingsRefused,
    SettingTwice,
    TwoLengths,
    UnknownNameInOverride,
    UnknownOverride,
    UnknownSetting,
    WrongOverride,
    WrongSetting,
)
from graphlang.lazy import lazy
from graphlang.resolve.context import Context
from graphlang.resolve.field_expressions import fields_and_prepared
from graphlang.resolve.member_overrides import OWNERS, with_attribute
from graphlang.resolve.objectives import Objectives, names_objectives
from graphlang.resolve.scopes import Scope
from graphlang.resolve.section_models import (
    EXAMPLES,
    EXCLUSIVE,
    MODELS,
    belongs_elsewhere,
    setting_meant,
    written_settings,
)
from graphlang.resolve.setting_places import members_of, place_of_setting
from graphlang.resolve.settings import PARTS, part_value, setting_value
from graphlang.resolve.validation import requirement
from graphlang.resolve.values import POISON
from graphlang.syntax import tree


class Override(NamedTuple):
    """`--set section.setting=...` as an expression of its own small source."""

    expression: Any
    text: str


class Settings(NamedTuple):
    """The evaluated settings of a section: plain data, and Values where a setting names one."""

    values: dict[str, Any]
    places: dict[str, Span]
    span: Span
    complete: bool = True
    overridden: frozenset[str] = frozenset()


def first_of_each(context: Context, sections: list[tree.Section]) -> dict[str, tree.Section]:
    """The sections by name; a second one of the same name is reported."""
    first: dict[str, tree.Section] = {}
    for section in sections:
        kept = first.get(section.name)
        if kept is None:
            first[section.name] = section
            continue
        context.error(SectionTwice(section.name_span, section.name, kept.name_span))
        first[section.name] = _meant(kept, [setting.name for setting in section.settings], section.broken)
    if "data" in first and any(s.name == "source" for x in sections if x.name != "data" for s in x.settings):
        first["data"] = _meant(first["data"], ["source"])  # a misplaced setting has its own message
    return first


def _meant(section: tree.Section, names: Sequence[str], broken: Sequence[tree.Broken] = ()) -> tree.Section:
    """A section that is meant to have these settings too, which stand elsewhere: a mistake of its own."""
    hole = tree.Broken("", tuple(names), section.name_span)
    return section._replace(broken=(*section.broken, *broken, hole))


def evaluate_section(
    context: Context, section: tree.Section, scope: Scope, overrides: dict[str, Override], inputs: list[str]
) -> Settings:
    """The settings of a section; those of the overrides that it uses are removed from `overrides`."""
    return _Evaluation(context, section, scope, overrides, inputs).settings()


class _Evaluation:
    def __init__(
        self,
        context: Context,
        section: tree.Section,
        scope: Scope,
        overrides: dict[str, Override],
        inputs: list[str],
    ) -> None:
        self.context = context
        self.section = section
        self.scope = scope
        #: the overrides that are not used yet, and all of them
        self.unused = overrides
        self.overrides = dict(overrides)
        #: the settings of `data` that say which rows are for what; inputs of these names take fields
        self.parts = [p for p in PARTS if section.name == "data" and p not in inputs]
        self.allowed = (
            ["source", *self.parts, *inputs] if section.name == "data" else written_settings(section.name)
        )
        self.values: dict[str, Any] = {}
        self.places: dict[str, Span] = {}
        #: settings that the file means to have, though it does not spell them right
        self.meant: set[str | None] = {name for broken in section.broken for name in broken.names}
        self.failed = bool(section.broken)

    def settings(self) -> Settings:
        for setting in self.section.settings:
            self._add(setting)
        for name in list(self.unused):
            if name in self.allowed:
                self.places[name] = self.section.name_span
                self._keep(name, self._overridden(name))
        self._set_attributes()
        self.failed |= not self._one_of_each()
        self.failed |= self._lacks_settings()
        values = {n: v for n, v in self.values.items() if v is not POISON}
        if "objectives" in values:
            for setting in self.section.settings:
                if setting.name == "optimizer":  # each objective has its own
                    first = self.places["minimize"]
                    self.context.error(SettingTwice(setting.name_span, "optimizer", first))
        overridden = frozenset(self.overrides)
        return Settings(values, self.places, self.section.name_span, not self.failed, overridden)

    def _set_attributes(self) -> None:
        """Sets attributes of members from outside: `train.optimizer.lr`."""
        for name in [n for n in self.unused if n.partition(".")[0] in OWNERS and "." in n]:
            owner, override = name.partition(".")[0], self.unused.pop(name)
            if owner == "optimizer" and "objectives" in self.values:  # each has its own
                self.context.error(UnknownOverride(f"train.{name}", ["train.minimize"]))
                self.failed = True
                continue
            if self.section.name != "train" or self.values.get(owner) is POISON or owner in self.meant:
                self.failed = True
                continue
            use, place = self.values.get(owner), self.places.get(owner)
            self.places.setdefault(owner, self.section.name_span)
            changed = with_attribute(self.context, name, override, use, self.scope, place)
            self._keep(owner, changed)

    def _keep(self, name: str, value: Any) -> None:
        if isinstance(value, Objectives):
            self.values["objectives"] = value.items
            self.places.setdefault("optimizer", self.places[name])
            self.values.setdefault("optimizer", value.items[0]["optimizer"])
            value = value.items[0]["loss"]
        elif name == "optimizer" and "objectives" in self.values:
            value = self.values["objectives"][0]["optimizer"]
        self.values[name] = value
        self.failed |= value is POISON

    def _add(self, setting: tree.Setting) -> None:
        """Evaluates one setting of the file."""
        name = setting.name
        if name in self.places:
            self._report_twice(setting)
            return
        self.places[name] = setting.span
        if name not in self.allowed:
            self._unknown(setting)
            self.failed = True
        elif name in self.unused:
            self._keep(name, self._overridden(name))
        else:
            if name == "minimize" and names_objectives(setting.value):
                self.meant.add("optimizer")  # each objective has its own, right or wrong
            self._keep(name, self._evaluated(name, setting.value))

    def _report_twice(self, setting: tree.Setting) -> None:
        self.context.error(SettingTwice(setting.name_span, setting.name, self.places[setting.name]))
        self.failed = True

    def _evaluated(self, name: str, expression: Any) -> Any:
        if name in self.parts:
            return self.context.run(part_value(self.context, name, expression, self.scope))
        return self.context.run(setting_value(self.context, self.section.name, name, expression, self.scope))

    @lazy
    def _members(self) -> dict[str, Any]:
        return members_of(self.section)

    def _unknown(self, setting: tree.Setting) -> None:
        """Reports an unknown setting, and what is wrong with its value if the name was misspelt."""
        section, name = self.section.name, setting.name
        if section == "data" and self.scope.find(name) is POISON:
            return
        catalog, own = self.context.catalog, self._members.get("optimizer")
        elsewhere = belongs_elsewhere(catalog, section, name, setting.value, own) or (
            place_of_setting(catalog, section, self._members, name, setting.value)
            if setting_meant(name) not in self.allowed
            else None
        )
        facts = setting.name_span, section, name, self.allowed, setting_meant(name)
        problem = UnknownSetting(*facts) if elsewhere is None else SettingElsewhere(*facts, elsewhere)
        self.context.error(problem)
        home = "minimize" if name.startswith("maximi") else "optimizer"
        self.meant.update((problem.match, home if isinstance(elsewhere, Belonging | Maximized) else None))
        if problem.match is not None and problem.match not in self.places and section != "data":
            self._evaluated(problem.match, setting.value)

    def _overridden(self, name: str) -> Any:
        """The value of an override; a mistake in it is reported as one of the override, not of the file."""
        override = self.unused.pop(name)
        diagnostics = self.context.collector.diagnostics
        before = len(diagnostics)
        value = self._evaluated(name, override.expression)
        for i, problem in enumerate(diagnostics[before:], before):
            full = f"{self.section.name}.{name}"
            if isinstance(problem, UnknownName):
                diagnostics[i] = UnknownNameInOverride(full, problem.name)
            else:
                diagnostics[i] = OverrideRefused(full, problem)
        return value

    def _one_of_each(self) -> bool:
        """Of settings that exclude one another, keeps the override; False after reporting two overrides."""
        values, order = self.values, list(self.overrides)
        for name, other in EXCLUSIVE.get(self.section.name, {}).items():
            if name not in order or values.get(name) is None or other not in values:
                continue
            if other not in order:
                del values[other], self.places[other]
            elif values[other] is not None and order.index(name) > order.index(other):
                section = self.section.name
                self.context.error(TwoLengths(f"{section}.{name}", f"{section}.{other}"))
                return False
        return True

    def _lacks_settings(self) -> bool:
        """Whether required settings are missing, which is reported."""
        fields = MODELS[self.section.name].model_fields
        required = [n for n, f in fields.items() if f.is_required() and n != "fields"]
        missing = [n for n in required if n not in self.places and n not in self.meant]
        if missing:
            example = "; ".join(EXAMPLES.get(m, f"{m} = ...") for m in missing)
            section = self.section
            self.context.error(MissingSetting(section.name_span, section.name, missing, example))
        return bool(missing)


# ---- the model of a section ------------------------------------------------------------------------------


def validated_section(context: Context, name: str, settings: Settings, values: dict[str, Any]) -> Any:
    """The section's Pydantic model; None after a reported mistake."""
    if name == "data":
        if not settings.complete:
            return None
        values = {"source": values["source"], **fields_and_prepared(values)}
    try:
        return MODELS[name](**values)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            setting = str(detail["loc"][0]) if detail["loc"] else ""
            if settings.complete or setting in values:  # else it is missing, which has been reported
                context.error(_refused(name, setting, settings, detail))
        return None


def _refused(name: str, setting: str, settings: Settings, detail: Any) -> WrongSetting | WrongOverride:
    """What to report for a setting that Pydantic refuses."""
    if setting in settings.overridden:
        place = settings.places[setting]
        written = place if place != settings.span else None
        return OverrideOutOfRange(f"{name}.{setting}", requirement(detail), written)
    span = settings.places.get(setting, settings.span)
    if setting:
        return SettingRefused(span, f"`{name}.{setting}`", requirement(detail))
    return SettingsRefused(span, str(detail["msg"]).removeprefix("Value error, "))


def unread(overrides: dict[str, Override], section: str) -> list[WrongOverride]:
    """What to report for the overrides of a section that the file does not have."""
    return [SectionMissing(f"{section}.{name}", section) for name in overrides]
