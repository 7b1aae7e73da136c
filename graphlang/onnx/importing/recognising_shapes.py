"""Turns and shapes that undo each other, and results of recurrent layers that nobody uses."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from graphlang.onnx.importing.expression import NameRef, WrittenCall
from graphlang.onnx.importing.patterns import Definitions
from graphlang.onnx.importing.rewriting import refilled
from graphlang.onnx.importing.writer import Statement, Writer


def without_turns(
    definitions: Definitions, statement: Statement, _: Writer
) -> tuple[Any, tuple[str, ...], tuple[str, ...]] | None:
    """Two `transpose` as one, or as none, wherever they stand."""
    new = _turned(definitions, statement.expression)
    return None if new is None else (new, (), ())


def _turned(definitions: Definitions, expression: Any) -> Any:
    """The expression without turns that undo each other; None where there are none."""
    found = definitions.find(expression, ("transpose", ("transpose", "x")))
    if found is not None and not isinstance(expression, NameRef):
        outer, inner = (tuple(call.sizes) for call in found.calls)
        if outer and len(outer) == len(inner):
            return _transposed(found["x"], tuple(inner[k] for k in outer))
    if not isinstance(expression, WrittenCall):
        return None
    operands = [_turned(definitions, operand) for operand in expression.operands]
    if all(operand is None for operand in operands):
        return None
    pairs = zip(operands, expression.operands, strict=True)
    return expression._replace(operands=tuple(old if new is None else new for new, old in pairs))


def _transposed(x: Any, order: tuple[int, ...]) -> Any:
    return x if order == tuple(range(len(order))) else WrittenCall("transpose", (x,), order)


def split_and_joined(
    definitions: Definitions, statement: Statement, _: Writer
) -> tuple[Any, tuple[str, ...], tuple[str, ...]] | None:
    """`reshape(transpose(reshape(x, ..., s, t)), ..., s * t)`, where s, t stay together, as a turn."""
    found = definitions.find(statement.expression, ("reshape", ("transpose", ("reshape", "x"))))
    if found is None:
        return None
    joined, turn, parted = found.calls
    order, before = tuple(turn.sizes), definitions.type_of(found["x"])
    axes = len(order) - 1
    sizes = before.partition("[")[2].removesuffix("]").split(", ")
    lead = [str(n) for n in parted.sizes[:-2]]
    if len(sizes) != axes or order[-2:] != (axes - 1, axes) or lead != sizes[:-1] or "-1" in lead:
        return None
    now = statement.types[0].partition("[")[2].removesuffix("]").split(", ") if statement.types else []
    wanted = [sizes[k] for k in (*order[:-2], axes - 1)]
    if now != wanted or len(joined.sizes) != axes:
        return None
    return _transposed(found["x"], (*order[:-2], axes - 1)), (), ()


def without_states(statements: list[Statement], kept: Any) -> list[Statement]:
    """Recurrent layers without the states at the end, where nobody takes them."""
    uses = Definitions(statements).uses
    result = []
    for statement in statements:
        call = statement.expression
        unused = not any(uses[name] or name in kept for name in statement.names[1:])
        if isinstance(call, WrittenCall) and call.name in ("RNN", "GRU", "LSTM") and unused:
            attributes = {k: v for k, v in call.attributes.items() if k != "return"}
            names, types = statement.names[:1], statement.types[:1]
            call = call._replace(attributes=attributes)
            statement = statement._replace(names=names, types=types, expression=call)
        result.append(statement)
    return result


def without_aliases(statements: list[Statement], kept: AbstractSet[str]) -> list[Statement]:
    """Without the statements that only give a value another name, where nothing in words refers to it."""
    if not any(isinstance(statement.expression, NameRef) for statement in statements):
        return statements
    in_words = {name for statement in statements for name in statement.uses}
    other: dict[str, str] = {}
    result = []
    for statement in statements:
        if statement.text is None:
            new = refilled(statement.expression, lambda name: NameRef(other.get(name, name)))
            statement = statement._replace(expression=new)
        expression = statement.expression
        is_other = isinstance(expression, NameRef) and len(statement.names) == 1
        if is_other and not {statement.names[0]} & (kept | in_words):
            other[statement.names[0]] = expression.name  # type: ignore[union-attr]
        else:
            result.append(statement)
    return result
