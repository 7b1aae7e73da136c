"""The rule of `scan`: the steps of its body inside of `lax.scan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from graphlang.backends.jax.replay import run
from graphlang.backends.jax.rule import Rules
from graphlang.kernels.scan import ScanCall
from graphlang.trace import Step
from graphlang.trace.dims import bind
from graphlang.trace.replay import bind_params


def scan_rule(rules: Rules) -> Callable[..., list[Any]]:
    """The rule that gives the results of several steps of one call."""

    def rule(steps: Sequence[Step], operands: Sequence[Any], wrong: list[Any] | None) -> list[Any]:
        return _scanned(steps, operands, rules, wrong)

    return rule


def _scanned(
    steps: Sequence[Step], operands: Sequence[Any], rules: Rules, wrong: list[Any] | None
) -> list[Any]:
    call = ScanCall.from_params(steps[0].params)
    body = call.body
    results = [step.params["result"] for step in steps]
    inner, kept = body.needed(results)
    inner = _bound(inner, {name: int(size) for name, size in call.sizes})
    count = len(body.elements)
    arrays = [x.astype(own.dtype) for x, own in zip(operands, body.inputs, strict=True)]
    same = {x.number: a for x, a in zip(body.captured, arrays[count + len(body.carried) :], strict=True)}
    stacked = sorted({number for kind, number in results if kind == "stacked"})

    def repetition(carried: Sequence[Any], elements: Sequence[Any]) -> Any:
        values = {**same, **{x.number: a for x, a in zip(body.elements, elements, strict=True)}}
        values.update({body.carried[i].number: a for i, a in zip(kept, carried, strict=True)})
        troubles: list[Any] | None = None if wrong is None else []
        run(inner, values, rules, troubles)
        following = [values[body.following[i].number].astype(body.carried[i].dtype) for i in kept]
        return following, ([values[number] for number in stacked], _any(troubles))

    start = [arrays[count + i] for i in kept]
    last, (sequences, troubles) = lax.scan(
        repetition, start, arrays[:count], length=int(call.length), reverse=call.reverse
    )
    if wrong is not None and troubles is not None:
        wrong.append(jnp.any(troubles))
    ends = {("last", i): y for i, y in zip(kept, last, strict=True)}
    ends |= {("stacked", number): y for number, y in zip(stacked, sequences, strict=True)}
    return [ends[result] for result in results]


def _bound(steps: Sequence[Step], sizes: Mapping[str, int]) -> list[Step]:
    """The steps of a body with numbers for symbolic sizes."""
    if not sizes:
        return list(steps)
    return [
        Step(
            s.primitive,
            tuple(bind(x, sizes) for x in s.operands),
            bind_params(s.params, sizes),
            s.output,
            s.origin,
        )
        for s in steps
    ]


def _any(troubles: list[Any] | None) -> Any:
    return jnp.any(jnp.stack(troubles)) if troubles else None
