"""The tape: the interpreter with the operations of the language that run it again, `scan` and `grad`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.engine.derived import Derived
from graphlang.engine.interpreter import Interpreter
from graphlang.engine.layer_results import call_forward
from graphlang.engine.loop_body import RunBody
from graphlang.engine.random_streams import Draws
from graphlang.engine.recorder import recorded_gradients
from graphlang.engine.scan import ScanOperation
from graphlang.spec.network import Loop, Node, Ref
from graphlang.trace import SymbolicArray, Trace, gradient, reached
from graphlang.trace.dims import bind
from graphlang.trace.primitives.creation import full_of
from graphlang.trace.primitives.random_numbers import StreamSeeds


class Tape(Interpreter):
    """One run of a graph of the language."""

    def compute(self, node: Node) -> Any:
        if node.operation is not None:
            return super().compute(node)
        if node.loop is not None:
            return self._scan(node, node.loop)
        return self._constant(node) if node.spec.operation == "constant" else self._grad(node)

    def _constant(self, node: Node) -> Any:
        value = bind(node.spec.attributes["value"], self.sizes)
        dtype = {"int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}.get(node.spec.dtype, self.dtype)
        array = np.asarray(value, dtype=dtype)
        if self.trace is None or array.ndim:
            return array
        return self.trace.record(full_of, (array.item(),), {"shape": (), "dtype": array.dtype})

    # ---- scan -----------------------------------------------------------------------------------------

    def _scan(self, node: Node, loop: Loop) -> Any:
        """A `scan` with several results is a node for each. They run one after the other, on the operands
        and the random numbers of the first, which alone renews the state of layers."""
        first = self._first_result(node)
        if first is not None and self.trace is not None and self.call(first)[1] is not None:
            return self._recorded_result(node, loop, first)
        operation = self.network.sized(
            node, self.sizes, lambda: ScanOperation(loop, body_runner(loop, self.sizes))
        )
        operands = self._loop_operands(node) if first is None else self.operands[first.number]
        keywords = {"training": self.training, "random": self._loop_random(node, first), "seeds": self.seeds}
        recorded = 0 if self.trace is None else len(self.trace.steps)
        operands, (y, saved, *state) = call_forward(operation, operands, keywords, self.dtype)
        self.operands[node.number] = operands
        self.calls[node.number] = (operation, saved, keywords, recorded)
        if state and first is None:
            self.state.update({_number(node, place): value for place, value in state[0].items()})
        return self.in_precision(node, y)

    def _recorded_result(self, node: Node, loop: Loop, first: Node) -> Any:
        """A later result of a loop that has been recorded."""
        self.operands[node.number] = self.operands[first.number]
        call = self.calls[node.number] = self.call(first)
        return self.in_precision(node, call[1].result(loop))

    def _first_result(self, node: Node) -> Node | None:
        """For a later result of a `scan`, the node of the result that was computed first."""
        spec = node.spec
        if not spec.attributes.get("part"):
            return None
        return next(
            (
                n
                for n in self.network.nodes
                if n.number < node.number
                and n.loop is not None
                and self.calls[n.number] is not None
                and (n.spec.operands, n.spec.body) == (spec.operands, spec.body)
                and _way(n) == _way(node)
            ),
            None,
        )

    def _loop_operands(self, node: Node) -> list[Any]:
        if not self.state:
            return self.operands_of(node)
        return [self.current(o.number) if type(o) is Ref else o for o in node.operands]

    def _loop_random(self, node: Node, first: Node | None) -> Random | None:
        if self.drawn is not None or self.random is None:
            return self.random_of(node)
        return Draws(self.random if first is None else self.call(first)[2]["random"].again())

    # ---- grad(y, x) as a value ------------------------------------------------------------------------

    def _grad(self, node: Node) -> Any:
        y, x = (o.number for o in node.operands if type(o) is Ref)
        if self.trace is not None and self.through_grad(y):
            return gradient(self.values[y], [self.values[x]])[0]
        if self.through_grad(y):
            (dx,) = recorded_gradients(self, y, [x], None)
        else:
            dx = self.backward(y, None).get(x)
        return np.zeros_like(self.values[x]) if dx is None else dx

    def through_grad(self, number: int) -> bool:
        """Whether a value contains a gradient."""
        needed = self.network.ancestors([number])
        return any(needed[n.number] and n.spec.operation == "grad" for n in self.network.nodes)

    def gradients(self, of: int, wrt: Sequence[int], seed: Any = None) -> list[Any]:
        """The gradients of `of` by some values, zeros where it does not depend on them."""
        if self.through_grad(of) and self.trace is None:
            reaching = recorded_gradients(self, of, wrt, seed)
        else:
            reaching = self.reached(of, wrt, seed)
        return [np.zeros_like(self.values[i]) if g is None else g for i, g in zip(wrt, reaching, strict=True)]

    def every_gradient(self, of: int, seed: Any) -> dict[int, Any]:
        """The gradient of `of` by each value that one reaches, by number."""
        if not self.through_grad(of):
            return self.backward(of, seed)
        floats = [i for i, v in enumerate(self.values) if v is not None and v.dtype.kind == "f"]
        if self.trace is None:
            gradients = recorded_gradients(self, of, floats, seed)
        else:
            floats = [i for i in floats if isinstance(self.values[i], SymbolicArray)]
            gradients = reached(self.values[of], [self.values[i] for i in floats], seed)
        return {i: g for i, g in zip(floats, gradients, strict=True) if g is not None}

    def reached(self, of: int, wrt: Sequence[int], seed: Any = None) -> list[Any]:
        """The gradients of `of` by some values, None for those that no gradient reaches."""
        if self.through_grad(of):
            return reached(self.values[of], [self.values[i] for i in wrt], seed)
        gradients = self.backward(of, seed, towards=wrt)
        return [gradients.get(i) for i in wrt]


def body_runner(loop: Loop, sizes: Mapping[str, int]) -> RunBody:
    """What runs the body of a `scan` once, on arrays or on symbolic arrays."""
    derived, sizes = Derived(), dict(sizes)

    def run_body(
        inputs: Mapping[int, Any],
        dtype: Any,
        training: bool,
        random: Any,
        targets: Sequence[int],
        seeds: StreamSeeds,
    ) -> Tape:
        trace: Trace | None = next((v.trace for v in inputs.values() if isinstance(v, SymbolicArray)), None)
        tape = Tape(
            loop.body,
            inputs,
            dtype=dtype,
            sizes=sizes,
            training=training,
            random=random,
            derived=derived,
            trace=trace,
        )
        tape.seeds = seeds
        return tape.forward(targets)

    return run_body


def _number(node: Node, place: int) -> int:
    """The number of the operand at a place of a `scan`."""
    operand = node.operands[place]
    assert type(operand) is Ref, (node.name, place)
    return operand.number


def _way(node: Node) -> tuple[int, bool] | None:
    """The axis along which a `scan` goes, and whether from its end."""
    return None if node.loop is None else (node.loop.axis, node.loop.reverse)
