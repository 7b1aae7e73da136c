"""Calls the `forward` and `backward` of an operation and checks what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.catalog.finder import SUPPLIED
from graphlang.catalog.operation import Operation, as_numbers, outcome
from graphlang.engine.failures import WrongGradients
from graphlang.engine.scan import ScanOperation
from graphlang.spec.network import Network
from graphlang.trace import DtypeError, shape_text


def call_forward(
    operation: Operation | ScanOperation, operands: list[Any], keywords: Mapping[str, Any], dtype: Any
) -> tuple[list[Any], tuple[Any, ...]]:
    """The operands that `forward` took, and what it returned: `(y, saved)` or `(y, saved, state)`.

    An operation that does not take booleans gets 1 and 0 instead. NumPy itself would compute some functions
    of booleans in half precision.
    """
    try:
        results = _results(operation, operation.forward(*operands, **keywords))
        if getattr(results[0], "dtype", None) != np.float16:
            return operands, results
    except (TypeError, DtypeError):
        if as_numbers(operands, dtype) is None:
            raise
    numbers = as_numbers(operands, dtype)
    if numbers is None:
        return operands, results
    return numbers, _results(operation, operation.forward(*numbers, **keywords))


def _results(operation: Any, returned: Any) -> tuple[Any, ...]:
    """A tuple is taken as it is: this runs for every node, and `outcome` is only for what needs a check."""
    return returned if returned.__class__ is tuple else outcome(operation, returned)


def call_backward(operation: Any, dy: Any, saved: Any) -> list[Any]:
    """What `backward` returned, as a list; a single gradient needs no tuple."""
    gradients = operation.backward(dy, saved)
    return list(gradients) if isinstance(gradients, tuple | list) else [gradients]


def own_order(operation: Any) -> list[str]:
    """The keyword-only arguments of a layer's `forward`, in the order of its backward's results."""
    code = type(operation).forward.__code__
    return [
        name
        for name in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if name not in SUPPLIED
    ]


def check_count(
    network: Network,
    gradients: Sequence[Any],
    targets: Sequence[int],
    values: Mapping[int, Any] | Sequence[Any],
) -> None:
    """A backward returns one gradient for each argument; those of trailing state may be left out."""
    names, params = network.names, network.params
    left = [i for i in targets[len(gradients) :] if i >= 0 and has_gradient(values[i])]
    missing = [names[i] for i in left if names[i] not in params or params[names[i]].trainable]
    if missing or any(g is not None for g in gradients[len(targets) :]):
        arguments = ", ".join(f"`{names[i]}`" if i >= 0 else "a constant" for i in targets)
        raise WrongGradients(f"it gives {len(gradients)} gradients for {len(targets)} arguments: {arguments}")


def check_shape(name: str, part: Any, value: Any) -> None:
    """A gradient is an array, with the shape of its value."""
    if not (hasattr(part, "shape") or isinstance(part, (int, float))):
        raise WrongGradients(
            f"it gives for `{name}` {_of_type(part)}, not an array: the gradients are listed in the order of "
            "the arguments of `forward`"
        )
    if getattr(part, "shape", ()) != value.shape:
        shapes = f"{shape_text(np.shape(part))}, and the value has the shape {shape_text(value.shape)}"
        raise WrongGradients(f"it gives for `{name}` a gradient of shape {shapes}")


def _of_type(part: Any) -> str:
    kind = type(part).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def has_gradient(value: Any) -> bool:
    return value is not None and value.dtype.kind == "f"
