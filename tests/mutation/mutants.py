"""The small changes that are made to a file, one at a time: each has a place, and the text before and after."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.Pow: ast.Mult(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
}
COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
UNTOUCHED = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr)
"""What says what is wrong, or brings in names: a change tells nothing about the tests. In f-strings, Python 3.11
misplaces what it parses."""


class Mutant(NamedTuple):
    """One change of one file."""

    file: str
    function: str
    line: int
    before: str
    after: str
    #: where the text stands, in bytes
    start: int
    end: int
    #: which one of its kind, where a function has the same text twice
    number: int = 1

    @property
    def key(self) -> str:
        """A name that stays when other lines of the file change."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.file}: {self.function}: {self.before} => {self.after}{again}"

    def applied(self, source: str) -> str:
        data = source.encode()
        return (data[: self.start] + self.after.encode() + data[self.end :]).decode()


def mutants(source: str, file: str, wanted: Callable[[str], bool] = lambda function: True) -> list[Mutant]:
    """All mutants of a file inside the functions of whose qualified names `wanted` is true."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    kinds: Counter[tuple[str, str, str]] = Counter()
    numbered = []
    for function, node, after in _changes(ast.parse(source), wanted):
        start, end = starts[node.lineno - 1] + node.col_offset, _end(node, starts)
        before = " ".join(source.encode()[start:end].decode().split())
        kinds[function, before, after] += 1
        number = kinds[function, before, after]
        numbered.append(Mutant(file, function, node.lineno, before, after, start, end, number))
    return numbered


def chosen(candidates: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """A sample that depends on the seed and the keys alone: editing one function leaves the choice elsewhere."""

    def rank(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed} {mutant.key}".encode()).hexdigest()

    return sorted(sorted(candidates, key=rank)[:count])


def _end(node: ast.expr | ast.stmt, starts: list[int]) -> int:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return starts[node.end_lineno - 1] + node.end_col_offset


Change = tuple[str, "ast.expr | ast.stmt", str]


def _changes(tree: ast.Module, wanted: Callable[[str], bool]) -> Iterator[Change]:
    pending: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while pending:
        node, name, inside = pending.pop()
        if isinstance(node, UNTOUCHED):
            continue
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            name = f"{name}.{node.name}".strip(".")
            if isinstance(node, FUNCTIONS):
                inside = inside or wanted(name)
            pending += [(child, name, inside) for child in reversed(node.body)]
            continue
        if inside and isinstance(node, (ast.expr, ast.stmt)):
            yield from ((name, place, after) for place, after in _of_node(node))
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # `zip` only checks with it
        skipped = _annotation(node)
        pending += [(c, name, inside) for c in reversed(list(ast.iter_child_nodes(node))) if c is not skipped]


def _annotation(node: ast.AST) -> ast.AST | None:
    return node.annotation if isinstance(node, ast.AnnAssign) else None


def _of_node(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
        return
    other = _other_expression(node)
    if other is not None:
        yield node, f"({ast.unparse(other)})"
    if isinstance(node, ast.IfExp) and _has_own_negation(node.test):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        for test in [test for loop in node.generators for test in loop.ifs if _has_own_negation(test)]:
            yield test, f"(not ({ast.unparse(test)}))"


def _other_expression(node: ast.expr) -> ast.expr | None:
    """The expression with another operator or number."""
    other = copy.copy(node)
    if isinstance(other, ast.BinOp) and type(other.op) in OPERATORS:
        other.op = OPERATORS[type(other.op)]
    elif isinstance(other, ast.Compare) and len(other.ops) == 1:
        other.ops = [COMPARISONS[type(other.ops[0])]]
    elif isinstance(other, ast.BoolOp):
        other.op = ast.Or() if isinstance(other.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        return node.operand
    elif isinstance(other, ast.Constant) and isinstance(other.value, bool):
        other.value = not other.value
    elif isinstance(other, ast.Constant) and isinstance(other.value, int | float):
        other.value = other.value + 1
    else:
        return None
    return other


def _has_own_negation(test: ast.expr) -> bool:
    """Whether `not test` differs from what the test's own operator becomes."""
    return not (isinstance(test, ast.Compare) and len(test.ops) == 1) and not isinstance(test, ast.UnaryOp)


def _of_statement(node: ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    if isinstance(node, ast.If | ast.While) and _has_own_negation(node.test):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none_or_false(node.value):
        yield node, "return None"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node, "pass"
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        other = copy.copy(node)
        other.op = OPERATORS[type(node.op)]
        yield node, ast.unparse(other)
    elif isinstance(node, ast.Break | ast.Continue):
        yield node, "continue" if isinstance(node, ast.Break) else "break"


def _is_none_or_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)
