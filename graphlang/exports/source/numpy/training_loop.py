"""The training of the spec: its optimizer, the schedule, and the loop over minibatches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.api import Graph
from graphlang.exports.source.layout import STEP, comment_lines, docstring, statement_lines
from graphlang.exports.source.names import VariableNames
from graphlang.exports.source.numpy.network_class import NetworkWriter
from graphlang.exports.source.numpy.optimizer_classes import optimizer_lines
from graphlang.exports.source.numpy.schedules import factor_lines, has_factor, is_constant
from graphlang.spec.models import TrainSpec
from graphlang.training.state import TrainingState, trained_for

LOCAL = frozenset(
    """
    net losses rows order batch_mask grads epoch epochs step place batch seed iterations per_epoch total
    factor
    """.split()
)
"""The names in the loop; where an input has one, the loop takes another."""
_INPUT = "\0"
"""What marks the names of inputs until those of the loop are chosen."""


class _Final(str):
    """A line whose names have been chosen."""

    __slots__ = ()


def section_lines(graph: Graph, name: str) -> list[str]:
    """The lines of a section of the spec."""
    for source in graph.network.sources:
        found = re.search(rf"^{name} *\{{.*?^\}}", source.text, re.MULTILINE | re.DOTALL)
        if found:
            return found.group(0).split("\n")
    return []


class TrainingWriter:
    """Writes the function `train` and what it calls."""

    def __init__(self, network: NetworkWriter, section: TrainSpec, *, draws: bool) -> None:
        self.network = network
        self.section = section
        self.draws = draws
        self.state = TrainingState(network.graph.model, section, None)
        self.schedule = self.state.schedule
        self.rated = has_factor(self.schedule) and not is_constant(self.schedule)
        self.trained = trained_for(network.network, section)
        self.optimizers = self._optimizers()
        self.inputs = self._inputs()
        network.file.helpers["stream"] = None

    def _optimizers(self) -> list[tuple[str, str, list[str]]]:
        """For each optimizer its class, the variable, and the parameters that it changes."""
        scope = VariableNames({self.network.name, *self.network.classes.values()})
        own = VariableNames(LOCAL)
        found: list[tuple[str, str, list[str]]] = []
        #: by the name of an optimizer's class its lines, and by that of an optimizer its objective
        self.classes: dict[str, list[str]] = {}
        self.objective_of: dict[str, int] = {}
        by_key: dict[str, str] = {}
        for number, (_, names) in enumerate(self.trained):
            groups: dict[str, list[str]] = {}
            for name in names:
                groups.setdefault(repr(self.state.optimizer_of(name)), []).append(name)
            for text, members in groups.items():
                if text not in by_key:
                    optimizer = self.state.optimizer_of(members[0])
                    by_key[text] = scope.new(type(optimizer).__name__)
                    self.classes[by_key[text]] = optimizer_lines(
                        self.network.file, by_key[text], optimizer, self.network.dtype, rated=self.rated
                    )
                found.append((by_key[text], own.new("optimizer"), members))
                self.objective_of[found[-1][1]] = number
        return found

    def _inputs(self) -> list[str]:
        """The inputs that take rows of the data."""
        data = self.network.spec.data
        losses = [self.network.gradient_inputs(loss) for loss, _ in self.trained]
        needed = [n for n in self.network.inputs if any(n in own for own in losses)]
        with_default = {n for n in needed if self.network.network.inputs[n].default is not None}
        fields = set() if data is None else set(data.fields)
        return [n for n in needed if n not in with_default or n in fields]

    def lines(self) -> list[str]:
        """All of it, two empty lines before each part."""
        parts = list(self.classes.values())
        if self.rated:
            parts.append(factor_lines(self.schedule))
        if self.section.clip_norm is not None:
            self.network.file.helpers["clip_norm"] = None
        parts.append(self._train())
        return [line for part in parts for line in ["", "", *part]]

    def _train(self) -> list[str]:
        section = self.section
        names = [self._input(n) for n in self.inputs]
        taken = ["net", *names]
        taken += [f"epochs={section.epochs}"] if section.epochs else [f"iterations={section.iterations}"]
        taken += [f"batch={section.batch}"] if names else []
        taken += ["seed=SEED"] if names or self.draws else []
        lines = self._laid_out(f"def train({', '.join(taken)}):", 0)
        lines += docstring(self._about(), 1)
        lines += [f"{STEP}global rng"] if self.draws else []
        lines += [f"{STEP}{own} = {kind}()" for kind, own, _ in self.optimizers]
        lines += [f"{STEP}losses = []"]
        lines += self._sums()
        lines += [f"{STEP}averages = {{}}"] if section.ema is not None else []
        lines += self._over_rows(names) if names else self._without_rows()
        if section.ema is not None:
            lines += [f"{STEP}for key, value in averages.items():", f"{STEP * 2}net.params[key][...] = value"]
        about = comment_lines(section_lines(self.network.graph, "train"))
        return [*about, *self._with_free_names([*lines, f"{STEP}return losses"])]

    def _input(self, name: str) -> str:
        """The variable of an input, with a mark that its name is to stay."""
        return f"{_INPUT}{self.network.variables[name]}"

    def _renamed(self, text: str) -> str:
        """A text with names in the loop that no input has."""
        for name in LOCAL & {self.network.variables[n] for n in self.inputs}:
            text = re.sub(rf"(?<![\0.])\b{name}\b", f"{name}_", text)
        return text.replace(_INPUT, "")

    def _with_free_names(self, lines: Sequence[str]) -> list[str]:
        return [line if isinstance(line, _Final) else self._renamed(line) for line in lines]

    def _laid_out(self, text: str, depth: int) -> list[str]:
        """The lines of a statement that names inputs."""
        return [_Final(line) for line in statement_lines(self._renamed(text), depth)]

    def _sums(self) -> list[str]:
        return (
            [f"{STEP}sums = [{{}} for _ in range({len(self.trained)})]"]
            if self.section.accumulate > 1
            else []
        )

    def _about(self) -> str:
        text = "Trains the network as the spec says, and returns the loss of every step."
        left_out = [
            name
            for name, there in {
                "schedule": not has_factor(self.schedule),
                "stop": self.section.stop is not None,
                "keep": self.section.keep is not None,
            }.items()
            if there
        ]
        if left_out:
            settings = ", ".join(f"`{name}`" for name in left_out)
            text += f"\n\nLeft out of what `train` of the spec has: {settings}."
        return text

    def _over_rows(self, names: Sequence[str]) -> list[str]:
        total = "iterations" if self.section.iterations else "epochs * per_epoch"
        lines = [f"{STEP}rows = len({names[0]})"]
        lines += [] if self.section.batch else [f"{STEP}batch = batch or rows"]
        lines += [f"{STEP}per_epoch = -(-rows // batch)"]
        if self.rated or self.section.accumulate > 1:
            lines.append(f"{STEP}total = {total}")
            total = "total"
        lines += [
            f"{STEP}for step in range({total}):",
            f"{STEP * 2}epoch, place = divmod(step, per_epoch)",
        ]
        if self.section.shuffle:
            lines += [
                f"{STEP * 2}if place == 0:",
                f'{STEP * 3}order = stream(f"shuffle of epoch {{epoch}}", seed).permutation(rows)',
                f"{STEP * 2}batch_mask = order[place * batch : (place + 1) * batch]",
            ]
        else:
            lines += [f"{STEP * 2}batch_mask = slice(place * batch, (place + 1) * batch)"]
        lines += self._step({n: f"{self._input(n)}[batch_mask]" for n in self.inputs})
        if self.section.epochs:
            lines += [
                f"{STEP * 2}if place == per_epoch - 1:",
                f"{STEP * 3}mean = sum(losses[-per_epoch:]) / per_epoch",
                f'{STEP * 3}print(f"epoch {{epoch + 1}}: loss {{mean:.4f}}")',
            ]
        return lines

    def _without_rows(self) -> list[str]:
        count = "iterations" if self.section.iterations else "epochs"
        lines = [f"{STEP}total = {count}"] if self.rated or self.section.accumulate > 1 else []
        return [*lines, f"{STEP}for step in range({'total' if lines else count}):", *self._step({})]

    def _step(self, given: dict[str, str]) -> list[str]:
        lines = []
        if self.draws:
            lines.append(f'{STEP * 2}rng = stream(f"random of step {{step + 1}}", seed)')
        if self.network.has_step:
            lines.append(f"{STEP * 2}net.step = step + 1")
        every = self.section.accumulate
        if self.rated:
            now, total = (
                ("step + 1", "total") if every == 1 else (f"step // {every} + 1", f"-(-total // {every})")
            )
            lines.append(f"{STEP * 2}factor = rate_factor({now}, {total})")
        for number, (loss, names) in enumerate(self.trained):
            lines += self._objective(number, loss, names, given)
        return lines

    def _objective(self, number: int, loss: str, names: Sequence[str], given: dict[str, str]) -> list[str]:
        method = self.network.gradient_method(loss)
        own = [n for n in self.network.gradient_inputs(loss) if n in given]
        arguments = ", ".join(f"{self._input(n)}={given[n]}" for n in own)
        lines = self._laid_out(f"grads = net.{method}({arguments})", 2)
        if number == 0:
            lines.append(f"{STEP * 2}losses.append(float(net.loss_value))")
        every = self.section.accumulate
        depth, index = 2, STEP * 2
        if every > 1:
            lines += [
                f"{index}for key in net.params:",
                f"{STEP * 3}if key in grads:",
                f"{STEP * 4}sums[{number}][key] = sums[{number}].get(key, 0) + grads[key]",
                f"{index}if (step + 1) % {every} == 0 or step + 1 == total:",
                f"{STEP * 3}count = step % {every} + 1",
                f"{STEP * 3}grads = {{key: value / count for key, value in sums[{number}].items()}}",
                f"{STEP * 3}sums[{number}] = {{}}",
            ]
            depth = 3
        return lines + self._updates(number, names, depth)

    def _updates(self, number: int, names: Sequence[str], depth: int) -> list[str]:
        lines: list[str] = []
        section, indent = self.section, STEP * depth
        if section.clip_norm is not None or section.clip_value is not None:
            lines += self._only(names, depth)
        if section.clip_norm is not None:
            lines.append(f"{indent}clip_norm(grads, {section.clip_norm})")
        if section.clip_value is not None:
            low = f"np.clip(value, -{section.clip_value}, {section.clip_value})"
            lines += statement_lines(f"grads = {{key: {low} for key, value in grads.items()}}", depth)
        for _, own, members in self.optimizers:
            if self.objective_of[own] == number:
                factor = ", factor" if self.rated else ""
                changed = self._members(members)
                lines += statement_lines(f"{own}.update({changed}, grads{factor})", depth)
                if section.ema is not None:
                    self.network.file.helpers["keep_average"] = None
                    arguments = f"averages, {changed}, grads, {section.ema}"
                    lines += statement_lines(f"keep_average({arguments})", depth)
        return lines

    def _only(self, names: Sequence[str], depth: int) -> list[str]:
        """The gradients of the parameters that are trained, without those of inputs."""
        if self._is_all(names):
            return statement_lines("grads = {key: grads[key] for key in net.params if key in grads}", depth)
        return statement_lines(
            f"grads = {{key: grads[key] for key in {self._list(names)} if key in grads}}", depth
        )

    def _members(self, members: Sequence[str]) -> str:
        if self._is_all(members):
            return "net.params"
        return f"{{key: net.params[key] for key in {self._list(members)}}}"

    def _is_all(self, names: Sequence[str]) -> bool:
        return set(names) == {n for n, p in self.network.network.params.items() if p.trainable}

    def _list(self, names: Sequence[str]) -> str:
        """The names as a constant of the file."""
        for own, members in self.network.constants.items():
            if members == list(names):
                return own
        own = "TRAINED" if not self.network.constants else f"TRAINED{len(self.network.constants) + 1}"
        self.network.constants[own] = list(names)
        return own
