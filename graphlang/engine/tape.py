"""The eager interpreter: runs a graph forward and backward and keeps every value to look at.

It runs on arrays, and as well on symbolic arrays, where running is recording: the same walk over the
graph gives the numbers of `run` and the program of `train`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.catalog.operation import Operation, Random, as_numbers, outcome, renewed
from graphlang.diagnostics import GraphError
from graphlang.engine.checked_indices import with_checked_indices
from graphlang.engine.derived import Derived, Draws
from graphlang.engine.scan import ScanOperation
from graphlang.spec.network import Network, Node, Ref, decoded
from graphlang.trace import (
    DtypeError,
    NoGradient,
    SymbolicArray,
    Trace,
    gradient,
    reached,
    replay,
    shape_text,
)
from graphlang.trace.dims import bind
from graphlang.trace.primitives.creation import alias, constant_of, stop_gradient

GRADIENT_OF = "gradient of "
"""How the origin of a backward step begins; the name of the node follows."""
_PYTHON_NUMBERS = (int, float, bool)


class StreamRandom:
    """The random stream that layers get on arrays."""

    def __init__(self, generator: np.random.Generator, dtype: Any) -> None:
        self.generator = generator
        self.dtype = dtype

    def uniform(self, shape: Sequence[int]) -> Any:
        return self.generator.random(tuple(shape), dtype=self.dtype)


class OperationFailed(Exception):
    """An operation could not be computed for these values; the API makes it a diagnostic."""

    def __init__(self, node: Node, error: Exception, *, backward: bool = False) -> None:
        super().__init__(str(error) or repr(error))
        self.node = node
        self.error = error
        self.backward = backward


class WrongGradients(ValueError):
    """A backward gives gradients that are not those of its arguments."""


class Tape:
    """One run of a graph: values by number, and what each operation saved for backward."""

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
        #: the numbers of the symbolic values that are values of the graph
        self._taken: set[int] = set()
        count = len(network.names)
        self.values: list[Any] = [None] * count
        self.saved: list[Any] = [None] * count
        #: what each operation was given
        self.given: list[list[Any]] = [[]] * count
        #: what layers remember from step to step, as the last one that renewed it left it
        self.state: dict[int, Any] = {}
        #: where a run is recorded anew: what each node drew the first time
        self.drawn: Mapping[int, Draws] | None = None
        for number, value in leaves.items():
            self.values[number] = self._own(value)

    # ---- forward --------------------------------------------------------------------------------------

    def forward(self, wanted: Sequence[int] | None = None) -> Tape:
        """Computes every node, or those that `wanted` need."""
        needed = None if wanted is None else self.network.ancestors(list(wanted))
        values = self.values
        for node in self.network.nodes:
            if needed is None or needed[node.number]:
                if self.trace is not None:
                    self.trace.origin = node.name
                try:
                    values[node.number] = self._own(self._compute(node))
                except (OperationFailed, GraphError):  # of a graph inside of the operation
                    raise
                except Exception as error:  # noqa: BLE001 - the code of a layer of one's own may raise anything
                    raise OperationFailed(node, error) from error
        return self

    def _own(self, y: Any) -> Any:
        """While recording, every value of the graph is a symbolic value of its own, so that it has a gradient
        of its own: what is known, as `arange(9) / 8`, and what is another value under a second name."""
        if self.trace is None:
            return y
        if isinstance(y, np.ndarray | np.generic) and y.dtype.kind == "f":
            y = self.trace.record(constant_of, (np.asarray(y),), {})
        if isinstance(y, SymbolicArray):
            y = alias(y) if y.number in self._taken else y
            self._taken.add(y.number)
        return y

    def _compute(self, node: Node) -> Any:
        if node.operation is None and node.loop is None:
            return self._special(node)
        operation = self._operation(node)
        operands = self.given[node.number] = self._operands(node)
        if node.indexed:
            operands = with_checked_indices(self.network, node, operation, operands, self.sizes)  # type: ignore[arg-type]
        if not node.own and not node.wants:
            since = len(self.trace.steps) if self.trace is not None else 0
            y, saved, *_ = self._outcome(node, operation, operands, {})
            self.saved[node.number] = (operation, saved, {}, since)
            return self._in_precision(node, y)
        keywords = self._keywords(node)
        since = len(self.trace.steps) if self.trace is not None else 0
        y, saved, *state = self._outcome(node, operation, operands, keywords)
        self.saved[node.number] = (operation, saved, keywords, since)
        if state and self._first_part(node) is None:
            new = state[0] if node.loop is not None else renewed(state[0], keywords)
            for role, value in new.items():
                self.state[_number_of(node, role)] = value
        return self._in_precision(node, y)

    def _outcome(
        self, node: Node, operation: Any, operands: list[Any], keywords: dict[str, Any]
    ) -> tuple[Any, ...]:
        """What `forward` gives. Where it does not take truth values, it gets 1 and 0 in their place; NumPy
        takes them for numbers of half precision."""
        try:
            found = _outcome(operation, operation.forward(*operands, **keywords))
            if getattr(found[0], "dtype", None) != np.float16:
                return found
        except (TypeError, DtypeError):
            if as_numbers(operands, self.dtype) is None:
                raise
        numbers = as_numbers(operands, self.dtype)
        if numbers is None:
            return found
        self.given[node.number] = numbers
        return _outcome(operation, operation.forward(*numbers, **keywords))

    def _operands(self, node: Node) -> list[Any]:
        if node.loop is not None and self.state:
            first = self._first_part(node)
            if first is not None:
                return self.given[first.number]
            return [self._current(o.number) if type(o) is Ref else o for o in node.operands]
        values = self.values
        return [values[o.number] if type(o) is Ref else o for o in node.operands]

    def _current(self, number: int) -> Any:
        """A value; for a state what an earlier use has made of it, through which no gradient flows."""
        return stop_gradient(self.state[number]) if number in self.state else self.values[number]

    def _first_part(self, node: Node) -> Node | None:
        """For another result of a `scan` that has been run: that run, which has renewed the state already."""
        if node.loop is None or not node.spec.attributes.get("part"):
            return None
        spec = node.spec
        return next(
            (
                n
                for n in self.network.nodes
                if n.number < node.number
                and n.loop is not None
                and self.saved[n.number] is not None
                and (n.spec.operands, n.spec.body) == (spec.operands, spec.body)
            ),
            None,
        )

    def _in_precision(self, node: Node, y: Any) -> Any:
        """What is made of whole numbers alone, as `1 / n` or `zeros(3)`, comes in the run's precision too.

        A scalar that nothing else uses, as an accuracy, keeps the precision in which it was computed.
        """
        if y.__class__ in _PYTHON_NUMBERS:
            y = np.asarray(y)
        if node.counts and y.__class__ is not SymbolicArray:
            operation, _, keywords, _ = self.saved[node.number]
            self.derived.check_whole_numbers(operation, self.given[node.number], keywords)
        if y.dtype.kind != "f" or y.dtype == self.dtype:
            return y
        return y.astype(self.dtype) if y.shape or self.network.used[node.number] else y

    def _operation(self, node: Node) -> Operation | ScanOperation:
        loop = node.loop
        if loop is not None:
            return self.network.sized(node, self.sizes, lambda: ScanOperation(loop, self.sizes))
        assert node.operation is not None
        return self.network.operation(node, self.sizes) if node.symbolic else node.operation

    def _keywords(self, node: Node) -> dict[str, Any]:
        keywords = {role: self._current(number) for role, number in node.own.items()}
        if "training" in node.wants:
            keywords["training"] = self.training
        if "random" in node.wants:
            keywords["random"] = self._random(node)
        return keywords

    def _random(self, node: Node) -> Random | None:
        if self.drawn is not None:
            return self.drawn[node.number].again()
        if self.random is None or (self.trace is not None and node.loop is None):
            return self.random
        first = self._first_part(node)
        return Draws(self.random if first is None else self.saved[first.number][2]["random"].again())

    def _special(self, node: Node) -> Any:
        if node.spec.operation == "constant":
            value = bind(decoded(node.spec.attributes["value"], None), self.sizes)
            kind = {"int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}.get(node.spec.dtype, self.dtype)
            array = np.asarray(value, dtype=kind)
            return array if self.trace is None else _constant(self.trace, array)
        return self._grad(node)

    # ---- grad(y, x) as a value ------------------------------------------------------------------------

    def _grad(self, node: Node) -> Any:
        y, x = (o.number for o in node.operands if type(o) is Ref)
        if self.trace is not None:
            return self._symbolic_gradient(y, [x])[0]
        if self._through_grad(y):
            (found,) = recorded_gradients(self, y, [x], None)
        else:
            found = self.backward(y, None).get(x)
        return np.zeros_like(self.values[x]) if found is None else found

    def _symbolic_gradient(self, y: int, wrt: Sequence[int]) -> list[Any]:
        """By primitives where `y` contains a gradient itself, else by the layers' own backward."""
        if self._through_grad(y):
            return gradient(self.values[y], [self.values[x] for x in wrt])
        found = self.backward(y, None)
        return [np.zeros_like(self.values[x]) if found.get(x) is None else found[x] for x in wrt]

    def _through_grad(self, number: int) -> bool:
        needed = self.network.ancestors([number])
        return any(needed[n.number] and n.spec.operation == "grad" for n in self.network.nodes)

    # ---- backward -------------------------------------------------------------------------------------

    def backward(self, of: int, seed: Any = None, towards: Iterable[int] | None = None) -> dict[int, Any]:
        """The gradients of the value `of` with respect to every value before it, by number.

        `towards` keeps the walk to what lies on the way to these values.
        """
        y = self.values[of]
        start = np.ones_like(y) if seed is None else seed
        grads: dict[int, Any] = {of: start}
        useful = None if towards is None else self._on_the_way(towards)
        for node in reversed(self.network.nodes):
            dy = grads.get(node.number)
            if dy is None or node.number > of or node.spec.operation == "constant":
                continue
            if useful is not None and not useful[node.number]:
                continue
            if node.spec.operation == "grad":
                raise NoGradient("grad")
            if self.trace is not None:
                self.trace.origin = f"{GRADIENT_OF}{node.name}"
            try:
                found = self._backward(node, dy)
                for number, part in found:
                    if getattr(part, "shape", ()) != self.values[number].shape:
                        raise _wrong_shape(self, number, part)  # noqa: TRY301
            except (OperationFailed, GraphError):
                raise
            except Exception as error:  # noqa: BLE001 - the code of a layer of one's own may raise anything
                raise OperationFailed(node, error, backward=True) from error
            for number, part in found:
                known = grads.get(number)
                # Out of place: the same array may have gone to several operands.
                grads[number] = part if known is None else known + part
        return grads

    def gradients(self, of: int, wrt: Sequence[int], seed: Any = None) -> list[Any]:
        """The gradients of `of` by some values, zeros where it does not depend on them."""
        if self._through_grad(of) and self.trace is None:
            found = recorded_gradients(self, of, wrt, seed)
        else:
            found = self.reached(of, wrt, seed)
        return [np.zeros_like(self.values[i]) if g is None else g for i, g in zip(wrt, found, strict=True)]

    def reached(self, of: int, wrt: Sequence[int], seed: Any = None) -> list[Any]:
        """The gradients of `of` by some values, None for those that no gradient reaches."""
        if self._through_grad(of):
            return reached(self.values[of], [self.values[i] for i in wrt], seed)
        found = self.backward(of, seed, towards=wrt)
        return [found.get(i) for i in wrt]

    def _on_the_way(self, towards: Iterable[int]) -> list[bool]:
        useful = [False] * len(self.values)
        for number in towards:
            useful[number] = True
        for node in self.network.nodes:
            if any(type(o) is Ref and useful[o.number] for o in node.operands) or any(
                useful[n] for n in node.own.values()
            ):
                useful[node.number] = True
        return useful

    def _backward(self, node: Node, dy: Any) -> list[tuple[int, Any]]:
        """What a node passes back: (number of the value, its part of the gradient)."""
        return [(number, part) for number, _, part in self.passed_back(node, dy)]

    def passed_back(self, node: Node, dy: Any, *, derived: bool = False) -> list[tuple[int, int | str, Any]]:
        """What a node passes back: (number of the value, its place, its part of the gradient).

        The place is the position of an operand or the role of a parameter. `derived` passes over the
        layer's own backward, as a gradient does that contains gradients.
        """
        operation, saved, keywords, since = self.saved[node.number]
        values = self.values
        own = operation.backward is not None and not derived
        if own:
            found = operation.backward(dy, saved)
            gradients = list(found) if isinstance(found, tuple | list) else [found]
            roles = _own_order(operation) if node.own else []
        else:
            operands = self.given[node.number]
            y = values[node.number]
            gradients = self.derived.backward(operation, operands, keywords, y, dy, since)
            roles = list(keywords)
        places = [*range(len(node.operands)), *roles]
        targets = [o.number if type(o) is Ref else -1 for o in node.operands]
        targets += [node.own.get(role, -1) for role in roles]
        if own:
            self._check_count(node, gradients, targets)
        return [
            (number, place, part)
            for number, place, part in zip(targets, places, gradients, strict=False)
            if part is not None and number >= 0 and _has_gradient(values[number])
        ]

    def _check_count(self, node: Node, gradients: Sequence[Any], targets: Sequence[int]) -> None:
        """One gradient for each argument; those of state at the end may be left out."""
        names, params = self.network.names, self.network.params
        left = [i for i in targets[len(gradients) :] if i >= 0 and _has_gradient(self.values[i])]
        missing = [names[i] for i in left if names[i] not in params or params[names[i]].trainable]
        if missing or any(g is not None for g in gradients[len(targets) :]):
            wanted = ", ".join(f"`{names[i]}`" if i >= 0 else "a constant" for i in targets)
            raise WrongGradients(
                f"it gives {len(gradients)} gradients for {len(targets)} arguments: {wanted}"
            )


def _outcome(operation: Any, found: Any) -> tuple[Any, ...]:
    """A pair, as nearly always, is taken as it is: this is called for every node of every run."""
    return found if found.__class__ is tuple else outcome(operation, found)


def _number_of(node: Node, role: str | int) -> int:
    """The number of a state: a layer names it by its role, a `scan` by its place among the operands."""
    if isinstance(role, str):
        return node.own[role]
    operand = node.operands[role]
    assert type(operand) is Ref, (node.name, role)
    return operand.number


def _own_order(operation: Any) -> list[str]:
    """The keyword-only arguments of a layer's `forward`, in the order of its backward's results."""
    code = type(operation).forward.__code__
    return [
        name
        for name in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if name not in ("training", "random")
    ]


def _wrong_shape(tape: Tape, number: int, part: Any) -> WrongGradients:
    name, value = tape.network.names[number], tape.values[number]
    shapes = f"{shape_text(np.shape(part))}, and the value has the shape {shape_text(value.shape)}"
    return WrongGradients(f"it gives for `{name}` a gradient of shape {shapes}")


def _has_gradient(value: Any) -> bool:
    return value is not None and value.dtype.kind == "f"


def _constant(trace: Trace, array: Any) -> Any:
    from graphlang.trace.primitives.creation import Full

    if array.ndim:
        return array
    return trace.record(Full(), (array.item(),), {"shape": (), "dtype": array.dtype})


# ---- recording a whole run --------------------------------------------------------------------------


def record(tape: Tape, trace: Trace) -> Tape:
    """The same run on symbolic arrays of the same shapes, its leaves the inputs of `trace`."""
    leaves = {
        i: trace.input(v.shape, v.dtype)
        for i, v in enumerate(tape.values[: tape.network.first_node])
        if v is not None
    }
    recorded = Tape(
        tape.network,
        leaves,
        dtype=tape.dtype,
        sizes=tape.sizes,
        training=tape.training,
        trace=trace,
    )
    recorded.drawn = {
        number: saved[2]["random"]
        for number, saved in enumerate(tape.saved)
        if saved is not None and isinstance(saved[2].get("random"), Draws)
    }
    return recorded


def recorded_gradients(tape: Tape, of: int, wrt: Sequence[int], seed: Any) -> list[Any]:
    """Gradients at the level of primitives, for what contains gradients itself: recorded, then replayed.

    None for a value that no gradient reaches.
    """
    trace = Trace()
    symbolic = record(tape, trace)
    with trace:
        symbolic.forward([of, *wrt])
        upstream = None
        feeds = {
            symbolic.values[i]: v
            for i, v in enumerate(tape.values[: tape.network.first_node])
            if isinstance(symbolic.values[i], SymbolicArray)
        }
        if seed is not None:
            upstream = trace.input(np.shape(seed), tape.dtype)
            feeds[upstream] = np.asarray(seed, tape.dtype)
        wanted = [symbolic.values[x] for x in wrt]
        present = [w for w in wanted if isinstance(w, SymbolicArray)]
        found = iter(reached(symbolic.values[of], present, upstream))
        results = [next(found) if isinstance(w, SymbolicArray) else None for w in wanted]
    outputs = iter(replay(trace, [r for r in results if r is not None], feeds))
    return [None if r is None else next(outputs) for r in results]
