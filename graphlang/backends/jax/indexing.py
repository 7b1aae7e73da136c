"""Rules of primitives that pick elements, and of their gradients, which put them back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def transposed(linear: Any, shape: Any, dy: Any) -> Any:
    """The transpose of a linear function of an array of that shape: what a gradient primitive is."""
    dtype = jax.tree.leaves(dy)[0].dtype
    return jax.linear_transpose(linear, jax.ShapeDtypeStruct(shape, dtype))(dy)[0]


def sliced(x: Any, *, key: tuple[Any, ...]) -> Any:
    """x[key] with an integer or a slice per axis."""
    starts, stops, steps, reversed_axes, dropped = [], [], [], [], []
    for axis, (part, n) in enumerate(zip(key, x.shape, strict=True)):
        if isinstance(part, slice):
            chosen = range(*part.indices(n))
            if part.step is not None and part.step < 0:
                reversed_axes.append(axis)
                chosen = chosen[::-1]
            start, stop, step = (chosen.start, chosen[-1] + 1, chosen.step) if chosen else (0, 0, 1)
        else:
            start, stop, step = part % n, part % n + 1, 1
            dropped.append(axis)
        starts.append(start)
        stops.append(stop)
        steps.append(step)
    y = lax.slice(x, starts, stops, steps)
    y = lax.rev(y, reversed_axes) if reversed_axes else y
    return lax.squeeze(y, dropped) if dropped else y


def unslice(*parts: Any, keys: Any, shape: Any) -> Any:
    """Zeros with each part added at its key.

    Pieces of one axis that do not overlap, as `split` makes them, are joined, which costs one copy.
    """
    dtype = parts[0].dtype
    axes = {i for key in keys for i, place in enumerate(key) if place != slice(None)}
    axis = axes.pop() if len(axes) == 1 else 0
    spans = [(*_span(key[axis], shape[axis]), part) for key, part in zip(keys, parts, strict=True) if key]
    spans.sort(key=lambda piece: piece[:2])
    ends = [0, *[stop for _, stop, _ in spans]]
    if axes or not spans or any(start < end for (start, _, _), end in zip(spans, ends, strict=False)):
        return transposed(lambda x: tuple([sliced(x, key=key) for key in keys]), shape, tuple(parts))
    pieces = []
    for (start, stop, part), end in zip([*spans, (shape[axis], 0, None)], ends, strict=True):
        if start > end:
            pieces.append(jnp.zeros((*shape[:axis], start - end, *shape[axis + 1 :]), dtype))
        if part is not None:
            pieces.append(part.reshape(*shape[:axis], stop - start, *shape[axis + 1 :]))
    return jnp.concatenate(pieces, axis)


def _span(place: Any, n: int) -> tuple[int, int]:
    """From where to where a key reaches; it starts before 0 where it is no simple interval."""
    if isinstance(place, slice):
        start, stop, step = place.indices(n)
        return (start, max(start, stop)) if step == 1 else (-1, n)
    return place % n, place % n + 1


def take(x: Any, indices: Any, *, axis: int) -> Any:
    """nan where an index does not exist."""
    return jnp.take(x, indices, axis)


def take_along_axis(x: Any, indices: Any, *, axis: int) -> Any:
    return jnp.take_along_axis(x, indices, axis)


def scatter_add(updates: Any, indices: Any, *, axis: int, size: int) -> Any:
    shape = (*updates.shape[:axis], size, *updates.shape[axis + jnp.ndim(indices) :])
    places = (slice(None),) * axis + (jnp.asarray(indices),)
    return jnp.zeros(shape, updates.dtype).at[places].add(updates)


def add_along_axis(updates: Any, indices: Any, *, axis: int, size: int) -> Any:
    shape = (*updates.shape[:axis], size, *updates.shape[axis + 1 :])
    places = [lax.broadcasted_iota(jnp.int64, updates.shape, i) for i in range(updates.ndim)]
    places[axis] = jnp.asarray(indices)
    return jnp.zeros(shape, updates.dtype).at[tuple(places)].add(updates)


def one_hot(ids: Any, *, n: int, dtype: Any) -> Any:
    return (jnp.asarray(ids)[..., None] == jnp.arange(n)).astype(dtype)


def checked_indices(ids: Any, *, allowed: Any) -> Any:
    """A wrong index becomes one that picks nan, so that nothing is learned from it."""
    return jnp.where(is_allowed(ids, allowed), ids, np.iinfo(ids.dtype).max)


def is_allowed(ids: Any, allowed: Any) -> Any:
    """Where indices are allowed."""
    right = (ids >= 0) & (ids < allowed.below)
    return right if allowed.ignored is None else right | (ids == allowed.ignored)
