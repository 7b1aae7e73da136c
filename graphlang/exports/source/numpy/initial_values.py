"""The start of each parameter, drawn in the file as graphlang draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.contracts.initializer import Initializer, fans
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.source_export import NothingInSource
from graphlang.exports.source.expressions import number_expression
from graphlang.exports.source.language import GeneratedFile
from graphlang.exports.source.layout import statement_lines
from graphlang.exports.source.numpy.table import array_text, dtype_text
from graphlang.spec.models import ParamSpec, Use
from graphlang.spec.network import Network

_Draw = Callable[[Any, str, int, int], str]


def _normal(factor: Callable[[int, int], str]) -> _Draw:
    return lambda init, shape, i, o: f"normal({shape}, {factor(i, o)})"


def _uniform(limit: Callable[[int, int], str]) -> _Draw:
    return lambda init, shape, i, o: f"uniform({shape}, -{limit(i, o)}, {limit(i, o)})"


_DRAWS: dict[str, _Draw] = {
    "he": _normal(lambda i, o: f"math.sqrt(2 / {i})"),
    "xavier": _normal(lambda i, o: f"math.sqrt(1 / {i})"),
    "lecun": _normal(lambda i, o: f"math.sqrt(1 / {i})"),
    "normal": lambda init, shape, i, o: f"normal({shape}, {init.std})",
    "uniform": lambda init, shape, i, o: f"uniform({shape}, {init.a}, {init.b})",
    "glorot": _uniform(lambda i, o: f"math.sqrt(6 / {i + o})"),
    "fan_uniform": _uniform(lambda i, o: f"math.sqrt(1 / {i})"),
    "orthogonal": lambda init, shape, i, o: f"orthogonal({shape}, {init.gain})",
    "zeros": lambda init, shape, i, o: f"np.zeros({shape})",
    "ones": lambda init, shape, i, o: f"np.ones({shape})",
}
"""By the name of an initializer its expression, from the shape and the numbers of inputs and outputs."""


def start_lines(file: GeneratedFile, network: Network, dtype: Any, depth: int = 3) -> list[str]:
    """The entries of the dictionary of parameters, each a line or some."""
    lines: list[str] = []
    for name, param in network.params.items():
        lines += statement_lines(f'"{name}": {_start_text(file, network, name, param, dtype)},', depth)
    return lines


def _start_text(file: GeneratedFile, network: Network, name: str, param: ParamSpec, dtype: Any) -> str:
    """The expression of a parameter's start."""
    kind = np.dtype({"float": dtype, "int": np.int64, "bool": np.bool_}[param.dtype])
    init = network.member("initializers", param.init)
    own = type(init).__name__
    if own == "zero_row":
        inner = param.model_copy(update={"init": Use(name=init.of, attributes=init.attributes)})
        file.helpers["zero_row"] = None
        return f"zero_row({_start_text(file, network, name, inner, dtype)}, {init.row})"
    if own == "constant":
        return _constant(init, param.shape, kind)
    if own not in _DRAWS or not type(init).__module__.startswith("graphlang."):
        reason = f"the initializer `{own}` is not one of graphlang"
        raise GraphError([NothingInSource(f"`{name}`", file.target, reason, network.span(name))])
    text = _DRAWS[own](init, _shape(param.shape), *fans(param.shape))
    helper, _, rest = text.partition("(")
    if helper.startswith("np."):
        return text if kind == np.float64 else f"{text[:-1]}, {dtype_text(kind)})"
    file.helpers[helper] = None
    return f'{helper}("{name}", {rest[:-1]}, seed)'


def _constant(init: Initializer, shape: tuple[int, ...], dtype: Any) -> str:
    value = np.asarray(init.c)  # type: ignore[attr-defined]
    if value.ndim == 0:
        last = "" if dtype == np.float64 else f", {dtype_text(dtype)}"
        if value == 0:
            return f"np.zeros({_shape(shape)}{last})"
        return f"np.full({_shape(shape)}, {number_expression(value.astype(dtype)).text}{last})"
    return array_text(value.astype(dtype).reshape(shape)).text


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if len(shape) == 1 else str(tuple(shape))
