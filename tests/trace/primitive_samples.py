"""For every primitive the operands and parameters on which it is tried."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphlang import kernels
from graphlang.trace import Primitive
from graphlang.trace.primitives import PRIMITIVES

EVERY: dict[str, Primitive] = PRIMITIVES | {
    item.name: item
    for module in pkgutil.iter_modules(kernels.__path__, "graphlang.kernels.")
    for item in vars(importlib.import_module(module.name)).values()
    if isinstance(item, Primitive)
}
"""Every primitive, kernels too, by its name."""
Sample = tuple[tuple[Any, ...], dict[str, Any]]
PARTS = slice(None)


def real(rng: Any, *shape: int) -> Any:
    """Numbers of either sign, none near 0 and no two near each other."""
    n = int(np.prod(shape))
    values = (rng.permutation(n) + 1 + 0.3 * rng.random(n)) * 1.5 / max(n, 1) + 0.1
    return (values * rng.choice([-1.0, 1.0], n)).reshape(shape)


def positive(rng: Any, *shape: int) -> Any:
    return np.abs(real(rng, *shape))


def inside(rng: Any, *shape: int) -> Any:
    """Numbers inside of (-1, 1)."""
    return 0.5 * real(rng, *shape)


def above_one(rng: Any, *shape: int) -> Any:
    return 1.1 + positive(rng, *shape)


def unary(make: Callable[..., Any] = real) -> Callable[..., Iterator[Sample]]:
    def samples(rng: Any) -> Iterator[Sample]:
        yield (make(rng, 3, 4),), {}
        yield (make(rng),), {}
        yield (make(rng, 1, 5, 1),), {}

    return samples


def binary(
    left: Callable[..., Any] = real, right: Callable[..., Any] = real
) -> Callable[..., Iterator[Sample]]:
    def samples(rng: Any) -> Iterator[Sample]:
        yield (left(rng, 3, 4), right(rng, 3, 4)), {}
        yield (left(rng, 3, 4), right(rng, 4)), {}
        yield (left(rng, 3, 1), right(rng, 2, 1, 4)), {}
        yield (left(rng), right(rng, 2, 3)), {}
        yield (left(rng, 2, 3), float(right(rng))), {}
        yield (float(left(rng)), right(rng, 2)), {}

    return samples


def whole(rng: Any, *shape: int) -> Any:
    return rng.integers(0, 7, shape)


def truth(rng: Any, *shape: int) -> Any:
    return rng.integers(0, 2, shape).astype(bool)


def power_log(rng: Any) -> Iterator[Sample]:
    for order in (1, 2):
        for operands, _ in binary(positive)(rng):
            yield operands, {"order": order}


def reduction(rng: Any) -> Iterator[Sample]:
    for axis in ((0,), (1,), (0, 2), (0, 1, 2), ()):
        for keepdims in (False, True):
            yield (real(rng, 2, 3, 4),), {"axis": axis, "keepdims": keepdims}
    yield (real(rng, 5),), {"axis": (0,), "keepdims": False}


def product(rng: Any) -> Iterator[Sample]:
    yield from reduction(rng)
    for zeros in ([0], [0, 3], [1, 2, 4]):
        x = real(rng, 5)
        x[zeros] = 0
        yield (x,), {"axis": (0,), "keepdims": False}


def argument(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4),), {"axis": 0, "keepdims": True}
    yield (real(rng, 3, 4),), {"axis": 1, "keepdims": False}


def matmul(rng: Any) -> Iterator[Sample]:
    for a, b in (
        ((3, 4), (4, 2)), ((4,), (4, 2)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (6, 4, 5)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,)),
        ((1, 3), (3, 1)),
    ):  # fmt: skip
        yield (real(rng, *a), real(rng, *b)), {}


def where(rng: Any) -> Iterator[Sample]:
    yield (truth(rng, 3, 4), real(rng, 3, 4), real(rng, 4)), {}
    yield (truth(rng, 4), real(rng, 3, 1), 0.5), {}


def clip(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4), -0.5, 0.51), {}
    yield (real(rng, 3, 4), -positive(rng, 4), positive(rng, 3, 1)), {}


def reshape(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4),), {"shape": (2, 6)}
    yield (real(rng),), {"shape": (1, 1)}


def transpose(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 3, 4),), {"axes": (2, 0, 1)}


def broadcast_to(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 1),), {"shape": (2, 3, 4)}
    yield (real(rng),), {"shape": (2,)}


def concatenate(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 2), real(rng, 3, 4), real(rng, 3, 1)), {"axis": 1}
    yield (real(rng, 2), real(rng, 3)), {"axis": 0}


def pad(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 3),), {"widths": ((1, 2), (0, 1)), "value": 2.5}


def roll(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 5),), {"shift": 7, "axis": 1}


def slices(rng: Any) -> Iterator[Sample]:
    for key in (
        (slice(1, 3), PARTS), (PARTS, slice(None, None, 2)), (2, slice(None, None, -1)), (-1, 0),
        (PARTS, slice(4, 0, -2)),
        (slice(None, None, -1), PARTS), (slice(5, 9), slice(-3, -1)), (slice(0, 9), slice(-9, 2)),
    ):  # fmt: skip
        yield (real(rng, 4, 5),), {"key": key}


def unslice(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 3), real(rng, 2)), {"keys": ((slice(0, 2), PARTS), (slice(1, 3), 1)), "shape": (4, 3)}


def take(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 5, 3), np.array([[0, 4, 0], [1, -1, 2]])), {"axis": 0}
    yield (real(rng, 3, 5, 2), np.array([4, 4])), {"axis": 1}
    yield (real(rng, 5), np.array([1, 2, 1])), {"axis": 0}


def scatter_add(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 3, 4), np.array([[0, 4, 0], [1, -1, 2]])), {"axis": 0, "size": 5}
    yield (real(rng, 3, 2, 2), np.array([4, 4])), {"axis": 1, "size": 5}
    yield (real(rng, 3), np.array([1, 2, 1])), {"axis": 0, "size": 4}
    yield (real(rng, 3, 2), np.array([2, 0, 1])), {"axis": 0, "size": 4}


def take_along_axis(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4), np.array([[1], [-1], [0]])), {"axis": 1}
    yield (real(rng, 3, 4), rng.integers(0, 3, (5, 4))), {"axis": 0}


def add_along_axis(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 1), np.array([[1], [-1], [0]])), {"axis": 1, "size": 4}
    yield (real(rng, 5, 4), rng.integers(0, 3, (5, 4))), {"axis": 0, "size": 3}


def full(rng: Any) -> Iterator[Sample]:
    yield (real(rng),), {"shape": (2, 3), "dtype": np.dtype(np.float64)}


def arange(rng: Any) -> Iterator[Sample]:
    yield (), {"start": 1, "stop": 8, "step": 3, "dtype": np.dtype(np.int64)}


def one_hot(rng: Any) -> Iterator[Sample]:
    yield (whole(rng, 2, 3),), {"n": 5, "dtype": np.dtype(np.float32)}


def astype(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 2, 3),), {"dtype": np.dtype(np.float64)}


def square_sum(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4),), {"axis": (0, 1)}
    yield (real(rng),), {"axis": ()}


def norms(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4), real(rng, 2)), {}
    x = real(rng, 5)
    yield (x, real(rng), np.sum(x * x)), {"summed": (0,)}


def cumsum(rng: Any) -> Iterator[Sample]:
    yield (real(rng, 3, 4),), {"axis": 0}
    yield (real(rng, 3, 4),), {"axis": 1}


def linear_recurrence(rng: Any) -> Iterator[Sample]:
    for reverse in (False, True):
        yield (real(rng, 3, 4), real(rng, 3, 4)), {"reverse": reverse}
    yield (real(rng, 1), real(rng, 1)), {"reverse": False}


def random_numbers(rng: Any) -> Iterator[Sample]:
    for normal in (True, False):
        params = {
            "seed": 3,
            "key": 2**40 + 5,
            "normal": normal,
            "shape": (2, 3),
            "dtype": np.dtype(np.float64),
        }
        yield (7,), params
        yield (np.asarray(7.0), np.asarray(2)), params


def regular(rng: Any, *lead: int) -> Any:
    """Matrices that are far from singular."""
    return inside(rng, *lead, 3, 3) + 2 * np.eye(3)


def matrices(rng: Any) -> Iterator[Sample]:
    yield (regular(rng, 2),), {}
    yield (regular(rng),), {}


def positive_definite(rng: Any) -> Iterator[Sample]:
    x = regular(rng, 2)
    yield (x @ np.swapaxes(x, -1, -2),), {}


def solve(rng: Any) -> Iterator[Sample]:
    yield (regular(rng, 2), real(rng, 2, 3, 2)), {}
    yield (regular(rng), real(rng, 2, 3, 1)), {}


def moves(axes: int, stride: int = 1, pad: int = 0, dilation: int = 1, groups: int = 1) -> dict[str, Any]:
    """The same numbers for every spatial axis."""
    return {
        "stride": (stride,) * axes, "pad": (pad,) * axes, "dilation": (dilation,) * axes, "groups": groups,
    }  # fmt: skip


CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], tuple[int, ...]]] = [
    ((2, 2, 4, 3), (3, 2, 2, 2), moves(2), (3, 2)),
    ((2, 2, 5, 4), (2, 1, 3, 2), moves(2, stride=2, pad=1, groups=2), (3, 3)),
    ((1, 1, 6), (2, 1, 3), moves(1, pad=4), (12,)),
    ((2, 2, 7), (1, 2, 2), moves(1, stride=3, dilation=2), (2,)),
    ((1, 2, 2, 3, 2), (1, 2, 2, 3, 1), moves(3, pad=0), (1, 1, 2)),
    ((2, 4, 2, 2), (4, 1, 1, 1), moves(2, groups=4), (2, 2)),
]
"""Images, weights, how they meet, and the spatial shape that comes out."""


def conv(rng: Any) -> Iterator[Sample]:
    for image, weights, windows, _ in CONVOLUTIONS:
        yield (real(rng, *image), real(rng, *weights)), windows
    image, weights, windows, _ = CONVOLUTIONS[1]
    yield (real(rng, *image), real(rng, *weights), real(rng, weights[0])), windows


def conv_transpose(rng: Any) -> Iterator[Sample]:
    for image, weights, windows, places in CONVOLUTIONS:
        dy = real(rng, image[0], weights[0], *places)
        yield (dy, real(rng, *weights)), {"size": image[2:], **windows}


def conv_weight_gradient(rng: Any) -> Iterator[Sample]:
    for image, weights, windows, places in CONVOLUTIONS:
        dy = real(rng, image[0], weights[0], *places)
        yield (dy, real(rng, *image)), {"kernel": weights[2:], **windows}


def window(axis: int, size: int, stride: int, pad: int = 0, dilation: int = 1) -> dict[str, int]:
    return {"axis": axis, "size": size, "stride": stride, "pad": pad, "dilation": dilation}


POOLS: list[tuple[tuple[int, ...], dict[str, int], int]] = [
    ((2, 6), window(1, 2, 2), 3),
    ((2, 5, 2), window(1, 3, 2, pad=1), 3),
    ((3, 2, 5), window(2, 3, 1, pad=1), 5),
    ((2, 7), window(1, 2, 3), 2),
    ((2, 5), window(1, 2, 1, dilation=2), 3),
    ((2, 3), window(1, 1, 1), 3),
]
"""Arrays, the window, and how many windows there are."""


def pooled(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    return (*shape[:axis], n, *shape[axis + 1 :])


def pool(rng: Any) -> Iterator[Sample]:
    for shape, along, _ in POOLS:
        yield (real(rng, *shape),), along


def sum_pool_gradient(rng: Any) -> Iterator[Sample]:
    for shape, along, n in POOLS:
        yield (real(rng, *pooled(shape, along["axis"], n)),), {"n": shape[along["axis"]], **along}


def pooled_integers(rng: Any, shape: tuple[int, ...], along: dict[str, int]) -> tuple[Any, Any]:
    """Whole numbers, some equal, and the largest of each window: they have no gradient."""
    x = rng.integers(-9, 0, shape)
    return x, EVERY["max_pool"].compute(x, **along)


def max_pool_gradient(rng: Any) -> Iterator[Sample]:
    for shape, along, n in POOLS:
        dy = real(rng, *pooled(shape, along["axis"], n))
        yield (dy, *pooled_integers(rng, shape, along)), along


def max_pool_pick(rng: Any) -> Iterator[Sample]:
    for shape, along, _ in POOLS:
        yield (real(rng, *shape), *pooled_integers(rng, shape, along)), along


def recurrence(gates: int) -> Callable[..., Iterator[Sample]]:
    def samples(rng: Any) -> Iterator[Sample]:
        g = gates
        yield (real(rng, 3, 2, 5), real(rng, 5, 2 * g), real(rng, 2, 2 * g), real(rng, 2 * g)), {}
        yield (real(rng, 1, 1, 1), real(rng, 1, g), real(rng, 1, g), real(rng, g)), {}

    return samples


def recurrence_gradient(gates: int, states: int) -> Callable[..., Iterator[Sample]]:
    def samples(rng: Any) -> Iterator[Sample]:
        given = inside(rng, 3, 2, states * 2)
        Wh = real(rng, 2, gates * 2)
        yield (real(rng, 3, 2, states * 2), given, Wh), {}
        yield (real(rng, 3, 2, 2), given, Wh), {}
        yield (real(rng, 1, 1, states), inside(rng, 1, 1, states), real(rng, 1, gates)), {}

    return samples


def recurrence_weight_gradient(gates: int, states: int) -> Callable[..., Iterator[Sample]]:
    def samples(rng: Any) -> Iterator[Sample]:
        yield (real(rng, 3, 2, gates * 2), inside(rng, 3, 2, states * 2), real(rng, 3, 2, 5)), {}
        yield (real(rng, 1, 1, gates), inside(rng, 1, 1, states), real(rng, 1, 1, 1)), {}

    return samples


SAMPLES: dict[str, Callable[[Any], Iterator[Sample]]] = {
    **{name: unary() for name in (
        "negative", "positive", "absolute", "fabs", "square", "reciprocal", "cbrt", "exp", "exp2", "expm1",
        "sin",
        "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "deg2rad", "rad2deg", "sign",
        "floor", "ceil",
        "trunc", "rint", "isnan", "isinf", "isfinite", "signbit", "logical_not", "erf", "stop_gradient", "alias",
        "constant", "sigmoid", "sigmoid_slope", "tanh_slope",
    )},
    **{name: unary(positive) for name in ("sqrt", "log", "log2", "log10", "log1p", "mills")},
    **{name: unary(inside) for name in ("arcsin", "arccos", "arctanh")},
    "arccosh": unary(above_one), "invert": unary(truth),
    "argsort": lambda rng: iter([((real(rng, 2, 5),), {})]),
    **{name: binary() for name in (
        "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "arctan2",
        "hypot",
        "logaddexp", "logaddexp2", "copysign", "maximum", "minimum", "fmax", "fmin", "greater",
        "greater_equal",
        "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_xor",
        "chain", "chain_quotient", "zero_times", "excess",
    )},
    **{name: binary(positive) for name in ("power", "float_power")},
    **{name: lambda rng: iter([((truth(rng, 3, 4), truth(rng, 4)), {})])
       for name in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    "power_log": power_log,
    **dict.fromkeys(("sum", "max", "min", "any", "all"), reduction),
    "prod": product, "argmax": argument, "argmin": argument, "cumsum": cumsum, "matmul": matmul,
    "cumprod": cumsum, "cummax": cumsum, "linear_recurrence": linear_recurrence,
    "square_sum": square_sum, "norms": norms,
    "where": where,
    "clip": clip, "astype": astype, "reshape": reshape, "transpose": transpose,
    "broadcast_to": broadcast_to,
    "concatenate": concatenate, "pad": pad, "roll": roll, "slice": slices, "unslice": unslice, "take": take,
    "scatter_add": scatter_add, "take_along_axis": take_along_axis, "add_along_axis": add_along_axis,
    "inv": matrices, "det": matrices, "cofactors": matrices, "log_determinant": matrices, "solve": solve,
    "sign_of_determinant": matrices, "cholesky": positive_definite,
    "full": full, "random_numbers": random_numbers,
    "arange": arange, "one_hot": one_hot,
    "conv": conv, "conv_transpose": conv_transpose, "conv_weight_gradient": conv_weight_gradient,
    "max_pool": pool, "max_pool_gradient": max_pool_gradient, "max_pool_pick": max_pool_pick,
    "sum_pool": pool, "sum_pool_gradient": sum_pool_gradient,
    "rnn": recurrence(1), "lstm": recurrence(4), "gru": recurrence(3), "gru_after": recurrence(4),
    "rnn_gradient": recurrence_gradient(1, 1), "lstm_gradient": recurrence_gradient(4, 6),
    "gru_gradient": recurrence_gradient(3, 4), "gru_after_gradient": recurrence_gradient(4, 5),
    "rnn_weight_gradient": recurrence_weight_gradient(1, 1),
    "lstm_weight_gradient": recurrence_weight_gradient(4, 6),
    "gru_weight_gradient": recurrence_weight_gradient(3, 4),
    "gru_after_weight_gradient": recurrence_weight_gradient(4, 5),
}  # fmt: skip
