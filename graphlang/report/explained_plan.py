"""Describes a plan step by step for `explain-plan`: operands, memory and cost of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphlang.contracts.memory import Memory
from graphlang.diagnostics import GraphError
from graphlang.engine.division import Division, unit_threads
from graphlang.engine.fusion import FusionGroup
from graphlang.engine.garbage import collection_paused
from graphlang.engine.loop_program import CAPTURED, CARRIED, ELEMENT, NEXT, STACKED, label
from graphlang.engine.model import Model
from graphlang.engine.passes import optimised
from graphlang.engine.plan import Plan, group_flops, memory_of, nbytes, plan, step_flops
from graphlang.engine.program import concrete, is_broadcast_scalar
from graphlang.engine.recording import Recording, Storage, record_forward, record_gradients
from graphlang.engine.workers import usable_threads
from graphlang.inputs.input_values import bind_inputs
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.syntax.operators import BY_FUNCTION, TRUTH_VALUES
from graphlang.trace import Step, SymbolicArray
from graphlang.training.state import TrainingState

IN_CACHE = "in cache"
"""Where a step writes whose result only its own fused group reads: into a block that stays in the cache."""


@dataclass(frozen=True)
class PlannedStep:
    """One step, `result = operation`; `origin` is the value of the graph that it is part of computing."""

    number: int
    result: str
    operation: str
    origin: str
    dtype: str
    shape: tuple[int, ...]
    where: str
    in_place: bool
    nbytes: int
    flops: int


@dataclass(frozen=True)
class PlannedGroup:
    """A single step; or a fused group: steps that run together on one block of rows and columns at a time; or
    the results of a `scan`, whose `body` is repeated."""

    steps: tuple[PlannedStep, ...]
    iteration_shape: tuple[int, ...] | None
    blocks: int
    block: tuple[int, int]
    threads: int
    repetitions: int = 1
    body: tuple[PlannedGroup, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """A whole program with its memory and cost; `what` says what it computes."""

    what: str
    inputs: dict[str, tuple[int, ...]]
    dtype: str
    threads: int
    #: how many of them the program uses itself, and how many BLAS for the products
    division: Division
    groups: tuple[PlannedGroup, ...]
    outputs: dict[str, str]
    copies: tuple[str, ...]
    buffers: tuple[int, ...]
    memory: Memory
    flops: int

    @property
    def steps(self) -> Iterator[PlannedStep]:
        """Every step in order."""
        return (step for group in self.groups for step in group.steps)


def explained(model: Model, inputs: Mapping[str, Any], batch: int | None = None) -> Explanation:
    """Explains the training step; without a `train` section, the output and its gradients, or the outputs.

    A missing input without a default gets random numbers of its declared shape, with `batch` rows: by default
    the batch of the `train` section, else that of the `gradcheck` section, else 1.
    """
    train, check = model.spec.train, model.spec.gradcheck
    rows = batch or (train.batch if train else check.batch if check else 1) or 1
    values = fill_with_random(model.network, inputs, np.random.default_rng(0), rows)
    bound = bind_inputs(model.network, values, model.dtype, None, model.file)
    storage = {n: Storage(a.shape, a.dtype) for n, a in bound.values.items()}
    with model.diagnosed(), collection_paused():
        what, recording = _recorded(model, storage, bound.sizes)
        planned = plan(optimised(recording.program))
    return _Explainer(model, planned, usable_threads(model.threads)[0]).explanation(what)


def _recorded(model: Model, storage: dict[int, Storage], sizes: dict[str, int]) -> tuple[str, Recording]:
    network, train = model.network, model.spec.train
    if train is not None:
        state = TrainingState(model, train, None)
        needed = network.ancestors([loss for loss, _ in state.objectives])
        recording = state.record({n: s for n, s in storage.items() if needed[n]}, sizes)
        uses = [(o.loss, o.optimizer.name) for o in train.objectives]
        uses = uses or [(train.minimize, train.optimizer.name)]
        steps = "; ".join(f"{loss}, its gradients, {optimizer}" for loss, optimizer in uses)
        return f"one training step: {steps}", recording
    try:
        start = model.start(None)
    except GraphError:
        names = {name: network.numbers[name] for name in model.network.outputs}
        return f"forward: {', '.join(names)}", record_forward(network, storage, model.dtype, sizes, names)
    of = network.numbers[start]
    needed = network.ancestors([of])
    floats = [n for n, s in network.inputs.items() if s.dtype == "float"]
    floats += [n for n, p in network.params.items() if p.trainable]
    wrt = {n: network.numbers[n] for n in floats if needed[network.numbers[n]]}
    recording = record_gradients(network, storage, model.dtype, sizes, of, wrt)
    return f"forward and backward: {start} and its gradients", recording


class _Explainer:
    """Names the values of a plan and describes its steps."""

    def __init__(
        self,
        model: Model,
        planned: Plan,
        threads: int,
        inputs: Mapping[str, str] | None = None,
        mark: str = "",
    ) -> None:
        self.model = model
        self.plan = planned
        self.threads = threads
        self.division = planned.division(threads)
        self.program = planned.program
        self.mark = mark
        self.steps = {s.output.number: s for g in planned.groups for s in g.steps} | planned.view_steps
        self.names = {v.number: (inputs or {}).get(k, k) for k, v in self.program.inputs.items()}
        self._name_steps()
        #: call of a `scan` -> what explains one repetition
        self.bodies = {
            g.steps[0].primitive.call_of(g.steps[0]): self._body(g) for g in planned.groups if g.loop
        }

    def _name_steps(self) -> None:
        """Names the results of the steps: the last step of a node gets the name of the node, the new value of
        a parameter `new` and the parameter's name, a gradient its label, and every other step its number."""
        last = {}
        for number, step in enumerate(self._executed(), 1):
            self.names[step.output.number] = f"{self.mark or '#'}{number}"
            if step.origin in self.model.network.numbers:
                last[step.origin] = step.output.number
        self.names.update({number: name for name, number in last.items()})
        for name, value in self.program.updates.items():
            if isinstance(value, SymbolicArray) and value.number >= 0:
                self.names[value.number] = f"new {name}"
        for name, value in self.program.outputs.items():
            if isinstance(value, SymbolicArray) and value.number >= 0 and name.startswith("gradient "):
                self.names.setdefault(value.number, name)

    def _executed(self) -> Iterator[Step]:
        return (step for group in self.plan.groups for step in group.steps)

    def explanation(self, what: str) -> Explanation:
        program, planned = self.program, self.plan
        copies = [f"{label} = {self.text(v)}" for label, v in planned.copies.items()]
        return Explanation(
            what=what,
            inputs={
                k: concrete(v.shape) for k, v in program.inputs.items() if k in self.model.network.inputs
            },
            dtype=self.model.dtype.name,
            threads=self.threads,
            division=self.division,
            groups=self.groups(),
            outputs={label: self.text(v) for label, v in program.outputs.items()},
            copies=tuple(copies),
            buffers=tuple([b.nbytes for b in planned.buffers]),
            memory=memory_of(planned, set(self.model.network.params), self.division.own),
            flops=planned.flops,
        )

    def _group(self, group: FusionGroup, numbers: Iterator[int]) -> PlannedGroup:
        steps = tuple([self._step(step, next(numbers)) for step in group.steps])
        if group.loop is not None:
            body = self.bodies[group.steps[0].primitive.call_of(group.steps[0])]
            steps = (replace(steps[0], flops=group_flops(group)), *steps[1:])
            length = int(group.steps[0].params["length"])
            return PlannedGroup(steps, None, 1, (1, 1), 1, length, body.groups())
        if not group.fused:
            return PlannedGroup(steps, None, 1, (1, 1), unit_threads(group, self.division))
        tiling = group.tiling()
        block = (tiling.block_rows, tiling.block_columns)
        return PlannedGroup(
            steps, group.iteration_shape, tiling.block_count, block, group.threads(self.division.own)
        )

    def groups(self) -> tuple[PlannedGroup, ...]:
        """The groups in order."""
        numbers = iter(range(1, len(self.steps) + 1))
        return tuple([self._group(group, numbers) for group in self.plan.groups])

    def _body(self, group: FusionGroup) -> _Explainer:
        """What explains one repetition of a `scan`: its values are named after those outside."""
        step = group.steps[0]
        body = step.params["body"]
        texts = [self.text(x) for x in step.operands]
        first, second = len(body.elements), len(body.elements) + len(body.carried)
        names = {label(ELEMENT, i): f"{text}[t]" for i, text in enumerate(texts[:first])}
        names |= {label(CAPTURED, i): text for i, text in enumerate(texts[second:])}
        return _Explainer(self.model, group.loop, self.threads, names, f"{self.names[step.output.number]}.")

    def _step(self, step: Step, number: int) -> PlannedStep:
        value = step.output
        where, in_place = self._where(step)
        return PlannedStep(
            number=number,
            result=self.names[value.number],
            operation=self._operation(step),
            origin=step.origin,
            dtype=value.dtype.name,
            shape=concrete(value.shape),
            where=where,
            in_place=in_place,
            nbytes=0 if where == IN_CACHE or in_place else nbytes(value),
            flops=0 if step.primitive.joint else step_flops(step),
        )

    def _where(self, step: Step) -> tuple[str, bool]:
        number, planned = step.output.number, self.plan
        if number in planned.temporaries:
            return IN_CACHE, False
        if number in planned.in_place:
            return planned.in_place[number], True
        buffer = planned.buffer_of[number]
        operands = [planned.buffer_of.get(x.number) for x in step.operands if x.__class__ is SymbolicArray]
        return f"buffer {buffer.number}", any(b is buffer for b in operands)

    # ---- texts --------------------------------------------------------------------------------------------

    def _operation(self, step: Step) -> str:
        if step.primitive.joint:
            return self._result_of_scan(step)
        operands = [self.text(x) for x in step.operands]
        row = BY_FUNCTION.get(step.primitive.name)
        if row is not None and len(operands) == 2 and row.operands is not TRUTH_VALUES:
            return f"{operands[0]} {row.symbol} {operands[1]}"
        options = [f"{k}={_option(v)}" for k, v in step.params.items() if v is not None and v is not False]
        return f"{step.primitive.name}({', '.join([*operands, *options])})"

    def _result_of_scan(self, step: Step) -> str:
        """One result of a `scan`: the last of a carried value, or what each repetition gives."""
        body, (kind, number) = self.bodies[step.primitive.call_of(step)], step.params["result"]
        if kind == STACKED:
            return f"scan: each {body.text(body.program.outputs[label(STACKED, number)])}"
        outputs = {**body.program.outputs, **body.program.updates}
        value = outputs.get(label(NEXT, number), outputs.get(label(CARRIED, number)))
        return f"scan: the last {body.text(value)}"

    def text(self, x: Any) -> str:
        """An operand as text: a name, a constant, or a view such as `W.T`."""
        if x.__class__ is not SymbolicArray:
            return _constant(x)
        view = self.plan.view_steps.get(x.number)
        return self.names[x.number] if view is None else self._view(view)

    def _view(self, step: Step) -> str:
        """A view as text: the operation that makes it, and the value that it looks at."""
        source = self.text(step.operands[0])
        if (
            step.primitive.name == "transpose"
            and list(step.params["axes"]) == list(range(step.output.ndim))[::-1]
        ):
            return f"{source}.T"
        options = [f"{_option(v)}" for v in step.params.values()]
        return f"{step.primitive.name}({', '.join([source, *options])})"


def _constant(x: Any) -> str:
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return f"{x:.6g}" if not isinstance(x, bool) else str(x).lower()
    if is_broadcast_scalar(x) or (x.size and bool(np.all(x == x.flat[0]))):
        return f"{x.flat[0]:.6g}" if is_broadcast_scalar(x) else f"[{x.flat[0]:.6g}, ...]"
    return f"constant[{', '.join(map(str, x.shape))}]"


def _option(value: Any) -> str:
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, tuple) and len(value) == 1:
        return _option(value[0])
    if isinstance(value, slice):
        return ":".join(
            "" if v is None else str(v)
            for v in (value.start, value.stop, value.step)[: 2 + (value.step is not None)]
        )
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_option, value))}]"
    return str(value)


def bytes_text(count: int) -> str:
    """A number of bytes as text, in GB, MB, kB or B."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count / factor:.0f} {unit}"
    return f"{count} B"
