"""Chains: a value that is used once stands in front of what uses it; what a chain repeats is written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from graphlang.onnx.importing.expression import (
    HERE,
    OPERATORS,
    ChainLoop,
    Keyword,
    Literal,
    NameRef,
    WrittenCall,
    expression_text,
    is_layer,
    names_of_expression,
)
from graphlang.onnx.importing.rewriting import LITERAL, parts_of, refilled
from graphlang.onnx.importing.writer import Statement

Link = WrittenCall | ChainLoop
WIDEST = 72
"""The longest text of a value that is put into an operator or the arguments of a function."""


def chained(
    statements: Sequence[Statement], kept: AbstractSet[str], is_plain: Callable[[str], bool] = lambda _: False
) -> list[Statement]:
    """The statements with every value that is used once, by a layer, put in front of it.

    A value whose name `is_plain`, one that a program has made up, may stand inside of operators too.
    """
    work = _Joining(statements, kept, is_plain)
    for place in range(len(statements)):
        work.join(place)
    return [_looped(s) for s in work.result if s is not None]


class _Joining:
    """The statements, while each takes in those before it."""

    def __init__(
        self, statements: Sequence[Statement], kept: AbstractSet[str], is_plain: Callable[[str], bool]
    ) -> None:
        self.result: list[Statement | None] = list(statements)
        self.kept = kept
        self.is_plain = is_plain
        self.uses = Counter(n for s in statements for n in (*names_of_expression(s.expression), *s.uses))
        self.places: dict[str, int] = {}

    def join(self, place: int) -> None:
        statement = self.result[place]
        assert statement is not None
        expression = statement.expression
        if isinstance(expression, WrittenCall):
            expression = self._residual(expression)
            expression = self._in_front(expression)
            expression = self._inlined(expression)
            self.result[place] = statement._replace(expression=expression)
        if len(statement.names) == 1 and expression is not None:
            self.places[statement.names[0]] = place

    def _before(self, expression: Any) -> Any:
        """What stands behind a name that is used once, or None."""
        if not isinstance(expression, NameRef) or expression.name in self.kept:
            return None
        place = self.places.get(expression.name)
        giver = None if place is None else self.result[place]
        return None if giver is None or self.uses[expression.name] != 1 else giver.expression

    def _take(self, expression: NameRef) -> Any:
        place = self.places[expression.name]
        giver = self.result[place]
        assert giver is not None
        self.result[place] = None
        return giver.expression

    def _in_front(self, expression: Any) -> Any:
        if not (is_link(expression) and expression.operands):
            return expression
        before = self._before(expression.operands[0])
        if before is None or not _may_join(before, expression):
            return expression
        return expression._replace(operands=(self._take(expression.operands[0]), *expression.operands[1:]))

    def _residual(self, expression: Any) -> Any:
        """`x + f(x)` with a chain f, as `x -> residual { f }`."""
        if expression.name != "add":
            return expression
        for x, y in (expression.operands, expression.operands[::-1]):
            chain = self._before(y)
            if not isinstance(x, NameRef) or chain is None or not has_layer(chain):
                continue
            body = _from_here(chain, x)
            if body is not None and x.name not in names_of_expression(body):
                self._take(y)
                self.uses[x.name] -= 1
                return ChainLoop("residual", (x,), body, (body,))
        return expression

    def _inlined(self, expression: Any) -> Any:
        """The expression with the short values in it that have no name of their own."""
        if not isinstance(expression, WrittenCall):
            return expression
        operands = list(expression.operands)
        for k, operand in enumerate(operands):
            before = self._before(operand)
            if before is None or not self.is_plain(operand.name) or isinstance(before, ChainLoop):
                continue
            if isinstance(before, WrittenCall) and not has_layer(before) and before.name != "indexed":
                tried = expression._replace(operands=(*operands[:k], before, *operands[k + 1 :]))
                if len(expression_text(tried)) <= WIDEST:
                    operands[k] = self._take(operand)
                    expression = expression._replace(operands=tuple(operands))
        return expression


def is_link(call: Any) -> bool:
    """Whether it may stand behind an arrow: no operator."""
    if isinstance(call, ChainLoop):
        return True
    if not isinstance(call, WrittenCall):
        return False
    return not (call.name in OPERATORS or call.name in ("subscript", "indexed", "negative", "logical_not"))


def _may_join(before: Any, after: Any) -> bool:
    if not isinstance(before, (WrittenCall, ChainLoop)):
        return False
    return isinstance(after, ChainLoop) or is_layer(after.name) or has_layer(before)


def has_layer(expression: Any) -> bool:
    """Whether it is a chain that goes through a layer."""
    while is_link(expression):
        if isinstance(expression, ChainLoop) or is_layer(expression.name):
            return True
        expression = expression.operands[0] if expression.operands else None
    return False


def links_of(expression: Any) -> tuple[Any, list[Link]]:
    """Where a chain begins, and its links in order."""
    links: list[Link] = []
    while is_link(expression) and expression.operands and has_layer(expression):
        links.insert(0, expression)
        expression = expression.operands[0]
    return expression, links


def _linked(start: Any, links: Sequence[Link]) -> Any:
    for link in links:
        start = link._replace(operands=(start, *link.operands[1:]))
    return start


def _from_here(chain: Any, x: NameRef) -> Any:
    """A chain that begins at x, as one that begins where it stands; None for another one."""
    links: list[Link] = []
    while is_link(chain) and chain.operands:
        links.insert(0, chain)
        chain = chain.operands[0]
    return _linked(HERE, links) if chain == x else None


# ---- loops -----------------------------------------------------------------------------------------------

MOST_LINKS = 8


def _looped(statement: Statement) -> Statement:
    start, links = links_of(statement.expression)
    if len(links) < 2:
        return statement
    return statement._replace(expression=_linked(start, looped(links)))


def looped(links: list[Link]) -> list[Link]:
    """The links of a chain, with a loop for each stretch that comes again and again."""
    result: list[Link] = []
    place = 0
    while place < len(links):
        best: tuple[int, int, Any] = (0, 0, None)
        for period in range(1, MOST_LINKS + 1):
            count, loop = _loop_at(links, place, period)
            if loop is not None and count * period - period > best[0]:
                best = (count * period - period, count * period, loop)
        if best[2] is None:
            result.append(links[place])
            place += 1
        else:
            result.append(best[2])
            place += best[1]
    return result


def _loop_at(links: list[Link], place: int, period: int) -> tuple[int, ChainLoop | None]:
    """How often a stretch is there, and the loop that says it."""
    stretches: list[Any] = []
    while place + period <= len(links):
        stretch = links[place : place + period]
        if not all(isinstance(link, WrittenCall) for link in stretch):
            break
        body = _linked(HERE, stretch)
        if stretches and _shape(body) != _shape(stretches[0]):
            break
        stretches.append(body)
        place += period
    if not stretches or not any(call.key is not None for call in _calls(stretches[0])):
        return 0, None
    columns = list(zip(*(parts_of(body).numbers for body in stretches), strict=True))
    count = _equal(columns, len(stretches))
    if count > 1:
        return count, ChainLoop(f"repeat {count}", (HERE,), stretches[0], tuple(stretches[:count]))
    return _with_variables(stretches, columns)


def _with_variables(stretches: list[Any], columns: list[tuple[Any, ...]]) -> tuple[int, ChainLoop | None]:
    varying = dict.fromkeys(tuple(v for _, v in c) for c in columns if len({v for _, v in c}) > 1)
    if len(stretches) < 3 or not 0 < len(varying) <= 2:
        return 0, None
    words: dict[tuple[Any, ...], str] = {}
    for column in columns:
        values = tuple(v for _, v in column)
        if values in varying and values not in words:
            words[values] = _word(column[0][0], set(words.values()))
    order = iter(columns)

    def number(_: str, value: Any) -> Any:
        word = words.get(tuple(v for _, v in next(order)))
        return value if word is None else Keyword(word)

    body = refilled(stretches[0], NameRef, number)
    pairs = list(zip(*words, strict=True))
    texts = [expression_text(Literal(p[0])) if len(p) == 1 else f"({', '.join(map(str, p))})" for p in pairs]
    head = f"for {', '.join(words.values())} in [{', '.join(texts)}]"
    return len(stretches), ChainLoop(head, (HERE,), body, tuple(stretches))


def _word(word: str, taken: AbstractSet[str]) -> str:
    base = {"channels": "c", "units": "n", "size": "n", "value": "n", LITERAL: "n"}.get(word, word[:1])
    return base if base not in taken else f"{base}2"


def _equal(columns: list[tuple[Any, ...]], most: int) -> int:
    """How many stretches have the numbers of the first one."""
    count = 1
    while count < most and all(column[count][1] == column[0][1] for column in columns):
        count += 1
    return count


def _shape(body: Any) -> Any:
    parts = parts_of(body)
    return parts.structure, parts.names


def _calls(body: Any) -> list[WrittenCall]:
    calls = []
    while isinstance(body, WrittenCall):
        calls.append(body)
        body = body.operands[0]
    return calls
