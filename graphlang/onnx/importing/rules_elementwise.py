"""Arithmetic, comparisons and activations, element by element."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from graphlang.onnx.importing.element_types import SIGNED, UNSIGNED
from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def _unary(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    return lambda w, node: w.call(name, node[0])


def _binary(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    return lambda w, node: w.call(name, node[0], node[1])


def _many(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        values = [node[k] for k in range(len(node.inputs))]
        return reduce(lambda x, y: w.call(name, x, y), values)

    return rule


def _mean(w: Writer, node: OnnxNode) -> OnnxValue:
    total = _many("add")(w, node)
    return w.call("divide", total, len(node.inputs)) if len(node.inputs) > 1 else total


def is_unsigned(value: OnnxValue) -> bool:
    """Whether it holds whole numbers without a sign."""
    return value.elem in UNSIGNED


def wrapped(w: Writer, value: OnnxValue, elem: int) -> OnnxValue:
    """Whole numbers of any size as those of a type with few bits, which begin anew beyond its end."""
    if elem in UNSIGNED and UNSIGNED[elem] < 64:
        return w.call("mod", value, 2 ** UNSIGNED[elem])
    if elem in SIGNED and SIGNED[elem] < 64:
        half = 2 ** (SIGNED[elem] - 1)
        return w.call("subtract", w.call("mod", w.call("add", value, half), 2 * half), half)
    return value


def _divide(w: Writer, node: OnnxNode) -> OnnxValue:
    x, y = node[0], node[1]
    if x.word != "int":
        return w.call("divide", x, y)
    if is_unsigned(x):
        return w.call("floor_divide", x, y)
    x, y = w.let(x, "dividend"), w.let(y, "divisor")
    signs = w.call("multiply", w.call("sign", x), w.call("sign", y))
    return w.call("multiply", signs, w.call("floor_divide", w.call("abs", x), w.call("abs", y)))


def _mod(w: Writer, node: OnnxNode) -> OnnxValue:
    x, y = node[0], node[1]
    if not node.attribute("fmod", 0):
        return w.call("mod", x, y)
    x = w.let(x, "dividend")
    return w.call("multiply", w.call("sign", x), w.call("mod", w.call("abs", x), w.call("abs", y)))


def _power(w: Writer, node: OnnxNode) -> OnnxValue:
    x, y = node[0], node[1]
    if x.word == "int" and y.word == "float":
        return w.call("cast", w.call("power", w.call("divide", x, 1), y), to=Keyword("int"))
    return w.call("power", x, y)


def _clip(w: Writer, node: OnnxNode) -> OnnxValue:
    x = node[0]
    low = node.get(1) if node.version >= 11 else _given(node.attribute("min"))
    high = node.get(2) if node.version >= 11 else _given(node.attribute("max"))
    are_numbers = all(b is None or (b.known is not None and b.known.size == 1) for b in (low, high))
    if are_numbers and x.word == "float" and (low is not None or high is not None):
        return _between(w, x, low, high)
    if high is not None:
        x = w.call("minimum", x if low is None else w.call("maximum", x, low), high)
    elif low is not None:
        x = w.call("maximum", x, low)
    return x


def _given(number: Any) -> OnnxValue | None:
    return None if number is None else OnnxValue.constant(np.asarray(number))


def _between(w: Writer, x: OnnxValue, low: OnnxValue | None, high: OnnxValue | None) -> OnnxValue:
    known = [None if b is None else b.known for b in (low, high)]
    bounds: list[Any] = [None if b is None else b.reshape(-1)[0] for b in known]
    if all(b is not None for b in bounds) and bounds[0] > bounds[1]:
        return w.call("minimum", w.call("maximum", x, bounds[0]), bounds[1])
    pairs = zip(("low", "high"), bounds, strict=True)
    named: dict[str, Any] = {n: float(str(b)) for n, b in pairs if b is not None}
    return w.call("clip", x, **named)


def _where(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("where", node[0], node[1], node[2])


def _xor(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("not_equal", node[0], node[1])


def _is_inf(w: Writer, node: OnnxNode) -> OnnxValue:
    x = w.let(node[0], "x")
    above = w.call("equal", x, np.inf)
    below = w.call("equal", x, -np.inf)
    if not node.attribute("detect_negative", 1):
        return above
    return w.call("logical_or", below, above) if node.attribute("detect_positive", 1) else below


# ---- activations -----------------------------------------------------------------------------------------


def _celu(w: Writer, node: OnnxNode) -> OnnxValue:
    alpha = node.attribute("alpha", 1.0)
    x = w.let(node[0], "x")
    below = w.call("multiply", w.call("expm1", w.call("divide", w.call("minimum", x, 0), alpha)), alpha)
    return w.call("where", w.call("greater", x, 0), x, below)


def _selu(w: Writer, node: OnnxNode) -> OnnxValue:
    alpha = node.attribute("alpha", 1.67326319217681884765625)
    gamma = node.attribute("gamma", 1.05070102214813232421875)
    return w.call("multiply", w.call("elu", node[0], alpha=alpha), gamma)


def _hard_sigmoid(w: Writer, node: OnnxNode) -> OnnxValue:
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    line = w.call("add", w.call("multiply", node[0], alpha), beta)
    return w.call("clip", line, low=0, high=1)


def _leaky(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("LeakyRelu", node[0], slope=node.attribute("alpha", 0.01))


def _elu(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("Elu", node[0], alpha=node.attribute("alpha", 1.0))


def _gelu(w: Writer, node: OnnxNode) -> OnnxValue:
    kind = node.attribute("approximate", "none")
    more = {"approximate": Keyword("tanh")} if kind == "tanh" else {}
    return w.call("Gelu", node[0], **more)


def _p_relu(w: Writer, node: OnnxNode) -> OnnxValue:
    x = w.let(node[0], "x")
    return w.call("where", w.call("less", x, 0), w.call("multiply", x, node[1]), x)


def _shrink(w: Writer, node: OnnxNode) -> OnnxValue:
    bias, edge = node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    x = w.let(node[0], "x")
    above = w.call("where", w.call("greater", x, edge), w.call("subtract", x, bias), 0)
    return w.call("where", w.call("less", x, -edge), w.call("add", x, bias), above)


def _softsign(w: Writer, node: OnnxNode) -> OnnxValue:
    x = w.let(node[0], "x")
    return w.call("divide", x, w.call("add", w.call("abs", x), 1))


def _swish(w: Writer, node: OnnxNode) -> OnnxValue:
    alpha = node.attribute("alpha", 1.0)
    if alpha == 1:
        return w.call("Silu", node[0])
    x = w.let(node[0], "x")
    return w.call("multiply", x, w.call("sigmoid", w.call("multiply", x, alpha)))


def _thresholded(w: Writer, node: OnnxNode) -> OnnxValue:
    x = w.let(node[0], "x")
    return w.call("where", w.call("greater", x, node.attribute("alpha", 1.0)), x, 0)


def _swi_glu(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("multiply", _swish(w, node), node[1])


def _identity(_: Writer, node: OnnxNode) -> OnnxValue:
    return node[0]


# ---- bits ------------------------------------------------------------------------------------------------


def _bits_of(elem: int) -> int:
    return min(UNSIGNED.get(elem) or SIGNED.get(elem) or 64, 63)


def _bitwise(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    """Bit by bit: of numbers with a sign, the bits of the number above the smallest one."""

    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        count = _bits_of(node[0].elem)
        places = w.let(w.call("power", 2, w.call("arange", sizes=(count,))), "places")
        x, y = (_bits(w, value, places) for value in (node[0], node[1]))
        if name == "and":
            chosen = w.call("multiply", x, y)
        elif name == "or":
            chosen = w.call("maximum", x, y)
        else:
            chosen = w.call("mod", w.call("add", x, y), 2)
        total = w.call("sum", w.call("multiply", chosen, places), axis=-1)
        if is_unsigned(node[0]):
            return total
        return _with_sign(w, name, node, total, count)

    return rule


def _bits(w: Writer, x: OnnxValue, places: OnnxValue) -> OnnxValue:
    columns = w.call("expand_dims", x, axis=-1)
    return w.call("mod", w.call("floor_divide", columns, places), 2)


def _with_sign(w: Writer, name: str, node: OnnxNode, total: OnnxValue, count: int) -> OnnxValue:
    """The lowest `count` bits as a number with the sign that the operation gives."""
    x, y = (w.call("less", value, 0) for value in (node[0], node[1]))
    operation = {"and": "logical_and", "or": "logical_or", "xor": "not_equal"}[name]
    negative = w.call(operation, x, y)
    size = 2**count
    if count == 63:  # 2**63 is no whole number of the language
        lowest = w.call("where", negative, -(2**62), 0)
        return w.call("add", w.call("add", total, lowest), lowest)
    low = w.call("mod", total, size)
    wide = w.call("where", negative, size // 2, 0)
    half = w.call("mod", low, size // 2)
    return w.call("subtract", half, wide)


def _bit_not(w: Writer, node: OnnxNode) -> OnnxValue:
    x = node[0]
    if is_unsigned(x) and UNSIGNED[x.elem] < 64:
        return w.call("subtract", 2 ** UNSIGNED[x.elem] - 1, x)
    return w.call("subtract", w.call("negative", x), 1)


ELEMENTWISE: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    **{
        op: _unary(name)
        for op, name in {
            "Abs": "abs", "Acos": "arccos", "Acosh": "arccosh", "Asin": "arcsin", "Asinh": "arcsinh",
            "Atan": "arctan", "Atanh": "arctanh", "Ceil": "ceil", "Cos": "cos", "Cosh": "cosh", "Erf": "erf",
            "Exp": "exp", "Floor": "floor", "Log": "log", "Neg": "negative", "Not": "logical_not",
            "Reciprocal": "reciprocal", "Round": "round", "Sign": "sign", "Sin": "sin", "Sinh": "sinh",
            "Sqrt": "sqrt", "Tan": "tan", "IsNaN": "isnan", "HardSwish": "HardSwish", "Mish": "Mish",
            "Relu": "Relu", "Sigmoid": "Sigmoid", "Softplus": "Softplus", "Tanh": "Tanh",
        }.items()
    },
    **{
        op: _binary(name)
        for op, name in {
            "Add": "add", "Sub": "subtract", "Mul": "multiply", "And": "logical_and", "Or": "logical_or",
            "Equal": "equal", "Greater": "greater", "GreaterOrEqual": "greater_equal", "Less": "less",
            "LessOrEqual": "less_equal",
        }.items()
    },
    "Max": _many("maximum"),
    "Min": _many("minimum"),
    "Sum": _many("add"),
    "Mean": _mean,
    "Div": _divide,
    "Mod": _mod,
    "Pow": _power,
    "Clip": _clip,
    "Where": _where,
    "Xor": _xor,
    "IsInf": _is_inf,
    "Celu": _celu,
    "Selu": _selu,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _leaky,
    "Elu": _elu,
    "Gelu": _gelu,
    "PRelu": _p_relu,
    "Shrink": _shrink,
    "Softsign": _softsign,
    "Swish": _swish,
    "SwiGLU": _swi_glu,
    "ThresholdedRelu": _thresholded,
    "Identity": _identity,
    "BitwiseAnd": _bitwise("and"),
    "BitwiseOr": _bitwise("or"),
    "BitwiseXor": _bitwise("xor"),
    "BitwiseNot": _bit_not,
}  # fmt: skip
