"""The state of one run of a graph: its values, how each was computed, and what layers remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from graphlang.catalog.operation import Operation, Random
from graphlang.engine.derived import Derived
from graphlang.engine.random_streams import Draws, Redrawn
from graphlang.engine.scan import ScanOperation
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import SymbolicArray, Trace
from graphlang.trace.primitives.creation import alias, constant_of, stop_gradient
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds

NodeCall: TypeAlias = tuple[Operation | ScanOperation, Any, dict[str, Any], int]
"""How a value was computed: the operation, what its forward saved, the keyword arguments, and the number of
steps that had been recorded before it."""
GRADIENT_OF = "gradient of "
"""The prefix of the origin of a step that backward records; the name of the node follows."""
_PYTHON_NUMBERS = (int, float, bool)


class RunState:
    """Everything that a run reads and writes. With a `trace`, its values are symbolic and the run records."""

    def __init__(
        self,
        network: Network,
        leaves: Mapping[int, Any],
        *,
        dtype: Any,
        sizes: Mapping[str, int] | None = None,
        training: bool = False,
        random: Random | None = None,
        derived: Derived | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.network = network
        self.dtype = np.dtype(dtype)
        self.sizes = dict(sizes or {})
        self.training = training
        self.random = random
        self.derived = derived or Derived()
        self.trace = trace
        count = len(network.names)
        #: by number, as all lists here; None for what has not been computed
        self.values: list[Any] = [None] * count
        self.calls: list[NodeCall | None] = [None] * count
        self.operands: list[list[Any]] = [[]] * count
        #: the state of layers, such as running statistics, as its last use in this run left it
        self.state: dict[int, Any] = {}
        #: when a run is recorded after it ran on arrays: what each node drew then
        self.drawn: Mapping[int, Draws] | None = None
        #: what its random values follow from
        self.seeds = StreamSeeds(network.seed, (getattr(random, "step", 0),))
        self._symbols: set[int] = set()
        for number, value in leaves.items():
            self.values[number] = self.kept(value)

    # ---- what an operation is called with -------------------------------------------------------------

    def operation(self, node: Node) -> Operation:
        """The operation of a node, with numbers for the sizes in its attributes."""
        assert node.operation is not None, node.name
        return self.network.operation(node, self.sizes) if node.symbolic else node.operation

    def operands_of(self, node: Node) -> list[Any]:
        values = self.values
        return [values[o.number] if type(o) is Ref else o for o in node.operands]

    def keywords_of(self, node: Node) -> dict[str, Any]:
        keywords = {role: self.current(number) for role, number in node.own.items()}
        if "training" in node.supplied:
            keywords["training"] = self.training
        if "random" in node.supplied:
            keywords["random"] = self.random_of(node)
        if "stream" in node.supplied:
            keywords["stream"] = NumberStream(self.seeds, node.spec.stream or node.name, self.dtype)
        return keywords

    def current(self, number: int) -> Any:
        """A value. State that this run has renewed comes as it is now, and no gradient flows through it."""
        return stop_gradient(self.state[number]) if number in self.state else self.values[number]

    def random_of(self, node: Node) -> Draws | Redrawn | Random | None:
        """The stream of a node; on arrays its draws are kept for backward."""
        if self.drawn is not None:
            return self.drawn[node.number].again()
        return self.random if self.random is None or self.trace is not None else Draws(self.random)

    # ---- what becomes of its result -------------------------------------------------------------------

    def in_precision(self, node: Node, y: Any) -> Any:
        """The result of a node in the precision of the run, also that of whole numbers alone, as `1 / n`.

        A scalar that nothing else uses, such as an accuracy, keeps the precision in which it was computed.
        """
        if y.__class__ in _PYTHON_NUMBERS:
            y = np.asarray(y)
        if node.counts and y.__class__ is not SymbolicArray:
            operation, _, keywords, _ = self.call(node)
            self.derived.check_whole_numbers(operation, self.operands[node.number], keywords)
        if y.dtype.kind != "f" or y.dtype == self.dtype:
            return y
        return y.astype(self.dtype) if y.shape or self.network.used[node.number] else y

    def kept(self, y: Any) -> Any:
        """A value as the run keeps it: every value gets its own symbol while recording.

        Otherwise two values would share one gradient where one is another name for the other, and a constant
        such as `arange(9) / 8` would have no symbol, and so no gradient.
        """
        if self.trace is None:
            return y
        if isinstance(y, np.ndarray | np.generic) and y.dtype.kind == "f":
            y = self.trace.record(constant_of, (np.asarray(y),), {})
        if isinstance(y, SymbolicArray):
            y = alias(y) if y.number in self._symbols else y
            self._symbols.add(y.number)
        return y

    def call(self, node: Node) -> NodeCall:
        """How a node that has run was computed."""
        call = self.calls[node.number]
        assert call is not None, node.name
        return call
