"""What built-in operations give for operands of certain shapes and types, remembered from call to call.

Types and shapes follow from an operation, its attributes and the types of its operands alone. So the second
`x -> Affine(50)` of a kind, in the same file or in the next text of an editor, is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Function, Operation, Parameter
from graphlang.resolve.application import Application
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.trace import Dim, Size, SymbolicArray
from graphlang.trace.bounded import BoundedTrace
from graphlang.trace.core import Trace


class Declared(NamedTuple):
    """The parameters that a layer declares for its operands, and what it keeps from step to step."""

    trained: Mapping[str, Parameter]
    state: Mapping[str, Parameter]

    @property
    def both(self) -> dict[str, Parameter]:
        """All that `forward` takes by keyword."""
        return {**self.trained, **self.state}


class Inferred(NamedTuple):
    """What is known of a call that went well."""

    declared: Declared
    hint: str | None
    #: which indices it allows
    bounds: Mapping[str, Size]
    ignored: int | None
    #: the shape and the type of the result, or of each of several; None where it is no array
    result: Any

    def result_in(self, trace: Trace) -> Any:
        """Arrays like those that `forward` gave, in another trace."""
        if isinstance(self.result, list):
            return [trace.input(*signature) for signature in self.result]
        return trace.input(*self.result)


OPERATIONS: RecentlyUsed[Operation] = RecentlyUsed(2048)
"""Built-in operations by their attributes; nothing is remembered on an operation, so that calls share one."""
INFERRED: RecentlyUsed[Inferred] = RecentlyUsed(8192)
"""By what `key_of` gives."""
LONGEST = 200
"""The longest list and the longest text among attributes that are compared."""
_PLAIN = frozenset((int, float, bool, str, Dim, type(None)))


def made(entry: CatalogEntry, attributes: dict[str, Any], sizes: tuple[Any, ...]) -> Operation:
    """The operation with its attributes filled in; raises Pydantic's ValidationError."""
    compared = _compared((*attributes.items(), *sizes)) if entry.built_in else None
    if compared is None:
        return entry.make(attributes, sizes)
    key = entry, compared
    operation = OPERATIONS.get(key)
    if operation is None:
        operation = OPERATIONS[key] = entry.make(attributes, sizes)
    return operation


def key_of(trace: BoundedTrace, use: Application, arrays: Sequence[Any]) -> tuple[Any, ...] | None:
    """What types and shapes of a call follow from; None where that may be more than can be compared, as for
    the code of a user's own layer."""
    if not use.entry.built_in:
        return None
    operation = _operation(use.operation)
    if operation is None:
        return None
    signatures: list[Any] = []
    for array in arrays:
        if array.__class__ is SymbolicArray:
            signatures.append((array.shape, array.dtype))
        elif array.__class__ in _PLAIN:
            signatures.append((array.__class__, array))
        else:
            return None
    return (operation, trace.memory, *signatures)


def _operation(operation: Operation) -> Any:
    if isinstance(operation, Function):
        if not operation.attributes and not operation.sizes:
            return operation.function
        attributes = _compared((*operation.attributes.items(), *operation.sizes))
        return None if attributes is None else (operation.function, attributes)
    return _compared(operation)


def _compared(value: Any) -> Any:
    """An equal one only for an equal value of the same type; None for what has no such."""
    kind = value.__class__
    if kind in _PLAIN and not (kind is str and len(value) > LONGEST):
        return kind, value
    if (kind is tuple or kind is list) and len(value) <= LONGEST:
        parts = tuple([_compared(item) for item in value])
    elif isinstance(value, BaseModel):
        parts = tuple([_compared(item) for item in value.__dict__.values()])
    else:
        return None
    return None if None in parts else (kind, parts)


def inferred(use: Application, arrays: Sequence[Any], declared: Declared, result: Any) -> Inferred:
    """What is known once `forward` has given a result; the methods of a user's own layer may raise."""
    operation, signature = use.operation, _signature(result)
    if use.entry.kind == "function":
        return Inferred(declared, None, {}, None, signature)
    hint = operation.hint(*arrays)
    ignored = operation.ignored_index()
    return Inferred(declared, hint, dict(operation.index_bounds(*arrays).items()), ignored, signature)


def _signature(result: Any) -> Any:
    if result.__class__ is SymbolicArray:
        return result.shape, result.dtype
    if not isinstance(result, list | tuple):
        return None
    signatures = [_signature(part) for part in result]
    return None if None in signatures else signatures
