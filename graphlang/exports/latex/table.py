"""From every primitive to its notation in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping

from graphlang.exports.latex import arithmetic, arrangement
from graphlang.exports.latex.arrangement import kernel
from graphlang.exports.latex.calls import TexRule, bitwise, function_rule, of_truth, template_rule
from graphlang.exports.latex.notation import COMPARISON, ODOT, POWER, PRODUCT, SUM, Tex, operator

_WINDOWS = ("stride", "pad", "dilation", "groups")
_POOL = ("size", "stride", "pad", "axis")
"""The parameters of kernels that are shown."""

RULES: dict[str, TexRule] = {
    "add": arithmetic.add,
    "subtract": template_rule("@0s - @1o", SUM),
    "excess": template_rule("@0s - @1o", SUM),
    "divide": arithmetic.divide,
    "chain_quotient": arithmetic.divide,
    "negative": arithmetic.negative,
    "square": lambda call: arithmetic.square(call.operands[0]),
    "power": arithmetic.power,
    "float_power": arithmetic.power,
    "exp": arithmetic.exp,
    "exp2": template_rule("2^{@0}", POWER),
    "reciprocal": template_rule(r"\frac{1}{@0}", POWER),
    "sqrt": template_rule(r"\sqrt{@0}"),
    "cbrt": template_rule(r"\sqrt[3]{@0}"),
    "absolute": template_rule(r"\left|@0\right|"),
    "fabs": template_rule(r"\left|@0\right|"),
    "expm1": template_rule("e^{@0} - 1", SUM),
    "log1p": template_rule(r"\log\left(1 + @0s\right)"),
    "log2": function_rule(r"\log_{2}"),
    "log10": function_rule(r"\log_{10}"),
    "deg2rad": template_rule(r"\frac{\pi}{180} \, @0p", PRODUCT),
    "rad2deg": template_rule(r"\frac{180}{\pi} \, @0p", PRODUCT),
    "floor": template_rule(r"\left\lfloor @0 \right\rfloor"),
    "ceil": template_rule(r"\left\lceil @0 \right\rceil"),
    "floor_divide": template_rule(r"\left\lfloor \frac{@0}{@1} \right\rfloor"),
    "remainder": template_rule(r"@0p \bmod @1w", PRODUCT),
    "hypot": template_rule(r"\sqrt{@(0)^{2} + @(1)^{2}}"),
    "logaddexp": template_rule(r"\log\left(e^{@0} + e^{@1}\right)"),
    "logaddexp2": template_rule(r"\log_{2}\left(2^{@0} + 2^{@1}\right)"),
    "matmul": template_rule(r"@0p \, @1w", PRODUCT),
    "logical_and": of_truth(r"@0a \land @1a", COMPARISON),
    "bitwise_and": bitwise(r"\land", "and"),
    "logical_or": of_truth(r"@0a \lor @1a", COMPARISON),
    "bitwise_or": bitwise(r"\lor", "or"),
    "logical_xor": of_truth(r"@0a \oplus @1a", COMPARISON),
    "bitwise_xor": bitwise(r"\oplus", "xor"),
    "logical_not": arithmetic.opposite,
    "invert": arithmetic.opposite,
    "where": arithmetic.where,
    "clip": arithmetic.clip,
    "astype": arithmetic.astype,
    "sigmoid": arithmetic.sigmoid,
    "sigmoid_slope": arithmetic.slope_of_sigmoid,
    "tanh_slope": arithmetic.slope_of_tanh,
    "power_log": template_rule(r"@0a^{@1} \odot \log @(0)", ODOT, "odot"),
    "reshape": arrangement.reshape,
    "transpose": arrangement.transpose,
    "concatenate": arrangement.concatenate,
    "slice": arrangement.slice_,
    "unslice": arrangement.unslice,
    "take": arrangement.take,
    "scatter_add": arrangement.scatter,
    "pad": arrangement.pad,
    "roll": arrangement.roll,
    "take_along_axis": arrangement.along_axis("pick"),
    "add_along_axis": arrangement.along_axis("spread"),
    "full": arrangement.full,
    "arange": arrangement.arange,
    "one_hot": arrangement.one_hot,
    "random_numbers": arrangement.random_numbers,
    "constant": arrangement.constant,
    "inv": template_rule("@0a^{-1}", POWER),
    "solve": template_rule(r"@0a^{-1} \, @1w", PRODUCT),
    "det": template_rule(r"\det @(0)"),
    "cofactors": kernel("cof", "cofactors"),
    "log_determinant": template_rule(r"\log \left|\det @(0)\right|"),
    "sign_of_determinant": template_rule(r"\operatorname{sgn} \det @(0)"),
    "cholesky": kernel("chol", "cholesky"),
    "erf": function_rule(operator("erf")),
    "mills": kernel("mills", "mills"),
    "square_sum": lambda call: Tex(rf"\sum {arithmetic.square(call.operands[0]).text}", SUM),
    "norms": kernel("norms", "norms"),
    "linear_recurrence": kernel("recurrence", "linear_recurrence"),
    "conv": kernel("conv", "conv", _WINDOWS),
    "conv_transpose": kernel("convt", "conv_transpose", _WINDOWS),
    "conv_weight_gradient": kernel("convw", "conv_weight_gradient", _WINDOWS),
    "max_pool": kernel("maxpool", "max_pool", _POOL),
    "max_pool_gradient": kernel("unpool", "max_pool_gradient", _POOL),
    "max_pool_pick": kernel("poolpick", "max_pool_pick", _POOL),
    "sum_pool": kernel("sumpool", "sum_pool", _POOL),
    "sum_pool_gradient": kernel("unsumpool", "sum_pool_gradient", _POOL),
    "argsort": arithmetic.along("argsort"),
}
RULES |= dict.fromkeys(("multiply", "chain", "zero_times"), arithmetic.multiply)
RULES |= dict.fromkeys(
    ("positive", "stop_gradient", "alias", "checked_indices", "broadcast_to"), arithmetic.same
)
RULES |= {
    name: function_rule("\\" + name)
    for name in ("log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan")
}
RULES |= {"arcsin": function_rule(r"\arcsin"), "arccos": function_rule(r"\arccos")}
RULES |= {
    name: function_rule(operator(text))
    for name, text in {
        "arcsinh": "arsinh",
        "arccosh": "arcosh",
        "arctanh": "artanh",
        "sign": "sgn",
        "trunc": "trunc",
        "rint": "round",
        "isnan": "isnan",
        "isinf": "isinf",
        "isfinite": "isfinite",
        "signbit": "signbit",
        "fmod": "fmod",
        "arctan2": "arctan2",
        "copysign": "copysign",
    }.items()
}
RULES |= {"maximum": arithmetic.maximum, "fmax": function_rule(r"\max")}
RULES |= {"minimum": function_rule(r"\min"), "fmin": function_rule(r"\min")}
_COMPARISONS: Mapping[str, str] = {
    "greater": ">",
    "greater_equal": r"\geq",
    "less": "<",
    "less_equal": r"\leq",
    "equal": "=",
    "not_equal": r"\neq",
}
RULES |= {name: template_rule(f"@0s {sign} @1s", COMPARISON) for name, sign in _COMPARISONS.items()}
RULES |= {
    "sum": arithmetic.summed(r"\sum"),
    "prod": arithmetic.summed(r"\prod"),
    "max": arithmetic.summed(r"\max"),
    "min": arithmetic.summed(r"\min"),
    "any": arithmetic.summed(operator("any")),
    "all": arithmetic.summed(operator("all")),
    "argmax": arithmetic.summed(r"\operatorname*{arg\,max}"),
    "argmin": arithmetic.summed(r"\operatorname*{arg\,min}"),
    "cumsum": arithmetic.along("cumsum"),
    "cumprod": arithmetic.along("cumprod"),
    "cummax": arithmetic.along("cummax"),
}
