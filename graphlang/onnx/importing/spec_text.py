"""The text of the spec: chains where there are chains, comments with shapes, in the one layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphlang.onnx.importing.expression import (
    OPERATORS,
    NameRef,
    WrittenCall,
    arguments,
    calls_in,
    expression_text,
    is_layer,
    names_of_expression,
)
from graphlang.onnx.importing.writer import Statement, Writer


def chained(statements: list[Statement], kept: set[str]) -> list[Statement]:
    """The statements with every value that is used once, by a layer, put in front of it."""
    uses = Counter(name for s in statements for name in (*names_of_expression(s.expression), *s.uses))
    places: dict[str, int] = {}
    result: list[Statement | None] = list(statements)
    for place, statement in enumerate(statements):
        expression = statement.expression
        if isinstance(expression, WrittenCall) and _is_link(expression) and expression.operands:
            first = expression.operands[0]
            giver = places.get(first.name) if isinstance(first, NameRef) else None
            if giver is not None and uses[first.name] == 1 and first.name not in kept:
                before = result[giver]
                assert before is not None
                if _may_join(before.expression, expression):
                    expression = expression._replace(operands=(before.expression, *expression.operands[1:]))
                    result[place] = statement._replace(expression=expression)
                    result[giver] = None
        if len(statement.names) == 1 and expression is not None:
            places[statement.names[0]] = place
    return [statement for statement in result if statement is not None]


def _is_link(call: WrittenCall) -> bool:
    """Whether it may stand behind an arrow: no operator."""
    return not (call.name in OPERATORS or call.name in ("subscript", "negative", "logical_not"))


def _may_join(before: Any, after: WrittenCall) -> bool:
    return isinstance(before, WrittenCall) and (is_layer(after.name) or _has_layer(before))


def _has_layer(expression: Any) -> bool:
    while isinstance(expression, WrittenCall) and _is_link(expression):
        if is_layer(expression.name):
            return True
        expression = expression.operands[0] if expression.operands else None
    return False


def layer_names(statements: list[Statement], writer: Writer) -> dict[str, Any]:
    """The weights under the names that the spec gives them: each layer numbered as it appears."""
    counts: Counter[str] = Counter()
    named: dict[str, Any] = dict(writer.parameters)
    for statement in statements:
        for call in calls_in(statement.expression):
            if not is_layer(call.name):
                continue
            counts[call.name] += 1
            weights = writer.weights[call.key] if call.key is not None else {}
            named |= {f"{call.name}{counts[call.name]}.{role}": array for role, array in weights.items()}
    return named


def lines_of(statements: list[Statement], outputs: list[str]) -> Iterator[str]:
    """The lines of the spec."""
    for statement in statements:
        if statement.text is not None:
            yield statement.text
        else:
            types = f"  # {', '.join(statement.types)}" if statement.types else ""
            yield f"{', '.join(statement.names)} = {_written(statement.expression)}{types}"
    if outputs:
        yield f"output {', '.join(outputs)}"


def _written(expression: Any) -> str:
    """An expression, as a chain where it goes through a layer."""
    if not _has_layer(expression):
        return expression_text(expression)
    links: list[str] = []
    while isinstance(expression, WrittenCall) and _is_link(expression) and expression.operands:
        texts = arguments(expression, expression.operands[1:])
        links.append(f"{expression.name}({', '.join(texts)})" if texts else expression.name)
        expression = expression.operands[0]
        if not _has_layer(expression):
            break
    return " -> ".join([expression_text(expression, 1), *reversed(links)])
