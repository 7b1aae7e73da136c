"""The text of the spec: blocks, chains, comments with shapes, in the one layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphlang.onnx.importing.blocks import RepeatedBlock
from graphlang.onnx.importing.chains import has_layer, is_link
from graphlang.onnx.importing.expression import (
    HERE,
    ChainLoop,
    WrittenCall,
    arguments,
    calls_in,
    expression_text,
    is_layer,
)
from graphlang.onnx.importing.sharing import CommonLayer
from graphlang.onnx.importing.writer import Statement, Writer


def layer_names(
    statements: list[Statement],
    blocks: Sequence[RepeatedBlock],
    shared: Sequence[CommonLayer],
    writer: Writer,
) -> dict[str, Any]:
    """The weights under the names that the spec gives them: each layer numbered as it appears."""
    params = [s.names[0] for s in statements if (s.text or "").startswith("param ")]
    named = {name: writer.parameters[name] for name in params}
    by_name = {block.name: block for block in blocks}
    _name_layers(statements, "", None, by_name, writer, named)
    for layer in shared:
        _name_weights(layer.kind, f"{layer.name}.", layer.key, by_name, writer, named)
    return named


def _name_layers(
    statements: Sequence[Statement],
    prefix: str,
    keys: Sequence[int] | None,
    blocks: Mapping[str, RepeatedBlock],
    writer: Writer,
    named: dict[str, Any],
) -> None:
    counts: Counter[str] = Counter()
    for statement in statements:
        for call in calls_in(statement.expression):
            if not is_layer(call.name):
                continue
            counts[call.name] += 1
            own = f"{prefix}{call.name}{counts[call.name]}."
            if call.key is None:
                continue
            key = call.key if keys is None else keys[call.key]
            _name_weights(call.name, own, key, blocks, writer, named)


def _name_weights(
    kind: str, own: str, key: int, blocks: Mapping[str, RepeatedBlock], writer: Writer, named: dict[str, Any]
) -> None:
    """The weights of one layer or block, behind the name of its own."""
    if kind in blocks:
        block, copy = blocks[kind], writer.copies[key]
        for param, name in zip(block.params, copy.params, strict=True):
            named[f"{own}{param.names[0]}"] = writer.parameters[name]
        _name_layers(block.statements, own, copy.keys, blocks, writer, named)
    else:
        named |= {f"{own}{role}": array for role, array in writer.weights[key].items()}


def lines_of(statements: Sequence[Statement], outputs: Sequence[str]) -> Iterator[str]:
    """The lines of the spec."""
    for statement in statements:
        if statement.text is not None:
            yield statement.text
        else:
            yield f"{', '.join(statement.names)} = {_written(statement.expression)}{_comment(statement)}"
    if outputs:
        yield f"output {', '.join(outputs)}"


def block_lines(block: RepeatedBlock) -> Iterator[str]:
    """The lines of a `def`."""
    formals = ", ".join(f"{name}: {text}" if text else name for name, text in block.formals)
    head = f"def {block.name}({formals})"
    *statements, last = block.statements
    if not statements and not block.params:
        yield f"{head} =\n  {_written(last.expression)}{_comment(last)}"
    else:
        yield f"{head} {{"
        yield from lines_of((*block.params, *statements), ())
        yield f"return {_written(last.expression)}{_comment(last)}"
        yield "}"
    yield ""


def _comment(statement: Statement) -> str:
    types = statement.types
    if len(types) > 1 and len(set(types)) == 1:
        return f"  # {types[0]}, {len(types)} times"
    return f"  # {', '.join(types)}" if types else ""


def _written(expression: Any) -> str:
    """An expression, as a chain where it goes through a layer."""
    if not has_layer(expression):
        return expression_text(expression)
    links: list[str] = []
    while is_link(expression) and expression.operands:
        links.append(_link_text(expression))
        expression = expression.operands[0]
        if not has_layer(expression):
            break
    return " -> ".join([expression_text(expression, 1), *reversed(links)])


def _link_text(link: WrittenCall | ChainLoop) -> str:
    if isinstance(link, ChainLoop):
        return f"{link.head} {{ {'; '.join(_body_links(link.body))} }}"
    texts = arguments(link, link.operands[1:])
    return f"{link.name}({', '.join(texts)})" if texts else link.name


def _body_links(body: Any) -> list[str]:
    links: list[str] = []
    while body != HERE:
        links.insert(0, _link_text(body))
        body = body.operands[0]
    return links
