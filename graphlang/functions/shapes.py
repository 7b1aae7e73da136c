"""The same numbers in another shape or order; sizes may be symbolic."""

from itertools import accumulate

import numpy as np

from graphlang.trace import Size, primitives, shape_text

__all__ = [
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "pad",
    "repeat_axis",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
]

Axes = int | tuple[int, ...] | None


def reshape(x, *shape: Size):
    """y = the numbers of x, row by row, in another shape

    Gradient: dx = dy in the shape of x.
    Shapes: as given; one size may be -1 and is what remains.
    Example: input x: float[N, 4, 3]; y = reshape(x, 2*N, -1)
    Example: input x: float[N, 4]; y = reshape(x, N, 2, 2)
    """
    if sum(size == -1 for size in shape) > 1:
        raise ValueError(f"`reshape` has more than one -1 in {shape_text(shape)}: one size can be left to it")
    return np.reshape(x, shape)


def transpose(x, *axes: int):
    """y[i, j, k] = x[k, j, i], or the axes in the order given

    Gradient: dx = dy with its axes put back.
    Shapes: y's axis n is x's axis axes[n]; all of them reversed by default.
    Convention: as in NumPy; `x.T` in a spec swaps the last two axes only.
    Example: input x: float[N, T, 4]; y = transpose(x, 2, 0, 1)
    """
    if axes and sorted(axis % len(axes) for axis in axes) != list(range(x.ndim)):
        raise ValueError(f"`transpose` needs each axis of {shape_text(x.shape)} once, not {axes}")
    return np.transpose(x, axes or None)


def swapaxes(x, axis1: int, axis2: int):
    """y = x with two axes exchanged

    Gradient: dx = dy with the same two exchanged.
    Shapes: as x, two sizes exchanged.
    """
    return np.swapaxes(x, axis1, axis2)


def expand_dims(x, axis: int | tuple[int, ...]):
    """y = x with a new axis of size 1 at `axis` of the result

    Gradient: dx = dy in the shape of x.
    Shapes: as x and a 1.
    """
    return np.expand_dims(x, axis)


def squeeze(x, axis: Axes = None):
    """y = x without its axes of size 1, or without those named

    Gradient: dx = dy in the shape of x.
    Shapes: as x without the 1s; an axis that is named must have size 1, and axes of any size such as N
    are told apart by naming.
    Example: input x: float[N, 1, 4]; y = squeeze(x, axis=1)
    """
    return np.squeeze(x, axis=axis)


def concat(*xs, axis: int = 0):
    """y = x1, x2, ... one after another along an existing axis

    Gradient: each gets its part of dy.
    Shapes: the sizes along `axis` add up; the others must agree.
    """
    _need_some("concat", xs)
    return np.concatenate(xs, axis=axis)


def stack(*xs, axis: int = 0):
    """y = x1, x2, ... side by side along a new axis

    Gradient: each gets its slice of dy.
    Shapes: all the same; the result has a new axis, as long as there are xs.
    """
    _need_some("stack", xs)
    return np.stack(xs, axis=axis)


def _need_some(name: str, xs) -> None:
    if not xs:
        raise ValueError(f"`{name}` needs something to join: `{name}(a, b, axis=0)`")


def split(x, parts: int | tuple[int, ...], axis: int = 0):
    """y1, y2, ... = x cut along an axis, in `parts` equal parts or in parts of the sizes listed

    Gradient: dx = dy1, dy2, ... one after another.
    Shapes: as x; the sizes along `axis` add up to x's.
    Convention: a list holds sizes, as in PyTorch; in NumPy it would hold the places of the cuts.
    Example: input x: float[N, 6]; a, b, c = split(x, 3, axis=1)
    Example: input x: float[N, 6]; a, b = split(x, [2, 4], axis=-1)
    """
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`split` cannot cut {shape_text(x.shape)} along axis {axis}: it has {x.ndim} axes")
    size = x.shape[axis]
    if not isinstance(parts, int):
        return _split_by_sizes(x, size, parts, axis)
    if parts < 1:
        raise ValueError(f"`split` cannot cut into {parts} parts: give 1 or more")
    if size % parts != 0:
        raise ValueError(
            f"`split` cannot cut axis {axis} of size {size} into {parts} equal parts: "
            f"list the sizes, as in `split(x, [{size} - n, n], axis={axis})`"
        )
    return tuple(np.split(x, parts, axis=axis))


def _split_by_sizes(x, size: Size, parts: tuple[int, ...], axis: int):
    *cuts, total = accumulate(parts) if parts else (0,)
    if min(parts, default=0) < 0 or total != size:
        raise ValueError(f"`split` has parts {list(parts)}, which make {total}: axis {axis} has size {size}")
    return tuple(np.split(x, cuts, axis=axis))


def repeat_axis(x, n: int, axis: int):
    """y = each slice of x along an axis n times in a row: a, a, b, b

    Gradient: dx = the sum over the n copies of dy.
    Shapes: as x, n times as long along `axis`.
    Convention: NumPy's `repeat`, PyTorch's `repeat_interleave`; `concat(x, x)` gives a, b, a, b.
    """
    if n < 1:
        raise ValueError(f"`repeat_axis` cannot repeat {n} times: give 1 or more")
    return np.repeat(x, n, axis=axis)


def tile(x, reps: int | tuple[int, ...]):
    """y = all of x several times along each axis: a, b, a, b

    Gradient: dx = the sum over the copies of dy.
    Shapes: each axis times its number; a list of more numbers than axes puts new axes in front, and one of
    fewer speaks of the last ones.
    Example: input x: float[N, 4]; y = tile(x, [2, 1, 3])
    Example: input x: float[N, 4]; y = tile(x, 2)
    """
    if min((reps,) if isinstance(reps, int) else reps, default=0) < 1:
        raise ValueError(f"`tile` cannot repeat {reps} times: give 1 or more")
    return np.tile(x, reps)


def broadcast_to(x, *shape: Size):
    """y = x repeated to a shape

    Gradient: dx = dy summed over the repeated axes.
    Shapes: as given; aligned at the last axis, where a size of 1 is repeated.
    Example: input x: float[N, 1]; y = broadcast_to(x, 2, N, 4)
    """
    return primitives.broadcast_to(x, shape)


def flip(x, axis: Axes = None):
    """y[k] = x[n - 1 - k]

    Gradient: dx = dy, flipped back.
    Shapes: as x; every axis is flipped by default.
    """
    return np.flip(x, axis=axis)


def roll(x, shift: int, axis: int | None = None):
    """y[k] = x[(k - shift) % n]

    Gradient: dx = dy, rolled back.
    Shapes: as x; without an axis the flattened array is rolled.
    """
    if axis is None:
        return np.reshape(np.roll(np.reshape(x, (-1,)), shift, axis=0), x.shape)
    return np.roll(x, shift, axis=axis)


def pad(x, width: int | tuple[int | tuple[int, int], ...], value: float = 0):
    """y = x with `width` more elements of `value` before and after each axis

    Gradient: dx = dy without its border.
    Shapes: each axis grows by what is put before and after it. A number pads every axis; a list has an
    entry per axis, a number or `[before, after]`, and one for fewer axes speaks of the last ones.
    Example: input x: float[N, 3]; y = pad(x, [[0, 1], 2], value=0.5)
    """
    if not x.ndim:
        raise ValueError("`pad` puts more beside the elements of an axis, and a scalar has none")
    entries = (width,) * x.ndim if isinstance(width, int) else width
    if len(entries) > x.ndim:
        raise ValueError(f"`pad` has {len(entries)} widths for {shape_text(x.shape)}: one per axis, {x.ndim}")
    widths = [(entry, entry) if isinstance(entry, int) else tuple(entry) for entry in entries]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"`pad` cannot add less than nothing: {list(entries)} has a negative width")
    return np.pad(x, [(0, 0)] * (x.ndim - len(widths)) + widths, constant_values=value)
