"""From every primitive to its expression in PyTorch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.exports.source.expressions import ATOM, Expression, number_expression, power_of
from graphlang.exports.source.language import SourceCall, SourceRule
from graphlang.exports.source.numpy import table as of_numpy
from graphlang.exports.source.size_texts import SizeTexts
from graphlang.kernels.windows import sides

NAMED = {"absolute": "abs", "fabs": "abs", "rint": "round", "power": "pow"}
"""Functions of PyTorch with another name than NumPy's."""
_KEEPS_TYPES = frozenset(
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


def array_text(value: Any) -> Expression:
    """A constant array; one number in all places is broadcast."""
    value = np.asarray(value)
    kind = f"dtype={dtype_text(value.dtype)}"
    if value.size > 1 and not any(value.strides):
        return Expression(f"torch.full({value.shape}, {_number(value.flat[0])}, {kind})")
    if not value.size:
        return Expression(f"torch.zeros({value.shape}, {kind})")
    return Expression(f"torch.tensor({in_torch(of_numpy.nested_text(value))}, {kind})")


def _number(value: Any) -> str:
    return in_torch(number_expression(value).text)


def _on_device(call: SourceCall) -> str:
    """The last argument of a function that creates an array."""
    device = getattr(call.writer.file, "device", "")
    return f", device={device}" if device else ""


# ---- operands in the type of the result


def _operand(call: SourceCall, place: int, *, tensor: bool = False, dtype: Any = None) -> Expression:
    """An operand in the type of the result, because PyTorch and NumPy choose different ones."""
    x, own = call.operands[place], call.dtype_of(place)
    x = Expression(in_torch(x.text), x.strength)
    wanted = call.output.dtype if dtype is None else dtype
    if own is None:
        return Expression(f"torch.tensor({x.text}, dtype={dtype_text(wanted)})") if tensor else x
    if isinstance(call.step.operands[place], np.generic | np.ndarray) and x.text[0] in "-0123456789":
        return Expression(f"torch.tensor({x.text}, dtype={dtype_text(wanted)})") if tensor else x
    if own == wanted or call.step.primitive.name in _KEEPS_TYPES:
        return x
    return Expression(f"{x.within(ATOM)}.to({dtype_text(wanted)})")


def _plain_operands(call: SourceCall, *, tensor: bool = False) -> list[Expression]:
    return [_operand(call, i, tensor=tensor) for i in range(len(call.operands))]


def operator(template: str) -> SourceRule:
    """An operator of Python."""

    def rule(call: SourceCall) -> Expression:
        alone = all(_is_number(x) for x in _plain_operands(call))
        return call.fill(template, *_plain_operands(call, tensor=alone))

    return rule


def _is_number(x: Expression) -> bool:
    return re.fullmatch(r"-?[0-9.e+-]+|-?(math|np)\.\w+|True|False", x.text) is not None


def ufunc(call: SourceCall) -> Expression:
    name = call.step.primitive.name
    dtype = None
    if name in _KEEPS_TYPES:
        dtype = next((call.dtype_of(i) for i in range(len(call.operands)) if call.dtype_of(i)), None)
    parts = [_operand(call, i, tensor=True, dtype=dtype).text for i in range(len(call.operands))]
    return Expression(f"torch.{NAMED.get(name, name)}({', '.join(parts)})")


def of_array(function: str) -> SourceRule:
    """A function of arrays in the type of the result."""
    return lambda call: Expression(
        f"{function}({', '.join(x.text for x in _plain_operands(call, tensor=True))})"
    )


def with_template(template: str) -> SourceRule:
    """An expression of arrays in the type of the result."""
    return lambda call: call.fill(template, *_plain_operands(call, tensor=True))


def floor_divide(call: SourceCall) -> Expression:
    """PyTorch knows no derivative of it; it is 0."""
    parts = _plain_operands(call)
    if call.output.dtype.kind == "f":
        parts = [x if _is_number(x) else Expression(f"{x.within(ATOM)}.detach()") for x in parts]
    return call.fill("{0} // {1}", *parts)


def hypot(call: SourceCall) -> Expression:
    return call.helper("hypot", *(x.text for x in _plain_operands(call, tensor=True)))


def power(call: SourceCall) -> Expression:
    base, exponent = _plain_operands(call)
    if _is_number(base):
        return ufunc(call)
    return power_of(base, exponent)


def square(call: SourceCall) -> Expression:
    return power_of(_operand(call, 0), Expression("2"))


def larger(call: SourceCall) -> Expression:
    """The larger or the smaller of two; next to a number, what ties with it gets no gradient."""
    name = call.step.primitive.name
    for place in (0, 1):
        number = _operand(call, place)
        if _is_number(number):
            other = _operand(call, 1 - place, tensor=True).text
            if name == "maximum" and float(call.step.operands[place]) == 0:
                return Expression(f"F.relu({other})")
            return call.helper("at_least" if name == "maximum" else "at_most", other, number.text)
    return ufunc(call)


def where(call: SourceCall) -> Expression:
    chosen = [_operand(call, i) for i in (1, 2)]
    if all(_is_number(x) for x in chosen):
        chosen = [_operand(call, i, tensor=True) for i in (1, 2)]
    condition = call.x.text
    if call.dtype_of(0) is not None and call.dtype_of(0).kind != "b":
        condition = call.fill("{0} != 0", call.x).text
    return Expression(f"torch.where({condition}, {chosen[0].text}, {chosen[1].text})")


def clip(call: SourceCall) -> Expression:
    parts = _plain_operands(call)
    if not all(_is_number(x) for x in parts[1:]):
        parts = _plain_operands(call, tensor=True)
        return call.helper("clipped", *(x.text for x in parts))
    return Expression(f"torch.clamp({', '.join(x.text for x in parts)})")


def astype(call: SourceCall) -> Expression:
    kind = dtype_text(call.params["dtype"])
    if call.dtype_of(0) is None or _is_number(call.x):
        return Expression(f"torch.tensor({in_torch(call.x.text)}, dtype={kind}{_on_device(call)})")
    return call.fill("{0}.to({kind})", kind=kind)


def inverted(call: SourceCall) -> Expression:
    kind = call.dtype_of(0)
    truth = kind is not None and kind.kind == "b"
    return call.fill("~{0}") if truth or call.step.primitive.name == "invert" else ufunc(call)


def truth(sign: str) -> SourceRule:
    def rule(call: SourceCall) -> Expression:
        kinds = [call.dtype_of(i) for i in range(len(call.operands))]
        plain = all(kind is not None and kind.kind == "b" for kind in kinds)
        return call.fill(sign) if plain else ufunc(call)

    return rule


# ---- reductions


def _axes(call: SourceCall) -> list[str]:
    """The arguments that name axes; none where all are meant."""
    axes, ndim = call.params["axis"], len(call.shapes[0])
    keep = bool(call.params.get("keepdims"))
    if len(axes) == ndim and not keep:
        return []
    dim = of_numpy.last_as_minus_one(axes[0], ndim) if len(axes) == 1 else tuple(axes)
    return [f"dim={dim}", *(["keepdim=True"] if keep else [])]


def reduction(function: str) -> SourceRule:
    def rule(call: SourceCall) -> Expression:
        x = _operand(call, 0)
        if call.step.primitive.name in ("any", "all", "max", "min"):
            x = call.x
        return Expression(f"{function}({', '.join([x.text, *_axes(call)])})")

    return rule


def prod(call: SourceCall) -> Expression:
    axes, keep = call.params["axis"], bool(call.params.get("keepdims"))
    if len(axes) != 1:
        return call.helper("product_over", _operand(call, 0).text, str(tuple(axes)), f"keepdim={keep}")
    return Expression(f"torch.prod({', '.join([_operand(call, 0).text, *_axes(call)])})")


def arg_reduction(call: SourceCall) -> Expression:
    axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    keep = ", keepdim=True" if call.params.get("keepdims") else ""
    kind = call.dtype_of(0)
    x = call.fill("{0}.to(torch.uint8)") if kind is not None and kind.kind == "b" else call.x
    return Expression(f"torch.{call.step.primitive.name}({x.text}, dim={axis}{keep})")


def cumulative(function: str, rest: str = "") -> SourceRule:
    def rule(call: SourceCall) -> Expression:
        axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.shapes[0]))
        return Expression(f"torch.{function}({call.x.text}, dim={axis}){rest}")

    return rule


# ---- arrangement


def transpose(call: SourceCall) -> Expression:
    axes, count = call.params["axes"], len(call.params["axes"])
    if axes == tuple(range(count)):
        return call.x
    if count == 2:
        return call.fill("{0}.T")
    if axes == (*range(count - 2), count - 1, count - 2):
        return call.fill("{0}.transpose(-1, -2)")
    return call.fill("{0}.permute({axes})", axes=", ".join(map(str, axes)))


def broadcast_to(call: SourceCall) -> Expression:
    x = _operand(call, 0, tensor=True)
    return call.fill("torch.broadcast_to({0}, {shape})", x, shape=call.shape(call.params["shape"]))


def concatenate(call: SourceCall) -> Expression:
    axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.output.shape))
    parts = ", ".join(x.text for x in _plain_operands(call, tensor=True))
    return Expression(f"torch.cat([{parts}], dim={axis})")


def pad(call: SourceCall) -> Expression:
    widths = [call.size(n) for pair in reversed(call.params["widths"]) for n in pair]
    while widths[-2:] == ["0", "0"] and len(widths) > 2:
        widths = widths[:-2]
    value = call.params.get("value", 0)
    fill = "" if value == 0 else f", value={_number(value)}"
    return Expression(f"F.pad({call.x.text}, ({', '.join(widths)}){fill})")


def roll(call: SourceCall) -> Expression:
    return call.fill("torch.roll({0}, {shift}, dims={axis})", **call.params)


def _is_backward(part: Any) -> bool:
    return isinstance(part, slice) and part.step is not None and part.step < 0


def slice_(call: SourceCall) -> Expression:
    """PyTorch has no negative steps: `flip`, or a list of the places."""
    key, x = list(call.params["key"]), call.x
    for axis, part in enumerate(key):
        if _is_backward(part):
            if part.start is None and part.stop is None and part.step == -1:
                x = call.fill("{0}.flip({axis})", x, axis=axis)
            else:
                own = ", ".join([":"] * axis + [_places(call, part, call.shapes[0][axis])])
                x = call.fill("{0}[{own}]", x, own=own)
            key[axis] = slice(None)
    if all(part == slice(None) for part in key):
        return x
    return call.fill("{0}[{key}]", x, key=of_numpy.key_text(call, tuple(key)))


def _places(call: SourceCall, part: slice, n: Any) -> str:
    """The places of a slice as a list."""
    return f"list(range({call.size(n)})[{of_numpy.key_text(call, (part,))}])"


def unslice(call: SourceCall) -> Expression:
    """Zeros, to which each part is added at its place."""
    writer, shape = call.writer, call.params["shape"]
    total = writer.named("dx", _zeros(call, shape))
    for part, key in zip(call.operands, call.params["keys"], strict=True):
        if any(_is_backward(k) for k in key):
            texts = [
                _places(call, k, n) if _is_backward(k) else of_numpy.key_text(call, (k,))
                for k, n in zip(key, shape, strict=False)
            ]
            writer.line(f"{total.text}[{', '.join(texts)}] += {part.text}")
        else:
            writer.line(f"{total.text}[{of_numpy.key_text(call, key)}] += {part.text}")
    return total


def _zeros(call: SourceCall, shape: Any) -> str:
    return f"torch.zeros({call.shape(shape)}, dtype={dtype_text(call.output.dtype)}{_on_device(call)})"


def take(call: SourceCall) -> Expression:
    key = ", ".join([":"] * call.params["axis"] + [call.operands[1].text])
    return call.fill("{0}[{key}]", key=key)


def take_along_axis(call: SourceCall) -> Expression:
    axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    return call.fill("torch.take_along_dim({0}, {1}, dim={axis})", axis=axis)


def scatter_add(call: SourceCall) -> Expression:
    axis = call.params["axis"]
    size = call.size(call.output.shape[axis])
    return call.helper("add_rows", *(x.text for x in call.operands), f"dim={axis}", f"size={size}")


def add_along_axis(call: SourceCall) -> Expression:
    axis, size = call.params["axis"], call.size(call.params["size"])
    return call.helper("add_along_axis", *(x.text for x in call.operands), f"dim={axis}", f"size={size}")


# ---- creation


def full(call: SourceCall) -> Expression:
    shape, dtype, value = call.params["shape"], call.params["dtype"], call.step.operands[0]
    kind = f"dtype={dtype_text(dtype)}{_on_device(call)}"
    if call.dtype_of(0) is not None and not _is_number(call.x):
        x = _operand(call, 0, dtype=dtype)
        return x if shape == () else Expression(f"torch.broadcast_to({x.text}, {call.shape(shape)})")
    if shape == ():
        return Expression(f"torch.tensor({in_torch(call.x.text)}, {kind})")
    text = call.shape(shape)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return Expression(f"torch.{'ones' if value else 'zeros'}({text}, {kind})")
    return Expression(f"torch.full({text}, {in_torch(call.x.text)}, {kind})")


def arange(call: SourceCall) -> Expression:
    start, stop, step, dtype = (call.params[name] for name in ("start", "stop", "step", "dtype"))
    parts = [call.size(stop)] if start == 0 and step == 1 else [call.size(start), call.size(stop)]
    parts += [call.size(step)] if step != 1 else []
    parts += [] if dtype == np.int64 else [f"dtype={dtype_text(dtype)}"]
    return Expression(f"torch.arange({', '.join(parts)}{_on_device(call)})")


def one_hot(call: SourceCall) -> Expression:
    n, dtype = call.size(call.params["n"]), dtype_text(call.params["dtype"])
    ids = "{0}[..., None]" if call.dtype_of(0) is not None else "{0}"
    device = _on_device(call)
    return call.fill(f"({ids} == torch.arange({{n}}{device})).to({{dtype}})", n=n, dtype=dtype)


def same(call: SourceCall) -> Expression:
    """The operand; a number becomes a tensor."""
    if not _is_number(call.x):
        return call.x
    kind = dtype_text(call.output.dtype)
    return Expression(f"torch.tensor({in_torch(call.x.text)}, dtype={kind}{_on_device(call)})")


def random_numbers(call: SourceCall) -> Expression:
    params = call.params
    words = f"[{params['seed']}, {params['key']}{''.join(f', {x.text}' for x in call.operands)}]"
    settings = [dtype_text(params["dtype"]), f"normal={bool(params['normal'])}"]
    device = _on_device(call).removeprefix(", ")
    return call.helper(
        "random_numbers", words, call.shape(params["shape"]), *settings, *([device] if device else [])
    )


# ---- kernels


def helped(name: str, *axes: str) -> SourceRule:
    """A call of a helper with the parameters of the step as settings."""

    def rule(call: SourceCall) -> Expression:
        settings = {k: _setting(call, v) for k, v in _pairs(call.params).items()}
        settings = {("dim" if k == "axis" else k): v for k, v in settings.items()}
        return call.helper(
            name,
            *(x.text for x in _plain_operands(call)),
            *(f"{k}={v}" for k, v in settings.items()),
        )

    return rule


def _pairs(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters without those that a helper assumes; a number where all axes have it."""
    if "pad" not in params:
        return params
    if "axis" in params:
        shorter = {**params, "pad": sides(params["pad"])}
    else:
        pairs = tuple(map(sides, params["pad"]))
        flat = {side for pair in pairs for side in pair}
        shorter = {**params, "pad": flat.pop() if len(flat) == 1 else pairs}
        for name in ("stride", "dilation"):
            shorter[name] = params[name][0] if len(set(params[name])) == 1 else params[name]
    return {name: value for name, value in shorter.items() if value not in _DEFAULTS.get(name, ())}


_DEFAULTS: dict[str, tuple[Any, ...]] = {"stride": (1,), "dilation": (1,), "groups": (1,), "pad": (0, (0, 0))}


def _setting(call: SourceCall, value: Any) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(_setting(call, v) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return str(value) if isinstance(value, bool) else call.size(value)


def names_of(names: str, rule: SourceRule) -> dict[str, SourceRule]:
    """One rule for several primitives."""
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, SourceRule] = {
    **names_of("absolute fabs rint exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin", ufunc),
    **names_of("arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg sign floor ceil trunc", ufunc),
    **names_of("isnan isinf isfinite signbit arctan2 logaddexp logaddexp2 copysign fmod", ufunc),
    **names_of("arccos fmax fmin float_power sigmoid", ufunc),
    **names_of("maximum minimum", larger),
    **names_of("logical_not invert", inverted),
    **names_of("logical_and bitwise_and", truth("{0} & {1}")),
    **names_of("logical_or bitwise_or", truth("{0} | {1}")),
    **names_of("logical_xor bitwise_xor", truth("{0} ^ {1}")),
    **names_of("alias constant checked_indices positive", same),
    **names_of("argmax argmin", arg_reduction),
    "add": operator("{0} + {1}"),
    "subtract": operator("{0} - {1}"),
    "excess": operator("{0} - {1}"),
    "multiply": operator("{0} * {1}"),
    "divide": operator("{0} / {1}"),
    "floor_divide": floor_divide,
    "remainder": operator("{0} % {1}"),
    "matmul": operator("{0} @ {1}"),
    "greater": operator("{0} > {1}"),
    "greater_equal": operator("{0} >= {1}"),
    "less": operator("{0} < {1}"),
    "less_equal": operator("{0} <= {1}"),
    "equal": operator("{0} == {1}"),
    "not_equal": operator("{0} != {1}"),
    "negative": of_numpy.negative,
    "reciprocal": operator("1 / {0}"),
    "power": power, "square": square, "where": where, "clip": clip, "astype": astype,
    "cbrt": helped("cbrt"), "hypot": hypot,
    "sigmoid_slope": with_template("0.5 / (1 + torch.cosh({0}))"),
    "tanh_slope": with_template("1 / torch.cosh({0}) ** 2"),
    "stop_gradient": "{0}.detach()",
    "mean": reduction("torch.mean"), "sum": reduction("torch.sum"), "max": reduction("torch.amax"),
    "min": reduction("torch.amin"), "any": reduction("torch.any"), "all": reduction("torch.all"),
    "prod": prod, "argsort": "torch.argsort({0}, dim=-1, stable=True)",
    "cumsum": cumulative("cumsum"), "cumprod": cumulative("cumprod"),
    "cummax": cumulative("cummax", ".values"),
    "reshape": of_numpy.reshape, "transpose": transpose, "broadcast_to": broadcast_to,
    "concatenate": concatenate, "pad": pad, "roll": roll, "slice": slice_, "unslice": unslice,
    "take": take, "take_along_axis": take_along_axis, "scatter_add": scatter_add,
    "add_along_axis": add_along_axis, "full": full, "arange": arange, "one_hot": one_hot,
    "random_numbers": random_numbers,
    "inv": of_array("torch.linalg.inv"),
    "solve": of_array("torch.linalg.solve"),
    "det": of_array("torch.linalg.det"),
    "log_determinant": with_template("torch.linalg.slogdet({0})[1]"),
    "sign_of_determinant": with_template("torch.linalg.slogdet({0})[0]"),
    "cholesky": with_template("torch.linalg.cholesky(({0} + {0}.transpose(-1, -2)) / 2)"),
    "erf": of_array("torch.erf"),
    "square_sum": with_template("torch.sum({0} * {0})"),
}  # fmt: skip
RULES |= {
    name: helped(name)
    for name in (
        "cofactors", "mills", "norms", "chain", "chain_quotient", "zero_times", "power_log",
        "linear_recurrence", "conv", "conv_transpose", "conv_weight_gradient", "max_pool",
        "max_pool_gradient", "max_pool_pick", "sum_pool", "sum_pool_gradient",
    )
}  # fmt: skip
for _cell in ("rnn", "lstm", "gru", "gru_after"):
    RULES |= {n: helped(n) for n in (_cell, f"{_cell}_gradient", f"{_cell}_weight_gradient")}

HINTS = of_numpy.HINTS


def names_in(texts: Sequence[str], module: str) -> bool:
    """Whether some line uses a module."""
    return any(re.search(rf"(?<![\w.]){module}\.", text) for text in texts)
