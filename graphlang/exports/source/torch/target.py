"""The target `torch` of `graphlang export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.source_export import NothingInSource
from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.forward_body import ForwardBody, ForwardLanguage
from graphlang.exports.source.language import GeneratedFile, SourceLanguage
from graphlang.exports.source.layout import STEP, docstring, statement_lines
from graphlang.exports.source.loops import python_loop
from graphlang.exports.source.names import VariableNames, class_name
from graphlang.exports.source.numpy.table import nested_text
from graphlang.exports.source.statements import StatementWriter
from graphlang.exports.source.torch.calls import torch_call
from graphlang.exports.source.torch.helpers import HELPERS
from graphlang.exports.source.torch.members import MEMBERS
from graphlang.exports.source.torch.modules import TorchModules
from graphlang.exports.source.torch.operands import TorchSizes, array_text, dtype_text, in_torch
from graphlang.exports.source.torch.starts import init_lines
from graphlang.exports.source.torch.table import HINTS, RULES, uses_module
from graphlang.kernels.scan import ScanCall
from graphlang.syntax.lessons import stem_of_spec
from graphlang.trace import Step, SymbolicArray

_TAKEN = frozenset({"self", "torch", "nn", "F", "math", "np", "step", "device"})


@dataclass
class DeviceFile(GeneratedFile):
    """A generated file, and on which device its arrays are made."""

    device: str = ""


def export(graph: Graph, **options: Any) -> str:
    """The file as text, which `ruff format` leaves as it is."""
    with graph.model.diagnosed():
        return _Module(graph).text()


def loop(writer: StatementWriter, steps: Sequence[Step], operands: list[Expression]) -> list[Expression]:
    """A `scan` as a loop; what it starts from and runs over are tensors."""
    body = ScanCall.from_params(steps[0].params).body
    given = []
    for i, (x, operand) in enumerate(zip(operands, steps[0].operands, strict=True)):
        state = i - len(body.elements)
        if 0 <= state < len(body.carried) and operand.__class__ is not SymbolicArray:
            x = Expression(f"torch.as_tensor({x.text}, dtype={dtype_text(body.carried[state].dtype)})")
        given.append(x)
    return python_loop(writer, steps, given, "torch.stack({})", "{}.flip(0)")


class _Module:
    """The one class of a generated file."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.modules = TorchModules(graph.network)
        self._refuse_members()
        language = SourceLanguage(RULES, HELPERS, dtype_text, self._array, loop, HINTS)
        self.file = DeviceFile(language, target="torch")
        self.name = class_name(stem_of_spec(graph.file) if graph.file else "net")
        self.body = ForwardBody(graph, self._language())
        self.inputs = sorted(self.body.inputs, key=self._is_optional)
        first = [self.body.variables[n] for n in self.inputs if n not in self.body.later_inputs()]
        views = [view for n in graph.network.params for view in self.modules.views(n)]
        self.device = f"{(first or views)[0]}.device" if first or views else ""
        self.file.device = self.device if len(self.device) <= 16 else "device"

    def _refuse_members(self) -> None:
        """Refuses names that mean something else in every module."""
        modules = self.modules
        for name in modules.parameters:
            parts = modules.views(name)[0].removeprefix("self.").split(".")
            taken = next((p for p in parts if p in MEMBERS or iskeyword(p)), None)
            if taken is not None:
                what = "a keyword of Python" if iskeyword(taken) else "a member of every module of PyTorch"
                reason = f"`{taken}` is {what}"
                own = name if len(parts) == 1 or taken != parts[0] else modules.layer_of[name]
                span = self.graph.network.span(name)
                raise GraphError([NothingInSource.name_taken(f"`{own}`", "torch", reason, span)])

    def _language(self) -> ForwardLanguage:
        return ForwardLanguage(
            self.file,
            parameter=self._parameter,
            drawn=self._drawn,
            training="self.training",
            stored=self._stored,
            step="step",
            converted=self._converted,
            idiom=lambda walked, operands, sizes: torch_call(
                self.modules, self.file.helpers, walked, operands, sizes
            ),
            taken=_TAKEN | {self.name},
            sizes=TorchSizes,
        )

    def _parameter(self, name: str) -> str:
        return self.modules.text(name, self.file.helpers)

    def _array(self, value: Any) -> Expression:
        return array_text(value, self.file.device)

    def _drawn(self, shape: str, dtype: str) -> str:
        device = f", device={self.file.device}" if self.file.device else ""
        return f"torch.rand({shape}, dtype={dtype}{device})"

    def _stored(self, name: str, text: str) -> str:
        plain = text.replace("_", "").isalnum()
        return f"{self._parameter(name)}.copy_({text if plain else f'({text})'}.detach())"

    def _is_optional(self, name: str) -> bool:
        return self.body.has_default(name) or name in self.body.later_inputs()

    def text(self) -> str:
        forward = self._forward()
        start = init_lines(self.modules, self.graph.dtype)
        for made in self.modules.made.values():
            if made is not None and made.startswith("BatchNorm"):
                self.file.helpers[made.partition("(")[0]] = None
        head = [f"class {self.name}(nn.Module):"]
        if start:
            head += [f"{STEP}def __init__(self):", f"{STEP * 2}super().__init__()", *start, ""]
        body = [*head, *forward, *self._losses()]
        helpers = [line for own in self.file.helper_texts() for line in [*own.split("\n"), "", ""]]
        lines = [*helpers, *body]
        about = stem_of_spec(self.graph.file) if self.graph.file else "a spec"
        text = [*docstring(f"{about} in PyTorch, written by graphlang."), "", *_imports(lines), "", ""]
        return "\n".join([*text, *lines]).rstrip() + "\n"

    def _forward(self) -> list[str]:
        lines = self.body.lines(2, self._returned)
        options = ["step=0"] if self.body.has_step else []
        head = statement_lines(f"def forward({', '.join(['self', *self._arguments(), *options])}):", 1)
        head += docstring("Every output, and with their inputs every loss and metric, by name.", 2)
        for name in self.inputs:
            head += self._input(name)
        if any("device=device" in line for line in lines) and self.file.device == "device":
            head += statement_lines(f"device = {self.device}", 2)
        return [*head, *lines]

    def _arguments(self, *, required: bool = False) -> list[str]:
        """The inputs, of which some have to be given though the outputs do not need them."""
        variables = self.body.variables
        free = [n for n in self.inputs if self._is_optional(n)]
        later = self.body.later_inputs()
        free = [n for n in free if not (required and n in later)]
        given = [variables[n] for n in self.inputs if n not in free]
        return [*given, *(f"{variables[n]}={self._default(n)}" for n in free)]

    def _default(self, name: str) -> str:
        """The value of an argument that is not given; a list is made anew in each call."""
        value = np.asarray(self.graph.network.inputs[name].default)
        plain = self.body.has_default(name) and value.ndim == 0
        return in_torch(nested_text(value)) if plain else "None"

    def _input(self, name: str) -> list[str]:
        variable, lines = self.body.variables[name], []
        if name in self.body.later_inputs():
            return []
        if self.body.has_default(name) and self._default(name) == "None":
            value = nested_text(np.asarray(self.graph.network.inputs[name].default))
            lines = [f"{STEP * 2}if {variable} is None:"]
            lines += statement_lines(f"{variable} = {in_torch(value)}", 3)
        return [*lines, *statement_lines(f"{variable} = {self._converted(name)}", 2)]

    def _converted(self, name: str) -> str:
        kind = self.graph.network.inputs[name].dtype
        dtype = dtype_text({"float": self.graph.dtype, "int": np.int64, "bool": np.bool_}[kind])
        return f"torch.as_tensor({self.body.variables[name]}, dtype={dtype})"

    def _returned(self, names: Sequence[str]) -> str:
        params = self.graph.network.params
        pairs = [
            f'"{name}": {self._parameter(name) if name in params else self.body.variables[name]}'
            for name in names
        ]
        return f"return {{{', '.join(pairs)}}}"

    def _losses(self) -> list[str]:
        """A method for each loss; it is called `loss` where there is one."""
        train = self.graph.network.spec.train
        names = list(train.losses) if train is not None else []
        scope = VariableNames((MEMBERS - {"loss"}) | {*self._attributes()})
        lines = []
        for name in names:
            own = scope.new("loss" if len(names) == 1 else name)
            arguments = self._arguments(required=True)
            options = ["step=0"] if self.body.has_step else []
            signature = ", ".join(["self", *arguments, *options])
            lines += ["", *statement_lines(f"def {own}({signature}):", 1)]
            lines += docstring(f"What training minimizes, `{name}`.", 2)
            words = [a.partition("=")[0] for a in arguments]
            same = words == [self.body.variables[n] for n in self.inputs]
            words = words if same else [f"{w}={w}" for w in words]
            given = ", ".join([*words, *(["step=step"] if options else [])])
            lines += statement_lines(f'return self({given})["{name}"]', 2)
        return lines

    def _attributes(self) -> list[str]:
        return [view.split(".")[1] for n in self.graph.network.params for view in self.modules.views(n)]


def _imports(lines: Sequence[str]) -> list[str]:
    math = ["import math", ""] if uses_module(lines, "math") else []
    numpy = ["import numpy as np"] if uses_module(lines, "np") else []
    torch = ["import torch"] if uses_module(lines, "torch") else []
    functional = ["import torch.nn.functional as F"] if uses_module(lines, "F") else []
    return [*math, *numpy, *torch, *functional, "from torch import nn"]
