"""From every primitive to its expression in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.engine.scalar import INFIX
from graphlang.exports.source.expressions import SIGN, Expression, number_expression, power_of
from graphlang.exports.source.language import SourceCall, SourceRule
from graphlang.kernels.windows import sides
from graphlang.trace import Dim, Shape
from graphlang.trace.primitives import PRIMITIVES

NAMED = {"absolute": "abs", "bitwise_not": "invert"}
"""Functions of NumPy with a shorter name."""


def dtype_text(dtype: Any) -> str:
    """A type as NumPy's name of it."""
    kind = np.dtype(dtype)
    return "bool" if kind.kind == "b" else f"np.{kind.name}"


def array_text(value: Any) -> Expression:
    """A constant array; one number in all places is broadcast."""
    value = np.asarray(value)
    if value.ndim == 0:
        return Expression(f"{dtype_text(value.dtype)}({number_expression(value).text})")
    if value.size > 1 and not any(value.strides):
        return Expression(
            f"np.full({value.shape}, {number_expression(value.flat[0]).text}, {dtype_text(value.dtype)})"
        )
    if not value.size:
        return Expression(f"np.zeros({value.shape}{with_dtype(value.dtype)})")
    plain = value.dtype in (np.float64, np.int64, np.bool_)
    inner = nested_text(value)
    if plain and ("." in inner or value.dtype.kind != "f"):
        return Expression(f"np.array({inner})")
    return Expression(f"np.array({inner}, {dtype_text(value.dtype)})")


def nested_text(value: Any) -> str:
    """Numbers as nested lists."""
    if value.ndim == 0:
        return number_expression(value).text
    return f"[{', '.join(nested_text(part) for part in value)}]"


def with_dtype(dtype: Any) -> str:
    """The last argument of a function that creates an array; float64 is what it creates anyhow."""
    return "" if np.dtype(dtype) == np.float64 else f", {dtype_text(dtype)}"


# ---- elementwise


def ufunc(call: SourceCall) -> Expression:
    name = call.step.primitive.name
    return Expression(f"np.{NAMED.get(name, name)}({', '.join(x.text for x in call.operands)})")


def power(call: SourceCall) -> Expression:
    if call.dtype_of(0) is None and isinstance(call.step.operands[0], int | float):
        return ufunc(call)
    return power_of(*call.operands)


def square(call: SourceCall) -> Expression:
    return power_of(call.x, Expression("2"))


def reciprocal(call: SourceCall) -> Expression:
    return call.fill("1 / {0}") if call.output.dtype.kind == "f" else ufunc(call)


def truth(sign: str) -> SourceRule:
    """An operator of NumPy for truth values, and else the function."""

    def rule(call: SourceCall) -> Expression:
        kinds = [call.dtype_of(i) for i in range(len(call.operands))]
        if all(kind is not None and kind.kind == "b" for kind in kinds):
            return call.fill(sign)
        return ufunc(call)

    return rule


def astype(call: SourceCall) -> Expression:
    if call.dtype_of(0) is None:
        return Expression(f"{dtype_text(call.params['dtype'])}({call.x.text})")
    return call.fill("{0}.astype({dtype})", dtype=dtype_text(call.params["dtype"]))


# ---- reductions


def axes_text(axes: tuple[int, ...], ndim: int) -> str:
    """Axes as an argument; nothing where all are meant."""
    if len(axes) == ndim:
        return ""
    if len(axes) == 1:
        return f"axis={last_as_minus_one(axes[0], ndim)}"
    return f"axis={axes}"


def last_as_minus_one(axis: int, ndim: int) -> int:
    """An axis as one says it: the last of several is -1."""
    return -1 if axis == ndim - 1 and ndim > 1 else axis


def reduction(call: SourceCall) -> Expression:
    params, ndim = call.params, len(call.shapes[0])
    parts = [call.x.text, axes_text(params["axis"], ndim)]
    if params.get("keepdims"):
        parts.append("keepdims=True")
    if params.get("dtype") is not None and call.dtype_of(0) != params["dtype"]:
        parts.append(f"dtype={dtype_text(params['dtype'])}")
    return Expression(f"np.{call.step.primitive.name}({', '.join(p for p in parts if p)})")


def arg_reduction(call: SourceCall) -> Expression:
    axis = last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    keep = ", keepdims=True" if call.params.get("keepdims") else ""
    return Expression(f"np.{call.step.primitive.name}({call.x.text}, axis={axis}{keep})")


def cumulative(function: str) -> SourceRule:
    def rule(call: SourceCall) -> Expression:
        axis = last_as_minus_one(call.params["axis"], len(call.shapes[0]))
        return Expression(f"{function}({call.x.text}, axis={axis})")

    return rule


def argsort(call: SourceCall) -> Expression:
    return call.fill('np.argsort({0}, axis=-1, kind="stable")')


# ---- arrangement


def reshape(call: SourceCall) -> Expression:
    old, new = call.shapes[0], call.params["shape"]
    sizes = call.writer.sizes
    same = sizes.same_shape(new)
    if same is not None:
        return call.fill("{0}.reshape({shape})", shape=same)
    if old[: len(new)] == new and old[len(new) :] == (1,) * (len(old) - len(new)) and new:
        return call.fill("{0}[{key}]", key=", ".join(["..."] + ["0"] * (len(old) - len(new))))
    if new == (*old, 1):
        return call.fill("{0}[..., None]")
    if len(new) == 2 and isinstance(new[0], Dim) and new[1] == old[-1] and len(old) > 2:
        return call.fill("{0}.reshape(-1, {last}.shape[-1])", last=_last_of(call, old))
    array = sizes.leading(new)
    if array is not None and all(old[-1:] == new[-1:] or True for _ in (0,)):
        return call.fill("{0}.reshape(*{array}.shape[:-1], -1)", array=array)
    free = [i for i, n in enumerate(new) if isinstance(n, Dim)]
    texts = [call.size(n) for n in new] if len(free) != 1 else []
    if len(free) == 1:
        texts = ["-1" if i == free[0] else str(n) for i, n in enumerate(new)]
    if not texts:
        return call.fill("{0}.reshape(())")
    return call.fill("{0}.reshape({sizes})", sizes=", ".join(texts))


def _last_of(call: SourceCall, shape: Shape) -> str:
    """An array whose last axis is that of the operand: itself, where it is a name."""
    return call.x.text if call.x.text.replace(".", "").replace("_", "").isalnum() else _known(call, shape)


def _known(call: SourceCall, shape: Shape) -> str:
    for array, own in call.writer.sizes.arrays.items():
        if own[-1:] == shape[-1:]:
            return array
    return call.writer.named("rows", call.x.text).text


def transpose(call: SourceCall) -> Expression:
    axes = call.params["axes"]
    count = len(axes)
    if axes == tuple(range(count))[::-1]:
        return call.fill("{0}.T")
    if axes == (*range(count - 2), count - 1, count - 2):
        return call.fill("{0}.swapaxes(-1, -2)")
    return call.fill("{0}.transpose({axes})", axes=", ".join(map(str, axes)))


def broadcast_to(call: SourceCall) -> Expression:
    return call.fill("np.broadcast_to({0}, {shape})", shape=call.shape(call.params["shape"]))


def concatenate(call: SourceCall) -> Expression:
    axis = last_as_minus_one(call.params["axis"], len(call.output.shape))
    return Expression(f"np.concatenate([{', '.join(x.text for x in call.operands)}], axis={axis})")


def pad(call: SourceCall) -> Expression:
    widths = [f"({call.size(a)}, {call.size(b)})" for a, b in call.params["widths"]]
    value = call.params.get("value", 0)
    fill = "" if value == 0 else f", constant_values={number_expression(value).text}"
    return Expression(f"np.pad({call.x.text}, [{', '.join(widths)}]{fill})")


def roll(call: SourceCall) -> Expression:
    return call.fill("np.roll({0}, {shift}, axis={axis})", **call.params)


def key_text(call: SourceCall, key: tuple[Any, ...]) -> str:
    """What stands in the brackets of a slice."""
    parts = [_part_text(call, part) for part in key]
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    kept = len(parts)
    if parts[:-1] == [":"] * (kept - 1) and kept > 2 and kept == len(key):
        return f"..., {parts[-1]}"
    return ", ".join(parts)


def _part_text(call: SourceCall, part: Any) -> str:
    if not isinstance(part, slice):
        return call.size(part)
    ends = ["" if n is None else call.size(n) for n in (part.start, part.stop)]
    plain = all(_is_simple(text) for text in ends)
    text = ":".join(ends) if plain else " : ".join(ends).strip(" ")
    if not plain and not ends[0]:
        text = f": {ends[1]}"
    return text if part.step in (None, 1) else f"{text}:{part.step}" if plain else f"{text} : {part.step}"


def _is_simple(text: str) -> bool:
    return all(sign.isalnum() or sign in "_-" for sign in text)


def slice_(call: SourceCall) -> Expression:
    return call.fill("{0}[{key}]", key=key_text(call, call.params["key"]))


def unslice(call: SourceCall) -> Expression:
    """Zeros, to which each part is added at its place."""
    writer = call.writer
    total = writer.named("dx", zeros_text(call))
    for part, key in zip(call.operands, call.params["keys"], strict=True):
        writer.line(f"{total.text}[{key_text(call, key)}] += {part.text}")
    return total


def zeros_text(call: SourceCall) -> str:
    """Zeros in the shape of the result."""
    shape = call.shape(call.output.shape)
    if shape.removesuffix(".shape") in call.writer.sizes.fixed:
        return f"np.zeros_like({shape.removesuffix('.shape')})"
    return f"np.zeros({shape}{with_dtype(call.output.dtype)})"


def take(call: SourceCall) -> Expression:
    if call.params["axis"] == 0 and call.dtype_of(1) is not None:
        return call.fill("{0}[{1}]")
    axis = last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    return call.fill("np.take({0}, {1}, axis={axis})", axis=axis)


def take_along_axis(call: SourceCall) -> Expression:
    axis = last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    return call.fill("np.take_along_axis({0}, {1}, axis={axis})", axis=axis)


def scatter_add(call: SourceCall) -> Expression:
    """Zeros, to which each update is added at its index."""
    writer, axis = call.writer, call.params["axis"]
    total = writer.named("dW", zeros_text(call))
    updates, indices = call.operands
    if axis == 0:
        writer.line(f"np.add.at({total.text}, {indices.text}, {updates.text})")
    else:
        key = ", ".join([":"] * axis + [indices.text])
        writer.line(f"np.add.at({total.text}, np.s_[{key}], {updates.text})")
    return total


def add_along_axis(call: SourceCall) -> Expression:
    axis, size = call.params["axis"], call.size(call.params["size"])
    return call.helper("add_along_axis", *(x.text for x in call.operands), f"axis={axis}", f"size={size}")


# ---- creation


def full(call: SourceCall) -> Expression:
    shape, dtype, value = call.params["shape"], call.params["dtype"], call.step.operands[0]
    if shape == ():
        if getattr(value, "dtype", None) is not None:
            return call.fill("{0}.astype({dtype})", dtype=dtype_text(dtype))
        return Expression(f"{dtype_text(dtype)}({call.x.text})")
    text = call.shape(shape)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return Expression(f"np.{'ones' if value else 'zeros'}({text}{with_dtype(dtype)})")
    kind = f", {dtype_text(dtype)}"
    return Expression(f"np.full({text}, {call.x.text}{kind})")


def arange(call: SourceCall) -> Expression:
    start, stop, step, dtype = (call.params[name] for name in ("start", "stop", "step", "dtype"))
    parts = [call.size(stop)] if start == 0 and step == 1 else [call.size(start), call.size(stop)]
    parts += [call.size(step)] if step != 1 else []
    parts += [] if dtype == np.int64 else [f"dtype={dtype_text(dtype)}"]
    return Expression(f"np.arange({', '.join(parts)})")


def one_hot(call: SourceCall) -> Expression:
    n, dtype = call.size(call.params["n"]), dtype_text(call.params["dtype"])
    whole = call.dtype_of(0)
    ids = "{0}[..., None]" if whole is not None else "{0}"
    return call.fill(f"({ids} == np.arange({{n}})).astype({{dtype}})", n=n, dtype=dtype)


def same(call: SourceCall) -> Expression:
    return call.x


def random_numbers(call: SourceCall) -> Expression:
    counters = "".join(f", {x.text}" for x in call.operands)
    params = call.params
    words = f"[{params['seed']}, {params['key']}{counters}]"
    kind = "True" if params["normal"] else "False"
    shape = call.shape(params["shape"])
    return call.helper("random_numbers", words, shape, dtype_text(params["dtype"]), f"normal={kind}")


def negative(call: SourceCall) -> Expression:
    return Expression(f"-{call.x.within(SIGN)}", SIGN)


# ---- kernels


def helped(name: str, *dropped: str) -> SourceRule:
    """A call of a helper with the parameters of the step as settings."""

    def rule(call: SourceCall) -> Expression:
        settings = _pairs(call.params).items()
        texts = {k: _setting(call, v) for k, v in settings if k not in dropped}
        return call.helped(name, **texts)

    return rule


def _pairs(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the helpers take them: a number where all axes have it."""
    if "pad" not in params:
        return params
    pad = params["pad"]
    if "axis" in params:
        return _without_defaults({**params, "pad": sides(pad)})
    pairs = tuple(map(sides, pad))
    flat = {side for pair in pairs for side in pair}
    shorter = {**params, "pad": flat.pop() if len(flat) == 1 else pairs}
    for name in ("stride", "dilation"):
        shorter[name] = params[name][0] if len(set(params[name])) == 1 else params[name]
    return _without_defaults(shorter)


_DEFAULTS: dict[str, tuple[Any, ...]] = {"stride": (1,), "dilation": (1,), "groups": (1,), "pad": (0, (0, 0))}


def _without_defaults(params: dict[str, Any]) -> dict[str, Any]:
    """The settings that a helper has to be told."""
    return {name: value for name, value in params.items() if value not in _DEFAULTS.get(name, ())}


def _setting(call: SourceCall, value: Any) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(_setting(call, v) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return call.size(value) if not isinstance(value, bool) else str(value)


def of_floats(name: str) -> SourceRule:
    """A call of a helper that takes floats."""

    def rule(call: SourceCall) -> Expression:
        kind = call.dtype_of(0)
        if kind is not None and kind.kind != "f":
            return call.helper(name, call.fill("{0}.astype(np.float64)").text)
        return call.helped(name)

    return rule


def norms(call: SourceCall) -> Expression:
    return call.helped("norms")


_UNARY = [
    name for name, primitive in PRIMITIVES.items() if getattr(primitive, "ufunc", None) is not None
]  # fmt: skip

RULES: dict[str, SourceRule] = {
    **dict.fromkeys(_UNARY, ufunc),
    **{name: text for name, text in INFIX.items() if name != "power"},
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "floor_divide": "{0} // {1}",
    "remainder": "{0} % {1}",
    "matmul": "{0} @ {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "negative": negative,
    "power": power,
    "square": square,
    "reciprocal": reciprocal,
    "logical_not": truth("~{0}"),
    "invert": truth("~{0}"),
    "logical_and": truth("{0} & {1}"),
    "logical_or": truth("{0} | {1}"),
    "logical_xor": truth("{0} ^ {1}"),
    "bitwise_and": truth("{0} & {1}"),
    "bitwise_or": truth("{0} | {1}"),
    "bitwise_xor": truth("{0} ^ {1}"),
    "where": "np.where({0}, {1}, {2})",
    "clip": "np.clip({0}, {1}, {2})",
    "astype": astype,
    "sigmoid": "1 / (1 + np.exp(-{0}))",
    "sigmoid_slope": "0.5 / (1 + np.cosh({0}))",
    "tanh_slope": "1 / np.cosh({0}) ** 2",
    "mean": reduction,
    "sum": reduction, "prod": reduction, "max": reduction, "min": reduction, "any": reduction,
    "all": reduction, "argmax": arg_reduction, "argmin": arg_reduction, "argsort": argsort,
    "cumsum": cumulative("np.cumsum"), "cumprod": cumulative("np.cumprod"),
    "cummax": cumulative("np.maximum.accumulate"),
    "reshape": reshape, "transpose": transpose, "broadcast_to": broadcast_to, "concatenate": concatenate,
    "pad": pad, "roll": roll, "slice": slice_, "unslice": unslice, "take": take,
    "take_along_axis": take_along_axis, "scatter_add": scatter_add, "add_along_axis": add_along_axis,
    "full": full, "arange": arange, "one_hot": one_hot, "random_numbers": random_numbers,
    "inv": "np.linalg.inv({0})",
    "solve": "np.linalg.solve({0}, {1})",
    "det": "np.linalg.det({0})",
    "log_determinant": "np.linalg.slogdet({0})[1]",
    "sign_of_determinant": "np.linalg.slogdet({0})[0]",
    "cofactors": helped("cofactors"),
    "cholesky": "np.linalg.cholesky(({0} + {0}.swapaxes(-1, -2)) / 2)",
    "erf": of_floats("erf"),
    "mills": of_floats("mills"),
    "square_sum": "np.sum({0} * {0})",
    "norms": norms,
}  # fmt: skip
RULES |= dict.fromkeys(("alias", "constant", "stop_gradient", "checked_indices"), same)
RULES |= {
    name: helped(name)
    for name in (
        "chain", "chain_quotient", "zero_times", "excess", "power_log", "linear_recurrence",
        "conv", "conv_transpose", "conv_weight_gradient", "max_pool", "max_pool_gradient", "max_pool_pick",
        "sum_pool", "sum_pool_gradient",
    )
}  # fmt: skip
for _cell in ("rnn", "lstm", "gru", "gru_after"):
    RULES |= {n: helped(n) for n in (_cell, f"{_cell}_gradient", f"{_cell}_weight_gradient")}

HINTS = {
    "mean": "mean",
    "exp": "e", "sum": "total", "max": "top", "matmul": "product", "log": "log", "reshape": "rows",
    "one_hot": "rows", "sqrt": "root", "tanh": "t", "sigmoid": "s", "subtract": "d", "divide": "q",
    "where": "chosen", "conv": "y", "take": "picked", "add": "z", "multiply": "p",
    "greater": "mask", "less": "mask", "greater_equal": "mask", "less_equal": "mask", "slice": "part",
    "full": "filled", "arange": "places", "transpose": "turned", "random_numbers": "noise",
    "square": "squares",
    "concatenate": "joined", "astype": "cast", "negative": "minus", "equal": "hit", "unslice": "dx",
    "broadcast_to": "spread", "argsort": "order", "take_along_axis": "picked", "maximum": "larger",
    "minimum": "smaller", "max_pool": "pooled", "sum_pool": "pooled",
}  # fmt: skip
"""What a local variable is called, by the primitive that computes it."""
