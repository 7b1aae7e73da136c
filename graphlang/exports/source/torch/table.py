"""From every primitive to its expression in PyTorch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graphlang.exports.source.expressions import ATOM, Expression, power_of
from graphlang.exports.source.known_signs import is_one_number
from graphlang.exports.source.language import SourceCall, SourceRule
from graphlang.exports.source.numpy import table as of_numpy
from graphlang.exports.source.torch import table_of_arrays as arrays
from graphlang.exports.source.torch.operands import (
    KEEPS_TYPES,
    dtype_text,
    in_torch,
    is_number_text,
    on_device,
    plain_operands,
    typed_operand,
)
from graphlang.kernels.windows import sides

NAMED = {"absolute": "abs", "fabs": "abs", "rint": "round", "power": "pow"}
"""Functions of PyTorch with another name than NumPy's."""


def operator(template: str) -> SourceRule:
    """An operator of Python."""

    def rule(call: SourceCall) -> Expression:
        alone = all(is_number_text(x) for x in plain_operands(call))
        return call.fill(template, *plain_operands(call, tensor=alone))

    return rule


def ufunc(call: SourceCall) -> Expression:
    name = call.step.primitive.name
    dtype = None
    if name in KEEPS_TYPES:
        dtype = next((call.dtype_of(i) for i in range(len(call.operands)) if call.dtype_of(i)), None)
    parts = [typed_operand(call, i, tensor=True, dtype=dtype).text for i in range(len(call.operands))]
    return Expression(f"torch.{NAMED.get(name, name)}({', '.join(parts)})")


def of_array(function: str) -> SourceRule:
    """A function of arrays in the type of the result."""
    return lambda call: Expression(
        f"{function}({', '.join(x.text for x in plain_operands(call, tensor=True))})"
    )


def with_template(template: str) -> SourceRule:
    """An expression of arrays in the type of the result."""
    return lambda call: call.fill(template, *plain_operands(call, tensor=True))


def floor_divide(call: SourceCall) -> Expression:
    """PyTorch knows no derivative of it; it is 0."""
    parts = plain_operands(call)
    if call.output.dtype.kind == "f":
        parts = [x if is_number_text(x) else Expression(f"{x.within(ATOM)}.detach()") for x in parts]
    return call.fill("{0} // {1}", *parts)


def hypot(call: SourceCall) -> Expression:
    return call.helper("hypot", *(x.text for x in plain_operands(call, tensor=True)))


def power(call: SourceCall) -> Expression:
    base, exponent = plain_operands(call)
    if is_number_text(base):
        return ufunc(call)
    return power_of(base, exponent)


def square(call: SourceCall) -> Expression:
    return power_of(typed_operand(call, 0), Expression("2"))


def larger(call: SourceCall) -> Expression:
    """The larger or the smaller of two; next to a number, what ties with it gets no gradient."""
    name = call.step.primitive.name
    for place in (0, 1):
        number = typed_operand(call, place)
        if is_number_text(number):
            other = typed_operand(call, 1 - place, tensor=True).text
            own = call.step.operands[place]
            if name == "maximum" and is_one_number(own) and float(own) == 0:
                return Expression(f"F.relu({other})")
            return call.helper("at_least" if name == "maximum" else "at_most", other, number.text)
    return ufunc(call)


def where(call: SourceCall) -> Expression:
    chosen = [typed_operand(call, i) for i in (1, 2)]
    if all(is_number_text(x) for x in chosen):
        chosen = [typed_operand(call, i, tensor=True) for i in (1, 2)]
    condition = call.x.text
    if call.dtype_of(0) is not None and call.dtype_of(0).kind != "b":
        condition = call.fill("{0} != 0", call.x).text
    return Expression(f"torch.where({condition}, {chosen[0].text}, {chosen[1].text})")


def clip(call: SourceCall) -> Expression:
    parts = plain_operands(call)
    if not all(is_number_text(x) for x in parts[1:]):
        parts = plain_operands(call, tensor=True)
        return call.helper("clipped", *(x.text for x in parts))
    return Expression(f"torch.clamp({', '.join(x.text for x in parts)})")


def astype(call: SourceCall) -> Expression:
    kind = dtype_text(call.params["dtype"])
    if call.dtype_of(0) is None or is_number_text(call.x):
        return Expression(f"torch.tensor({in_torch(call.x.text)}, dtype={kind}{on_device(call)})")
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
        x = typed_operand(call, 0)
        if call.step.primitive.name in ("any", "all", "max", "min"):
            x = call.x
        return Expression(f"{function}({', '.join([x.text, *_axes(call)])})")

    return rule


def prod(call: SourceCall) -> Expression:
    axes, keep = call.params["axis"], bool(call.params.get("keepdims"))
    if len(axes) != 1:
        return call.helper("product_over", typed_operand(call, 0).text, str(tuple(axes)), f"keepdim={keep}")
    return Expression(f"torch.prod({', '.join([typed_operand(call, 0).text, *_axes(call)])})")


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


# ---- kernels


def helped(name: str) -> SourceRule:
    """A call of a helper with the parameters of the step as settings."""

    def rule(call: SourceCall) -> Expression:
        settings = {k: _setting(call, v) for k, v in _pairs(call.params).items()}
        settings = {("dim" if k == "axis" else k): v for k, v in settings.items()}
        return call.helper(
            name,
            *(x.text for x in plain_operands(call)),
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


def _names_of(names: str, rule: SourceRule) -> dict[str, SourceRule]:
    """One rule for several primitives."""
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, SourceRule] = {
    **arrays.ARRAY_RULES,
    **_names_of("absolute fabs rint exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin", ufunc),
    **_names_of("arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg sign floor ceil trunc", ufunc),
    **_names_of("isnan isinf isfinite signbit arctan2 logaddexp logaddexp2 copysign fmod", ufunc),
    **_names_of("arccos fmax fmin float_power sigmoid", ufunc),
    **_names_of("maximum minimum", larger),
    **_names_of("logical_not invert", inverted),
    **_names_of("logical_and bitwise_and", truth("{0} & {1}")),
    **_names_of("logical_or bitwise_or", truth("{0} | {1}")),
    **_names_of("logical_xor bitwise_xor", truth("{0} ^ {1}")),
    **_names_of("alias constant checked_indices positive", arrays.same),
    **_names_of("argmax argmin", arg_reduction),
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


def uses_module(texts: Sequence[str], module: str) -> bool:
    """Whether some line uses a module."""
    return any(re.search(rf"(?<![\w.]){module}\.", text) for text in texts)
