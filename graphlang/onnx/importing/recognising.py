"""Layers and activations that a file has written out, as PyTorch exports them, made one call again."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from graphlang.onnx.importing.expression import Keyword, Literal, NameRef, WrittenCall, names_of_expression
from graphlang.onnx.importing.patterns import Definitions, Found, Pattern
from graphlang.onnx.importing.recognising_attention import attention
from graphlang.onnx.importing.recognising_packed import packed_attention
from graphlang.onnx.importing.recognising_shapes import (
    split_and_joined,
    without_aliases,
    without_states,
    without_turns,
)
from graphlang.onnx.importing.writer import Statement, Writer

Made = tuple[WrittenCall | NameRef, tuple[str, ...], tuple[str, ...]]
"""The call in place of an expression; the values that it replaces; the `param`s that it takes over."""


def recognised(statements: list[Statement], writer: Writer, kept: AbstractSet[str]) -> list[Statement]:
    """The statements, with one call for each layer that is written out."""
    rules: list[Callable[[Definitions, Statement, Writer], Made | None]] = [
        without_turns, without_turns, split_and_joined, without_turns, _gelu, _silu, _layer_norm, _rms_norm,
        _pooled, attention, packed_attention,
    ]  # fmt: skip
    for rule in rules:
        applied = without_aliases(_applied(rule, statements, writer, kept), kept)
        statements = used_statements(applied, kept)
    return without_states(statements, kept)


def used_statements(statements: list[Statement], shown: AbstractSet[str]) -> list[Statement]:
    """Those that a shown value depends on, and all inputs."""
    needed, kept = set(shown), []
    for statement in reversed(statements):
        is_input = statement.text is not None and statement.text.startswith("input ")
        used = bool(needed.intersection(statement.names))
        if used or (is_input and 0 not in statement.sizes):
            kept.append(statement)
            needed.update(names_of_expression(statement.expression), statement.uses)
    return kept[::-1]


def _applied(
    rule: Callable[[Definitions, Statement, Writer], Made | None],
    statements: list[Statement],
    writer: Writer,
    kept: AbstractSet[str],
) -> list[Statement]:
    definitions = Definitions(statements)
    gone: set[str] = set()
    result: list[Statement] = []
    for statement in statements:
        made = rule(definitions, statement, writer) if isinstance(statement.expression, WrittenCall) else None
        if made is not None and not gone & {*made[1], *made[2]}:
            call, inner, taken = made
            if definitions.is_closed(statement, (*inner, *taken), kept):
                gone |= {*inner, *taken}
                for name in taken:
                    del writer.parameters[name]
                statement = statement._replace(expression=call)
        result.append(statement)
    return [s for s in result if not (s.names and gone.issuperset(s.names))]


# ---- activations -----------------------------------------------------------------------------------------


def _halved(gate: Pattern) -> tuple[Pattern, ...]:
    """x / 2 * gate, in the three orders in which files have it."""
    return (
        ("multiply", ("multiply", "x", gate), 0.5),
        ("multiply", "x", ("multiply", gate, 0.5)),
        ("multiply", ("multiply", "x", 0.5), gate),
        ("divide", ("multiply", "x", gate), 2.0),
    )


_ERF: tuple[Pattern, ...] = tuple(
    pattern
    for inside in (("divide", "x", math.sqrt(2)), ("multiply", "x", math.sqrt(0.5)))
    for pattern in _halved(("add", ("erf", inside), 1.0))
)
_CUBES: tuple[Pattern, ...] = (
    ("power", "x", 3.0), ("multiply", ("multiply", "x", "x"), "x"),
    ("multiply", ("square", "x"), "x"), ("multiply", ("power", "x", 2.0), "x"),
)  # fmt: skip
_BY_TANH: tuple[Pattern, ...] = tuple(
    pattern
    for cube in _CUBES
    for inside in (("add", "x", ("multiply", cube, 0.044715)),)
    for pattern in _halved(("add", ("Tanh", ("multiply", inside, math.sqrt(2 / math.pi))), 1.0))
)


def _gelu(definitions: Definitions, statement: Statement, _: Writer) -> Made | None:
    if found := definitions.find(statement.expression, *_ERF):
        return WrittenCall("Gelu", (found["x"],)), found.inner, ()
    if found := definitions.find(statement.expression, *_BY_TANH):
        call = WrittenCall("Gelu", (found["x"],), (), {"approximate": Keyword("tanh")})
        return call, found.inner, ()
    return None


def _silu(definitions: Definitions, statement: Statement, _: Writer) -> Made | None:
    found = definitions.find(statement.expression, ("multiply", "x", ("Sigmoid", "x")))
    return None if found is None else (WrittenCall("Silu", (found["x"],)), found.inner, ())


# ---- normalisations --------------------------------------------------------------------------------------

_CENTRED: Pattern = ("subtract", "x", ("mean", "x"))


def _deviations() -> tuple[Pattern, ...]:
    """(x - mean) / sqrt(mean of its square + eps), as files write it."""
    patterns: list[Pattern] = []
    for square in (("power", _CENTRED, 2.0), ("multiply", _CENTRED, _CENTRED), ("square", _CENTRED)):
        root: Pattern = ("sqrt", ("add", ("mean", square), "eps"))
        patterns += [("divide", _CENTRED, root), ("multiply", _CENTRED, ("reciprocal", root))]
    return tuple(patterns)


def _mean_squares() -> tuple[Pattern, ...]:
    """x / sqrt(mean of its square + eps)."""
    patterns: list[Pattern] = []
    for square in (("power", "x", 2.0), ("multiply", "x", "x"), ("square", "x")):
        root: Pattern = ("sqrt", ("add", ("mean", square), "eps"))
        patterns += [("divide", "x", root), ("multiply", "x", ("reciprocal", root)),
                     ("multiply", "x", ("divide", 1.0, root))]  # fmt: skip
    return tuple(patterns)


def _layer_norm(definitions: Definitions, statement: Statement, writer: Writer) -> Made | None:
    patterns = [("add", ("multiply", z, "gamma"), "beta") for z in _deviations()]
    found = definitions.find(statement.expression, *patterns)
    return None if found is None else _as_norm("LayerNorm", ("gamma", "beta"), found, definitions, writer)


def _rms_norm(definitions: Definitions, statement: Statement, writer: Writer) -> Made | None:
    found = definitions.find(statement.expression, *[("multiply", z, "gamma") for z in _mean_squares()])
    return None if found is None else _as_norm("RMSNorm", ("gamma",), found, definitions, writer)


def _as_norm(
    layer: str, roles: tuple[str, ...], found: Found, definitions: Definitions, writer: Writer
) -> Made | None:
    """The layer, if the means go over the last axis alone and the weights are parameters along it."""
    rank = definitions.rank(found["x"])
    means = [call for call in found.calls if call.name == "mean"]
    last = (-1,) if rank is None else (-1, rank - 1)
    if any(call.attributes.get("axis") not in last or not call.attributes.get("keepdims") for call in means):
        return None
    eps, refs = found["eps"], [found[role] for role in roles]
    if not isinstance(eps, Literal) or not all(isinstance(ref, NameRef) for ref in refs):
        return None
    names = tuple(ref.name for ref in refs)
    width = definitions.type_of(found["x"]).removesuffix("]").rpartition(", ")[2]
    if any(n not in writer.parameters or str(writer.parameters[n].shape) != f"({width},)" for n in names):
        return None
    small = float(str(eps.value))
    more = {} if small == 1e-5 else {"eps": small}
    weights = {role: writer.parameters[name] for role, name in zip(roles, names, strict=True)}
    sources = tuple(source for name in names for source in writer.sources_of_params[name])
    call = WrittenCall(layer, (found["x"],), (), more, writer.own(weights, sources))
    return call, found.inner, names


# ---- pools over whole images -----------------------------------------------------------------------------


def _pooled(definitions: Definitions, statement: Statement, _: Writer) -> Made | None:
    """The mean or the largest of each channel, without the axes of the image."""
    if len(statement.types) != 1 or statement.types[0].count(",") != 1:
        return None
    for function, layer in (("mean", "GlobalAvgPool"), ("max", "GlobalMaxPool")):
        whole: Pattern = (function, "x")
        patterns: list[Pattern] = [("Flatten", whole), ("squeeze", whole), ("reshape", whole), whole]
        for found in filter(None, (definitions.find(statement.expression, p) for p in patterns)):
            rank, axis = definitions.rank(found["x"]), found.call(function).attributes.get("axis")
            axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
            if rank is None or rank < 3 or not all(isinstance(a, int) for a in axes):
                continue
            if sorted(a % rank for a in axes) == list(range(2, rank)):
                return WrittenCall(layer, (found["x"],)), found.inner, ()
    return None
