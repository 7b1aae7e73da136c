"""Types, numbers and operands as PyTorch writes them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from graphlang.exports.source.expressions import ATOM, Expression, number_expression
from graphlang.exports.source.language import SourceCall
from graphlang.exports.source.numpy import table as of_numpy
from graphlang.exports.source.size_texts import SizeTexts

KEEPS_TYPES = frozenset(
    """
    greater greater_equal less less_equal equal not_equal logical_and logical_or logical_xor logical_not
    isnan isinf isfinite signbit
    """.split()
)
"""Functions whose result has another type than what they are given."""


def in_torch(text: str) -> str:
    """Numbers of NumPy as those of the standard library, which PyTorch takes."""
    return re.sub(r"(?<![\w.])np\.", "math.", text)


class TorchSizes(SizeTexts):
    """Numbers that are computed from sizes are numbers of Python."""

    def size(self, size: Any) -> Expression:
        found = super().size(size)
        return Expression(in_torch(found.text), found.strength)


def dtype_text(dtype: Any) -> str:
    """A type as PyTorch's name of it."""
    return f"torch.{np.dtype(dtype).name}"


def array_text(value: Any, device: str = "") -> Expression:
    """A constant array; one number in all places is broadcast."""
    value = np.asarray(value)
    rest = f"dtype={dtype_text(value.dtype)}{f', device={device}' if device else ''}"
    if value.size > 1 and not any(value.strides):
        return Expression(f"torch.full({value.shape}, {plain_number_text(value.flat[0])}, {rest})")
    if not value.size:
        return Expression(f"torch.zeros({value.shape}, {rest})")
    return Expression(f"torch.tensor({in_torch(of_numpy.nested_text(value))}, {rest})")


def plain_number_text(value: Any) -> str:
    return in_torch(number_expression(value).text)


def on_device(call: SourceCall) -> str:
    """The last argument of a function that creates an array."""
    device = getattr(call.writer.file, "device", "")
    return f", device={device}" if device else ""


# ---- operands in the type of the result


def typed_operand(call: SourceCall, place: int, *, tensor: bool = False, dtype: Any = None) -> Expression:
    """An operand in the type of the result, because PyTorch and NumPy choose different ones."""
    x, own = call.operands[place], call.dtype_of(place)
    x = Expression(in_torch(x.text), x.strength)
    wanted = call.output.dtype if dtype is None else dtype
    if own is None:
        return Expression(f"torch.tensor({x.text}, dtype={dtype_text(wanted)})") if tensor else x
    if isinstance(call.step.operands[place], np.generic | np.ndarray) and x.text[0] in "-0123456789":
        return Expression(f"torch.tensor({x.text}, dtype={dtype_text(wanted)})") if tensor else x
    if own == wanted or call.step.primitive.name in KEEPS_TYPES:
        return x
    return Expression(f"{x.within(ATOM)}.to({dtype_text(wanted)})")


def plain_operands(call: SourceCall, *, tensor: bool = False) -> list[Expression]:
    return [typed_operand(call, i, tensor=tensor) for i in range(len(call.operands))]


def is_number_text(x: Expression) -> bool:
    return re.fullmatch(r"-?[0-9.e+-]+|-?(math|np)\.\w+|True|False", x.text) is not None
