"""The target `jax` of `graphlang export`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.exports.source.forward_body import ForwardBody, ForwardLanguage
from graphlang.exports.source.jax.helpers import HELPERS
from graphlang.exports.source.jax.scans import lax_scan
from graphlang.exports.source.jax.table import HINTS, RULES, JaxSizes, array_text, dtype_text
from graphlang.exports.source.language import GeneratedFile, SourceLanguage
from graphlang.exports.source.layout import STEP, docstring, statement_lines
from graphlang.exports.source.names import VariableNames
from graphlang.exports.source.numpy.initial_values import start_lines
from graphlang.exports.source.numpy.target import NUMPY
from graphlang.exports.walk import WalkedNode
from graphlang.syntax.lessons import stem_of_spec

JAX = SourceLanguage(RULES, HELPERS, dtype_text, array_text, lax_scan, HINTS)
_TAKEN = frozenset({"params", "inputs", "training", "key", "keys", "step", "state", "jax", "jnp", "math"})
_TAKEN |= {"forward", "init_params"}


def export(graph: Graph, **options: Any) -> str:
    """The file as text, which `ruff format` leaves as it is."""
    with graph.model.diagnosed():
        return _File(graph).text()


class _File:
    """One generated file."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.file = GeneratedFile(JAX, target="jax")
        self.starts = GeneratedFile(NUMPY, f"np.{graph.dtype.name}", target="jax")
        self.body = ForwardBody(graph, self._language())

    def _language(self) -> ForwardLanguage:
        return ForwardLanguage(
            self.file,
            parameter=lambda name: f'params["{name}"]',
            drawn=self._drawn,
            training="training",
            stored=lambda name, text: f'state["{name}"] = {text}',
            step="step",
            converted=self._converted,
            idiom=_idiom,
            taken=_TAKEN,
            sizes=JaxSizes,
        )

    def _drawn(self, shape: str, dtype: str) -> str:
        self.file.helpers["uniform_numbers"] = None
        self.file.helpers["keys_of"] = None
        return f"uniform_numbers(keys, {shape}, {dtype})"

    def text(self) -> str:
        forward = self._forward()
        blocks = [*self._init(), *forward, *self._loss()]
        helpers = [line for own in self._helpers() for line in ["", "", *own.split("\n")]]
        text = "\n".join([*helpers, *blocks])
        if self.graph.dtype == np.float32:
            text = text.replace("jnp.int64", "jnp.int32").replace("jnp.float64", "jnp.float32")
        setting = 'jax.config.update("jax_enable_x64", True)' if self.graph.dtype == np.float64 else ""
        about = stem_of_spec(self.graph.file) if self.graph.file else "a spec"
        lines = [*docstring(f"{about} in JAX, written by graphlang."), "", *_imports(setting + text)]
        lines += ["", setting] if setting else []
        if "SEED" in text:
            lines += ["", f"SEED = {self.graph.seed}"]
        return "\n".join(lines) + "\n" + text.rstrip() + "\n"

    def _helpers(self) -> list[str]:
        return [*self.starts.helper_texts(), *self.file.helper_texts()]

    def _init(self) -> list[str]:
        if not self.graph.network.params:
            return []
        starts = start_lines(self.starts, self.graph.network, self.graph.dtype, depth=2)
        drawn = any("seed" in line for line in starts)
        lines = ["", "", f"def init_params({'seed=SEED' if drawn else ''}):"]
        lines += docstring("The parameters as graphlang starts them.", 1)
        lines += [f"{STEP}params = {{", *starts, f"{STEP}}}"]
        return [*lines, f"{STEP}return {{name: jnp.asarray(value) for name, value in params.items()}}"]

    def _forward(self) -> list[str]:
        body = self.body
        lines = body.lines(1, self._returned)
        self.options = [
            *(["training=False"] if body.has_mode else []),
            *(["key=None"] if body.has_draws else []),
        ]
        self.options += ["step=0"] if body.has_step else []
        head = ["", "", *statement_lines(f"def forward({self._arguments('')}):")]
        about = "Every output, and where its inputs are given every loss and metric, by name."
        head += docstring(about, 1)
        for name in body.inputs:
            head += self._input(name)
        head += [f"{STEP}keys = keys_of(key)"] if body.has_draws else []
        head += [f"{STEP}state = {{}}"] if body.has_state else []
        return [*head, *lines]

    def _arguments(self, kind: str) -> str:
        options = [o.partition("=")[0] for o in self.options]
        given = [f"{o}={o}" for o in options] if kind == "given" else self.options
        star = ["*"] if given and kind != "given" else []
        return ", ".join(["params", "inputs", *star, *given])

    def _input(self, name: str) -> list[str]:
        variable, kind = self.body.variables[name], self._type_of(name)
        if self.body.has_default(name):
            value = np.asarray(self.graph.network.inputs[name].default)
            default = array_text(value).text if value.ndim else repr(value.item())
            return statement_lines(f'{variable} = jnp.asarray(inputs.get("{name}", {default}), {kind})', 1)
        if name in self.body.later_inputs():
            return statement_lines(f'{variable} = inputs.get("{name}")', 1)
        return statement_lines(f'{variable} = jnp.asarray(inputs["{name}"], {kind})', 1)

    def _converted(self, name: str) -> str:
        return f"jnp.asarray({self.body.variables[name]}, {self._type_of(name)})"

    def _type_of(self, name: str) -> str:
        kind = self.graph.network.inputs[name].dtype
        return dtype_text({"float": self.graph.dtype, "int": np.int64, "bool": np.bool_}[kind])

    def _returned(self, names: Sequence[str]) -> str:
        pairs = [f'"{name}": {self._value(name)}' for name in names]
        if self.body.has_state:
            pairs.append("**state")
        return f"return {{{', '.join(pairs)}}}"

    def _value(self, name: str) -> str:
        if name in self.graph.network.params:
            return f'params["{name}"]'
        return self.body.variables[name]

    def _loss(self) -> list[str]:
        """A function for each loss; it is called `loss` where there is one."""
        train = self.graph.network.spec.train
        names = list(train.losses) if train is not None else []
        scope = VariableNames(_TAKEN | set(self._all_helpers()))
        lines = []
        for name in names:
            own = scope.new("loss" if len(names) == 1 else name)
            lines += ["", "", *statement_lines(f"def {own}({self._arguments('')}):")]
            lines += docstring(f"What training minimizes, `{name}`.", 1)
            lines += statement_lines(f'return forward({self._arguments("given")})["{name}"]', 1)
        return lines

    def _all_helpers(self) -> list[str]:
        return [*self.starts.helpers, *self.file.helpers]


def _imports(text: str) -> list[str]:
    standard = [f"import {name}" for name in ("hashlib", "math") if f"{name}." in text]
    numpy = ["import numpy as np"] if re.search(r"(?<![\w.])np\.", text) else []
    jax = ["import jax"] if re.search(r"(?<![\w.])jax\.", text) else []
    jnp = ["import jax.numpy as jnp"] if "jnp." in text else []
    return [*standard, *([""] if standard else []), *jax, *jnp, *numpy]


_IDIOMS = {"Relu": "jax.nn.relu({0})"}


def _idiom(walked: WalkedNode, operands: Sequence[str], sizes: Any) -> str | None:
    """The function of JAX that an operation is, where its gradient at a kink would be another one."""
    template = _IDIOMS.get(walked.operation)
    return None if template is None else template.format(*operands)
