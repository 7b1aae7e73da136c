"""Evaluates one setting of a section, `optimizer = SGD(lr=0.1)`, by what the setting is."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from graphlang.catalog.foreign_names import metric_meant
from graphlang.datasets.files import refused
from graphlang.diagnostics import closest
from graphlang.diagnostics.arguments import NotKnownBefore
from graphlang.diagnostics.data import PathOutside
from graphlang.diagnostics.prepared import NoDivision, NoSampling
from graphlang.diagnostics.settings import (
    NoChoice,
    NoScalarMetric,
    NothingToMinimize,
    NoValueNamed,
)
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.field_expressions import field_value
from graphlang.resolve.members import member
from graphlang.resolve.objectives import names_objectives, objectives
from graphlang.resolve.parameter_groups import groups
from graphlang.resolve.scopes import MISSING, Scope
from graphlang.resolve.section_models import MODELS
from graphlang.resolve.type_texts import origins, type_text
from graphlang.resolve.values import POISON, Value, without_node
from graphlang.spec.models import Use
from graphlang.syntax import tree
from graphlang.trace import is_symbolic

MEMBERS = {
    "optimizer": "optimizers",
    "schedule": "schedules",
    "stop": "monitors",
    "keep": "monitors",
    "source": "datasets",
}
LEFT_OUT_BY_NONE = ("stop", "keep")
PARTS = ("validation", "test", "sample")
"""Settings of `data` that say which rows are for what."""
NAMES_A_VALUE = ("minimize", "of")


def setting_value(context: Context, section: str, name: str, expression: Any, scope: Scope) -> Steps:
    """Plain data, or a Value if the setting names one; POISON after a reported mistake."""
    if _is_member(section, name):
        if name in LEFT_OUT_BY_NONE and isinstance(expression, tree.NoneValue):
            return None
        return (yield _member(context, name, expression, scope))
    if section == "data":
        return field_value(context, name, expression, scope)
    if name == "minimize" and names_objectives(expression):
        return (
            yield objectives(
                context,
                expression,
                scope,
                lambda value, place: _scalar(context, value, "train.minimize", place),
                lambda place: _member(context, "optimizer", place, scope),
            )
        )
    if name == "groups":
        return (yield groups(context, expression, scope))
    if name == "metrics":
        return (yield _metrics(context, expression, scope))
    choices = words_of_setting(section, name)
    if isinstance(expression, tree.Name) and expression.name in choices:
        return expression.name
    if choices and isinstance(expression, tree.Name) and scope.find(expression.name) is MISSING:
        return context.poison(NoChoice(expression.span, f"{section}.{name}", choices))
    if name in NAMES_A_VALUE:
        value = yield context.named(expression, scope, name)
        return _scalar(context, value, f"{section}.{name}", expression)
    value = without_node((yield context.constant(expression, scope)))
    if isinstance(value, Value):
        return context.poison(NotKnownBefore.attribute(expression.span, f"`{section}.{name}`", None))
    return value


def part_value(context: Context, name: str, expression: Any, scope: Scope) -> Steps:
    """A share, the name of a field or an input, or a source, as `{"part": ...}`; POISON after a reported
    mistake."""
    if name == "sample":
        labels = _balanced(expression)
        ints = isinstance(scope.find(labels), Value) and scope.find(labels).array.dtype.kind == "i"
        return {"part": labels} if ints else context.poison(NoSampling(expression.span))
    if isinstance(expression, tree.Call) and isinstance(expression.function, tree.Name):
        source = yield _member(context, "source", expression, scope)
        return POISON if source is POISON else {"part": source}
    if name == "validation" and isinstance(expression, tree.Name | tree.String):
        known = isinstance(expression, tree.Name) and scope.find(expression.name) is not MISSING
        if not known:
            return {"part": expression.value if isinstance(expression, tree.String) else expression.name}
    value = without_node((yield context.constant(expression, scope)))
    if value is POISON:
        return POISON
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        return {"part": float(value)}
    return context.poison(NoDivision(name, expression.span))


def _balanced(expression: Any) -> str:
    """The input that `balanced(t)` names; empty for anything else."""
    if not isinstance(expression, tree.Call) or len(expression.arguments) != 1:
        return ""
    function, (argument,) = expression.function, expression.arguments
    named = isinstance(function, tree.Name) and function.name == "balanced" and argument.name is None
    return argument.value.name if named and isinstance(argument.value, tree.Name) else ""


def _is_member(section: str, name: str) -> bool:
    """Whether the setting is an optimizer, a schedule or a source."""
    return name in MEMBERS if section == "train" else section == "data" and name == "source"


def _member(context: Context, name: str, expression: Any, scope: Scope) -> Steps:
    value = yield member(context, MEMBERS[name], expression, scope)
    if value is POISON or (name == "source" and _leads_out(context, value, expression)):
        return POISON
    return use(value)


def use(member: BaseModel) -> Use:
    """An initializer, optimizer, schedule or source as plain data: the attributes that it was given."""
    attributes = member.model_dump(exclude_unset=True, by_alias=True)
    return Use(name=type(member).__name__, attributes={n: _listed(a) for n, a in attributes.items()})


def _listed(attribute: Any) -> Any:
    """A value as JSON brings it back, with lists for tuples."""
    return [_listed(item) for item in attribute] if isinstance(attribute, list | tuple) else attribute


_NO_PATHS = ("delimiter", "decimal", "target", "vocabulary")
"""Texts that sources take and that name no file: a tab is no file name either."""


def _leads_out(context: Context, source: BaseModel, expression: Any) -> bool:
    """Whether a path of a source leaves the spec's folder, which is reported before anything is read."""
    texts = {name: value for name, value in source.model_dump().items() if isinstance(value, str)}
    paths = [value for name, value in texts.items() if name not in _NO_PATHS]
    problem = next((PathOutside(path, reason) for path in paths if (reason := refused(path))), None)
    if problem is not None:
        context.error(problem.replaced(span=expression.span))
    return problem is not None


METRICS = (
    "accuracy", "top_k", "precision", "recall", "f1", "confusion", "auc", "perplexity",
    "mae", "mape", "rmse", "r2",
)  # fmt: skip
"""Functions of the scores and the target."""


def words_of_setting(section: str, name: str) -> tuple[Any, ...]:
    """The words that a setting chooses from, as in `dtype = float64`; they need no quotes."""
    hint = MODELS[section].model_fields[name].annotation
    words = get_args(hint) if get_origin(hint) is Literal else ()
    return tuple(str(word).lower() if isinstance(word, bool) else word for word in words)


def _scalar(context: Context, value: Any, setting: str, expression: Any) -> Any:
    """A value that can be minimized; POISON after a reported mistake."""
    if value is POISON:
        return POISON
    if not isinstance(value, Value):
        return context.poison(NoValueNamed(expression.span, setting, described(value)))
    facts = expression.span, origins((value,)), setting, type_text(value.array)
    if value.array.shape != ():
        return context.poison(NothingToMinimize.no_scalar(*facts))
    if value.array.dtype.kind != "f":
        return context.poison(NothingToMinimize.no_float(*facts))
    return value


def _named_metric(context: Context, text: str, scope: Scope) -> str | None:
    """The metric that a text names, as it is written, or the value of that name."""
    if isinstance(scope.find(text), Value):
        return text
    meant = metric_meant(text) or closest(text, METRICS)
    return f"{meant}(y, t)" if meant in METRICS else None


def _metrics(context: Context, expression: Any, scope: Scope) -> Steps:
    """The metrics by the names under which they are shown."""
    items = expression.items if isinstance(expression, tree.ListOf) else (expression,)
    metrics: dict[str, Value] = {}
    for item in items:
        value = yield context.named(item, scope, "metrics")
        if value is POISON:
            return POISON
        if not isinstance(value, Value) or is_symbolic(value.array.shape):
            what = type_text(value.array) if isinstance(value, Value) else described(value)
            named = _named_metric(context, value, scope) if isinstance(value, str) else None
            context.error(NoScalarMetric(item.span, what, named))
            return POISON
        text = item.function.span.text if isinstance(item, tree.Call) else item.span.text
        metrics[item.span.text if text in metrics else text] = value
    return metrics
