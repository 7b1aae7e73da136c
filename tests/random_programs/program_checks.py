"""The invariants of every program: all ways to compute it agree, and its inputs and outputs do not change."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
from numerical_gradients import numerical_gradients_agree
from program_agreement import Fault, Results, compare, difference
from program_inputs import FORMS, Inputs, aliased, copied, inputs_of
from random_program import Program

import graphlang as gl
from graphlang.engine.tape import Tape

DOUBLE = 1e-9
SINGLE = 1e-3


def check_program(program: Program, *, threads: int = 1) -> None:
    """Raises Fault, or the program's own exception, if an invariant does not hold."""
    Checks(program, threads).all()


class Checks:
    """One program, loaded, with its inputs and its results by the eager engine."""

    def __init__(self, program: Program, threads: int) -> None:
        self.program = program
        self.threads = threads
        self.graph = self.load()
        self.inputs = [
            inputs_of(self.graph, program, s, i) for i, s in enumerate((*program.sizes, program.sizes[0]))
        ]
        self.start = self._start()

    def load(self, dtype: str = "float64") -> gl.Graph:
        return gl.loads(self.program.text, dtype=dtype, seed=self.program.seed % 1000)

    def _start(self) -> str | None:
        """The output that backward starts from."""
        outputs = self.graph.outputs
        return next((name for name, spec in outputs.items() if spec.dtype == "float"), None)

    def eager(self, inputs: Inputs, graph: gl.Graph | None = None) -> Results | None:
        """Values and gradients; None where the program cannot be computed for these inputs."""
        graph = graph or self.graph
        try:
            forward = graph.forward(inputs)
            result = forward.result() if self.start is None else forward.backward(of=self.start)
            return results_of(result)
        except gl.GraphError:
            return None

    def spread(
        self, inputs: Inputs, step: float = 1e-13, *, everywhere: bool = False, dtype: str = "float64"
    ) -> Callable[[], Results]:
        """How far each result moves when inputs and parameters move by rounding errors; `everywhere`, when
        each value on the way does too, as in another precision."""

        @functools.cache
        def moved() -> Results:
            rng = np.random.default_rng(0)
            base = self.eager(inputs, self.load(dtype))
            assert base is not None
            found = dict.fromkeys(base, 0.0)
            for _ in range(6):
                graph = self.load(dtype)
                for name, value in graph.params.items():
                    graph.params[name] = nudged(value, step, rng)
                with nudged_values(step, rng) if everywhere else nullcontext():
                    again = self.eager(
                        {n: nudged(v, step, rng) for n, v in self.filled(inputs).items()}, graph
                    )
                for name in found:
                    off = np.inf if again is None else difference(base[name], again[name])
                    found[name] = max(found[name], off)
            return found

        return moved

    def filled(self, inputs: Inputs) -> Inputs:
        """The inputs with the defaults that stand in the text."""
        given = {
            n: s.default for n, s in self.graph.inputs.items() if s.default is not None and s.dtype == "float"
        }
        defaults = {n: np.array(value, np.float64) for n, value in given.items()}
        return {**defaults, **inputs}

    def all(self) -> None:
        first = self.eager(self.inputs[0])
        if first is None:
            self.fails_everywhere()
            return
        for check in self.checks():
            check(first)

    def checks(self) -> Iterator[Callable[[Results], None]]:
        yield self.run_and_run_again
        yield self.from_json
        yield self.planned_outputs
        if self.start is not None:
            yield self.planned_gradients
            yield self.numerical
            yield self.parts
            yield self.training
        yield self.single
        yield self.other_forms

    # ---- the checks ---------------------------------------------------------------------------------------

    def fails_everywhere(self) -> None:
        """A program that cannot be computed raises GraphError on every path."""
        for call in (self.run, self.graph.predict, self.graph.compile(threads=self.threads)):
            try:
                call(self.inputs[0])
            except gl.GraphError:
                continue

    def run(self, inputs: Inputs) -> gl.result.Result:
        return (
            self.graph.forward(inputs).result()
            if self.start is None
            else self.graph.run(inputs, of=self.start)
        )

    def run_and_run_again(self, first: Results) -> None:
        kept = copied(self.inputs[0])
        for time in ("first", "second", "third"):
            found = results_of(self.run(self.inputs[0]))
            compare(f"the {time} run", first, found, DOUBLE, self.spread(self.inputs[0]))
        self.unchanged(kept)

    def from_json(self, first: Results) -> None:
        again = gl.Graph.from_spec(
            self.graph.spec.model_dump_json(), dtype="float64", seed=self.program.seed % 1000
        )
        found = self.eager(self.inputs[0], again)
        if found is None:
            raise Fault("the graph from the spec's JSON cannot be computed")
        compare("the graph from the spec's JSON", first, found, 0.0)

    def planned_outputs(self, first: Results) -> None:
        program = self.graph.compile(threads=self.threads)
        names = list(self.graph.outputs)
        held: list[tuple[Any, Any]] = []
        for inputs in self.inputs:
            expected = self.eager(inputs)
            if expected is None:
                continue
            found = program(inputs)
            found = found if isinstance(found, dict) else {names[0]: found}
            compare("compile()", chosen(expected, names), found, DOUBLE, self.spread(inputs))
            held += [(value, np.array(value)) for value in found.values()]
        self.still(held, "a result of compile()")

    def planned_gradients(self, first: Results) -> None:
        wrt = [name.removeprefix("grad ") for name in first if name.startswith("grad ")]
        program = self.graph.compile(wrt=wrt, of=self.start, threads=self.threads)
        held: list[tuple[Any, Any]] = []
        for inputs in self.inputs:
            expected = self.eager(inputs)
            if expected is None:
                continue
            value, gradients = program(inputs)
            found = {self.start: value, **{f"grad {n}": g for n, g in gradients.items()}}
            found = {
                n: v for n, v in found.items() if n in expected
            }  # an unused input with a default may be missing
            wanted = {n: expected[n] for n in found}
            compare("compile(wrt=)", wanted, found, DOUBLE, self.spread(inputs))
            held += [(value, np.array(value)) for value in found.values()]
        self.still(held, "a result of compile(wrt=)")

    def training(self, first: Results) -> None:
        """A step of SGD subtracts the gradient of every parameter, with layers in training mode."""
        start = self.start
        if np.ndim(first[start]) or "ropout" in self.program.text or not self.graph.params:
            return
        text = f"{self.program.text}\ntrain {{ minimize = {start}; optimizer = SGD(lr=0.5); batch = 1; iterations = 9; dtype = float64 }}"
        graph = gl.loads(text, seed=self.program.seed % 1000)
        before = copied(graph.params)
        result = graph.forward(self.inputs[0], training=True).backward()
        trained = [n for n, p in graph.network.params.items() if p.trainable and p.dtype == "float"]
        expected = {n: before[n] - 0.5 * result.grad[n] for n in trained}
        if not all(np.all(np.isfinite(v)) for v in [result[start], *expected.values()]):
            return
        loss = graph.compile(train=True, threads=self.threads)(self.inputs[0])
        found = {start: loss, **{n: graph.params[n] for n in trained}}
        compare(
            "a step of training",
            {start: result[start], **expected},
            found,
            DOUBLE,
            self.spread(self.inputs[0]),
        )

    def numerical(self, first: Results) -> None:
        if "stop_gradient" not in self.program.text:
            assert self.start is not None
            numerical_gradients_agree(self.graph, self.filled(self.inputs[0]), self.start, first)

    def parts(self, first: Results) -> None:
        """In every picture, the gradients along the lines that leave a value sum to its gradient."""
        forward = self.graph.forward(self.inputs[0])
        result = forward.backward(of=self.start)
        sums = {name: np.full(np.shape(result[name]), float(name == self.start)) for name in result.grad}
        for part in forward.parts(result):
            name = self.graph.network.names[part.source]
            if name in sums:
                with np.errstate(all="ignore"):
                    sums[name] = sums[name] + part.gradient
        found = {f"grad {name}": value for name, value in sums.items()}
        compare(
            "the parts on the edges", chosen(first, list(found)), found, DOUBLE, self.spread(self.inputs[0])
        )

    def single(self, first: Results) -> None:
        """float32 gives what float64 gives, to its own rounding.

        Left out is `grad` by a computed value: whether a derivative is written with that value, or with what
        it is made of, may differ where a number is converted on the way.
        """
        first_node = self.graph.network.first_node
        grads = [n for n in self.graph.network.nodes if n.spec.operation == "grad"]
        if any(getattr(n.operands[1], "number", 0) >= first_node for n in grads):
            return
        found = self.eager(self.inputs[0], self.load("float32"))
        if found is None or not all(np.all(np.isfinite(v)) for v in [*first.values(), *found.values()]):
            return
        if self.jumps(self.graph) != self.jumps(self.load("float32")):
            return  # the precisions are on different sides of a jump, as where tanh(9) is 1
        if self.is_held_up() or self.underflows():
            return
        wide = self.spread(self.inputs[0], 3e-7, everywhere=True)
        narrow = self.spread(self.inputs[0], 3e-7, everywhere=True, dtype="float32")

        def spread() -> Results:
            # In float32 a gradient has rounding errors of its own: of `h / h` it is 1 / h - h / h**2, and
            # beside a small h nothing is left of it but these. They move with h, as the gradient does not.
            return {name: max(size, narrow().get(name, 0.0) / 100) for name, size in wide().items()}

        compare("float32", first, found, SINGLE, spread)

    def jumps(self, graph: gl.Graph) -> list[Any]:
        """All truth values and whole numbers on the way."""
        forward = graph.forward(self.inputs[0])
        names = [n.name for n in graph.network.nodes if n.spec.dtype != "float"]
        values = [forward.get(name) for name in names]  # None where no output needs it
        return [np.asarray(value).tolist() for value in values if value is not None]

    def underflows(self) -> bool:
        """Whether a value on the way is too small for float32: where it becomes 0, Relu has another slope."""
        forward = self.graph.forward(self.inputs[0])
        names = [n.name for n in self.graph.network.nodes if n.spec.dtype == "float"]
        sizes = [np.abs(v) for v in map(forward.get, names) if v is not None]
        return any(bool(np.any((size > 0) & (size < np.finfo(np.float32).tiny))) for size in sizes)

    def is_held_up(self) -> bool:
        """Whether CrossEntropyError meets a probability that it raises to float32's smallest number."""
        forward = self.graph.forward(self.inputs[0])
        nodes = [n for n in self.graph.network.nodes if n.spec.operation == "CrossEntropyError"]
        given = [forward.get(str(n.spec.operands[0])) for n in nodes]
        return any(p is not None and bool(np.any(np.less(p, np.finfo(np.float32).tiny))) for p in given)

    def other_forms(self, first: Results) -> None:
        program = self.graph.compile(threads=self.threads)
        expected = as_dict(program(self.inputs[0]), self.graph)
        for form in FORMS:
            given = {name: form(value) for name, value in self.inputs[0].items()}
            found = as_dict(program(given), self.graph)
            compare(f"inputs that are {form.__name__}", expected, found, DOUBLE, self.spread(self.inputs[0]))
            eager = self.eager(given)
            if eager is None:
                raise Fault(f"inputs that are {form.__name__} are refused")
            compare(
                f"inputs that are {form.__name__}, eager", first, eager, DOUBLE, self.spread(self.inputs[0])
            )
        both = aliased(self.inputs[0])
        if both is not None:
            one, copies = both
            wanted = self.eager(copies)
            if wanted is not None:
                found = as_dict(program(one), self.graph)
                compare(
                    "one array for two inputs",
                    chosen(wanted, list(found)),
                    found,
                    DOUBLE,
                    self.spread(copies),
                )

    # ---- what stays -----------------------------------------------------------------------------------------

    def unchanged(self, kept: Inputs) -> None:
        for name, value in kept.items():
            if not np.array_equal(value, self.inputs[0][name], equal_nan=value.dtype.kind == "f"):
                raise Fault(f"the input `{name}` was written into")

    def still(self, held: list[tuple[Any, Any]], what: str) -> None:
        for value, copy in held:
            if difference(value, copy) > 0:
                raise Fault(f"{what} was changed by a later call")


@contextmanager
def nudged_values(step: float, rng: np.random.Generator) -> Iterator[None]:
    """While it lasts, every value of an eager run moves by a rounding error as soon as it is computed."""
    own = Tape.kept

    def moved(tape: Tape, value: Any) -> Any:
        return own(tape, nudged(value, step, rng) if isinstance(value, np.ndarray) else value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tape, "kept", moved)
        yield


def nudged(value: Any, step: float, rng: np.random.Generator) -> Any:
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return value
    return (array * (1 + step * rng.uniform(-1, 1, array.shape))).astype(array.dtype)


def chosen(results: Results, names: list[str]) -> Results:
    missing = [n for n in names if n not in results]
    if missing:
        raise Fault(f"an eager run has no value for `{missing[0]}`")
    return {n: results[n] for n in names}


def as_dict(found: Any, graph: gl.Graph) -> Results:
    return found if isinstance(found, dict) else {next(iter(graph.outputs)): found}


def results_of(result: Any) -> Results:
    found = {name: result[name] for name in result}
    return found | {f"grad {name}": result.grad[name] for name in result.grad}
