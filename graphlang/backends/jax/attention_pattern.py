"""Where a recorded program computes attention: softmax(q @ k.T) @ v, and its gradient.

A layer and the written-out form record the same steps, and so do forward and backward passes of either. They
are recognised by their structure, around the exponential of the scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np

from graphlang.trace import Step, SymbolicArray

HIDDEN = -1e9
"""Scores up to this one, -inf among them, hide a place: its weight is 0."""

Operand: TypeAlias = Literal["q", "k", "v"]


@dataclass(frozen=True)
class GradientOf:
    """A step that gives the gradient with respect to an operand, or its transpose."""

    operand: Operand
    transposed: bool


@dataclass(frozen=True)
class RecordedAttention:
    """The steps of one attention. No value with an element for each pair of places is used by others."""

    #: the product of queries and transposed keys
    scores: Step
    #: the product of weights and values
    output: Step
    #: what the scores are multiplied by
    scale: float
    #: which places each place may look at, [T, S]; None where it sees all
    mask: Any
    #: the gradient with respect to the output; None in a forward pass
    dy: SymbolicArray | None
    #: the steps that give gradients, by the number of their output
    gradients: Mapping[int, GradientOf]
    #: the numbers of the values in between, which are never computed
    inner: frozenset[int]

    @property
    def causal(self) -> bool:
        """Whether a place sees itself and all that came before."""
        mask = self.mask
        return mask is not None and mask.shape[0] == mask.shape[1] and bool(np.all(mask == np.tri(len(mask))))


def find_attention(steps: Sequence[Step], results: Sequence[SymbolicArray]) -> list[RecordedAttention]:
    """Every attention in float32 of a program with these results.

    In float64 there is none: `jax.nn.dot_product_attention` computes its softmax in float32.
    """
    program = _Uses(steps, results)
    matches = (_attention(program, step) for step in steps if step.primitive.name == "exp")
    return [attention for attention in matches if attention is not None]


class _NoMatch(Exception):
    """The steps are not those of an attention."""


class _Uses:
    """Which step gives a value, and which steps use it."""

    def __init__(self, steps: Sequence[Step], results: Sequence[SymbolicArray]) -> None:
        self._steps = {step.output.number: step for step in steps}
        self._users: dict[int, dict[int, Step]] = {}
        for step in steps:
            for x in step.operands:
                if x.__class__ is SymbolicArray:
                    self._users.setdefault(x.number, {})[step.output.number] = step
        self._results = {x.number for x in results}

    def giving(self, x: Any, name: str | None = None) -> Step:
        """The step that gives a value, of a primitive; raises _NoMatch where there is none."""
        step = self._steps.get(x.number) if x.__class__ is SymbolicArray else None
        if step is None or name not in (None, step.primitive.name):
            raise _NoMatch
        return step

    def using(self, step: Step, name: str) -> list[Step]:
        """The steps of a primitive that use the result of a step."""
        return [
            user for user in self._users.get(step.output.number, {}).values() if user.primitive.name == name
        ]

    def stay_inside(self, inner: frozenset[int], ends: frozenset[int]) -> bool:
        """Whether inner values are used by inner steps and by the ends alone."""
        users = {number for x in inner for number in self._users.get(x, ())}
        return users <= inner | ends and not inner & self._results

    def matrix(self, x: Any) -> tuple[Any, bool]:
        """What a value is after transposing its last two axes, and whether that is an odd number of times."""
        odd = False
        while (
            x.__class__ is SymbolicArray and x.number in self._steps and _is_transpose(self._steps[x.number])
        ):
            x, odd = self._steps[x.number].operands[0], not odd
        return x, odd

    def same(self, x: Any, y: Any, *, transposed: bool) -> bool:
        """Whether two values are the same matrices, or one of them transposed."""
        (x, odd), (y, other) = self.matrix(x), self.matrix(y)
        return _equal(x, y) and (odd != other) == transposed

    def constant(self, x: Any, depth: int = 16) -> Any:
        """The number or array that a value always is, whatever the inputs are."""
        if x.__class__ is not SymbolicArray:
            return x
        step = self.giving(x)
        _require(not step.primitive.joint, depth)
        operands = [self.constant(own, depth - 1) for own in step.operands]
        with np.errstate(all="ignore"):
            return step.primitive.compute(*operands, **step.params)


def _attention(program: _Uses, exponential: Step) -> RecordedAttention | None:
    try:
        return _matched(program, exponential)
    except _NoMatch:
        return None


def _matched(program: _Uses, exponential: Step) -> RecordedAttention:
    weights, inner = _softmax(program, exponential)
    output = _only([s for s in program.using(weights, "matmul") if _equal(s.operands[0], weights.output)])
    excess = program.giving(exponential.operands[0])
    links = list(_links(program, excess.operands[0]))
    scores = program.giving(
        links[-1].operands[_position(links[-1])] if links else excess.operands[0], "matmul"
    )
    inner |= {step.output.number for step in (scores, *links)}
    scale, mask = _scale_and_mask(program, links)
    _check_shapes(scores, output)
    dy, gradients, between = _gradient(program, weights, output, scores, links)
    inner |= between
    needed = {x.number for x in (*scores.operands, output.operands[1], dy) if x is not None}
    ends = frozenset({output.output.number, *gradients})
    _require(not inner & needed, program.stay_inside(frozenset(inner), ends))
    return RecordedAttention(scores, output, scale, mask, dy, gradients, frozenset(inner))


# ---- forward --------------------------------------------------------------------------------------------


def _softmax(program: _Uses, exponential: Step) -> tuple[Step, set[int]]:
    """The step that gives the weights, and the numbers of all values from the largest score to them."""
    excess = program.giving(exponential.operands[0], "excess")
    stopped = program.giving(excess.operands[1], "stop_gradient")
    largest = program.giving(stopped.operands[0], "max")
    total = _only(program.using(exponential, "sum"))
    divisor = _only(program.using(total, "maximum"))
    weights = _only(program.using(exponential, "divide"))
    _require(
        _equal(largest.operands[0], excess.operands[0]),
        _over_rows(largest),
        _over_rows(total),
        _equal(weights.operands[0], exponential.output),
        _equal(weights.operands[1], divisor.output),
        # the sum is at least 1, that of the largest score itself
        divisor.operands[1].__class__ is not SymbolicArray and np.all(np.asarray(divisor.operands[1]) <= 1),
    )
    steps = (excess, stopped, largest, exponential, total, divisor, weights)
    return weights, {step.output.number for step in steps}


def _links(program: _Uses, x: Any) -> Iterator[Step]:
    """The steps from the scores in the softmax back to the product: a mask, and scales."""
    while (step := program.giving(x)).primitive.name != "matmul":
        yield step
        x = step.operands[_position(step)]


def _position(link: Step) -> int:
    """Which operand of a link are the scores."""
    name, operands = link.primitive.name, link.operands
    if name == "where":
        return 1
    _require(name in ("multiply", "divide"))
    return 1 if name == "multiply" and _shape(operands[0]) == () else 0


def _scale_and_mask(program: _Uses, links: Sequence[Step]) -> tuple[float, Any]:
    scale, masks = 1.0, []
    for link in links:
        if link.primitive.name == "where":
            _require(np.all(np.asarray(program.constant(link.operands[2])) <= HIDDEN))
            masks.append(_mask(program.constant(link.operands[0]), link.output.shape))
        else:
            _require(prod(_shape(_other(link))) == 1)
            number = np.asarray(program.constant(_other(link)))
            _require(np.isfinite(number), number > 0)
            factor = float(number.reshape(()))
            scale = scale * factor if link.primitive.name == "multiply" else scale / factor
    _require(len(masks) <= 1)
    return scale, masks[0] if masks else None


def _mask(mask: Any, shape: Sequence[Any]) -> Any:
    """A mask as [T, S]; each row has a place to look at, since else a softmax is not defined."""
    mask = np.asarray(mask)
    _require(mask.dtype == bool, mask.ndim >= 2, mask.shape[:-2] == (1,) * (mask.ndim - 2))
    mask = np.broadcast_to(mask.reshape(mask.shape[-2:]), shape[-2:])
    _require(mask.any(axis=-1).all())
    return mask


def _other(link: Step) -> Any:
    """What the scores are multiplied by or divided by."""
    return link.operands[1 - _position(link)]


def _check_shapes(scores: Step, output: Step) -> None:
    (q, k), v = scores.operands, output.operands[1]
    symbols = (q, k, v, scores.output, output.output)
    _require(all(x.__class__ is SymbolicArray and x.dtype == np.float32 and x.ndim >= 2 for x in symbols))
    _require(
        scores.output.shape[:-2] == output.output.shape[:-2],
        q.shape[-1] == v.shape[-1],
        0 not in (*scores.output.shape, *output.output.shape),
    )


# ---- backward -------------------------------------------------------------------------------------------


def _gradient(
    program: _Uses, weights: Step, output: Step, scores: Step, links: Sequence[Step]
) -> tuple[SymbolicArray | None, dict[int, GradientOf], set[int]]:
    """The gradient of the output, the steps that give those of the operands, and what lies in between."""
    gradients: dict[int, GradientOf] = {}
    inner: set[int] = set()
    dys = []
    for turned in filter(_is_transpose, program.using(weights, "transpose")):
        inner.add(turned.output.number)
        for product in program.using(turned, "matmul"):
            _require(_equal(product.operands[0], turned.output))
            dys.append(product.operands[1])
            gradients[product.output.number] = GradientOf("v", False)
    chains = program.using(weights, "chain")
    if chains:
        dy, dscores, between = _through_softmax(program, weights, output, chains)
        dys.append(dy)
        last = _through_links(program, dscores, links, between)
        gradients |= _of_queries_and_keys(program, last, scores, between)
        inner |= between
    if not dys:
        return None, {}, set()
    _require(all(_equal(dy, dys[0]) for dy in dys), _shape(dys[0]) == output.output.shape)
    _require(dys[0].__class__ is SymbolicArray)
    return dys[0], gradients, inner


def _through_softmax(
    program: _Uses, weights: Step, output: Step, chains: Sequence[Step]
) -> tuple[Any, Step, set[int]]:
    """The gradient of the output, the step that gives that of the softmax's scores, and what is between."""
    subtracted = [s for s in chains if _is_of(program, s.operands[0], "subtract")]
    dscores = _only(subtracted)
    weighted = _only([s for s in chains if s is not dscores])
    centered = program.giving(dscores.operands[0], "subtract")
    total = program.giving(centered.operands[1], "sum")
    dweights = program.giving(weighted.operands[0], "matmul")
    dy, values = dweights.operands
    _require(
        all(_equal(s.operands[1], weights.output) for s in chains),
        _equal(centered.operands[0], dweights.output),
        _equal(total.operands[0], weighted.output),
        _over_rows(total),
        program.same(values, output.operands[1], transposed=True),
    )
    steps = (dscores, weighted, centered, total, dweights)
    return dy, dscores, {step.output.number for step in steps}


def _through_links(program: _Uses, dscores: Step, links: Sequence[Step], between: set[int]) -> Step:
    """The step that gives the gradient of the product, which is scaled and masked as the product was."""
    names = {"where": "zero_times", "multiply": "chain", "divide": "chain_quotient"}
    for link in links:
        name = names[link.primitive.name]
        following = program.using(dscores, name)
        if name == "zero_times" and not following:
            continue  # hidden scores have the weight 0, and so no gradient in any case
        step = _only(following)
        by = link.operands[0] if name == "zero_times" else _other(link)
        _require(_equal(step.operands[0], dscores.output), _equal(step.operands[1], by))
        between.add(step.output.number)
        dscores = step
    return dscores


def _of_queries_and_keys(
    program: _Uses, dscores: Step, scores: Step, between: set[int]
) -> dict[int, GradientOf]:
    q, k = scores.operands
    gradients = {}
    for product in program.using(dscores, "matmul"):
        if _equal(product.operands[0], dscores.output):
            _require(program.same(product.operands[1], k, transposed=True))
            gradients[product.output.number] = GradientOf("q", False)
        else:
            _require(program.same(product.operands[0], q, transposed=True))
            gradients[product.output.number] = GradientOf("k", True)
    for turned in filter(_is_transpose, program.using(dscores, "transpose")):
        between.add(turned.output.number)
        for product in program.using(turned, "matmul"):
            _require(
                _equal(product.operands[0], turned.output),
                program.same(product.operands[1], q, transposed=False),
            )
            gradients[product.output.number] = GradientOf("k", False)
    return gradients


# ---- conditions -----------------------------------------------------------------------------------------


def _require(*conditions: Any) -> None:
    if not all(conditions):
        raise _NoMatch


def _only(steps: Sequence[Step]) -> Step:
    _require(len(steps) == 1)
    return steps[0]


def _is_of(program: _Uses, x: Any, name: str) -> bool:
    try:
        return program.giving(x, name) is not None
    except _NoMatch:
        return False


def _over_rows(reduction: Step) -> bool:
    """Whether it reduces the last axis, and keeps it."""
    params, last = reduction.params, reduction.operands[0].ndim - 1
    return params.get("axis") == (last,) and params.get("keepdims") is True


def _is_transpose(step: Step) -> bool:
    """Whether a step swaps the last two axes, and no others."""
    if step.primitive.name != "transpose":
        return False
    *batch, rows, columns = axes = tuple(step.params["axes"])
    n = len(axes)
    return batch == list(range(n - 2)) and (rows, columns) == (n - 1, n - 2)


def _shape(x: Any) -> Any:
    return x.shape if x.__class__ is SymbolicArray else np.shape(x)


def _equal(x: Any, y: Any) -> bool:
    """Whether two operands are the same value, or equal constants."""
    if SymbolicArray in (x.__class__, y.__class__):
        return x.__class__ is y.__class__ and x.number == y.number
    return bool(np.array_equal(x, y))
