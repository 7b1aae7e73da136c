"""Bits: shifts, and the bits of a number read as those of another type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.element_types import BOOL, FLOAT, INT32, SIGNED, UINT32, UNSIGNED
from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_elementwise import wrapped
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

MANTISSA, BIAS = 2**23, 127
"""Of float32: the bits behind the point, and what is added to the exponent."""
INFINITE, NO_NUMBER = 0x7F800000, 0x7FC00000


def _shift(w: Writer, node: OnnxNode) -> OnnxValue:
    """By fewer places than there are bits a product or a quotient; by others nothing is left but the sign."""
    x, places, direction = node[0], node[1], node.attribute("direction", "")
    if direction not in ("LEFT", "RIGHT"):
        raise NotImported(f"its direction is `{direction[:30]}`, and is to be LEFT or RIGHT")
    bits = UNSIGNED.get(x.elem) or SIGNED[x.elem]
    inside: OnnxValue | None = None
    if places.elem in SIGNED or places.known is None or (places.known >= bits).any():
        places = w.let(places, "places")
        fits = w.call("logical_and", w.call("greater_equal", places, 0), w.call("less", places, bits))
        inside = w.let(fits, "inside")
        places = w.call("where", inside, places, 0)
    step = w.call("power", 2, places)
    x = w.let(x, "x")
    if direction == "RIGHT":
        y = w.call("floor_divide", x, step)
        left = w.call("where", w.call("less", x, 0), -1, 0) if x.elem in SIGNED else 0
    else:
        y, left = wrapped(w, w.call("multiply", x, step), x.elem), 0
    return y if inside is None else w.call("where", inside, y, left)


def _bit_cast(w: Writer, node: OnnxNode) -> OnnxValue:
    x, elem = node[0], int(node.attribute("to", 0))
    whole = {INT32, UINT32}
    if x.elem == elem:
        y = x
    elif x.elem == FLOAT and elem in whole:
        y = wrapped(w, _bits_of_float(w, w.let(x, "x")), elem)
    elif x.elem in whole and elem == FLOAT:
        y = _float_of_bits(w, w.let(w.call("mod", x, 2**32), "bits"))
    elif x.elem == BOOL and UNSIGNED.get(elem, SIGNED.get(elem)) == 8:
        y = w.call("cast", x, to=Keyword("int"))
    elif _width(x.elem) and _width(x.elem) == _width(elem) < 64:
        y = wrapped(w, x, elem)
    else:
        raise NotImported(
            f"it reads the bits of the type {x.elem} as the type {elem}, and may those of float32"
        )
    y = w.operand(y)
    return OnnxValue(y.expression, y.array, elem)


def _width(elem: int) -> int:
    return UNSIGNED.get(elem) or SIGNED.get(elem) or 0


def _bits_of_float(w: Writer, x: OnnxValue) -> OnnxValue:
    """Sign, exponent and mantissa of a float32 as a whole number."""
    size = w.let(w.call("abs", x), "size")
    usual = w.call("logical_and", w.call("isfinite", x), w.call("greater", size, 0))
    number = w.let(w.call("where", usual, size, 1.0), "number")
    exponent = w.call("clip", w.call("floor", w.call("log2", number)), low=-126, high=BIAS)
    exponent = w.let(exponent, "exponent")
    share = w.let(w.call("divide", number, w.call("exp2", exponent)), "share")
    above = w.call("greater_equal", share, 2)
    below = w.call("logical_and", w.call("less", share, 1), w.call("greater", exponent, -126))
    moved = w.call("where", above, 1.0, w.call("where", below, -1.0, 0.0))
    exponent = w.let(w.call("add", exponent, moved), "exponent")  # the logarithm may be off by a step
    share = w.let(w.call("divide", number, w.call("exp2", exponent)), "share")
    small = w.let(w.call("less", share, 1), "small")
    high = w.call("where", small, 0.0, w.call("add", exponent, BIAS))
    low = w.call(
        "round", w.call("multiply", w.call("subtract", share, w.call("where", small, 0, 1)), MANTISSA)
    )
    high, low = (w.call("cast", part, to=Keyword("int")) for part in (high, low))
    bits = w.call("add", w.call("multiply", high, MANTISSA), low)
    bits = w.call("where", w.call("equal", size, 0), 0, bits)
    bits = w.call("where", w.call("equal", size, float("inf")), INFINITE, bits)
    bits = w.call("where", w.call("isnan", x), NO_NUMBER, bits)
    is_negative = w.call("less", w.call("where", w.call("equal", size, 0), w.call("reciprocal", x), x), 0)
    return w.call("add", bits, w.call("where", is_negative, 2**31, 0))


def _float_of_bits(w: Writer, bits: OnnxValue) -> OnnxValue:
    high = w.let(w.call("mod", w.call("floor_divide", bits, MANTISSA), 256), "high")
    low = w.let(w.call("mod", bits, MANTISSA), "low")
    usual = w.call(
        "multiply", w.call("add", w.call("divide", low, MANTISSA), 1), _power_of_two(w, high, BIAS)
    )
    tiny = w.call("multiply", w.call("divide", low, MANTISSA), 2.0**-126)
    size = w.call("where", w.call("equal", high, 0), tiny, usual)
    beyond = w.call("where", w.call("equal", low, 0), float("inf"), float("nan"))
    size = w.call("where", w.call("equal", high, 255), beyond, size)
    return w.call("multiply", size, w.call("where", w.call("greater_equal", bits, 2**31), -1.0, 1.0))


def _power_of_two(w: Writer, exponent: OnnxValue, bias: int) -> OnnxValue:
    held = w.call("minimum", w.call("subtract", exponent, bias), 127)
    return w.call("exp2", w.call("cast", held, to=Keyword("float")))


BITS: dict[str, Callable[[Writer, OnnxNode], Any]] = {"BitShift": _shift, "BitCast": _bit_cast}
