"""Digests of the code of one's own layers, optimizers and the like, which tell what has changed in a run.

Comments, spaces and docstrings play no part. What the code calls is not followed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from graphlang.engine.model import Model
from graphlang.spec.models import NodeSpec, TrainSpec

UNKNOWN = "its source cannot be read"
"""Stands for a digest where Python keeps no source, as of code that was typed in."""
_OF_LIBRARIES = ("graphlang", "pydantic", "builtins", "abc", "typing")


def code_digests(model: Model, section: TrainSpec) -> dict[str, str]:
    """A digest for each class, method and function of one's own that the numbers of a training depend on."""
    names = {*_operations(model, section), *_members(model, section)}
    digests: dict[str, str] = {}
    for target in model.network.catalog.own_targets:
        spellings = {target.__name__, *getattr(target, "spellings", ())}
        if spellings & names:
            for part in _parts(target):
                digests.update(_digests(part))
    return dict(sorted(digests.items()))


def _operations(model: Model, section: TrainSpec) -> Iterator[str]:
    """The operations on the way to the losses, also in the bodies of `scan`s."""
    network = model.network
    needed = network.ancestors([network.numbers[loss] for loss in section.losses])
    waiting: list[NodeSpec] = [node.spec for node in network.nodes if needed[node.number]]
    while waiting:
        spec = waiting.pop()
        yield spec.operation
        waiting += () if spec.body is None else spec.body.nodes


def _members(model: Model, section: TrainSpec) -> Iterator[str]:
    """The optimizers, the schedule and what monitors."""
    uses = [section.optimizer, section.schedule, section.stop, section.keep]
    yield from (use.name for use in uses if use is not None)
    yield from (objective.optimizer.name for objective in section.objectives)


def _parts(target: Any) -> Iterable[Any]:
    """A function, or a class with those that it extends and that are no library's."""
    if not inspect.isclass(target):
        return [target]
    return [c for c in target.__mro__ if c.__module__.partition(".")[0] not in _OF_LIBRARIES]


def _digests(target: Any) -> dict[str, str]:
    """The digest of a function; of a class that of each method, and that of all else in it."""
    name, statement = target.__name__, _statement(target)
    if isinstance(statement, ast.ClassDef):
        statement.body = [item for item in statement.body if not isinstance(item, ast.FunctionDef)]
    digests = {name: UNKNOWN if statement is None else _digest(statement)}
    for method in vars(target).values() if inspect.isclass(target) else ():
        if inspect.isfunction(method):
            found = _statement(method)
            digests[f"{name}.{method.__name__}"] = UNKNOWN if found is None else _digest(found)
    return digests


def _statement(target: Any) -> ast.stmt | None:
    """The statement that defines a class or a function; None where Python keeps no source of it."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(target))).body[0]
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return None


def _digest(statement: ast.stmt) -> str:
    for node in ast.walk(statement):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [item for item in body if not _is_text(item)]  # type: ignore[attr-defined]
    return blake2b(ast.dump(statement).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _is_text(item: Any) -> bool:
    """Whether a statement is a text alone, such as a docstring."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
