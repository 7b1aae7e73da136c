"""Sample calls of every operation: derived from its signature, or read from the `Example:` lines of its docstring.

A sample is a spec of a few words, such as `input x: float[N, 4]; y = Affine(x, units=2)`, so it goes
through the whole language. Where a signature is not enough (a pattern, ids, probabilities), the docstring of
the operation gives a sample, as `Example: input i: int[N], W: float[5, 2]; y = take(W, i)`.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.api import Graph, loads
from graphlang.catalog.finder import Catalog, CatalogEntry, OperationAttribute
from graphlang.catalog.operation import Operation, is_by_hand
from graphlang.diagnostics import GraphError
from graphlang.engine.derived import Derived
from graphlang.engine.failures import OperationFailed
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref
from graphlang.trace import Size, bind
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds

SIZES = {"N": 3, "T": 2, "C": 4}
"""The named dimensions of the samples; all differ, so that a mix-up of two shows."""

SHAPES: dict[int, list[tuple[str, ...]]] = {
    0: [()],
    1: [
        ("float[N, 4]",),
        ("float[N, T, 4]",),
        ("float[N, 4, 3, 2]",),
        ("float[4]",),
        ("float",),
        ("float[N, 1]",),
        ("float[N, 4, 3]",),
        ("float[4, 4]",),
        ("float[N, 4, 5, 5]",),
        ("int[N]",),
        ("int[N, T]",),
    ],
    2: [
        ("float[N, 4]", "float[N, 4]"),
        ("float[N, T, 4]", "float[N, T, 4]"),
        ("float[N, 4]", "int[N]"),
        ("float[N, T, 4]", "int[N, T]"),
        ("float[N, 4]", "int[N, 4]"),
        ("float[4]", "int"),
        ("float[N, 4]", "float[4]"),
        ("float[4]", "float[N, 4]"),
        ("float[N, 4]", "float[N, 1]"),
        ("float[N, 4]", "float"),
        ("float", "float"),
        ("float[N, 4]", "float[4, 2]"),
        ("float[T, N, 4]", "float[4, 2]"),
        ("float[T, N, 4]", "float[T, 4, 3]"),
        ("float[4]", "float[4, 2]"),
        ("float[N, 4]", "float[N]"),
        ("float[4]", "float[4]"),
        ("int[N]", "int[N]"),
    ],
    3: [
        ("float[N, 4]", "float[N, 4]", "float[N, 4]"),
        ("float[N, T, 4]", "float[N, T, 4]", "float[N, T, 4]"),
        ("float[N, 4]", "float[4]", "float"),
    ],
}
"""Types to try, by the number of tensors; those that the static check accepts become sample calls."""

DRAWS = {"near": 0.02, "wide": 0.28, "positive": 0.02, "far": 0.31}
"""The draws of numbers, with the distance between neighbouring numbers in each."""
FAR = 20.0
"""The largest range of the numbers of a draw."""
BEYOND = 15.0
"""The least magnitude of the numbers of the draw `far`."""
DRAWN_TEXTS = 3
"""The number of sample calls of an operation that are tested at every draw; the others run the same code at other
shapes, at the first draw that they are defined at."""


@dataclass(frozen=True)
class Case:
    """A sample call, its numbers, and the mode."""

    text: str
    draw: str = "near"
    training: bool = False

    def __str__(self) -> str:
        return f"`{self.text}` ({self.draw} numbers{', training' if self.training else ''})"


@dataclass
class Call:
    """One node of a sample, with all arguments of its operation."""

    case: Case
    node: Node
    operation: Operation
    operands: list[Any]
    own: dict[str, Any]
    graph: Graph
    sizes: Mapping[str, int]

    def keywords(self, own: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The keyword arguments of `forward`; each call gets a new random stream with the same numbers."""
        found = dict(self.own if own is None else own)
        if "training" in self.node.supplied:
            found["training"] = self.case.training
        if "random" in self.node.supplied:
            dtype = self.graph.dtype
            found["random"] = StreamRandom(np.random.default_rng(5), dtype)
        if "stream" in self.node.supplied:
            found["stream"] = NumberStream(
                StreamSeeds(self.graph.network.seed), self.node.name, self.graph.dtype
            )
        return found

    def forward(self, operands: list[Any] | None = None, own: Mapping[str, Any] | None = None) -> Any:
        """The result alone."""
        return self.operation.forward(*(operands or self.operands), **self.keywords(own))[0]

    def backward(
        self, dy: Any, operands: list[Any] | None = None, own: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """A gradient or None for each operand and each parameter."""
        operands = operands or self.operands
        keywords = self.keywords(own)
        y, saved, *_ = self.operation.forward(*operands, **keywords)
        if not is_by_hand(self.operation, saved):
            found = Derived().backward(self.operation, operands, self.keywords(own), y, dy)
            return found[: len(operands) + len(self.own)]
        result = self.operation.backward(dy, saved)
        return self.per_argument(result)

    def per_argument(self, gradients: Any) -> list[Any]:
        """The gradients that `backward` returned, by operand and parameter."""
        found = list(gradients) if isinstance(gradients, tuple | list) else [gradients]
        count = len(self.operands)
        by_role = dict(zip(own_roles(self.operation), found[count:], strict=False))
        return found[:count] + [None] * (count - len(found)) + [by_role.get(role) for role in self.own]

    @property
    def arguments(self) -> list[Any]:
        """Operands and parameters, in the order of `backward`."""
        return [*self.operands, *self.own.values()]

    def with_arguments(self, arguments: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        count = len(self.operands)
        return arguments[:count], dict(zip(self.own, arguments[count:], strict=True))

    def differentiable(self) -> list[int]:
        """The positions of the arguments with a gradient: all floats except state."""
        params = self.graph.network.params
        names = self.graph.network.names
        state = {role for role, number in self.node.own.items() if not params[names[number]].trainable}
        roles = [None] * len(self.operands) + list(self.own)
        return [
            i
            for i, (value, role) in enumerate(zip(self.arguments, roles, strict=True))
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and role not in state
        ]


def own_roles(operation: Operation) -> list[str]:
    """The parameters that `forward` takes by keyword, in the order of the gradients of `backward`."""
    found = inspect.signature(type(operation).forward).parameters.values()
    return [p.name for p in found if p.kind is p.KEYWORD_ONLY and p.name not in ("training", "random")]


# ---- specs ------------------------------------------------------------------------------------------


def examples(entry: CatalogEntry) -> list[str]:
    """The sample specs that the docstring holds."""
    return re.findall(r"^\s*Example: (.+)$", entry.target.__doc__ or "", re.MULTILINE)


def sample_texts(entry: CatalogEntry, layers: tuple[Any, ...] = ()) -> list[str]:
    """The specs of an operation's sample calls, its own first."""
    own = examples(entry)
    for text in own:
        assert target_nodes(load(text, layers), entry), (
            f"the example of `{entry.name}` does not use it: {text}"
        )
    if any(_computes_operands(text, entry, layers) for text in own):
        return own  # as `CrossEntropyError(softmax(x), t)`: not every number is an operand of it
    derived = [t for t in dict.fromkeys(_derived(entry, layers)) if t not in own]
    assert own or derived, (
        f"no sample call of `{entry.name}` can be derived from its signature: write one into its docstring, "
        f"as `Example: input x: float[N, 4]; y = {entry.name}(x)`"
    )
    return [*own, *derived]


def _computes_operands(text: str, entry: CatalogEntry, layers: tuple[Any, ...]) -> bool:
    graph = load(text, layers)
    first = graph.network.first_node
    return any(type(o) is Ref and o.number >= first for n in target_nodes(graph, entry) for o in n.operands)


def _derived(entry: CatalogEntry, layers: tuple[Any, ...]) -> Iterator[str]:
    if entry.any_sizes and not entry.tensors:
        return
    count = 2 if entry.any_tensors else len(entry.tensors) - len(entry.optional_tensors)
    required: dict[str, str] = {}
    for attribute in entry.attributes.values():
        if attribute.required and attribute.name != entry.any_sizes:
            choices = candidates(attribute)
            if not choices:
                return
            required[attribute.name] = choices[0]
    accepted = [t for t in SHAPES[count] if is_call(_text(entry, t, required), layers)]
    for types in accepted:
        yield _text(entry, types, required)
    for attribute in entry.attributes.values():
        for value in candidates(attribute):
            if attribute.name != entry.any_sizes:
                changed = {**required, attribute.name: value}
                yield from _first_accepted(entry, accepted or SHAPES[count], changed, layers)


def _first_accepted(
    entry: CatalogEntry, shapes: list[tuple[str, ...]], attributes: dict[str, str], layers: tuple[Any, ...]
) -> Iterator[str]:
    for types in shapes[1:4] + shapes[:1]:
        text = _text(entry, types, attributes)
        if is_call(text, layers):
            yield text
            return


def _text(entry: CatalogEntry, types: tuple[str, ...], attributes: Mapping[str, str]) -> str:
    names = ["x", "u", "v"][: len(types)]
    declared = ", ".join(f"{n}: {t}" for n, t in zip(names, types, strict=True))
    arguments = ", ".join([*names, *(f"{k}={v}" for k, v in attributes.items())])
    return f"input {declared}; y = {entry.name}({arguments})" if names else f"y = {entry.name}({arguments})"


def candidates(attribute: OperationAttribute) -> list[str]:
    """Values to try for an attribute, as a spec writes them; empty if its type suggests none."""
    found: list[str] = []
    hints = [attribute.type]
    while hints:
        hint = hints.pop(0)
        if typing.get_origin(hint) is typing.Literal:
            found += [f'"{v}"' if isinstance(v, str) else str(v) for v in typing.get_args(hint)]
        elif hint is bool:
            found += ["true", "false"]
        elif hint is int:
            found += ["2", "0", "1", "-1", "5"]
        elif hint is float:
            found += ["0.25", "-0.15", "2"]
        elif typing.get_origin(hint) is tuple:
            found += ["[0, 1]", "[1, 2]", "[1, 3]"] if int in _parts(hint) else []
        else:
            hints += [h for h in typing.get_args(hint) if isinstance(h, type) or typing.get_origin(h)]
    default = str(attribute.default).lower()
    return [f for f in found if attribute.required or f != default]


def _parts(hint: Any) -> list[Any]:
    parts = [hint]
    for part in parts:
        parts += typing.get_args(part)
    return parts


@functools.lru_cache(maxsize=4096)
def _loaded(text: str, layers: tuple[Any, ...], dtype: str) -> Graph | None:
    try:
        return loads(text, layers=layers, dtype=dtype)
    except GraphError:
        return None


def is_call(text: str, layers: tuple[Any, ...] = ()) -> bool:
    return _loaded(text, layers, "float64") is not None


def load(text: str, layers: tuple[Any, ...] = (), dtype: str = "float64") -> Graph:
    graph = _loaded(text, layers, dtype)
    return loads(text, layers=layers, dtype=dtype) if graph is None else graph


def target_nodes(graph: Graph, entry: CatalogEntry) -> list[Node]:
    return [n for n in graph.network.nodes if n.spec.operation == entry.name]


# ---- numbers ----------------------------------------------------------------------------------------


def spread(shape: Iterable[int], draw: str, offset: int, rng: np.random.Generator) -> Any:
    """Distinct numbers that keep a distance from every multiple of 0.01, where functions may have kinks."""
    shape = tuple(shape)
    size = int(np.prod(shape))
    if draw == "far":
        sides = np.where(rng.permutation(size) % 2, 1, -1)
        step = min(DRAWS[draw], 10 / max(size, 1))
        return np.reshape(
            sides * (BEYOND + rng.permutation(size) * step + 0.0031 + 0.0017 * (offset % 3)), shape
        )
    places = rng.permutation(size) - (-1 if draw == "positive" else (size - 1) // 2)
    step = min(DRAWS[draw], max(round(FAR / max(size, 1), 2), 0.02))
    found = places * step + 0.0031 + 0.0017 * (offset % 3)
    # The second operand stays away from 0, where a quotient has its pole and its steps.
    return np.reshape(found + 0.25 * np.sign(found) if offset % 2 else found, shape)


def inputs(graph: Graph, draw: str, sizes: Mapping[str, int], dtype: Any) -> dict[str, Any]:
    """A value for each input that fits its type."""
    rng = np.random.default_rng(11)
    values: dict[str, Any] = {}
    for position, (name, spec) in enumerate(graph.network.inputs.items()):
        shape = [bound(s, sizes) for s in spec.shape or ()]
        if spec.dtype == "float":
            values[name] = spread(shape, draw, position, rng).astype(dtype)
        elif spec.dtype == "bool":
            values[name] = rng.random(shape) < 0.5
        else:
            below = 2 if spec.below is None else bound(spec.below, sizes)
            values[name] = np.asarray(rng.integers(0, below, shape))
    return values


def bound(size: Size, sizes: Mapping[str, int]) -> int:
    return int(bind(size, sizes))


def parameters(graph: Graph, dtype: Any) -> dict[int, Any]:
    """The start values, changed a little, so that a forgotten bias of 0 or scale of 1 shows."""
    rng = np.random.default_rng(13)
    found = {}
    for position, name in enumerate(graph.network.params):
        start = np.asarray(graph.params[name], np.float64)
        step = 0.3 / max(start.size, 1)
        moved = start + (rng.permutation(start.size) - start.size / 2).reshape(start.shape) * step
        found[graph.network.numbers[name]] = (moved + 0.003 * position).astype(dtype)
    return found


def calls(
    case: Case,
    entry: CatalogEntry,
    layers: tuple[Any, ...] = (),
    *,
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[Call]:
    """The calls of the operation in a sample, with numbers for all arguments."""
    graph = load(case.text, layers, dtype)
    sizes = sizes or SIZES
    network = graph.network
    given = values if values is not None else inputs(graph, case.draw, sizes, dtype)
    leaves = {network.numbers[n]: np.asarray(v) for n, v in given.items()}
    tape = Tape(
        network,
        {**leaves, **parameters(graph, dtype)},
        dtype=dtype,
        sizes=sizes,
        training=case.training,
        random=StreamRandom(np.random.default_rng(5), dtype),
    )
    with np.errstate(all="ignore"):
        tape.forward()
    return [
        Call(
            case,
            node,
            network.operation(node, sizes),
            [tape.values[o.number] if type(o) is Ref else o for o in node.operands],
            {role: tape.values[number] for role, number in node.own.items()},
            graph,
            sizes,
        )
        for node in target_nodes(graph, entry)
    ]


@functools.cache
def cases(entry: CatalogEntry, layers: tuple[Any, ...] = ()) -> tuple[Case, ...]:
    """Every sample call in each mode, at numbers for which value and gradient are finite.

    An operation is defined everywhere, unless its docstring gives a domain, as `Domain: x > 0.`
    """
    found = []
    for place, text in enumerate(sample_texts(entry, layers)):
        modes = (False, True) if "training" in entry.supplied else (False,)
        several = place < DRAWN_TEXTS
        asked = [d for d in DRAWS if d != "far" or (several and not has_domain(entry))]
        finite = (d for d in asked if is_finite(Case(text, d), entry, layers))
        draws = list(finite) if several else list(itertools.islice(finite, 1))
        for draw in asked if several or not draws else ():
            assert draw in draws or has_domain(entry) or _too_large(Case(text, draw), entry, layers), (
                f"`{text}` is not finite at `{draw}` numbers: a docstring says where an operation is defined, "
                "as `Domain: x > 0.`"
            )
        # Numbers of both signs test more; positive ones are for operations such as the logarithm.
        chosen = [d for d in draws if d != "positive"] or draws
        assert chosen or text not in examples(entry), f"`{text}` has no finite gradient"
        found += [Case(text, draw, training) for training in modes for draw in chosen]
    assert found, f"`{entry.name}` gives no finite numbers: write an `Example:` into its docstring that does"
    return tuple(found)


def one_of_each_call(found: Iterable[Case]) -> list[Case]:
    """One case of each sample call in each mode; the draws take turns."""
    by_call: dict[Any, list[Case]] = {}
    for case in found:
        by_call.setdefault((case.text, case.training), []).append(case)
    return [own[place % len(own)] for place, own in enumerate(by_call.values())]


def has_domain(entry: CatalogEntry) -> bool:
    """Whether the docstring restricts the domain of the operation."""
    return re.search(r"^\s*Domain: ", entry.target.__doc__ or "", re.MULTILINE) is not None


def _too_large(case: Case, entry: CatalogEntry, layers: tuple[Any, ...]) -> bool:
    """Whether the call fails only because its numbers are too large, as for a product of a hundred."""
    with np.errstate(all="ignore"):
        values = [np.asarray(one.forward()) for one in calls(case, entry, layers)]
    return not any(np.any(np.isnan(v)) for v in values) and any(np.any(np.abs(v) > 1e12) for v in values)


def is_finite(case: Case, entry: CatalogEntry, layers: tuple[Any, ...] = ()) -> bool:
    """Whether value and gradients can be computed and are finite."""
    try:
        made = calls(case, entry, layers)
        with np.errstate(divide="raise", over="ignore", invalid="ignore"):
            [one.forward() for one in made]
    except (OperationFailed, FloatingPointError):
        return False
    with np.errstate(all="ignore"):
        for one in made:
            y = np.asarray(one.forward())
            if y.dtype.kind != "f":
                continue
            # The docstring's own examples may be infinite on purpose, as in `causal_mask`.
            if not np.all(np.abs(y) < 1e12) and case.text not in examples(entry):
                return False
            gradients = Derived().backward(one.operation, one.operands, one.keywords(), y, np.ones_like(y))
            if any(g is not None and not np.all(np.isfinite(g)) for g in gradients):
                return False
    return True


@functools.cache
def entries() -> dict[str, CatalogEntry]:
    return {entry.name: entry for entry in Catalog().entries()}
