"""What a run will take, told from its sizes before anything is computed; too large a run is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.too_large import (
    MemoryExceeded,
    MemoryInsideExceeded,
    MemoryOfRunExceeded,
    limit_exceeded,
)
from graphlang.engine.failures import OperationFailed
from graphlang.engine.tape import Tape
from graphlang.spec.network import Loop, Network, Node, Ref
from graphlang.trace import SymbolicRandom, bind
from graphlang.trace.bounded import BoundedTrace, least_bytes
from graphlang.trace.errors import TooLarge, TraceError

SMALL = 2**14
"""The most numbers in the inputs and values of a run that is not measured: even their square is no large
array."""
MANY_PARAMETERS = 2**24
"""The most numbers in the parameters of such a run."""


def refuse_large_parameters(network: Network, dtype: np.dtype[Any]) -> None:
    """Raises GraphError if the parameters alone take more than the limit."""
    total, largest, name = 0, -1, ""
    for param in network.spec.params:
        size = prod(param.shape) * _itemsize(param.dtype, dtype)
        total += size
        if size > largest:
            largest, name = size, param.name
    limit = network.limits.memory
    if total > limit:
        raise GraphError([MemoryExceeded.of_parameters("memory", network.span(name), total, limit)])


def refuse_large_run(
    network: Network,
    leaves: Mapping[int, Any],
    dtype: Any,
    sizes: Mapping[str, int],
    numbers: Sequence[int],
    *,
    training: bool = False,
    planned: bool = False,
) -> None:
    """Raises GraphError if a run, forward and backward, will take more memory than the limit.

    `leaves` are the inputs by number, or anything with their shape and dtype. Where the run is planned, only
    the largest value counts: the memory of the program is that of its plan.
    """
    if network.scalar and not any(leaf.shape for leaf in leaves.values()):
        return
    key = (planned, training, np.dtype(dtype), tuple(numbers), tuple(sorted(sizes.items())), _types(leaves))
    if network.fitting.get(key):
        return
    if not _is_small(network, leaves, sizes):
        gauge = Gauge.of(network, leaves, dtype, sizes, training)
        gauge.measure(numbers)
        gauge.refuse_total(planned)
    network.fitting[key] = True


def _types(leaves: Mapping[int, Any]) -> tuple[Any, ...]:
    return tuple([(number, leaf.shape) for number, leaf in leaves.items()])


def _is_small(network: Network, leaves: Mapping[int, Any], sizes: Mapping[str, int]) -> bool:
    """Whether a run is small, whatever happens inside of its operations."""
    names = network.names
    if any(leaf.shape and network.inputs[names[n]].shape is None for n, leaf in leaves.items()):
        return False  # an array where a number was declared: the sizes of the nodes are not known
    if sum(prod(p.shape) for p in network.spec.params) > MANY_PARAMETERS:
        return False
    numbers = sum(prod(leaf.shape) for leaf in leaves.values())
    for node in network.nodes:
        shape = node.spec.shape
        if node.loop is not None:
            return False
        if shape:
            try:
                numbers += prod(bind(shape, sizes))
            except (TraceError, KeyError):
                return False
            if numbers > SMALL:
                return False
    return True


def _itemsize(kind: str, dtype: np.dtype[Any]) -> int:
    return {"float": dtype.itemsize, "int": 8, "bool": 1}[kind]


class Gauge(Tape):
    """A tape on which a run is recorded with its sizes and without its numbers, to see what it takes."""

    trace: BoundedTrace
    #: the bytes of all values, and the most that one operation takes besides its result
    total = inside = 0
    #: the bytes of the largest value, and its node
    largest = 0
    at: Node | None = None
    #: the nodes that all steps of `scan`s compute
    scanned = 0
    #: the bytes of the values that depend on no leaf: these are computed while a program is recorded
    constant = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._constants: set[int] = set()

    @classmethod
    def of(
        cls, network: Network, leaves: Mapping[int, Any], dtype: Any, sizes: Mapping[str, int], training: bool
    ) -> Gauge:
        """The gauge of a run on leaves of these shapes."""
        trace, dtype = BoundedTrace(network.limits.memory), np.dtype(dtype)
        spec_of, names = network.spec_of, network.names
        symbolic = {n: trace.input(v.shape, _kind(spec_of(names[n]), dtype)) for n, v in leaves.items()}
        for name, param in network.params.items():
            symbolic[network.numbers[name]] = trace.input(param.shape, _kind(param, dtype))
        return cls(
            network,
            symbolic,
            dtype=dtype,
            sizes=sizes,
            training=training,
            random=SymbolicRandom(trace, dtype),
            trace=trace,
        )

    def measure(self, numbers: Sequence[int]) -> None:
        """Goes through the run; raises GraphError at a value that is too large."""
        self.total = sum(least_bytes(x.shape, x.dtype) for x in self.trace.inputs)
        try:
            with self.trace, np.errstate(all="ignore"):
                self.forward(numbers)
        except OperationFailed as failed:
            if isinstance(failed.error, TooLarge):
                raise self._too_large(failed.node, failed.error) from None
            # Any other failure is told by the run itself.

    def refuse_total(self, planned: bool) -> None:
        """Raises GraphError if all values, their gradients and the work of one operation are too much; of a
        planned program, if its constants are."""
        estimate = self.constant if planned else 2 * (self.total + self.inside)
        limit = self.network.limits.memory
        if estimate > limit:
            span = None if self.at is None else self.network.span(self.at.name)
            raise GraphError([MemoryOfRunExceeded("memory", span, estimate, limit, self.largest)])

    def compute(self, node: Node) -> Any:
        before = self.trace.bytes
        y = super().compute(node)
        size = 0 if self._is_view(y) else least_bytes(y.shape, y.dtype)
        self.total += size
        self.inside = max(self.inside, self.trace.bytes - before - size)
        if not node.own and all(o.number in self._constants for o in node.operands if type(o) is Ref):
            self._constants.add(node.number)
            self.constant += size
        if size > self.largest:
            self.largest, self.at = size, node
        return y

    def _is_view(self, y: Any) -> bool:
        """Whether a value is another one in another form, with no memory of its own."""
        step = self.trace.step_of(y) if hasattr(y, "number") else None
        if step is None or step.primitive.kind != "view" or not step.operands:
            return False
        x = step.operands[0]
        return least_bytes(y.shape, y.dtype) <= least_bytes(getattr(x, "shape", ()), y.dtype)

    def _scan(self, node: Node, loop: Loop) -> Any:
        """One step of the body, times their number: the loop itself is not written out."""
        xs, *others = self.operands_of(node)
        axis = loop.axis
        steps = xs.shape[axis]
        row = self.trace.input((*xs.shape[:axis], *xs.shape[axis + 1 :]), xs.dtype)
        body = Gauge(
            loop.body,
            {i: np.asarray(x) if isinstance(x, int | float) else x for i, x in enumerate([row, *others])},
            dtype=self.dtype,
            sizes=self.sizes,
            training=self.training,
            random=self.random,
            trace=self.trace,
        )
        body.forward([*loop.following, loop.result])
        self.scanned += steps * (len(loop.body.nodes) + body.scanned)
        limit = self.network.limits.scanned
        if self.scanned > limit:
            raise GraphError([limit_exceeded(self.network.span(node.name), "scanned", limit)])
        self.total += steps * (body.total + body.inside)
        return self.trace.input(bind(node.spec.shape, self.sizes), _kind(node.spec, self.dtype))

    def _grad(self, node: Node) -> Any:
        """A gradient through a `scan` that is not written out takes what all values before it take."""
        try:
            return super()._grad(node)
        except TooLarge:
            raise
        except Exception:  # noqa: BLE001 - the run itself tells what is wrong
            self.total += self.total
            x = node.operands[1]
            assert type(x) is Ref
            return np.zeros_like(self.values[x.number])

    def _too_large(self, node: Node, error: TooLarge) -> GraphError:
        who, span = f"`{node.name}` ({node.spec.operation})", self.network.span(node.name)
        return GraphError([MemoryInsideExceeded("memory", span, error.size, error.limit, who)])


def _kind(spec: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    return {"float": dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}[spec.dtype]
