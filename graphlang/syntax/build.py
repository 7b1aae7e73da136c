"""Builds the nodes of the tree: one function per rule of the grammar, called by the parser.

`c` holds the children of the rule in order, tokens included. Tokens and nodes have their span last, so
`_span` serves both. The functions have the names of the rules in graphlang.lark. None of them raises.
"""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Span
from graphlang.syntax import tree as t

# A NamedTuple's own constructor takes twice the time, and most of these run once per word of a file.
_new: Any = tuple.__new__
Parts = list[Any]


def _span(c: Parts) -> Span:
    start, _, source = c[0][-1]
    span: Span = _new(Span, (start, c[-1][-1][1], source))
    return span


def _span_to(first: Any, last: Any) -> Span:
    return Span(first[-1][0], last[-1][1], first[-1][2])


def _extended(c: Parts) -> list[Any]:
    """A list rule, `list: item | list separator item`. Nothing else holds the list, so it grows in place."""
    items: list[Any] = c[0] if type(c[0]) is list else [c[0]]
    if len(c) > 2:
        items.append(c[2])
    return items


formals = parameters = bindings = settings = exprs = arguments = indices = dims = entries = _extended
names = stages = body = items = _extended


def _many(parts: Parts) -> list[Any] | None:
    """The list among the children, if there is one."""
    return next((part for part in parts if type(part) is list), None)


# ---- the file -------------------------------------------------------------------------------------


def start(c: Parts) -> list[Any]:
    return _many(c) or []


def statements(c: Parts) -> list[Any]:
    """The statements so far; a line that declares several names gives a list of statements."""
    last = c[-1]
    items: list[Any] = c[0] if len(c) == 3 else []
    if type(last) is list:
        items += last
    else:
        items.append(last)
    return items


def version(c: Parts) -> t.Version:
    return t.Version(c[1].value, _span(c))


def import_(c: Parts) -> t.Import:
    _, path, _, name = c
    return t.Import(path.value, path.span, name.value, name.span, _span(c))


def hyper(c: Parts) -> list[t.Hyper]:
    return [t.Hyper(*binding) for binding in c[1]]


def input(c: Parts) -> list[t.Input]:
    return [t.Input(*formal) for formal in c[1]]


def param(c: Parts) -> list[t.Param]:
    return list(c[1])


def layer(c: Parts) -> t.LayerDecl:
    return t.LayerDecl(c[1].value, c[1].span, c[3], _span(c))


def output(c: Parts) -> list[t.Output]:
    return [t.Output(name.value, name.span) for name in c[1]]


def expect(c: Parts) -> t.Expect:
    return t.Expect(c[1], c[3], c[5] if len(c) > 4 else None, _span(c))


def section(c: Parts) -> t.Section:
    word = c[0]
    settings, broken = [], []
    for item in _many(c) or ():
        if type(item) is t.Broken:
            broken.append(item)
        else:
            settings.append(t.Setting(*item))
    return t.Section(word.value, word.span, tuple(settings), tuple(broken), _span(c))


def broken(c: Parts) -> t.Broken:
    word, names = c[0].value
    return t.Broken(word, names, c[0].span)


def assign(c: Parts) -> t.Assign:
    names, _, value = c
    if type(names) is list:
        targets = tuple(t.Target(name.value, name.span) for name in names)
        return t.Assign(targets, value, _span_to(names[0], value))
    span = names[2]
    target = _new(t.Target, (names[1], span))
    node: t.Assign = _new(t.Assign, ((target,), value, _new(Span, (span[0], value[-1][1], span[2]))))
    return node


# ---- definitions ------------------------------------------------------------------------------------


def def_(c: Parts) -> t.Def:
    name = c[1]
    header = c.index(next(p for p in c if getattr(p, "type", "") == "RPAR"))
    formals = _many(c[:header]) or ()
    returns = next((p for p in c[header:] if type(p) is t.Type), None)
    lines = _many(c[header:])
    body = tuple(_flat(lines)) if lines else (t.Return((c[-1],), c[-1][-1]),)
    return t.Def(name.value, name.span, tuple(formals), returns, body, _span(c))


def _flat(lines: list[Any]) -> list[Any]:
    return [node for line in lines for node in (line if type(line) is list else [line])]


def return_(c: Parts) -> t.Return:
    return t.Return(tuple(c[1]), _span_to(c[0], c[1][-1]))


def formal(c: Parts) -> t.Formal:
    name, declared, default = _declared(c)
    return t.Formal(name.value, name.span, declared, default, _span(c))


def parameter(c: Parts) -> t.Param:
    name, declared, init = _declared(c)
    return t.Param(name.value, name.span, declared, init, _span(c))


def _declared(c: Parts) -> tuple[Any, Any, Any]:
    """The name, the type and the value of `NAME (":" type)? ("=" expr)?`."""
    behind = {part.type: c[i + 1] for i, part in enumerate(c[:-1]) if i % 2}
    return c[0], behind.get("COLON"), behind.get("EQUAL")


def binding(c: Parts) -> t.Carry:
    return t.Carry(c[0].value, c[0].span, c[2], _span(c))


def scan(c: Parts) -> t.Scan:
    name = c[1]
    options = next((tuple(part.items) for part in c if type(part) is _Options), ())
    carries = next((c[i + 1] for i, part in enumerate(c) if getattr(part, "type", None) == "CARRY"), ())
    return t.Scan(name.value, name.span, c[3], tuple(carries), tuple(c[-2]), options, _span(c))


class _Options:
    """The options of a `scan` while it is read; a class of its own, for carried values are a list too."""

    def __init__(self) -> None:
        self.items: list[t.Argument] = []


def options(c: Parts) -> _Options:
    found: _Options = c[0] if type(c[0]) is _Options else _Options()
    found.items.append(c[-1])
    return found


def option(c: Parts) -> t.Argument:
    name, _, value = c[-3:]
    return t.Argument(name.value, value, _span_to(name, value))


def last_(c: Parts) -> t.Last:
    return t.Last(tuple(c[1]), _span_to(c[0], c[1][-1]))


def next_(c: Parts) -> t.Next:
    return t.Next(tuple(c[1]), _span_to(c[0], c[1][-1]))


def yield_(c: Parts) -> t.Yield:
    return t.Yield(tuple(c[1]), _span_to(c[0], c[1][-1]))


# ---- types ------------------------------------------------------------------------------------------


def type_(c: Parts) -> t.Type:
    return t.Type(c[0].value, tuple(_many(c) or ()) if len(c) > 1 else None, _span(c))


def rest(c: Parts) -> t.Rest:
    return t.Rest(c[0].span)


# ---- expressions --------------------------------------------------------------------------------------


def name(c: Parts) -> t.Name:
    node: t.Name = _new(t.Name, c[0][1:])
    return node


def number(c: Parts) -> t.Number:
    node: t.Number = _new(t.Number, c[0][1:])
    return node


def string(c: Parts) -> t.String:
    return t.String(c[0].value, c[0].span)


def true(c: Parts) -> t.Bool:
    return t.Bool(True, c[0].span)


def false(c: Parts) -> t.Bool:
    return t.Bool(False, c[0].span)


def none(c: Parts) -> t.NoneValue:
    return t.NoneValue(c[0].span)


def parenthesised(c: Parts) -> Any:
    """The node inside, with the brackets in its span."""
    inner = c[1]
    return _new(type(inner), (*inner[:-1], _span(c)))


def tuple_of(c: Parts) -> t.TupleOf:
    return t.TupleOf((c[1], *(_many(c) or ())), _span(c))


def list_of(c: Parts) -> t.ListOf:
    return t.ListOf(tuple(_many(c) or ()), _span(c))


def list_for(c: Parts) -> t.ListFor:
    return t.ListFor(c[1], _variables(c[3]), c[5], _span(c))


def _variables(names: Any) -> tuple[t.Target, ...]:
    return tuple(t.Target(name.value, name.span) for name in names)


def binary(c: Parts) -> t.Binary:
    left, operator, right = c
    start, _, source = left[-1]
    node: t.Binary = _new(t.Binary, (operator[1], left, right, _new(Span, (start, right[-1][1], source))))
    return node


def unary(c: Parts) -> t.Unary:
    return t.Unary(c[0].value, c[1], _span(c))


def conditional(c: Parts) -> t.Conditional:
    then, _, condition, _, otherwise = c
    return t.Conditional(then, condition, otherwise, _span(c))


def attribute(c: Parts) -> t.Attribute:
    return t.Attribute(c[0], c[2].value, c[2].span, _span(c))


def call(c: Parts) -> t.Call:
    arguments = tuple(c[2]) if type(c[2]) is list else ()
    node: t.Call = _new(t.Call, (c[0], arguments, _span(c)))
    return node


def argument(c: Parts) -> t.Argument:
    node: t.Argument = _new(t.Argument, (None, c[0], c[0][-1]))
    return node


def named_argument(c: Parts) -> t.Argument:
    return t.Argument(c[0].value, c[2], _span(c))


def index(c: Parts) -> t.Index:
    return t.Index(c[0], tuple(c[2]), _span(c))


def slice(c: Parts) -> t.Slice:
    parts: list[Any] = [None]
    for part in c:
        if getattr(part, "type", "") == "COLON":
            parts.append(None)
        else:
            parts[-1] = part
    return t.Slice(parts[0], parts[1], parts[2] if len(parts) > 2 else None, _span(c))


# ---- stages -------------------------------------------------------------------------------------------


def chain(c: Parts) -> list[Any]:
    """The stages of `-> stage -> stage`."""
    if len(c) == 2:
        return [c[1]]
    stages: list[Any] = c[0]
    stages.append(c[2])
    return stages


def piped(c: Parts) -> t.Pipe:
    value, stages = c
    return t.Pipe(value, tuple(stages), _span_to(value, stages[-1]))


class Block(tuple[tuple[t.Entry, ...], Span]):
    """The entries between two braces, and their span."""

    __slots__ = ()


def block(c: Parts) -> Block:
    return Block((tuple(c[1]), _span(c)))


def layers(c: Parts) -> t.Layers:
    return t.Layers(c[1][0], _span(c))


def repeat(c: Parts) -> t.Repeat:
    return t.Repeat(c[1], c[2][0], _span(c))


def for_(c: Parts) -> t.For:
    return t.For(_variables(c[1]), c[3], c[4][0], _span(c))


def residual(c: Parts) -> t.Residual:
    return t.Residual(c[1][0], _span(c))


def entry(c: Parts) -> t.Entry:
    if type(c[0]) is t.Broken:
        return t.Entry(None, None, (c[0],), c[0].span)
    stages = tuple(c[-1])
    if len(c) == 1:
        return t.Entry(None, None, stages, _span_to(stages[0], stages[-1]))
    return t.Entry(c[0].value, c[0].span, stages, _span_to(c[0], stages[-1]))
