"""What JavaScript writes for each primitive, by the kind of its operands, and the functions that this calls.

A primitive that is in no table is traced down to those that are (`Primitive.arithmetic`).
"""

from __future__ import annotations

from graphlang.engine.scalar import INFIX

_EVERY = {
    **INFIX,
    "maximum": "({0} >= {1} || {0} != {0} ? {0} : {1})",
    "minimum": "({0} <= {1} || {0} != {0} ? {0} : {1})",
    "clip": "_clip({0}, {1}, {2})",
    "logical_not": "({0} == 0)",
    "logical_and": "({0} != 0 && {1} != 0)",
    "logical_or": "({0} != 0 || {1} != 0)",
    "logical_xor": "(({0} != 0) != ({1} != 0))",
    "isnan": "({0} != {0})",
    "isfinite": "Number.isFinite(Number({0}))",
    "isinf": "(Math.abs(Number({0})) == Infinity)",
}
FLOAT = {
    **_EVERY,
    "absolute": "Math.abs({0})",
    "fabs": "Math.abs({0})",
    "reciprocal": "1 / {0}",
    "power": "_power({0}, {1})",
    "float_power": "_power({0}, {1})",
    "sqrt": "Math.sqrt({0})",
    "cbrt": "Math.cbrt({0})",
    "exp": "Math.exp({0})",
    "exp2": "Math.pow(2, {0})",
    "expm1": "Math.expm1({0})",
    "log": "Math.log({0})",
    "log2": "Math.log2({0})",
    "log10": "Math.log10({0})",
    "log1p": "Math.log1p({0})",
    "sin": "Math.sin({0})",
    "cos": "Math.cos({0})",
    "tan": "Math.tan({0})",
    "arcsin": "Math.asin({0})",
    "arccos": "Math.acos({0})",
    "arctan": "Math.atan({0})",
    "sinh": "Math.sinh({0})",
    "cosh": "Math.cosh({0})",
    "tanh": "Math.tanh({0})",
    "arcsinh": "Math.asinh({0})",
    "arccosh": "Math.acosh({0})",
    "arctanh": "Math.atanh({0})",
    "arctan2": "Math.atan2({0}, {1})",
    "hypot": "Math.hypot({0}, {1})",
    "deg2rad": "{0} * (Math.PI / 180)",
    "rad2deg": "{0} * (180 / Math.PI)",
    "sign": "({0} > 0 ? 1 : {0} < 0 ? -1 : {0} == 0 ? 0 : {0})",
    "floor": "Math.floor({0})",
    "ceil": "Math.ceil({0})",
    "trunc": "Math.trunc({0})",
    "rint": "_rint({0})",
    "signbit": "({0} < 0 || Object.is({0}, -0))",
    "floor_divide": "_floor_divide({0}, {1})",
    "remainder": "_remainder({0}, {1})",
    "fmod": "{0} % {1}",
    "copysign": "_copysign({0}, {1})",
    "logaddexp": "_logaddexp({0}, {1})",
    "logaddexp2": "_logaddexp2({0}, {1})",
    "fmax": "({0} >= {1} || {1} != {1} ? {0} : {1})",
    "fmin": "({0} <= {1} || {1} != {1} ? {0} : {1})",
    "chain": "_chain({0}, {1})",
    "chain_quotient": "_chain_quotient({0}, {1})",
    "zero_times": "_zero_times({0}, {1})",
    "excess": "_excess({0}, {1})",
}
"""Of numbers."""
WHOLE = {
    **_EVERY,
    "power": "_whole_power({0}, {1})",
    "absolute": "({0} < 0n ? -{0} : {0})",
    "sign": "({0} > 0n ? 1n : {0} < 0n ? -1n : 0n)",
    "floor_divide": "_whole_floor_divide({0}, {1})",
    "remainder": "_whole_remainder({0}, {1})",
    "invert": "~{0}",
    "excess": "BigInt.asIntN(64, {0} - {1})",
    "zero_times": "BigInt.asIntN(64, {0} * {1})",
    "bitwise_and": "({0} & {1})",
    "bitwise_or": "({0} | {1})",
    "bitwise_xor": "({0} ^ {1})",
}
"""Of BigInts."""
del WHOLE["divide"]
TRUTH = {
    **_EVERY,
    "add": "({0} || {1})",
    "multiply": "({0} && {1})",
    "absolute": "{0}",
    "invert": "!{0}",
    "bitwise_and": "({0} && {1})",
    "bitwise_or": "({0} || {1})",
    "bitwise_xor": "({0} != {1})",
}
"""Of booleans."""
for _arithmetic in ("subtract", "divide", "negative", "square"):
    del TRUTH[_arithmetic]

HELPERS = {
    # C's pow: 1 to any power is 1, and so is -1 to an infinite one; JavaScript gives nan.
    "_power": "(x, p) => x === 1 || (x === -1 && Math.abs(p) === Infinity) ? 1 : Math.pow(x, p)",
    "_clip": "(x, low, high) => { const y = x < low || low !== low ? low : x;"
    " return x !== x ? x : y > high || high !== high ? high : y; }",
    # Half to even. The sum drops what lies behind the point, from 2**52 on nothing does.
    "_rint": "(x) => Math.abs(x) < 2 ** 52 ? _copysign(Math.abs(x) + 2 ** 52 - 2 ** 52, x) : x",
    "_copysign": "(x, s) => (s < 0 || Object.is(s, -0)) === (x < 0 || Object.is(x, -0)) ? x : -x",
    # As npy_divmod: the remainder has the sign of the divisor.
    "_remainder": "(x, y) => { const r = x % y;"
    " return r === 0 ? _copysign(0, y) : (y < 0) !== (r < 0) ? r + y : r; }",
    "_floor_divide": "(x, y) => { if (y === 0) return x / y; let r = x % y, q = (x - r) / y;"
    " if (r !== 0 && (y < 0) !== (r < 0)) q -= 1; if (q === 0) return _copysign(0, x / y);"
    " const f = Math.floor(q); return q - f > 0.5 ? f + 1 : f; }",
    "_logaddexp": "(x, y) => { if (x === y) return x + Math.LN2; const d = x - y;"
    " return d > 0 ? x + Math.log1p(Math.exp(-d)) : d <= 0 ? y + Math.log1p(Math.exp(d)) : d; }",
    "_logaddexp2": "(x, y) => { if (x === y) return x + 1; const d = x - y;"
    " const more = (z) => Math.LOG2E * Math.log1p(Math.pow(2, z));"
    " return d > 0 ? x + more(-d) : d <= 0 ? y + more(d) : d; }",
    "_chain": "(dy, slope) => { const z = dy * slope; return z !== z && dy === 0 ? 0 : z; }",
    "_chain_quotient": "(dy, x) => { const z = dy / x; return z !== z && dy === 0 ? 0 : z; }",
    "_zero_times": "(x, y) => { const z = x * y; return z !== z && (x === 0 || y === 0) ? 0 : z; }",
    "_excess": "(x, y) => x === y && Math.abs(x) === Infinity ? (x > 0 ? 0 : x) : x - y",
    "_fits": "(n, message) => { if (BigInt.asIntN(64, n) !== n) throw new RangeError(message); return n; }",
    "_whole": '(x) => { if (!Number.isFinite(x)) throw new RangeError(x + " is no whole number");'
    " return BigInt(Math.trunc(x)); }",
    # A base of 2 or more leaves 64 bits behind at the power 64.
    "_whole_power": "(x, p) => { if (p < 0n) throw new RangeError("
    '"an int has no negative power: make the base a float");'
    " return x * x <= 1n ? (x === 0n ? (p === 0n ? 1n : 0n) : p % 2n === 0n ? 1n : x) :"
    " p > 64n ? 1n << 64n : x ** p; }",
    "_whole_remainder": "(x, y) => { if (y === 0n) return 0n; const r = x % y;"
    " return r !== 0n && (y < 0n) !== (r < 0n) ? r + y : r; }",
    "_whole_floor_divide": "(x, y) => y === 0n ? 0n : (x - _whole_remainder(x, y)) / y",
}
"""Functions that templates call, by name."""
