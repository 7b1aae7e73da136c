# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""Functions that a generated file of JAX has where it calls them."""

from __future__ import annotations

from graphlang.exports.source.jax.table import in_jax
from graphlang.exports.source.numpy.helpers import HELPERS as OF_NUMPY

_OWN = {
    "chain": '''
def chain(dy, slope):
    """dy * slope, and 0 where dy is 0, even next to an infinite slope."""
    return dy * jnp.where((dy == 0) & ~jnp.isfinite(slope), 0, slope)
''',
    "chain_quotient": '''
def chain_quotient(dy, x):
    """dy / x, and 0 where dy is 0, even where x is 0 too."""
    return dy / jnp.where((dy == 0) & (x == 0), 1, x)
''',
    "zero_times": '''
def zero_times(x, y):
    """x * y, and 0 where either is 0, even next to an infinite number."""
    left = jnp.where((y == 0) & ~jnp.isfinite(x), 0, x)
    return left * jnp.where((x == 0) & ~jnp.isfinite(y), 0, y)
''',
    "power_log": '''
def power_log(x, p, order):
    """x**p * log(x)**order, and 0 where x is 0."""
    return jnp.where(x == 0, 0, jnp.log(jnp.where(x == 0, 1, x)) ** order * x**p)
''',
    "mills": '''
def mills(x):
    """The normal distribution's P(t > x) / p(x), for x >= 0."""
    near, far = jnp.minimum(x, 5), jnp.maximum(x, 5)
    tail = jax.scipy.special.erfc(near / math.sqrt(2))
    near = math.sqrt(math.pi / 2) * jnp.exp(near**2 / 2.0) * tail
    fraction = far  # the continued fraction of P(t > x) for a large x
    for n in range(60, 0, -1):
        fraction = far + n / fraction
    return jnp.where(x < 5, near, 1 / fraction)
''',
    "norms": '''
def norms(*arrays):
    """The norm of all arrays together, then that of each."""
    each = jnp.stack([jnp.sqrt(jnp.sum(jnp.square(x))) for x in arrays])
    return jnp.concatenate([jnp.sqrt(jnp.sum(jnp.square(each)))[None], each])
''',
    "random_numbers": '''
def random_numbers(seeds, shape, dtype, normal):
    """Standard normal numbers, or uniform ones in [0, 1), from a generator of NumPy."""
    words = [int(word) for word in seeds]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
    if normal:
        return jnp.asarray(rng.standard_normal(shape), dtype)
    below_one = np.nextafter(np.dtype(dtype).type(1), np.dtype(dtype).type(0))
    return jnp.asarray(np.minimum(rng.random(shape), below_one), dtype)
''',
    "uniform_numbers": '''
def uniform_numbers(keys, shape, dtype):
    """Uniform random numbers in [0, 1) from the next key."""
    return jax.random.uniform(next(keys), shape, dtype)
''',
    "keys_of": '''
def keys_of(key):
    """A key for each draw of random numbers."""
    while True:
        key, own = jax.random.split(key)
        yield own
''',
    "add_along_axis": '''
def add_along_axis(updates, indices, axis, size):
    """Zeros, to which each update is added at its index along an axis."""
    shape = list(updates.shape)
    shape[axis] = size
    places = list(jnp.indices(updates.shape, sparse=True))
    places[axis] = indices
    return jnp.zeros(shape, updates.dtype).at[tuple(places)].add(updates)
''',
    "linear_recurrence": '''
def linear_recurrence(a, b, reverse):
    """y[t] = a[t] * y[t - 1] + b[t] along the last axis; from the end where reversed."""

    def step(before, ab):
        after = ab[0] * before + ab[1]
        return after, after

    a, b = (jnp.moveaxis(x, -1, 0) for x in jnp.broadcast_arrays(a, b))
    _, y = jax.lax.scan(step, jnp.zeros_like(b[0]), (a, b), reverse=reverse)
    return jnp.moveaxis(y, 0, -1)
''',
    "per_axis": '''
def per_axis(value, count):
    """A setting for each axis, where one number stands for all."""
    return [value] * count if isinstance(value, int) else value
''',
    "conv": '''
def conv(x, W, b=None, *, stride=1, pad=0, dilation=1, groups=1):
    """The convolution of images x [N, C, ...] with W [F, C / groups, ...]."""
    count = W.ndim - 2
    y = jax.lax.conv_general_dilated(
        x,
        W,
        per_axis(stride, count),
        [(pad, pad)] * count if isinstance(pad, int) else pad,
        rhs_dilation=per_axis(dilation, count),
        feature_group_count=groups,
    )
    return y if b is None else y + b.reshape(-1, *[1] * count)
''',
    "conv_transpose": '''
def conv_transpose(dy, W, *, size, groups=1, **moves):
    """The gradient of a convolution by its images, whose places are of `size`."""
    x = jnp.zeros((len(dy), W.shape[1] * groups, *size), dy.dtype)
    return jax.vjp(lambda x: conv(x, W, groups=groups, **moves), x)[1](dy)[0]
''',
    "conv_weight_gradient": '''
def conv_weight_gradient(dy, x, *, kernel, groups=1, **moves):
    """The gradient of a convolution by its weights."""
    W = jnp.zeros((dy.shape[1], x.shape[1] // groups, *kernel), dy.dtype)
    return jax.vjp(lambda W: conv(x, W, groups=groups, **moves), W)[1](dy)[0]
''',
    "pool_windows": '''
def pool_windows(x, axis, size, stride, pad, dilation, fill):
    """The windows along an axis: their elements are along a new axis behind it."""
    count = (x.shape[axis] + sum(pad) - dilation * (size - 1) - 1) // stride + 1
    widths = [pad if i == axis else (0, 0) for i in range(x.ndim)]
    x = jnp.pad(x, widths, constant_values=fill)
    places = jnp.arange(count)[:, None] * stride + jnp.arange(size) * dilation
    return jnp.take(x, places, axis=axis)
''',
    "max_pool": '''
def max_pool(x, *, axis, size, stride=1, pad=(0, 0), dilation=1):
    """The largest element of each window along an axis; the gradient is for the first."""
    windows = pool_windows(x, axis, size, stride, pad, dilation, lowest(x.dtype))
    first = jnp.expand_dims(windows.argmax(axis=axis + 1), axis + 1)
    return jnp.take_along_axis(windows, first, axis + 1).squeeze(axis + 1)
''',
    "lowest": '''
def lowest(dtype):
    """The number below all others of a type."""
    return -jnp.inf if dtype.kind == "f" else jnp.iinfo(dtype).min
''',
    "max_pool_gradient": '''
def max_pool_gradient(dy, x, y, **window):
    """Each element of dy at the first largest element of its window."""
    return jax.vjp(lambda x: max_pool(x, **window), x)[1](dy)[0]
''',
    "sum_pool_gradient": '''
def sum_pool_gradient(dy, *, axis, n, **window):
    """Each element of dy at all elements of its window."""
    x = jnp.zeros((*dy.shape[:axis], n, *dy.shape[axis + 1 :]), dy.dtype)
    return jax.vjp(lambda x: sum_pool(x, axis=axis, **window), x)[1](dy)[0]
''',
    "rnn": '''
def rnn(x, Wx, Wh, b, start=None):
    """The hidden vectors of all steps; time is axis 0."""

    def step(h, x_t):
        h = jnp.tanh(x_t @ Wx + h @ Wh + b)
        return h, h

    h = jnp.zeros((x.shape[1], len(Wh)), x.dtype) if start is None else start
    return jax.lax.scan(step, h, x)[1]
''',
    "lstm": '''
def lstm(x, Wx, Wh, b, start=None):
    """The states [h, c, f, g, i, o] of all steps, side by side; time is axis 0."""

    def step(before, x_t):
        h, c = before
        f, g, i, o = jnp.split(x_t @ Wx + h @ Wh + b, 4, axis=1)
        f, g, i, o = sigmoid(f), jnp.tanh(g), sigmoid(i), sigmoid(o)
        c = f * c + g * i
        h = o * jnp.tanh(c)
        return (h, c), jnp.concatenate([h, c, f, g, i, o], axis=1)

    H = len(Wh)
    zeros = jnp.zeros((x.shape[1], 2 * H), x.dtype)
    h, c = jnp.split(zeros if start is None else start[:, : 2 * H], 2, axis=1)
    return jax.lax.scan(step, (h, c), x)[1]
''',
    "gru": '''
def gru(x, Wx, Wh, b, start=None):
    """The states [h, z, r, n] of all steps, side by side; time is axis 0."""
    H = len(Wh)

    def step(h, x_t):
        z, r, n = jnp.split(x_t @ Wx + b, 3, axis=1)
        z, r = sigmoid(z + h @ Wh[:, :H]), sigmoid(r + h @ Wh[:, H : 2 * H])
        n = jnp.tanh(n + (r * h) @ Wh[:, 2 * H :])
        h = (1 - z) * h + z * n
        return h, jnp.concatenate([h, z, r, n], axis=1)

    h = jnp.zeros((x.shape[1], H), x.dtype) if start is None else start[:, :H]
    return jax.lax.scan(step, h, x)[1]
''',
    "gru_after": '''
def gru_after(x, Wx, Wh, b, start=None):
    """The states [h, z, r, n, m] of all steps, side by side; time is axis 0."""
    H = len(Wh)

    def step(h, x_t):
        z, r, m, n = jnp.split(x_t @ Wx + h @ Wh + b, 4, axis=1)
        z, r = sigmoid(z), sigmoid(r)
        n = jnp.tanh(n + r * m)
        h = (1 - z) * h + z * n
        return h, jnp.concatenate([h, z, r, n, m], axis=1)

    h = jnp.zeros((x.shape[1], H), x.dtype) if start is None else start[:, :H]
    return jax.lax.scan(step, h, x)[1]
''',
    "sigmoid": """
def sigmoid(x):
    return jax.nn.sigmoid(x)
""",
}
_STARTS = frozenset({"stream", "normal", "uniform", "zero_row", "orthogonal"})
"""Functions of NumPy that draw parameters, which a file has as they are."""
HELPERS: dict[str, str] = {n: in_jax(text) for n, text in OF_NUMPY.items() if n not in _STARTS} | _OWN
"""What the table calls: as in NumPy, unless it writes into arrays."""
