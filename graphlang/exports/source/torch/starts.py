"""How the parameters of a generated module start: as in graphlang, from random numbers of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.contracts.initializer import fans
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.source_export import NothingInSource
from graphlang.exports.source.layout import statement_lines
from graphlang.exports.source.numpy.table import nested_text
from graphlang.exports.source.torch.modules import TorchModules
from graphlang.exports.source.torch.operands import dtype_text, in_torch
from graphlang.spec.models import ParamSpec, Use

_DRAWS: dict[str, Callable[[Any, str, int, int], str]] = {
    "he": lambda init, w, i, o: f"nn.init.normal_({w}, std=math.sqrt(2 / {i}))",
    "xavier": lambda init, w, i, o: f"nn.init.normal_({w}, std=math.sqrt(1 / {i}))",
    "lecun": lambda init, w, i, o: f"nn.init.normal_({w}, std=math.sqrt(1 / {i}))",
    "normal": lambda init, w, i, o: f"nn.init.normal_({w}, std={init.std})",
    "uniform": lambda init, w, i, o: f"nn.init.uniform_({w}, {init.a}, {init.b})",
    "glorot": lambda init, w, i, o: _between(w, f"math.sqrt(6 / {i + o})"),
    "fan_uniform": lambda init, w, i, o: _between(w, f"math.sqrt(1 / {i})"),
    "orthogonal": lambda init, w, i, o: f"nn.init.orthogonal_({w}, {init.gain})",
    "zeros": lambda init, w, i, o: f"nn.init.zeros_({w})",
    "ones": lambda init, w, i, o: f"nn.init.ones_({w})",
}
"""By the name of an initializer the call for a tensor, from the numbers of inputs and outputs."""
_AS_IN_TORCH = frozenset({"BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm", "PRelu"})
"""Layers whose modules start as ours."""


def _between(w: str, limit: str) -> str:
    return f"nn.init.uniform_({w}, -{limit}, {limit})"


def init_lines(modules: TorchModules, dtype: Any) -> list[str]:
    """The body of `__init__` after `super().__init__()`."""
    lines: list[str] = []
    for name, made in modules.made.items():
        instance = modules.instances[name]
        attribute = modules.attribute(instance)
        if made is not None:
            lines += statement_lines(f"{attribute} = {made}", 2)
            if instance.operation not in _AS_IN_TORCH:
                for own in instance.roles.values():
                    lines += _start(modules, own)
            continue
        lines += statement_lines(f"{attribute} = nn.Module()", 2)
        for role, own in instance.roles.items():
            lines += _own(modules, own, attribute, role, dtype)
    for name in modules.network.params:
        if name not in modules.layer_of:
            lines += _own(modules, name, "self", modules.views(name)[0].removeprefix("self."), dtype)
    return lines + (["        self.double()"] if dtype == np.float64 and lines else [])


def _own(modules: TorchModules, name: str, holder: str, key: str, dtype: Any) -> list[str]:
    """A parameter that stands for itself, with its start; a buffer where it is not trained."""
    param = modules.network.params[name]
    constant = _constant(modules, param, dtype)
    shape = ", ".join(map(str, param.shape)) if param.shape else "()"
    kind = {"float": "", "int": ", dtype=torch.int64", "bool": ", dtype=torch.bool"}[param.dtype]
    value = constant if constant is not None else f"torch.empty({shape}{kind})"
    if param.trainable and param.dtype == "float":
        lines = statement_lines(f"{holder}.{key} = nn.Parameter({value})", 2)
    else:
        lines = statement_lines(f'{holder}.register_buffer("{key}", {value})', 2)
    return lines if constant is not None else [*lines, *_start(modules, name)]


def _constant(modules: TorchModules, param: ParamSpec, dtype: Any) -> str | None:
    """The value of a parameter that starts as one that is written in the spec."""
    init: Any = modules.network.member("initializers", param.init)
    if type(init).__name__ != "constant" or not type(init).__module__.startswith("graphlang."):
        return None
    value: Any = np.asarray(init.c, {"float": np.float64, "int": np.int64, "bool": np.bool_}[param.dtype])
    kind = f", dtype={dtype_text(dtype)}" if param.dtype == "float" and dtype == np.float64 else ""
    if value.ndim == 0 and param.shape:
        return f"torch.full({param.shape}, {in_torch(nested_text(value))}{kind})"
    if not value.size:
        return f"torch.zeros({param.shape}{kind})"
    return f"torch.tensor({in_torch(nested_text(value.reshape(param.shape)))}{kind})"


def _start(modules: TorchModules, name: str) -> list[str]:
    """The statements that fill a parameter."""
    network = modules.network
    param = network.params[name]
    init: Any = network.member("initializers", param.init)
    row = None
    if type(init).__name__ == "zero_row":
        row = init.row
        init = network.member("initializers", Use(name=init.of, attributes=init.attributes))
    own = type(init).__name__
    if own == "constant" and np.ndim(init.c) == 0:
        texts = [f"nn.init.constant_({w}, {float(init.c)})" for w in modules.views(name)]
    elif own in _DRAWS and type(init).__module__.startswith("graphlang."):
        texts = [_DRAWS[own](init, w, *fans(param.shape)) for w in modules.views(name)]
    else:
        reason = f"the initializer `{own}` is not one of graphlang"
        raise GraphError([NothingInSource(f"`{name}`", "torch", reason, network.span(name))])
    if row is not None:
        texts += [f"nn.init.zeros_({w}[{row}])" for w in modules.views(name)]
    return [line for text in texts for line in statement_lines(text, 2)]
