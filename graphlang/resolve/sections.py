"""The sections `data`, `train` and `gradcheck`: settings evaluated where they stand, overrides included."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError

from graphlang.catalog.finder import family_member
from graphlang.datasets.files import refused
from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.arguments import NotKnownBefore
from graphlang.diagnostics.data import PathOutside
from graphlang.diagnostics.names import UnknownName
from graphlang.diagnostics.settings import (
    MissingSetting,
    SectionTwice,
    UnknownSetting,
    WrongOverride,
    WrongSetting,
)
from graphlang.resolve import attributes, expressions, nodes
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, type_text
from graphlang.resolve.values import MISSING, POISON, Scope, Value
from graphlang.spec.models import DataSpec, GradcheckSpec, TrainSpec, Use
from graphlang.syntax import tree

MODELS: dict[str, type[BaseModel]] = {"data": DataSpec, "train": TrainSpec, "gradcheck": GradcheckSpec}
MEMBERS = {"optimizer": "optimizers", "schedule": "schedules", "source": "datasets"}
NAMES_A_VALUE = ("minimize", "of")
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


class Override(NamedTuple):
    """`--set section.setting=...` as an expression of its own small source."""

    expression: Any
    text: str


class Settings(NamedTuple):
    """A section's settings as found: plain values, and Values where a setting names one."""

    values: dict[str, Any]
    places: dict[str, Span]
    span: Span
    complete: bool = True
    overridden: frozenset[str] = frozenset()


def excluded(name: str) -> list[str]:
    """The settings, as `section.setting`, that the setting `name` takes the place of."""
    section, _, setting = name.partition(".")
    other = EXCLUSIVE.get(section, {}).get(setting)
    return [f"{section}.{other[0]}"] if other else []


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
) -> Settings:
    """The settings of a section, each evaluated by its kind; not complete after a reported mistake."""
    known = list(MODELS[section.name].model_fields)
    if section.name == "data":
        known = ["source", *inputs]
    values: dict[str, Any] = {}
    places: dict[str, Span] = {}
    failed = False
    given = dict(overrides)
    meant: set[str | None] = set()
    for unread in section.broken:
        failed = True
        meant.update(unread.names)
    for setting in section.settings:
        name = setting.name
        if name in places:
            context.error(
                WrongSetting(
                    setting.name_span,
                    f"`{name}` is set twice",
                    None,
                    [Related(places[name], "first set here")],
                )
            )
            failed = True
            continue
        places[name] = setting.span
        if name not in known and section.name == "data" and scope.find(name) is POISON:
            failed = True
            continue
        if name not in known:
            elsewhere = _belongs(section.name, name, setting.value)
            foreign = _meant(name)
            unknown = UnknownSetting(setting.name_span, section.name, name, known, foreign, elsewhere)
            context.error(unknown)
            home = "minimize" if name.startswith("maximi") else "optimizer"
            meant.update((unknown.match, home if elsewhere else None))
            if unknown.match is not None and unknown.match not in places and section.name != "data":
                expressions.run(context, _setting(context, section.name, unknown.match, setting.value, scope))
            failed = True
            continue
        if name in overrides:
            value = _overridden(context, section.name, name, overrides.pop(name), scope)
        else:
            value = expressions.run(context, _setting(context, section.name, name, setting.value, scope))
        failed |= value is POISON
        values[name] = value
    for name in list(overrides):
        if name in known:
            value = _overridden(context, section.name, name, overrides.pop(name), scope)
            failed |= value is POISON
            values[name], places[name] = value, section.name_span
    failed |= not _one_of_each(context, section, values, places, given)
    required = [n for n, f in MODELS[section.name].model_fields.items() if f.is_required() and n != "fields"]
    missing = [n for n in required if n not in places and n not in meant]
    if missing:
        example = "; ".join(EXAMPLES.get(m, f"{m} = ...") for m in missing)
        context.error(MissingSetting(section.name_span, section.name, missing, example))
        failed = True
    sound = {n: v for n, v in values.items() if v is not POISON}
    return Settings(sound, places, section.name_span, not failed, frozenset(given))


def _meant(name: str) -> str | None:
    from graphlang.catalog.foreign_names import attribute_meant

    return attribute_meant(name)


def _belongs(section: str, name: str, value: Any = None) -> str | None:
    """What to write for an attribute of the optimizer that is given as a setting of `train`."""
    attribute = _meant(name) or name
    if section == "data" and name in ("target", "labels"):
        return 'the target belongs to the source: `source = csv("data.csv", target="price")`'
    if section == "train" and name in ("maximize", "maximise"):
        return "write `minimize = -loss`: what is smallest there is largest here"
    if (
        section != "train"
        or name in MODELS[section].model_fields
        or attribute in MODELS[section].model_fields
    ):
        return None
    given = value.span.text if value is not None and "\n" not in value.span.text else "..."
    for optimizer in ("SGD", "Momentum", "Adam"):
        model = family_member("optimizers", optimizer)
        if model is not None and attribute in model.model_fields:
            inside = f"{attribute}={given}" if attribute == "lr" else f"lr=0.1, {attribute}={given}"
            return f"`{attribute}` belongs to the optimizer: `optimizer = {optimizer}({inside})`"
    return None


def belongs_of_override(section: str, setting: str) -> str | None:
    """What to say where an attribute of the optimizer is set from outside: it is set as a whole."""
    found = _belongs(section, setting)
    if found is None:
        return None
    attribute, example = found.split(" belongs")[0], found.partition("`optimizer = ")[2].rstrip("`")
    whole = f"`{section}.optimizer={example.replace('...', '0.01')}`"
    return f"{attribute} belongs to the optimizer, which is set as a whole: {whole}"


def _one_of_each(
    context: Context,
    section: tree.Section,
    values: dict[str, Any],
    places: dict[str, Span],
    given: dict[str, Override],
) -> bool:
    """Of settings that exclude one another, what comes from outside takes the place of what the file says;
    False where both come from outside, which is reported."""
    for name, (other, help) in EXCLUSIVE.get(section.name, {}).items():
        if name not in given or values.get(name) is None or other not in values:
            continue
        if other not in given:
            del values[other], places[other]
        elif values[other] is not None and list(given).index(name) > list(given).index(other):
            message = f"`{section.name}.{other}` is given too, and one of them decides how long to train"
            context.error(WrongOverride(f"{section.name}.{name}", message, help))
            return False
    return True


def _overridden(context: Context, section: str, name: str, override: Override, scope: Scope) -> Any:
    """The value that comes from outside; a mistake in it is told of the override, not of the file."""
    found = context.collector.diagnostics
    before = len(found)
    value = expressions.run(context, _setting(context, section, name, override.expression, scope))
    for i in range(before, len(found)):
        unread = isinstance(found[i], UnknownName)
        found[i] = WrongOverride(f"{section}.{name}", found[i].message, found[i].help, unread=unread)
    return value


def _setting(context: Context, section: str, name: str, expression: Any, scope: Scope) -> Any:
    if name in MEMBERS and section in ("train", "data") and not (section == "data" and name != "source"):
        found = yield attributes.member(context, MEMBERS[name], expression, scope)
        if found is POISON or (name == "source" and _leads_out(context, found, expression)):
            return POISON
        return use(found)
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
    if isinstance(expression, tree.Name) and expression.name in _choices(section, name):
        return expression.name
    if (
        isinstance(expression, tree.Name)
        and _choices(section, name)
        and scope.find(expression.name) is MISSING
    ):
        options = " or ".join(f"`{option}`" for option in _choices(section, name))
        message = f"`{section}.{name}` must be {options}, but it is `{expression.name}`"
        context.error(WrongSetting(expression.span, message))
        return POISON
    value = yield expression, scope
    if name in NAMES_A_VALUE:
        return _scalar(context, value, section, name, expression)
    if isinstance(value, Value) and value.const is None:
        context.error(NotKnownBefore(expression.span, f"`{section}.{name}`"))
        return POISON
    return value.const if isinstance(value, Value) else value


def _leads_out(context: Context, source: BaseModel, expression: Any) -> bool:
    """Whether a path of a source leaves the spec's folder, which is reported before anything is read."""
    for value in source.model_dump().values():
        reason = refused(value) if isinstance(value, str) else None
        if reason:
            context.error(PathOutside(value, reason).replaced(span=expression.span))
            return True
    return False


def _choices(section: str, name: str) -> tuple[Any, ...]:
    """The words that a setting chooses from, as in `dtype = float64`; they need no quotes."""
    hint = MODELS[section].model_fields[name].annotation
    return get_args(hint) if get_origin(hint) is Literal else ()


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
        context.error(WrongSetting(expression.span, message, help, nodes.origins((value,))))
        return POISON
    if value.array.dtype.kind != "f":
        what = type_text(value.array)
        message = f"`{section}.{name}` must be a float, and this is {what}, which has no gradient"
        help = "take a loss such as `SoftmaxWithLoss(y, t)`, or `mean((y - t)**2)`"
        context.error(WrongSetting(expression.span, message, help, nodes.origins((value,))))
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
        if not settings.complete:
            return None
        fields = {k: v for k, v in values.items() if k != "source"}
        values = {"source": values["source"], "fields": fields}
    try:
        return MODELS[name](**values)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            setting = str(found["loc"][0]) if found["loc"] else ""
            if not settings.complete and setting not in values:
                continue  # what is missing has been reported
            text = found["msg"].removeprefix("Value error, ")
            message = attributes.requirement(f"`{name}.{setting}`", found) if setting else text
            if setting in settings.overridden:
                place = settings.places[setting]
                help = f"the file has `{place.text}`" if place != settings.span else None
                message = attributes.requirement("the value", found)
                context.error(WrongOverride(f"{name}.{setting}", message, help))
                continue
            context.error(WrongSetting(settings.places.get(setting, settings.span), message))
        return None


def unread(overrides: dict[str, Override], section: str) -> list[WrongOverride]:
    """What is left of the overrides of a section that the file does not have."""
    return [
        WrongOverride(
            f"{section}.{name}",
            f"the file has no `{section}` section",
            f"add `{section} {{ ... }}` to the file",
        )
        for name in overrides
    ]
