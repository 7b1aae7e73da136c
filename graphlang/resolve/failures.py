"""What to report when the code of an operation raises an exception."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from graphlang.catalog.operation import WrongForward
from graphlang.diagnostics import Diagnostic, GraphError, Span, closest
from graphlang.diagnostics.arguments import LayerFailed, LayerRaised, NotRecorded, NumberAskedFor, WrongResult
from graphlang.diagnostics.shapes import OperandsMisfit
from graphlang.diagnostics.too_large import MemoryInsideExceeded
from graphlang.resolve.application import Application
from graphlang.resolve.context import Context
from graphlang.resolve.operand_texts import in_own_names, operand_text
from graphlang.resolve.operation_symbols import SYMBOLS
from graphlang.resolve.shape_fits import fit_of
from graphlang.resolve.type_texts import origins, types_text
from graphlang.resolve.values import Instance, Value
from graphlang.resolve.whole_sequences import every_step_given
from graphlang.trace import ShapeError, UndecidedError, Unrecorded
from graphlang.trace.errors import TooLarge


def report_failure(context: Context, use: Application, operands: tuple[Any, ...], error: Exception) -> None:
    """Reports an exception that `forward` raised."""
    if isinstance(error, GraphError):
        context.errors(error)
    else:
        context.error(_failure_of_forward(context, use, operands, error))


def _failure_of_forward(
    context: Context, use: Application, operands: tuple[Any, ...], error: Exception
) -> Diagnostic:
    name, span = use.entry.name, use.span
    if isinstance(error, TooLarge):
        who = f"`{SYMBOLS.get(name, name)}`"
        return MemoryInsideExceeded("memory", span, error.size, error.limit, who)
    subject, reason = _with_name(name, in_own_names(use, operands, sentence(str(error))))
    if isinstance(error, ShapeError):
        advised = in_own_names(use, operands, error.help) if error.help else None
        own = every_step_given(operands) or advised or _matrix_product(name, operands, span)
        help, changes = fit_of(use, operands, own) or (own, ())
        return OperandsMisfit(span, origins(operands, span), subject, reason, help, changes)
    if isinstance(error, Unrecorded | UndecidedError | WrongForward):
        return layer_failed(f"`{name}`", span, error)
    if isinstance(error, ValueError):
        cause = error if name in context.catalog.own else None
        own = every_step_given(operands) or getattr(error, "help", None)
        help, changes = fit_of(use, operands, own) or (own, ())
        facts = subject, reason, help, changes
        return OperandsMisfit(span, origins(operands, span), *facts).replaced(cause=cause)
    return failed(name, operands, span, error)


def failure_of_parameters(
    use: Application, instance: Instance, operands: tuple[Any, ...], error: Exception
) -> Diagnostic:
    """What to report if a layer raises while it says which parameters it has."""
    name, span = f"`{instance.kind}`", use.span
    if isinstance(error, WrongForward):
        return layer_failed(name, span, error)
    if not isinstance(error, ShapeError | ValueError | IndexError):
        return failed(instance.kind, operands, span, error)
    text = "the input has too few axes" if isinstance(error, IndexError) else sentence(str(error))
    text = in_own_names(use, operands, text)
    subject = "" if text.startswith(name) else f"{name} on {types_text(operands)}: "
    advised = getattr(error, "help", None)
    own = in_own_names(use, operands, advised) if advised else None
    help, changes = fit_of(use, operands, own) or (own, ())
    return OperandsMisfit(span, origins(operands, span), subject, text, help, changes)


def layer_failed(who: str, span: Span | None, error: Exception) -> LayerFailed:
    """What to report if the code of a layer does what it cannot do here; keeps the exception."""
    if isinstance(error, Unrecorded):
        return NotRecorded(span, who, error.function, error.help).replaced(cause=error)
    if isinstance(error, UndecidedError):
        return NumberAskedFor(span, who, str(error)).replaced(cause=error)
    assert isinstance(error, WrongForward), error
    return WrongResult(span, who, str(error), error.help).replaced(cause=error)


def failed(name: str, operands: tuple[Any, ...], span: Span, error: Exception) -> LayerFailed:
    """What to report if the code of a layer raises any other exception."""
    facts = types_text(operands), type(error).__name__, str(error), _name_meant(error)
    return LayerRaised(span, f"`{name}`", *facts).replaced(cause=error)


def _name_meant(error: Exception) -> str | None:
    """The attribute or the name that an unknown one in a layer's code may be meant for."""
    if isinstance(error, AttributeError) and error.name is not None and error.obj is not None:
        known = [name for name in dir(error.obj) if not name.startswith("_")]
        fields = getattr(type(error.obj), "model_fields", {})
        return closest(error.name, fields) or closest(error.name, known)
    if isinstance(error, NameError) and error.name is not None and error.__traceback__ is not None:
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        return closest(error.name, [*frames[-1].f_locals, *frames[-1].f_globals])
    return None


def _matrix_product(name: str, operands: Sequence[Any], span: Span) -> str | None:
    """The help for `x * W` whose sizes are those of a matrix product."""
    if name != "multiply" or len(operands) != 2 or not all(isinstance(o, Value) for o in operands):
        return None
    a, b = (o.array.shape for o in operands)
    if len(a) < 1 or len(b) < 2 or a[-1] != b[-2]:
        return None
    left, right = map(operand_text, operands)
    written = "a @ b" if "(...)" in (left, right) else f"{left} @ {right}"
    return f"`*` multiplies number by number; a product of matrices is `{written}`"


def _with_name(name: str, text: str) -> tuple[str, str]:
    """The operation, and what an exception says of it, whether or not its text starts with the name."""
    shown = f"`{SYMBOLS.get(name, name)}`"
    if text.startswith((f"`{name}`", shown)):
        return shown, text[text.index("`", 1) + 1 :]
    return f"{shown}: ", text


def sentence(text: str) -> str:
    """The text of an exception as part of a message, which starts with a small letter."""
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text
