"""The rule of `scan`: its body is replayed inside of `lax.scan`, once for all results of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from graphlang.backends.jax.replay import Rules, converted, run, wrong_in
from graphlang.backends.jax.troubles import troubles
from graphlang.kernels.scan import ScanCall
from graphlang.trace import Step


def scan(steps: Sequence[Step], operands: Sequence[Any], rules: Rules) -> dict[Any, Any]:
    """The results of the steps of one call, and whether something is wrong with the numbers within: None
    where nothing can be."""
    call = ScanCall.from_params(steps[0].params)
    body = call.body
    results = [step.params["result"] for step in steps]
    needed, kept = body.needed(results)
    wanted = sorted({number for kind, number in results if kind == "stacked"})
    arrays = [converted(x, inner.dtype) for x, inner in zip(operands, body.inputs, strict=True)]
    first, second = len(body.elements), len(body.elements) + len(body.carried)
    same = {x.number: a for x, a in zip(body.captured, arrays[second:], strict=True)}
    same |= {x.number: a for x, a in zip(body.carried, arrays[first:second], strict=True)}

    can_be_wrong: list[bool] = []

    def repetition(carried: Any, elements: Any) -> Any:
        before, wrong = carried
        values: dict[Any, Any] = dict(same)
        values.update({x.number: a for x, a in zip(body.elements, elements, strict=True)})
        values.update({body.carried[i].number: a for i, a in zip(kept, before, strict=True)})
        run(needed, values, rules)
        for trouble in troubles(needed, values, rules):
            wrong = wrong | trouble
            can_be_wrong.append(True)
        following = [values[body.following[i].number] for i in kept]
        return (following, wrong), [values[number] for number in wanted]

    start = [arrays[first + i] for i in kept], jnp.zeros((), bool)
    (last, wrong), stacked = lax.scan(
        repetition, start, arrays[:first], length=int(call.length), reverse=call.reverse
    )
    by_result = {("last", i): a for i, a in zip(kept, last, strict=True)}
    by_result |= {("stacked", number): a for number, a in zip(wanted, stacked, strict=True)}
    values = {step.output.number: by_result[step.params["result"]] for step in steps}
    return {**values, wrong_in(steps[0]): wrong if can_be_wrong else None}
