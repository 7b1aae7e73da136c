"""A call of an operation of one's own in a graph, with its arguments, to try it by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.api import Graph, loads
from graphlang.catalog.operation import Layer, Operation, is_by_hand, outcome
from graphlang.compare.attributes import call_text
from graphlang.engine.derived import Derived
from graphlang.engine.layer_results import call_backward, check_count, check_shape, has_gradient, own_order
from graphlang.engine.random_streams import StreamRandom
from graphlang.spec.network import Node
from graphlang.trace import bind
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds

SEED = 7
"""Of the random numbers that arrive from the right, and that operations draw."""
KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}


class SampleCall:
    """The operation with arrays for its tensors, as a spec applies it; its parameters are changed a little,
    so that a forgotten bias of 0 shows."""

    def __init__(
        self, own: Any, tensors: Sequence[Any], attributes: Mapping[str, Any], *, batch: bool, dtype: str
    ) -> None:
        self.target = _with_its_attributes(own)
        self.dtype = np.dtype(dtype)
        self.tensors = [_in_precision(tensor, self.dtype) for tensor in tensors]
        self.names = [f"x{i}" for i in range(1, len(tensors) + 1)]
        rows = self.tensors[0].shape[:1] if batch and self.tensors else ()
        self.sizes: dict[str, int] = dict(zip("N", rows, strict=False))
        types = [_type(tensor, rows) for tensor in self.tensors]
        declared = ", ".join(f"{n}: {t}" for n, t in zip(self.names, types, strict=True))
        call = call_text(self.target.__name__, dict(attributes)).rstrip(")")
        opened = call if "(" in call else f"{call}("
        joined = ", ".join([*self.names, *([opened.partition("(")[2]] if attributes else [])])
        head = f"input {declared}\n" if declared else ""
        self.text = f"{head}y = {opened.partition('(')[0]}({joined})\noutput y"
        self.graph = self.loaded()
        self.node: Node = self.graph.network.nodes[-1]
        assert self.node.operation is not None
        self.operation: Operation = self.graph.network.operation(self.node, self.sizes)

    def loaded(self, backend: Any = None) -> Graph:
        """A graph of this call alone."""
        graph = loads(self.text, layers=[self.target], dtype=str(self.dtype), backend=backend)
        rng = np.random.default_rng(SEED)
        for array in graph.params.values():
            array += (rng.permutation(array.size).reshape(array.shape) / max(array.size, 1) - 0.4) * 0.3
        return graph

    @property
    def name(self) -> str:
        return str(self.target.__name__)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result as it is known before there are numbers."""
        return tuple(int(bind(size, self.sizes)) for size in self.node.spec.shape)

    @property
    def own(self) -> dict[str, Any]:
        """The parameters and the state by the keyword of `forward`."""
        names, params = self.graph.network.names, self.graph.params
        return {role: params[names[number]] for role, number in self.node.own.items()}

    def trained(self) -> dict[str, Any]:
        """The parameters among them."""
        names, params = self.graph.network.names, self.graph.network.params
        return {r: a for r, a in self.own.items() if params[names[self.node.own[r]]].trainable}

    @property
    def modes(self) -> tuple[bool, ...]:
        """Whether it trains: both, where `forward` asks."""
        return (False, True) if "training" in self.node.supplied else (False,)

    def keywords(self, training: bool) -> dict[str, Any]:
        """What `forward` takes by keyword, with the same random numbers every time."""
        supplied: dict[str, Any] = {
            "training": training,
            "random": StreamRandom(np.random.default_rng(SEED), self.dtype),
            "stream": NumberStream(StreamSeeds(self.graph.network.seed), self.node.name, self.dtype),
        }
        return self.own | {name: supplied[name] for name in self.node.supplied}

    @property
    def file(self) -> str:
        """The file whose code it is."""
        code = getattr(self.target, "__code__", None) or self.target.forward.__code__
        return str(code.co_filename)

    def outcome(
        self, training: bool, each: Callable[[Any], Any] = lambda argument: argument
    ) -> tuple[Any, ...]:
        """What `forward` returns: the result, what it saved, and in training perhaps its new state. It is
        called with what `each` makes of every argument."""
        keywords = {name: each(value) for name, value in self.keywords(training).items()}
        returned = self.operation.forward(*map(each, self.tensors), **keywords)
        return outcome(self.operation, returned)

    def forward(self, training: bool) -> Any:
        return np.asarray(self.outcome(training)[0])

    def gradients(self, dy: Any, training: bool) -> dict[str, Any]:
        """The gradient of each tensor and parameter by name, from its own `backward` if it has one."""
        _, saved, *_ = self.outcome(training)
        if not is_by_hand(self.operation, saved):
            return self.derived(dy, training)
        assert isinstance(self.operation, Layer)
        assert self.operation.backward is not None
        listed = call_backward(self.operation, dy, saved)
        self._check_gradients(listed)
        return dict(zip(self._differentiated(), listed, strict=False))

    def _differentiated(self) -> list[str]:
        """The tensors, parameters and state, as `backward` lists their gradients."""
        return [*self.names, *(own_order(self.operation) if self.own else [])]

    def _check_gradients(self, listed: Sequence[Any]) -> None:
        """Raises WrongGradients unless they are one array for each argument, with its shape."""
        network = self.graph.network
        arrays = {**dict(zip(self.names, self.tensors, strict=True)), **self.own}
        numbers = [network.numbers[n] for n in self.names]
        numbers += [self.node.own[role] for role in self._differentiated()[len(self.names) :]]
        values = {number: arrays[n] for number, n in zip(numbers, self._differentiated(), strict=True)}
        check_count(network, listed, numbers, values)
        for number, gradient in zip(numbers, listed, strict=False):
            if gradient is not None and has_gradient(values[number]):
                check_shape(network.names[number], gradient, values[number])

    def derived(self, dy: Any, training: bool) -> dict[str, Any]:
        """The same by what `forward` records."""
        keywords = self.keywords(training)
        y = self.forward(training)
        listed = Derived().backward(self.operation, self.tensors, keywords, y, dy)
        return dict(zip([*self.names, *keywords], listed, strict=False))

    def arguments(self) -> dict[str, Any]:
        """The arrays that have a gradient: tensors of floats, and parameters."""
        tensors = {n: a for n, a in zip(self.names, self.tensors, strict=True) if a.dtype.kind == "f"}
        return tensors | {r: a for r, a in self.trained().items() if a.dtype.kind == "f"}


def arriving(y: Any) -> Any:
    """A random gradient that arrives at a result, in its precision."""
    return np.random.default_rng(SEED).standard_normal(np.shape(y)).astype(np.asarray(y).dtype)


def _with_its_attributes(own: Any) -> Any:
    """A layer's class whose attributes are by default those of an instance; a function as it is."""
    if not isinstance(own, Layer):
        return own
    kind = type(own)
    values = {name: getattr(own, name) for name in kind.model_fields}
    annotations = {name: kind.model_fields[name].annotation for name in values}
    body = {"__annotations__": annotations, "__module__": kind.__module__, "__doc__": kind.__doc__, **values}
    metaclass: Any = type(kind)
    return metaclass(kind.__name__, (kind,), body)


def _in_precision(tensor: Any, dtype: Any) -> Any:
    array = np.array(tensor)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _type(tensor: Any, rows: tuple[int, ...]) -> str:
    """The type of an input that takes a tensor; axes as long as the first one of the first are `N`."""
    kind = KINDS[tensor.dtype.kind]
    if not tensor.shape:
        return kind
    sizes = ["N" if i == 0 and tensor.shape[:1] == rows else str(n) for i, n in enumerate(tensor.shape)]
    return f"{kind}[{', '.join(sizes)}]"


@dataclass(frozen=True)
class NumericalSlope:
    """The slope of a function of one array, element by element, by central differences."""

    objective: Callable[[], float]
    array: Any

    def everywhere(self, h: float = 2e-4) -> Any:
        """At h and h / 2, extrapolated."""
        slopes = [
            (4 * self._central(p, h / 2) - self._central(p, h)) / 3 for p in np.ndindex(self.array.shape)
        ]
        return np.array(slopes).reshape(self.array.shape)

    def _central(self, place: tuple[int, ...], step: float) -> float:
        before = self.array[place]
        self.array[place] = before + step
        above = self.objective()
        self.array[place] = before - step
        below = self.objective()
        self.array[place] = before
        return (above - below) / (2 * step)
