"""Conversions between types: the language has one type each of floats, whole numbers and truth values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.element_types import LARGEST, POWERS_OF_TWO, SIGNED, UNSIGNED, WORDS
from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_elementwise import wrapped
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def cast(w: Writer, x: OnnxValue, elem: int, *, saturate: bool = True) -> OnnxValue:
    """A value as one of another type; the precision of floats is that of the run."""
    if elem not in WORDS:
        raise NotImported("it makes texts" if elem == 8 else f"it makes values of the type {elem}")
    if elem == POWERS_OF_TWO and x.elem != elem:
        raise NotImported("it makes numbers of the type float8e8m0, which are powers of two alone")
    word = WORDS[elem]
    y = x
    if x.word != word:
        y = w.call("cast", x, to=Keyword(word))
    if word == "int" and _may_leave(x, elem):
        y = wrapped(w, y, elem)
    if elem in LARGEST and elem >= 17 and saturate:
        y = w.call("clip", y, low=-LARGEST[elem], high=LARGEST[elem])
    y = w.operand(y)
    return OnnxValue(y.expression, y.array, elem, x.known if word == x.word else None)


def _may_leave(x: OnnxValue, elem: int) -> bool:
    """Whether numbers of a type may lie outside of another one."""
    bits, signed = UNSIGNED.get(elem) or SIGNED[elem], elem in SIGNED
    if x.word == "bool" or bits == 64:
        return False
    if x.word == "float":
        return bits < 8
    own, own_signed = UNSIGNED.get(x.elem) or SIGNED.get(x.elem, 64), x.elem in SIGNED
    return own > bits or (own == bits and own_signed != signed) or (own_signed and not signed)


def _cast(w: Writer, node: OnnxNode) -> OnnxValue:
    return cast(w, node[0], int(node.attribute("to", 1)), saturate=bool(node.attribute("saturate", 1)))


def _cast_like(w: Writer, node: OnnxNode) -> OnnxValue:
    return cast(w, node[0], node[1].elem, saturate=bool(node.attribute("saturate", 1)))


TYPES: dict[str, Callable[[Writer, OnnxNode], Any]] = {"Cast": _cast, "CastLike": _cast_like}
