"""Values from outside, as `--set lr=0.01`: for inputs, `hyper`s and settings of sections."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from graphlang.diagnostics import Collector, Diagnostic, GraphError
from graphlang.diagnostics.python_arguments import is_whole
from graphlang.diagnostics.settings import UnreadText
from graphlang.resolve.context import Context
from graphlang.resolve.member_overrides import owner_of
from graphlang.resolve.scopes import Scope
from graphlang.resolve.section_models import MODELS, written_settings
from graphlang.resolve.sections import Override
from graphlang.resolve.signatures import constant_text
from graphlang.resolve.unknown_overrides import UnknownOverrides
from graphlang.resolve.values import POISON
from graphlang.syntax import parse, tree

NOT_FINITE = {"nan": math.nan, "inf": math.inf}
"""Names that an override may use beside numbers, because other commands print them."""


class Overrides:
    """The overrides that nothing has used yet."""

    def __init__(self, context: Context, values: Mapping[str, Any]) -> None:
        self.context = context
        #: for inputs and `hyper`s, by name
        self.plain: dict[str, Any] = {}
        #: for settings, by section and setting
        self.sections: dict[str, dict[str, Override]] = {}
        for name, value in values.items():
            section, dot, setting = name.partition(".")
            if not dot or section not in MODELS:
                self.plain[name] = value
                continue
            expression = _as_expression(name, value, context.collector)
            if expression is not None:
                self.sections.setdefault(section, {})[setting] = Override(expression, str(value))

    def take(self, name: str) -> Any:
        """The value for an input or a `hyper`: text is read as an expression over constants."""
        value = self.plain.pop(name)
        if not isinstance(value, str):
            try:
                return _plain(value)
            except TypeError as error:
                return self._refuse(UnreadText.no_value_of_language(name, error.args[0]))
        expression = _as_expression(name, value, self.context.collector)
        if expression is None:
            return POISON
        if isinstance(expression, tree.Name) and expression.name not in NOT_FINITE:
            return self._refuse(UnreadText.no_number_or_list(name, value))
        scope = Scope(None, self.context.root)
        scope.names.update(NOT_FINITE)
        return self.context.evaluate(expression, scope)

    def _refuse(self, problem: Diagnostic) -> Any:
        self.context.collector.add(problem)
        return POISON

    def report_unknown(
        self, names: Iterable[str], sections: Sequence[tree.Section], hidden: Mapping[str, Any]
    ) -> None:
        """Reports what is left for inputs and `hyper`s; `hidden` has names that a mistake may hide."""
        if not self.plain:
            return
        names = list(names)
        for name, value in self.plain.items():
            if hidden.get(name) is POISON or self._belongs_to_a_member(name, value, sections):
                continue
            if self._belongs_to_a_section(name, value, sections):
                continue
            expression = _as_expression(name, value, Collector())
            unknown = UnknownOverrides(self.context, sections, self._given())
            self.context.collector.add(unknown.of_plain(name, value, expression, names))

    def _given(self) -> dict[str, Any]:
        """What is given for settings of `train`."""
        return {setting: override.expression for setting, override in self.sections.get("train", {}).items()}

    def _belongs_to_a_member(self, name: str, value: Any, sections: Sequence[tree.Section]) -> bool:
        """Whether a name is short for an attribute of the optimizer or the schedule, which it then sets."""
        owner = owner_of(self.context.catalog, sections, self._given(), name)
        if owner is None or f"{owner}.{name}" in self.sections.get("train", {}):
            return False
        expression = _as_expression(name, value, self.context.collector)
        if expression is not None:
            self.sections.setdefault("train", {})[f"{owner}.{name}"] = Override(expression, str(value))
        return True

    def _belongs_to_a_section(self, name: str, value: Any, sections: Sequence[tree.Section]) -> bool:
        """Whether a name is short for a setting of one section alone, as `epochs`, which it then sets."""
        owners = [s.name for s in sections if name in written_settings(s.name)]
        if len(owners) != 1 or name in self.sections.get(owners[0], {}):
            return False
        expression = _as_expression(name, value, self.context.collector)
        if expression is not None:
            self.sections.setdefault(owners[0], {})[name] = Override(expression, str(value))
        return True

    def report_unknown_settings(self, section: tree.Section, settings: Mapping[str, Override]) -> None:
        """Reports the overrides of a section that has no such settings."""
        unknown = UnknownOverrides(self.context, [section], {})
        for setting, override in settings.items():
            self.context.collector.add(unknown.of_setting(section.name, setting, override))


def _as_expression(name: str, value: Any, collector: Collector) -> Any:
    """The expression that an override's text is; None after a reported mistake."""
    if not isinstance(value, str):
        value = constant_text(value.tolist() if hasattr(value, "tolist") else value)
    elif re.match(r"\s*\+\s*[.\d]", value):  # `+3` is a number outside of a file
        value = value.replace("+", "", 1)
    try:
        parsed = parse(f"v = {value}", f"--set {name}")
    except GraphError:
        collector.add(UnreadText.no_expression(name, value))
        return None
    if len(parsed.statements) != 1 or not isinstance(parsed.statements[0], tree.Assign):
        collector.add(UnreadText.several_values(name, value))
        return None
    return parsed.statements[0].value


def _plain(value: Any) -> Any:
    """A value from Python as plain data, which a spec can contain."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | Fraction):
        return int(value) if is_whole(value) else float(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(repr(value))
