"""The class of the whole graph: its parameters, `predict`, `loss`, the metrics, and `gradient`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.source_export import NothingInSource
from graphlang.engine.sized_recording import targets_of
from graphlang.exports.source.language import GeneratedFile
from graphlang.exports.source.layout import STEP, comment_lines, docstring, statement_lines
from graphlang.exports.source.names import VariableNames, short_name, snake_case
from graphlang.exports.source.numpy.initial_values import start_lines
from graphlang.exports.source.numpy.layer_classes import LayerUse, layer_use
from graphlang.exports.source.numpy.layer_methods import FLAG
from graphlang.exports.source.numpy.table import array_text, dtype_text
from graphlang.exports.source.size_texts import SizeTexts, size_name
from graphlang.exports.source.statements import NoSourceRule
from graphlang.exports.walk import WalkedNode, walk


class NetworkWriter:
    """Writes the class of a graph, and knows its layers."""

    def __init__(self, file: GeneratedFile, graph: Graph, name: str) -> None:
        self.file = file
        self.graph = graph
        self.network = graph.network
        self.spec = graph.network.spec
        self.dtype = graph.dtype
        self.name = name
        self.start = _start(graph)
        walked = list(walk(self.network, [*targets_of(self.network), *([self.start] if self.start else [])]))
        self.uses = {w.name: self._use(w) for w in walked}
        self.inputs = list(self.network.inputs)
        self._names()
        self.classes = self._classes()
        self.plain_numbers = self._is_plain()
        self.kept: set[str] = set()
        #: lists of names that the file has as constants
        self.constants: dict[str, list[str]] = {}

    def _use(self, walked: WalkedNode) -> LayerUse:
        try:
            return layer_use(self.file, walked, self.dtype)
        except NoSourceRule as error:
            name, reason = (
                f"`{walked.name}` ({walked.operation})",
                f"the primitive `{error}` has no form there",
            )
            raise GraphError(
                [NothingInSource(name, "numpy", reason, self.network.span(walked.name))]
            ) from error

    # ---- names

    def _names(self) -> None:
        """The variable of each value, and the attribute of each layer."""
        sizes = {size_name(n) for spec in self.network.inputs.values() for n in _symbols(spec.shape)}
        scope = VariableNames({FLAG, "math", "hashlib", "rng", *sizes})
        self.variables = {name: scope.new(name) for name in self.inputs}
        for name, use in self.uses.items():
            named = use.walked.node.spec.named
            self.variables[name] = scope.new(name if named and "." not in name else short_name(name))
        for name in self.network.params:
            self.variables[name] = f'self.params["{name}"]'
        attributes = VariableNames(
            {"params", "load", "save", "predict", "loss", "gradient", "loss_value", "step", "seed"}
            | {self.variables[n] for n in self.inputs}
        )
        self.attributes = {name: attributes.new(self._wanted(use)) for name, use in self.uses.items()}
        self.scope = scope

    def _wanted(self, use: LayerUse) -> str:
        owners = {name.rpartition(".")[0] for name in use.parameters.values()}
        if len(owners) == 1 and "" not in owners:
            return short_name(next(iter(owners)))
        name = short_name(use.walked.name)
        return f"{name}_layer" if use.walked.node.spec.named else name

    def _classes(self) -> dict[str, str]:
        """For each node the name of its class; nodes whose class is the same share it."""
        scope = VariableNames({self.name, *self.file.language.helpers})
        found: dict[tuple[str, tuple[str, ...]], str] = {}
        classes = {}
        for name, use in self.uses.items():
            key = use.wanted_name, use.body
            if key not in found:
                found[key] = scope.new(use.wanted_name)
            classes[name] = found[key]
        return classes

    def _is_plain(self) -> bool:
        """Whether numbers of Python do as inputs: all are scalars, and no layer calls NumPy."""
        scalar = all(
            spec.shape in (None, ()) and spec.dtype == "float" for spec in self.network.inputs.values()
        )
        texts = ["\n".join(use.body) for use in self.uses.values()]
        calls = any("np." in text or re.search(r"\b(?!self\b)\w+\.[a-z]", text) for text in texts)
        return scalar and self.dtype == np.float64 and not self.network.params and not calls

    def class_lines(self) -> list[str]:
        """The classes of the layers."""
        lines: list[str] = []
        written: set[str] = set()
        for name, use in self.uses.items():
            own = self.classes[name]
            if own not in written:
                written.add(own)
                lines += ["", "", f"class {own}:", *use.body]
        return lines

    # ---- what needs what

    def needed(self, targets: Sequence[str]) -> list[str]:
        """The nodes that some values need, in order."""
        waiting, found = list(targets), set()
        while waiting:
            name = waiting.pop()
            if name in self.uses and name not in found:
                found.add(name)
                waiting += self.uses[name].operands
        return [name for name in self.uses if name in found]

    def inputs_of(self, targets: Sequence[str]) -> list[str]:
        """The inputs that some values need, and those that tell the sizes they need."""
        nodes = self.needed(targets)
        read = {v for name in nodes for v in self.uses[name].operands} | set(targets)
        found = [name for name in self.inputs if name in read]
        for size in self._sizes_of(nodes):
            if not any(size in _plain_symbols(self.network.inputs[name].shape) for name in found):
                found += [n for n in self.inputs if size in _plain_symbols(self.network.inputs[n].shape)][:1]
        return [name for name in self.inputs if name in found]

    def _sizes_of(self, nodes: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(size for name in nodes for size in self.uses[name].sizes))

    @property
    def has_mode(self) -> bool:
        return any(use.has_mode for use in self.uses.values())

    @property
    def has_step(self) -> bool:
        return any(use.has_step for use in self.uses.values())

    def mode_of(self, nodes: Sequence[str]) -> bool:
        return any(self.uses[name].has_mode for name in nodes)

    # ---- the class

    def lines(self) -> list[str]:
        lines = [f"class {self.name}:", *docstring(self._about(), 1), ""]
        lines += self._init()
        outputs = list(self.spec.outputs) or ([] if self.start else list(self.uses))
        if not outputs and self.start is not None:
            outputs = [self.start]
        self.outputs = outputs
        loss = self.start if self.start is not None else None
        methods = [self._predict(outputs, loss)]
        if loss is not None and loss not in outputs:
            methods.append(self._value("loss", loss))
        for metric, value in self._metrics().items():
            methods.append(self._value(metric, value))
        methods += [self._value(self._method(other), other) for other in self._other_losses()]
        for value in [] if loss is None else [loss, *self._other_losses()]:
            if self._wanted_gradients(self.needed([value])) & {value}:
                methods.append(self._gradient(value))
        if self.network.params:
            methods += [self._load(), self._save()]
        for method in methods:
            lines += ["", *method]
        return lines

    def _metrics(self) -> dict[str, str]:
        if self.spec.train is None:
            return {}
        scope = VariableNames({"predict", "loss", "gradient", "load", "save", *self.attributes.values()})
        told = {*self.spec.outputs, *self.spec.train.losses}
        others = {n: v for n, v in self.spec.train.metrics.items() if v not in told}
        return {scope.new(snake_case(name)): value for name, value in others.items()}

    def _other_losses(self) -> list[str]:
        """Of several objectives those after the first."""
        return [] if self.spec.train is None else [n for n in self.spec.train.losses if n != self.start]

    def _method(self, loss: str) -> str:
        return "loss" if loss == self.start else snake_case(loss)

    def gradient_method(self, loss: str) -> str:
        """The method that computes the gradients of a loss."""
        return "gradient" if loss == self.start else f"gradient_of_{snake_case(loss)}"

    def gradient_inputs(self, loss: str) -> list[str]:
        """The inputs that this method takes."""
        return self.predict_inputs if loss in self.outputs else self.inputs_of([loss])

    def _about(self) -> str:
        file = self.graph.file or "a spec"
        return f"The network of {file.rpartition('/')[2]}."

    def _init(self) -> list[str]:
        draws = bool(self.network.params)
        lines = [f"{STEP}def __init__(self{', seed=SEED' if draws else ''}):"]
        body: list[str] = []
        if draws:
            starts = start_lines(self.file, self.network, self.dtype)
            body += [f"{STEP * 2}self.params = {{", *starts, f"{STEP * 2}}}"]
            if any("self.params" not in x for x in body):
                body += [f"{STEP * 2}p = self.params"] if self._has_parameters() else []
        if self.has_step:
            body.append(f"{STEP * 2}self.step = 0")
        for name, use in self.uses.items():
            given = ", ".join(f'p["{parameter}"]' for parameter in use.parameters.values())
            body += statement_lines(f"self.{self.attributes[name]} = {self.classes[name]}({given})", 2)
        return [*lines, *(body or [f"{STEP * 2}pass"])]

    def _has_parameters(self) -> bool:
        return any(use.parameters for use in self.uses.values())

    def _head(self, name: str, inputs: Sequence[str], mode: str | None) -> list[str]:
        """The line of `def`, and the inputs as arrays."""
        taken = ["self", *(f"{self.variables[i]}{self._default(i)}" for i in self._in_order(inputs))]
        taken += [f"{FLAG}={mode}"] if mode is not None else []
        return statement_lines(f"def {name}({', '.join(taken)}):", 1)

    def _in_order(self, inputs: Sequence[str]) -> list[str]:
        """Those without a default first."""
        return sorted(inputs, key=lambda n: self.network.inputs[n].default is not None)

    def given(self, inputs: Sequence[str]) -> list[str]:
        """The variables of inputs that have no default."""
        return [self.variables[n] for n in inputs if self.network.inputs[n].default is None]

    def _default(self, name: str) -> str:
        default = self.network.inputs[name].default
        if default is None:
            return ""
        return f"={default}" if isinstance(default, int | float) else "=None"

    def _converted(self, inputs: Sequence[str]) -> list[str]:
        """The inputs in their types."""
        lines: list[str] = []
        if self.plain_numbers:
            return lines
        for name in inputs:
            spec, own = self.network.inputs[name], self.variables[name]
            kind = dtype_text({"float": self.dtype, "int": np.int64, "bool": np.bool_}[spec.dtype])
            if spec.default is not None and not isinstance(spec.default, int | float):
                value = np.asarray(spec.default)
                text = array_text(value.astype(np.int64 if value.dtype.kind == "i" else value.dtype)).text
                lines += [f"{STEP * 2}if {own} is None:", *statement_lines(f"{own} = {text}", 3)]
            lines += statement_lines(f"{own} = np.asarray({own}, {kind})", 2)
        return lines

    def _calls(self, nodes: Sequence[str], inputs: Sequence[str], told: set[str]) -> list[str]:
        """The calls of `forward`, after the lines of the spec that define the values."""
        arrays = {self.variables[n]: tuple(self.network.inputs[n].shape or ()) for n in inputs}
        sizes = SizeTexts(arrays)
        for size in self._sizes_of(nodes):
            sizes.used[size] = None
        lines = [f"{STEP * 2}{line}" for line in sizes.header()[0]]
        for name in nodes:
            use = self.uses[name]
            lines += comment_lines(use.walked.lines, 2)
            given = [self.variables[v] for v in use.operands] + [size_name(n) for n in use.sizes]
            given += ["self.step"] if use.has_step else []
            given += [FLAG] if use.has_mode else []
            own = self.variables[name]
            lines += statement_lines(f"{own} = self.{self.attributes[name]}.forward({', '.join(given)})", 2)
            if name in self.kept:
                lines.append(f"{STEP * 2}self.{self._kept_name(name)} = {own}")
        return lines

    def _kept_name(self, name: str) -> str:
        return f"_{self.variables[name]}"

    def _predict(self, outputs: Sequence[str], loss: str | None) -> list[str]:
        nodes, inputs = self.needed(outputs), self.inputs_of(outputs)
        self.predicted = set(nodes)
        self.predict_inputs = inputs
        for value in [v for v in (loss, *self._other_losses(), *self._metrics().values()) if v is not None]:
            if self._composes(value):
                later = [n for n in self.needed([value]) if n not in self.predicted]
                read = {v for n in later for v in self.uses[n].operands} | {value}
                self.kept |= {v for v in read if v in self.predicted and v not in outputs}
        mode = "False" if self.mode_of(nodes) else None
        lines = self._head("predict", inputs, mode) + self._converted(inputs)
        lines += self._calls(nodes, inputs, set())
        lines.append(f"{STEP * 2}return {', '.join(self.variables[n] for n in outputs)}")
        return lines

    def _composes(self, value: str) -> bool:
        """Whether a value can be computed from what `predict` does."""
        return set(self.predict_inputs) <= set(self.inputs_of([value])) and bool(
            self.predicted & set(self.needed([value]))
        )

    def _value(self, method: str, value: str) -> list[str]:
        """A method that computes one more value, by way of `predict` where it can."""
        nodes, inputs = self.needed([value]), self.inputs_of([value])
        composes = self._composes(value)
        moded = self.mode_of([*nodes, *(self.predicted if composes else ())])
        lines = self._head(method, inputs, "False" if moded else None)
        if not self._composes(value):
            lines += self._converted(inputs) + self._calls(nodes, inputs, set())
            return [*lines, f"{STEP * 2}return {self.variables[value]}"]
        later = [n for n in nodes if n not in self.predicted]
        read = {v for n in later for v in self.uses[n].operands} | ({value} & self.predicted)
        lines += self._converted([n for n in inputs if n in read or self._sizes_of(later)])
        outputs = [self.variables[n] if n in read else "_" for n in self.outputs]
        given = [self.variables[n] for n in self._in_order(self.predict_inputs)]
        given += [FLAG] if self.mode_of(sorted(self.predicted)) else []
        call = f"self.predict({', '.join(given)})"
        named = [n for n in outputs if n != "_"]
        lines += statement_lines(f"{', '.join(outputs)} = {call}" if named else call, 2)
        for name in self.uses:
            if name in read and name in self.kept:
                lines.append(f"{STEP * 2}{self.variables[name]} = self.{self._kept_name(name)}")
        lines += self._calls(later, inputs, set())
        return [*lines, f"{STEP * 2}return {self.variables[value]}"]

    # ---- backward

    def _gradient(self, loss: str) -> list[str]:
        nodes = self.needed([loss])
        inputs = self.gradient_inputs(loss)
        reached = [*nodes, *(self.predicted if self._composes(loss) or loss in self.outputs else ())]
        moded = self.mode_of(reached)
        mode = "True" if moded else None
        lines = self._head(self.gradient_method(loss), inputs, mode)
        lines += docstring(f"The gradients of {loss} by every parameter and input.", 2)
        given = [self.variables[n] for n in self._in_order(inputs)]
        given += [FLAG] if moded else []
        if loss in self.outputs:
            call = f"self.predict({', '.join(given)})"
            names = [self.variables[n] if n == loss else "_" for n in self.outputs]
            lines += statement_lines(f"{', '.join(names)} = {call}", 2)
        else:
            lines += statement_lines(
                f"{self.variables[loss]} = self.{self._method(loss)}({', '.join(given)})", 2
            )
        lines.append(f"{STEP * 2}self.loss_value = {self.variables[loss]}")
        return lines + self._passed_back(loss, nodes)

    def _passed_back(self, loss: str, nodes: Sequence[str]) -> list[str]:
        wanted = self._wanted_gradients(nodes)
        scope = VariableNames(self.scope.taken)
        names: dict[str, str] = {loss: scope.new(f"d{self.variables[loss]}")}
        seed = "1.0" if self.plain_numbers else f"np.ones_like({self.variables[loss]})"
        first = f"{names[loss]} = {seed}"
        lines = [f"{STEP * 2}{first}"]
        parts: dict[str, list[str]] = {}
        for name in reversed(nodes):
            use = self.uses[name]
            live = [v for v in use.passed if v in wanted]
            if name not in names or not (live or use.trained):
                continue
            call = f"self.{self.attributes[name]}.backward({names[name]})"
            targets, added = [], []
            for value in use.passed:
                if value not in live:
                    targets.append("_")
                elif value not in names:
                    wanted_name = value if value in self.network.params else self.variables[value]
                    names[value] = scope.new(f"d{wanted_name}")
                    targets.append(names[value])
                else:
                    more = scope.new(f"more_{names[value]}")
                    targets.append(more)
                    added.append((names[value], more))
            whole = f"{', '.join(targets)} = {call}" if live else call
            if len(targets) == 1 and added:
                whole, added = f"{names[live[0]]} = {names[live[0]]} + {call}", []
            lines += statement_lines(whole, 2)
            lines += [f"{STEP * 2}{own} = {own} + {more}" for own, more in added]
            for role, parameter in use.trained.items():
                parts.setdefault(parameter, []).append(f"self.{self.attributes[name]}.d{role}")
        return lines + self._gradients(names, parts)

    def _wanted_gradients(self, nodes: Sequence[str]) -> set[str]:
        """The values that depend on a float input or a parameter, which have gradients that count."""
        wanted = {n for n, spec in self.network.inputs.items() if spec.dtype == "float"}
        wanted |= {n for n, spec in self.network.params.items() if spec.trainable}
        for name in nodes:
            use = self.uses[name]
            if wanted & set(use.passed) or use.trained:
                wanted.add(name)
        return wanted

    def _gradients(self, names: dict[str, str], parts: dict[str, list[str]]) -> list[str]:
        entries = []
        for name in [*self.inputs, *self.network.params]:
            own = list(parts.get(name, []))
            own += [names[name]] if name in names else []
            if own:
                entries += statement_lines(f'"{name}": {" + ".join(own)},', 3)
        return [f"{STEP * 2}return {{", *entries, f"{STEP * 2}}}"]

    # ---- weights

    def _load(self) -> list[str]:
        return [
            f"{STEP}def load(self, path):",
            f'{STEP * 2}"""Takes the parameters of an .npz file, as graphlang saves them."""',
            f"{STEP * 2}with np.load(path) as arrays:",
            f"{STEP * 3}for name, value in self.params.items():",
            f"{STEP * 4}value[...] = arrays[name]",
        ]

    def _save(self) -> list[str]:
        return [
            f"{STEP}def save(self, path):",
            f"{STEP * 2}np.savez(path, **self.params)",
        ]


def _start(graph: Graph) -> str | None:
    """The value that `gradient` starts from, if one is clear and has gradients."""
    start: str | None
    try:
        start = graph.model.start(None)
    except GraphError:
        nodes = graph.network.nodes
        start = nodes[-1].name if nodes and not graph.network.spec.outputs else None
    return start if start is not None and graph.model.is_float(start) else None


def _symbols(shape: Any) -> list[str]:
    return [s for n in shape or () if hasattr(n, "symbols") for s in n.symbols]


def _plain_symbols(shape: Any) -> list[str]:
    return [str(n) for n in shape or () if hasattr(n, "symbols") and n.symbols == (str(n),)]
