"""Attention of a recorded program by `jax.nn.dot_product_attention`, its gradient included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from graphlang.backends.jax.attention_pattern import RecordedAttention
from graphlang.backends.jax.remat import After
from graphlang.trace import Step

HALF = (jnp.bfloat16, jnp.float16)
"""The types for which cuDNN has attention."""


class FusedAttention:
    """Computes the steps of attention in one replay of a program.

    The output is computed where the product of weights and values was recorded, and all gradients where the
    first of them was; what lies in between is not computed. With `cudnn`, numbers of 16 bits go to cuDNN's
    kernel where it takes the shape; all else goes to XLA. With `again`, gradients are computed from the
    operands at their place, and nothing else is kept for them.
    """

    def __init__(
        self, groups: Sequence[RecordedAttention], *, cudnn: bool, again: After | None = None
    ) -> None:
        self._cudnn, self._again = cudnn, again
        self._inner = frozenset().union(*(group.inner for group in groups))
        self._outputs = {group.output.output.number: group for group in groups}
        self._gradients = {number: group for group in groups for number in group.gradients}
        self._pullbacks: dict[int, Any] = {}

    def skips(self, step: Step) -> bool:
        """Whether the result of a step is never needed."""
        return step.output.number in self._inner

    def group(self, step: Step) -> RecordedAttention | None:
        """The attention whose output or gradient a step gives."""
        number = step.output.number
        return self._outputs.get(number) or self._gradients.get(number)

    def operands(self, group: RecordedAttention, step: Step) -> list[tuple[Step, Any]]:
        """The values that are needed at a step, each with the product whose operand it is."""
        q, k = group.scores.operands
        forward = [(group.scores, q), (group.scores, k), (group.output, group.output.operands[1])]
        if step is group.output:
            return forward
        return [*(forward if self._again else []), (group.output, group.dy)]

    def uses(self, step: Step) -> Sequence[Any]:
        """The values that a step needs in the replay."""
        if self.skips(step):
            return ()
        group = self.group(step)
        return step.operands if group is None else [x for _, x in self.operands(group, step)]

    def computed(self, group: RecordedAttention, step: Step, arrays: Sequence[Any]) -> dict[int, Any]:
        """Results by number: the output from its operands, or the gradients from that of the output."""
        number = group.output.output.number
        if step is group.output:
            differentiated = bool(group.gradients) and self._again is None
            y, self._pullbacks[number] = self._forward(group, arrays, differentiated)
            return {number: y}
        if self._again:
            operands, dy = self._again(arrays[:3], arrays[-1])
            arrays = [*operands, dy]
            self._pullbacks[number] = self._forward(group, operands, True)[1]
        gradients = dict(zip("qkv", self._pullbacks.pop(number)(arrays[-1]), strict=True))
        return {
            number: jnp.swapaxes(gradients[own.operand], -1, -2) if own.transposed else gradients[own.operand]
            for number, own in group.gradients.items()
        }

    def _forward(self, group: RecordedAttention, arrays: Sequence[Any], differentiated: bool) -> Any:
        """The output, and where it is differentiated the function that pulls its gradient back."""
        q, k, v = arrays[0], jnp.swapaxes(arrays[1], -1, -2), arrays[2]
        batch = group.output.output.shape[:-2]
        q, k, v = (jnp.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (q, k, v))
        if self._cudnn and q.dtype in HALF:
            try:
                return _attended(group, (q, k, v), differentiated, "cudnn")
            except (NotImplementedError, RuntimeError, ValueError):
                pass  # it takes some shapes only, and some cards
        return _attended(group, (q, k, v), differentiated, "xla")


def _attended(
    group: RecordedAttention, arrays: tuple[Any, ...], differentiated: bool, implementation: str
) -> Any:
    function = _function(group, implementation)
    return jax.vjp(function, *arrays) if differentiated else (function(*arrays), None)


def _function(group: RecordedAttention, implementation: Any) -> Callable[..., Any]:
    causal = group.causal
    mask = None if causal or group.mask is None else jnp.asarray(group.mask)[None, None]

    def attention(q: Any, k: Any, v: Any) -> Any:
        y = jax.nn.dot_product_attention(
            _by_places(q),
            _by_places(k),
            _by_places(v),
            mask=mask,
            scale=group.scale,
            is_causal=causal,
            implementation=implementation,
        )
        return jnp.swapaxes(y, 1, 2).reshape(q.shape)

    return attention


def _by_places(x: Any) -> Any:
    """[..., heads, T, D] as [N, T, heads, D]; there is one head where an axis for it is missing."""
    batch = x.shape[:-2]
    heads = batch[-1] if len(batch) > 1 else 1
    return jnp.swapaxes(x.reshape(prod(batch) // heads, heads, *x.shape[-2:]), 1, 2)
