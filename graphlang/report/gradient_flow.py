"""Where the gradient dies: how much of it arrives at every value, and what each operation makes of it.

Sizes are root mean squares, so that arrays of different shapes compare. The factor of an operation is the
size of what it passes back over the size of what it receives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import inf, isfinite
from typing import Any, Literal, NamedTuple

import numpy as np

from graphlang.engine.forward import Forward
from graphlang.engine.model import Model
from graphlang.engine.result import Result
from graphlang.spec.network import Node, Ref

WEAK = 0.01
"""The factor of a whole path below which a gradient counts as dying."""

State = Literal["not finite", "ends", "zero", "weak", "arrives", "apart"]
"""A gradient is nan or infinite; an operation passes none back; one passes back 0; little arrives; it
arrives; the start does not depend on the value."""
WORST_FIRST: tuple[State, ...] = ("not finite", "ends", "zero", "weak", "arrives", "apart")


class FlowStep(NamedTuple):
    """One value on the way from the start to a parameter."""

    name: str
    #: what computes it; `param` and `input` at the end
    operation: str
    #: the root mean square of the gradient here; None where none arrives
    gradient: float | None
    #: what the operation makes of it on this path; None at the end, and where it passes nothing on
    factor: float | None


class PathSummary(NamedTuple):
    """What becomes of the gradient on its way to one value."""

    name: str
    state: State
    #: the root mean square of its gradient; None where none arrives
    gradient: float | None
    #: the product of all factors
    factor: float | None
    #: where it ends, becomes 0, or not finite; else the operation with the smallest factor
    worst: str | None
    worst_operation: str | None
    worst_factor: float | None
    #: whether a value on the way is used in several places
    divides: bool


class _Use(NamedTuple):
    """The use of a value through which most of its gradient comes."""

    target: int
    #: the root mean square of what comes through it; None where nothing comes
    passed: float | None
    factor: float | None


class GradientFlow:
    """The gradient of one value on its way back through a graph.

    Where a value is used several times, its path to the start is the one through which most comes.
    """

    def __init__(self, model: Model, forward: Forward, result: Result) -> None:
        assert result.of is not None
        self.network = network = model.network
        self.start = network.numbers[result.of]
        self._before = network.ancestors([self.start])
        self._forward = forward
        self.gradients = [
            self._gradient(result, n) if self._before[n] else None for n in range(len(network.names))
        ]
        self._passed: dict[tuple[int, int, Any], float] = {
            (p.source, p.target, p.place): rms(p.gradient) for p in forward.parts(result)
        }
        self._uses: list[list[tuple[int, Any]]] = [[] for _ in network.names]
        self._collect_uses()
        self._towards: list[_Use | None] = [None] * len(network.names)
        self._flows: list[PathSummary] = [self._apart(n) for n in range(len(network.names))]
        for number in reversed(range(self.start + 1)):
            if self._before[number]:
                self._towards[number] = self._most(number)
                self._flows[number] = self._flow(number)

    def _gradient(self, result: Result, number: int) -> float | None:
        name = self.network.names[number]
        return rms(result.grad[name]) if self._is_float(number) and result.grad.arrives(name) else None

    def _is_float(self, number: int) -> bool:
        return self._forward.is_float(self.network.names[number])

    def _collect_uses(self) -> None:
        """The uses on the way to the start, also those through which no gradient comes."""
        for node in self.network.nodes:
            if self._before[node.number]:
                for place, operand in enumerate(node.operands):
                    if type(operand) is Ref:
                        self._uses[operand.number].append((node.number, place))
                for role, number in node.own.items():
                    self._uses[number].append((node.number, role))
        for source, target, place in self._passed:
            if place is None:  # what the derivative of a `grad` contains
                self._uses[source].append((target, None))

    # ---- one step ---------------------------------------------------------------------------------

    def _most(self, number: int) -> _Use | None:
        uses = [
            _Use(t, self._passed.get((number, t, p)), self._factor(number, t, p))
            for t, p in self._uses[number]
        ]
        return max(
            uses, key=lambda use: (_order(use.passed), _order(self.gradients[use.target])), default=None
        )

    def _factor(self, number: int, target: int, place: Any) -> float | None:
        """What a use makes of the gradient. An average of many numbers into fewer is no loss: each gets its
        share, and the shares sum to the whole."""
        passed, received = self._passed.get((number, target, place)), self.gradients[target]
        if passed is None or received is None:
            return None
        factor = passed / received if received else 0.0
        many, few = self._size(number), self._size(target)
        if factor < 1 and many > few and (few == 1 or _reduces(self._node(target))):
            return min(1.0, factor * (many / few))
        return factor

    def _node(self, number: int) -> Node:
        return self.network.nodes[number - self.network.first_node]

    def _size(self, number: int) -> int:
        return int(np.size(self._forward._value(self.network.names[number])))

    def _operation(self, number: int) -> str:
        if number >= self.network.first_node:
            return self._node(number).spec.operation
        return "input" if self.network.names[number] in self.network.inputs else "param"

    # ---- the whole way ----------------------------------------------------------------------------

    def _apart(self, number: int) -> PathSummary:
        return PathSummary(self.network.names[number], "apart", None, None, None, None, None, False)

    def _flow(self, number: int) -> PathSummary:
        """What becomes of the gradient on its way to a value, from what became of it one step before."""
        name, gradient, use = self.network.names[number], self.gradients[number], self._towards[number]
        if use is None:
            return PathSummary(name, "arrives", gradient, 1.0, None, None, None, False)
        before = self._flows[use.target]
        divides = before.divides or len(self._uses[number]) > 1
        before = before._replace(name=name, gradient=gradient, divides=divides)
        if before.state not in ("arrives", "weak"):
            return before._replace(factor=None if gradient is None else before.factor)
        target, operation = self.network.names[use.target], self._operation(use.target)
        here = before._replace(worst=target, worst_operation=operation, worst_factor=use.factor)
        if use.passed is None or use.factor is None:
            return here._replace(state="ends", factor=None)
        if not isfinite(use.passed):
            return here._replace(state="not finite", factor=use.factor)
        if use.passed == 0:
            return here._replace(state="zero", factor=0.0)
        factor = (before.factor or 0.0) * use.factor
        state: State = "weak" if factor < WEAK else "arrives"
        if before.worst_factor is not None and before.worst_factor <= use.factor:
            here = before
        return here._replace(state=state, factor=factor)

    def to(self, name: str) -> PathSummary:
        """What becomes of the gradient on its way to a value."""
        return self._flows[self.network.numbers[name]]

    def path(self, name: str) -> list[FlowStep]:
        """The values from the start to `name`, one step after the other; empty where none leads there."""
        number = self.network.numbers[name]
        if not self._before[number]:
            return []
        steps = [FlowStep(name, self._operation(number), self.gradients[number], None)]
        while (use := self._towards[number]) is not None:
            number = use.target
            steps.append(
                FlowStep(
                    self.network.names[number], self._operation(number), self.gradients[number], use.factor
                )
            )
        return steps[::-1]

    def ends(self) -> list[PathSummary]:
        """The trainable parameters, or the float inputs where there are none, the worst first."""
        params = [n for n, p in self.network.params.items() if p.trainable and p.dtype == "float"]
        names = params or [n for n, i in self.network.inputs.items() if i.dtype == "float"]
        return sorted(map(self.to, names), key=lambda f: (WORST_FIRST.index(f.state), _order(f.gradient)))


class Together(NamedTuple):
    """What all uses of one operation on a path make of the gradient together."""

    operation: str
    times: int
    factor: float


def by_operation(path: Iterable[FlowStep]) -> list[Together]:
    """The operations of a path with the product of their factors, the smallest first."""
    counts: dict[str, int] = defaultdict(int)
    factors: dict[str, float] = defaultdict(lambda: 1.0)
    for step in path:
        if step.factor is not None:
            counts[step.operation] += 1
            factors[step.operation] *= step.factor
    return sorted((Together(o, counts[o], f) for o, f in factors.items()), key=lambda t: t.factor)


def rms(array: Any) -> float:
    """The root mean square, in float64 and without overflow of the squares; nan where a number is nan."""
    numbers = np.asarray(array, np.float64)
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(numbers), initial=0.0))
        if not 0 < largest < inf:
            return largest
        return largest * float(np.sqrt(np.mean(np.square(numbers / largest))))


def _order(size: float | None) -> float:
    """None before 0, and what is not finite last: most comes through it."""
    if size is None:
        return -1.0
    return size if isfinite(size) else inf


def _reduces(node: Node) -> bool:
    """Whether a node makes fewer numbers of one array, as a mean or pooling does."""
    return not node.own and sum(type(o) is Ref for o in node.operands) == 1
