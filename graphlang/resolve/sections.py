"""The sections `data`, `train` and `gradcheck`: settings evaluated where they stand, overrides included."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from graphlang.catalog import FOREIGN
from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.arguments import NotKnownBefore
from graphlang.diagnostics.settings import MissingSetting, SectionTwice, UnknownSetting, WrongOverride, WrongSetting
from graphlang.resolve import calls, expressions
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, type_text
from graphlang.resolve.values import POISON, Scope, Value
from graphlang.spec import DataSpec, GradcheckSpec, TrainSpec, Use
from graphlang.syntax import tree

MODELS: dict[str, type[BaseModel]] = {"data": DataSpec, "train": TrainSpec, "gradcheck": GradcheckSpec}
MEMBERS = {"optimizer": "optimizers", "schedule": "schedules", "source": "datasets"}
NAMES_A_VALUE = ("minimize", "of")
EXAMPLES = {
    "minimize": "minimize = loss",
    "optimizer": "optimizer = SGD(lr=0.1)",
    "batch": "batch = 100",
    "of": "of = loss",
    "source": 'source = mnist()',
}


class Override(NamedTuple):
    """`--set section.setting=...` as an expression of its own small source."""

    expression: Any
    text: str


class Settings(NamedTuple):
    """A section's settings as found: plain values, and Values where a setting names one."""

    values: dict[str, Any]
    places: dict[str, Span]
    span: Span


def first_of_each(context: Context, sections: list[tree.Section]) -> dict[str, tree.Section]:
    found: dict[str, tree.Section] = {}
    for section in sections:
        if section.name in found:
            context.error(SectionTwice(section.name_span, section.name, found[section.name].name_span))
        else:
            found[section.name] = section
    return found


def evaluate(
    context: Context,
    section: tree.Section,
    scope: Scope,
    overrides: dict[str, Override],
    inputs: list[str],
) -> Settings | None:
    """The settings of a section, each evaluated by its kind; None after a reported mistake."""
    known = list(MODELS[section.name].model_fields)
    if section.name == "data":
        known = ["source", *inputs]
    values: dict[str, Any] = {}
    places: dict[str, Span] = {}
    failed = False
    for setting in section.settings:
        name = setting.name
        if name in places:
            context.error(WrongSetting(setting.name_span, f"`{name}` is set twice", None, [Related(places[name], "first set here")]))
            failed = True
            continue
        places[name] = setting.span
        if name not in known:
            context.error(UnknownSetting(setting.name_span, section.name, name, known, FOREIGN.get(name)))
            failed = True
            continue
        expression = overrides.pop(name).expression if name in overrides else setting.value
        value = expressions.run(context, _setting(context, section.name, name, expression, scope))
        failed |= value is POISON
        values[name] = value
    for name in list(overrides):
        if name in known:
            override = overrides.pop(name)
            value = expressions.run(context, _setting(context, section.name, name, override.expression, scope))
            failed |= value is POISON
            values[name], places[name] = value, section.name_span
    required = [n for n, f in MODELS[section.name].model_fields.items() if f.is_required() and n != "fields"]
    missing = [n for n in required if n not in places]
    if missing:
        example = "; ".join(EXAMPLES.get(m, f"{m} = ...") for m in missing)
        context.error(MissingSetting(section.name_span, section.name, missing, example))
        failed = True
    return None if failed else Settings(values, places, section.name_span)


def _setting(context: Context, section: str, name: str, expression: Any, scope: Scope) -> Any:
    if name in MEMBERS and section in ("train", "data") and not (section == "data" and name != "source"):
        found = yield calls.member(context, MEMBERS[name], expression, scope)
        return POISON if found is POISON else use(found)
    if section == "data":
        if isinstance(expression, tree.Name):
            return expression.name
        if isinstance(expression, tree.String):
            return expression.value
        message = "a field of the source is given by its name"
        context.error(WrongSetting(expression.span, message, f"write `{name} = {name}`"))
        return POISON
    if name == "metrics":
        return (yield _metrics(context, expression, scope))
    value = yield expression, scope
    if name in NAMES_A_VALUE:
        return _scalar(context, value, section, name, expression)
    if isinstance(value, Value) and value.const is None:
        context.error(NotKnownBefore(expression.span, f"`{section}.{name}`"))
        return POISON
    return value.const if isinstance(value, Value) else value


def _scalar(context: Context, value: Any, section: str, name: str, expression: Any) -> Any:
    if value is POISON:
        return POISON
    if not isinstance(value, Value):
        message = f"`{section}.{name}` names a value of the graph, not {described(value)}"
        context.error(WrongSetting(expression.span, message))
        return POISON
    if value.array.shape != ():
        message = f"`{section}.{name}` must be a scalar, and this is {type_text(value.array)}"
        help = "take a loss such as `SoftmaxWithLoss(y, t)`, or `sum(...)`"
        context.error(WrongSetting(expression.span, message, help, calls.origins((value,), ())))
        return POISON
    return value


def _metrics(context: Context, expression: Any, scope: Scope) -> Any:
    items = expression.items if isinstance(expression, tree.ListOf) else (expression,)
    found: dict[str, Value] = {}
    for item in items:
        value = yield item, scope
        if value is POISON:
            return POISON
        if not isinstance(value, Value) or value.array.shape != ():
            what = type_text(value.array) if isinstance(value, Value) else described(value)
            context.error(WrongSetting(item.span, f"a metric is a scalar of the graph, and this is {what}"))
            return POISON
        text = item.function.span.text if isinstance(item, tree.Call) else item.span.text
        if text in found:
            text = item.span.text
        found[text] = value
    return found


def use(member: BaseModel) -> Use:
    """An initialiser, optimizer, schedule or source as plain data: what it was given, nothing else."""
    return Use(name=type(member).__name__, attributes=member.model_dump(exclude_unset=True, by_alias=True))


def build(context: Context, name: str, settings: Settings, named: dict[str, Any]) -> Any:
    """The section's Pydantic model; None after a reported mistake."""
    values = dict(named)
    if name == "data":
        fields = {k: v for k, v in values.items() if k != "source"}
        values = {"source": values["source"], "fields": fields}
    try:
        return MODELS[name](**values)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            setting = str(found["loc"][0]) if found["loc"] else ""
            text = found["msg"].removeprefix("Value error, ")
            given = f", but it is {described(found['input'])}" if setting and calls.is_plain(found["input"]) else ""
            message = f"`{name}.{setting}`: {text[:1].lower()}{text[1:]}{given}" if setting else text
            context.error(WrongSetting(settings.places.get(setting, settings.span), message))
        return None


def unread(overrides: dict[str, Override], section: str) -> list[WrongOverride]:
    """What is left of the overrides of a section that the file does not have."""
    return [
        WrongOverride(f"{section}.{name}", f"the file has no `{section}` section", f"add `{section} {{ ... }}` to the file")
        for name in overrides
    ]
