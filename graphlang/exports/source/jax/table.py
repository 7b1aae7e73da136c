"""From every primitive to its expression in JAX: NumPy's with functions of `jax.numpy`, and what differs."""

from __future__ import annotations

import re
from typing import Any

from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.language import SourceCall, SourceRule
from graphlang.exports.source.numpy import table as of_numpy
from graphlang.exports.source.size_texts import SizeTexts


def in_jax(text: str) -> str:
    """An expression of NumPy with the functions of `jax.numpy`."""
    return re.sub(r"(?<![\w.])np\.", "jnp.", text)


def _translated(rule: SourceRule) -> SourceRule:
    if isinstance(rule, str):
        return in_jax(rule)

    def written(call: SourceCall) -> Expression:
        found = rule(call)
        return Expression(in_jax(found.text), found.strength)

    return written


def dtype_text(dtype: Any) -> str:
    return in_jax(of_numpy.dtype_text(dtype))


def array_text(value: Any) -> Expression:
    found = of_numpy.array_text(value)
    return Expression(in_jax(found.text), found.strength)


class JaxSizes(SizeTexts):
    """Numbers that are computed from sizes are numbers of Python, which `jit` knows beforehand."""

    def size(self, size: Any) -> Expression:
        found = super().size(size)
        return Expression(re.sub(r"(?<![\w.])np\.", "math.", found.text), found.strength)


def unslice(call: SourceCall) -> Expression:
    """Zeros, to which each part is added at its place."""
    kind = of_numpy.with_dtype(call.output.dtype)
    text = in_jax(f"np.zeros({call.shape(call.params['shape'])}{kind})")
    for part, key in zip(call.operands, call.params["keys"], strict=True):
        text += f".at[{of_numpy.key_text(call, key)}].add({part.text})"
    return Expression(text)


def scatter_add(call: SourceCall) -> Expression:
    updates, indices = call.operands
    key = ", ".join([":"] * call.params["axis"] + [indices.text])
    kind = of_numpy.with_dtype(call.output.dtype)
    return Expression(
        in_jax(f"np.zeros({call.shape(call.output.shape)}{kind})") + f".at[{key}].add({updates.text})"
    )


def accumulated(name: str) -> SourceRule:
    def rule(call: SourceCall) -> Expression:
        axis = call.params["axis"] % len(call.shapes[0])
        return Expression(f"jax.lax.{name}({call.x.text}, axis={axis})")

    return rule


def like_float(name: str) -> SourceRule:
    """A function of floats; numbers become arrays."""
    return lambda call: Expression(f"{name}({call.x.text})")


def mean(call: SourceCall) -> Expression:
    """That of truth values is a float32 unless something else is said."""
    found = in_jax(of_numpy.reduction(call).text)
    kind = call.dtype_of(0)
    if kind is not None and kind.kind != "f":
        found = f"{found[:-1]}, dtype={dtype_text(call.output.dtype)})"
    return Expression(found)


RULES: dict[str, SourceRule] = {name: _translated(rule) for name, rule in of_numpy.RULES.items()}
RULES |= {
    "mean": mean,
    "unslice": unslice,
    "scatter_add": scatter_add,
    "cummax": accumulated("cummax"),
    "argsort": "jnp.argsort({0}, axis=-1)",
    "stop_gradient": "jax.lax.stop_gradient({0})",
    "sigmoid": "jax.nn.sigmoid({0})",
    "erf": like_float("jax.scipy.special.erf"),
}
HINTS = of_numpy.HINTS
