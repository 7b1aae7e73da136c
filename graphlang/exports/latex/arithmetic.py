"""Elementwise operations and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.exports.latex.calls import (
    TexCall,
    TexRule,
    counted_operand,
    counted_operands,
    function_rule,
    index_of_axes,
)
from graphlang.exports.latex.notation import (
    ATOM,
    COMPARISON,
    ODOT,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Tex,
    brackets,
    operator,
    template_filled,
)
from graphlang.trace import SymbolicArray


def add(call: TexCall) -> Tex:
    left, right = counted_operands(call).operands
    if right.text.startswith("-") and right.strength <= SIGN:
        return Tex(f"{left.within(SUM)} - {right.text[1:]}", SUM)
    return Tex(f"{left.within(SUM)} + {right.within(SUM)}", SUM)


def multiply(call: TexCall) -> Tex:
    """Numbers beside what they multiply, arrays with a sign of their own."""
    call = counted_operands(call)
    (x, y), shapes = call.operands, call.shapes
    if shapes[0] and shapes[1]:
        call.note("odot")
        if x.text == y.text:
            return square(x)
        for one, other, shape in ((x, y, shapes[1]), (y, x, shapes[0])):
            if one.text == "1" and shape == call.step.output.shape:
                return other
        if not _is_tex_number(x):
            return Tex(rf"{x.within(ODOT)} \odot {y.within(ODOT)}", ODOT)
    if _is_tex_number(y) and not _is_tex_number(x):
        x, y = y, x
    if x.text == "1":
        return y
    if x.text == "-1":
        return Tex(f"-{y.within(PRODUCT)}", SIGN)
    words = all("\\mathrm" in z.text or "\\text" in z.text for z in (x, y))
    sign = r" \cdot " if y.text[0].isdigit() or words else r" \, "
    return Tex(f"{x.within(PRODUCT)}{sign}{y.within(PRODUCT)}", PRODUCT)


def _is_tex_number(x: Tex) -> bool:
    return x.text.lstrip("-")[:1].isdigit() and x.text.lstrip("-").replace(".", "").isdigit()


def divide(call: TexCall) -> Tex:
    x, y = counted_operands(call).operands
    if x.text.startswith(r"\sum") and not call.shapes[1]:
        return Tex(rf"\frac{{1}}{{{y.text}}} {x.within(SUM)}", SUM)
    if x.text.startswith("-") and x.strength == SIGN:
        return Tex(rf"-\frac{{{x.text[1:]}}}{{{y.text}}}", SIGN)
    if y.text == "1":
        return x
    if r"\frac" in x.text and x.strength >= PRODUCT and not call.shapes[1]:
        return Tex(rf"\frac{{1}}{{{y.text}}} \, {x.text}", PRODUCT)
    return Tex(rf"\frac{{{x.text}}}{{{y.text}}}", POWER)


def negative(call: TexCall) -> Tex:
    (x,) = counted_operands(call).operands
    if x.text.startswith("-") and x.strength == SIGN:
        return Tex(x.text[1:], PRODUCT)
    if x.strength == SUM and x.text.startswith((r"\sum", r"\frac")):
        return Tex(f"-{x.text}", SIGN)
    return Tex(f"-{x.within(ODOT)}", SIGN)


def square(x: Tex) -> Tex:
    return Tex(f"{x.within(ATOM)}^{{2}}" if "^" not in x.text else f"{brackets(x.text)}^{{2}}", POWER)


def power(call: TexCall) -> Tex:
    x, y = counted_operands(call).operands
    if y.text == "0.5":
        return Tex(rf"\sqrt{{{x.text}}}")
    base = x.within(ATOM) if "^" not in x.text else brackets(x.text)
    return Tex(f"{base}^{{{y.text}}}", POWER)


def exp(call: TexCall) -> Tex:
    (x,) = call.operands
    if r"\frac" in x.text or r"\begin" in x.text or "^" in x.text or len(x.text) > 40:
        return Tex(rf"\exp{brackets(x.text)}")
    return Tex(f"e^{{{x.text}}}", POWER)


def maximum(call: TexCall) -> Tex:
    """Without the guard of a sum of exp(x - max(x)), which is 1 at least."""
    x, least = call.step.operands
    if isinstance(least, float) and least == 0.5 and _sums_exponentials(x):
        return call.operands[0]
    return function_rule(r"\max")(call)


def _sums_exponentials(x: Any) -> bool:
    for name in ("sum", "exp", "subtract|excess"):
        step = x.trace.step_of(x) if isinstance(x, SymbolicArray) else None
        if step is None or step.primitive.name not in name.split("|"):
            return False
        x = step.operands[0]
    return True


def opposite(call: TexCall) -> Tex:
    """`x > 0` for what is not `x <= 0`."""
    source = call.writer.source(call.step.operands[0])
    if source is None or source.primitive.name not in _OPPOSITE:
        return call.fill(r"\lnot @0a", COMPARISON)
    operands = call.writer.operands(source)
    return template_filled(f"@0s {_OPPOSITE[source.primitive.name]} @1s", operands, COMPARISON)


_OPPOSITE = {
    "less_equal": ">",
    "less": r"\geq",
    "greater": r"\leq",
    "greater_equal": "<",
    "equal": r"\neq",
    "not_equal": "=",
}


def slope_of_tanh(call: TexCall) -> Tex:
    return Tex(rf"1 - \tanh^{{2}}{brackets(call.operands[0].text)}", SUM)


def slope_of_sigmoid(call: TexCall) -> Tex:
    call.note("sigmoid")
    inner = brackets(call.operands[0].text)
    return Tex(rf"\sigma{inner} \odot (1 - \sigma{inner})", ODOT)


def sigmoid(call: TexCall) -> Tex:
    call.note("sigmoid")
    return Tex(rf"\sigma{brackets(call.operands[0].text)}")


def where(call: TexCall) -> Tex:
    condition, x, y = call.operands
    x, y = counted_operand(call, 1), counted_operand(call, 2)
    rows = rf"{x.text} & \text{{if }} {condition.text} \\ {y.text} & \text{{otherwise}}"
    return Tex(rf"\begin{{cases}} {rows} \end{{cases}}")


def clip(call: TexCall) -> Tex:
    x, low, high = call.operands
    infinite = [abs(float(v)) > 1e15 if isinstance(v, int | float) else False for v in call.step.operands[1:]]
    text = x.text
    if not infinite[0]:
        text = rf"\max{brackets(f'{text}, {low.text}')}"
    if not infinite[1]:
        text = rf"\min{brackets(f'{text}, {high.text}')}"
    return x if all(infinite) else Tex(text)


def same(call: TexCall) -> Tex:
    return call.operands[0]


def astype(call: TexCall) -> Tex:
    kind = np.dtype(call.params["dtype"]).kind
    if kind == "b" and not call.is_truth(0):
        return call.fill(r"@0s \neq 0", COMPARISON)
    before = getattr(call.step.operands[0], "dtype", np.dtype(type(call.step.operands[0])))
    if kind == "i" and before.kind == "f":
        return function_rule(operator("trunc"))(call)
    return counted_operand(call, 0)


# ---- reductions


def summed(sign: str) -> TexRule:
    """A sum, a product, a maximum: over all, or along an axis."""

    def reduced(call: TexCall) -> Tex:
        inner = counted_operand(call, 0)
        head = sign + index_of_axes(call, call.params["axis"])
        if sign in (r"\sum", r"\prod"):
            return Tex(f"{head} {inner.within(ODOT)}", SUM)
        return Tex(f"{head} {brackets(inner.text)}")

    return reduced


def along(name: str) -> TexRule:
    """A function along an axis."""

    def called(call: TexCall) -> Tex:
        index = index_of_axes(call, call.params["axis"]) if "axis" in call.params else ""
        if "axis" in call.params and not index and len(call.shapes[0]) > 1:
            index = rf"_{{\text{{axis }} {call.params['axis']}}}"
        inner = ", ".join(x.text for x in counted_operands(call).operands)
        return Tex(f"{operator(name)}{index}{brackets(inner)}")

    return called
