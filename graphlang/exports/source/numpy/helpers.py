# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""Functions that a generated file has where it calls them: what NumPy does not have in one expression."""

from __future__ import annotations

from graphlang.exports.source.recurrences import RECURRENCES

_ARITHMETIC = {
    "chain": '''
def chain(dy, slope):
    """dy * slope, and 0 where dy is 0, even next to an infinite slope."""
    with np.errstate(all="ignore"):
        return np.where(np.equal(dy, 0), 0, dy * slope).astype(
            np.result_type(dy, slope)
        )
''',
    "chain_quotient": '''
def chain_quotient(dy, x):
    """dy / x, and 0 where dy is 0, even where x is 0 too."""
    with np.errstate(all="ignore"):
        return np.where(np.equal(dy, 0), 0, dy / x).astype(np.result_type(dy, x))
''',
    "zero_times": '''
def zero_times(x, y):
    """x * y, and 0 where either is 0, even next to an infinite number."""
    with np.errstate(all="ignore"):
        none = np.equal(x, 0) | np.equal(y, 0)
        return np.where(none, 0, x * y).astype(np.result_type(x, y))
''',
    "power_log": '''
def power_log(x, p, order):
    """x**p * log(x)**order, and 0 where x is 0."""
    with np.errstate(all="ignore"):
        y = np.power(x, p)
        none = (y == 0) | (np.equal(x, 0) & np.equal(p, 0))
        return np.where(none, 0, np.log(x) ** order * y).astype(y.dtype)
''',
    "erf": '''
def erf(x):
    """The error function of every element."""
    return np.vectorize(math.erf, otypes=[float])(x).astype(x.dtype)
''',
    "mills": '''
def mills(x):
    """The normal distribution's P(t > x) / p(x), for x >= 0."""
    near, far = np.minimum(x, 25), np.maximum(x, 25)
    erfc = np.vectorize(math.erfc, otypes=[float])
    near = np.sqrt(np.pi / 2) * np.exp(near**2 / 2.0) * erfc(near / math.sqrt(2))
    s = 1 / far**2  # the series of P(t > x) for a large x
    far = (1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s * (1 - 9 * s))))) / far
    return np.where(x < 25, near, far).astype(x.dtype)
''',
    "norms": '''
def norms(*arrays):
    """The norm of all arrays together, then that of each."""
    each = [np.sqrt(np.sum(np.square(x, dtype=np.float64))) for x in arrays]
    return np.array([np.sqrt(np.sum(np.square(each))), *each])
''',
    "random_numbers": '''
def random_numbers(seeds, shape, dtype, normal):
    """Standard normal numbers, or uniform ones in [0, 1), from a generator with seeds."""
    words = [int(word) for word in seeds]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
    if normal:
        return np.asarray(rng.standard_normal(shape), dtype)
    below_one = np.nextafter(dtype(1), dtype(0))
    return np.asarray(np.minimum(rng.random(shape), below_one), dtype)
''',
}

_ARRAYS = {
    "add_along_axis": '''
def add_along_axis(updates, indices, axis, size):
    """Zeros, to which each update is added at its index along an axis."""
    shape = list(updates.shape)
    shape[axis] = size
    total = np.zeros(shape, updates.dtype)
    places = list(np.indices(updates.shape, sparse=True))
    places[axis] = indices
    np.add.at(total, tuple(places), updates)
    return total
''',
    "linear_recurrence": '''
def linear_recurrence(a, b, reverse):
    """y[t] = a[t] * y[t - 1] + b[t] along the last axis; from the end where reversed."""
    y = np.empty(b.shape, np.result_type(a, b))
    before = 0
    for t in range(y.shape[-1])[:: -1 if reverse else 1]:
        before = y[..., t] = a[..., t] * before + b[..., t]
    return y
''',
    "cofactors": '''
def cofactors(x):
    """The derivatives of the determinant by every element."""
    u, s, v = np.linalg.svd(x)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = np.rint(np.linalg.det(u) * np.linalg.det(v))
    return (sign[..., None, None] * u * others[..., None, :]) @ v
''',
}

_CONVOLUTION = {
    "windows_at": '''
def windows_at(place, counts, stride, dilation):
    """The elements of an image that are at one place of all windows."""
    starts = np.multiply(place, dilation)
    stops = starts + np.multiply(stride, np.subtract(counts, 1)) + 1
    steps = np.broadcast_to(stride, len(counts))
    return (..., *map(slice, starts, stops, steps))
''',
    "window_counts": '''
def window_counts(sizes, kernel, stride, pad, dilation):
    """How many windows there are along each axis."""
    room = np.add(sizes, np.sum(np.broadcast_to(pad, (len(sizes), 2)), axis=1))
    return (room - np.multiply(dilation, np.subtract(kernel, 1)) - 1) // stride + 1
''',
    "im2col": '''
def im2col(x, kernel, stride, pad, dilation):
    """The windows of images [N, C, ...] as [N, C, places of the kernel, windows]."""
    counts = window_counts(x.shape[2:], kernel, stride, pad, dilation)
    x = np.pad(x, [(0, 0), (0, 0), *np.broadcast_to(pad, (len(kernel), 2))])
    cols = [x[windows_at(k, counts, stride, dilation)] for k in np.ndindex(*kernel)]
    return np.stack(cols, axis=2).reshape(*x.shape[:2], len(cols), -1)
''',
    "col2im": '''
def col2im(cols, size, kernel, stride, pad, dilation):
    """Adds windows up to the images that they come from: the gradient of im2col."""
    counts = window_counts(size, kernel, stride, pad, dilation)
    pad = np.broadcast_to(pad, (len(kernel), 2))
    room = [n + before + after for n, (before, after) in zip(size, pad)]
    x = np.zeros((*cols.shape[:2], *room), cols.dtype)
    for i, k in enumerate(np.ndindex(*kernel)):
        part = cols[:, :, i].reshape(*cols.shape[:2], *counts)
        x[windows_at(k, counts, stride, dilation)] += part
    middle = [slice(before, before + n) for n, (before, after) in zip(size, pad)]
    return x[(..., *middle)]
''',
    "conv": '''
def conv(x, W, b=None, *, stride=1, pad=0, dilation=1, groups=1):
    """The convolution of images x [N, C, ...] with W [F, C / groups, ...]."""
    kernel = W.shape[2:]
    counts = window_counts(x.shape[2:], kernel, stride, pad, dilation)
    col = im2col(x, kernel, stride, pad, dilation)
    col = col.reshape(len(x), groups, -1, col.shape[-1])
    y = W.reshape(groups, len(W) // groups, -1) @ col
    y = y.reshape(len(x), len(W), *counts)
    return y if b is None else y + b.reshape(-1, *[1] * len(kernel))
''',
    "conv_transpose": '''
def conv_transpose(dy, W, *, size, stride=1, pad=0, dilation=1, groups=1):
    """The gradient of a convolution by its images, whose places are of `size`."""
    kernel, N = W.shape[2:], len(dy)
    dcol = W.reshape(groups, len(W) // groups, -1).swapaxes(1, 2) @ dy.reshape(
        N, groups, len(W) // groups, -1
    )
    dcol = dcol.reshape(N, W.shape[1] * groups, math.prod(kernel), -1)
    return col2im(dcol, size, kernel, stride, pad, dilation)
''',
    "conv_weight_gradient": '''
def conv_weight_gradient(dy, x, *, kernel, stride=1, pad=0, dilation=1, groups=1):
    """The gradient of a convolution by its weights."""
    col = im2col(x, kernel, stride, pad, dilation)
    col = col.reshape(len(x), groups, -1, col.shape[-1])
    dy = dy.reshape(len(x), groups, dy.shape[1] // groups, -1)
    dW = np.sum(dy @ col.swapaxes(-1, -2), axis=0)
    return dW.reshape(dW.shape[0] * dW.shape[1], x.shape[1] // groups, *kernel)
''',
}

_POOLING = {
    "pool_windows": '''
def pool_windows(x, axis, size, stride, pad, dilation, fill):
    """The windows along an axis: their elements are along a new axis behind it."""
    count = (x.shape[axis] + sum(pad) - dilation * (size - 1) - 1) // stride + 1
    widths = [pad if i == axis else (0, 0) for i in range(x.ndim)]
    x = np.pad(x, widths, constant_values=fill)
    places = np.arange(count)[:, None] * stride + np.arange(size) * dilation
    return np.take(x, places, axis=axis)
''',
    "add_windows": '''
def add_windows(parts, n, axis, size, stride, pad, dilation):
    """Adds windows up to the n elements that they come from."""
    before, after = pad
    parts = np.moveaxis(parts, (axis, axis + 1), (0, 1))
    x = np.zeros((n + before + after, *parts.shape[2:]), parts.dtype)
    for k in range(size):
        start = k * dilation
        x[start : start + stride * (len(parts) - 1) + 1 : stride] += parts[:, k]
    return np.moveaxis(x[before : before + n], 0, axis)
''',
    "lowest": '''
def lowest(dtype):
    """The number below all others of a type."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
''',
    "max_pool": '''
def max_pool(x, *, axis, size, stride=1, pad=(0, 0), dilation=1):
    """The largest element of each window along an axis."""
    low = lowest(x.dtype)
    return pool_windows(x, axis, size, stride, pad, dilation, low).max(axis=axis + 1)
''',
    "max_pool_gradient": '''
def max_pool_gradient(dy, x, y, *, axis, size, stride=1, pad=(0, 0), dilation=1):
    """Each element of dy at the first largest element of its window."""
    low = lowest(x.dtype)
    windows = pool_windows(x, axis, size, stride, pad, dilation, low)
    first = np.expand_dims(windows.argmax(axis=axis + 1), axis + 1)
    parts = np.zeros(windows.shape, dy.dtype)
    np.put_along_axis(parts, first, np.expand_dims(dy, axis + 1), axis + 1)
    return add_windows(parts, x.shape[axis], axis, size, stride, pad, dilation)
''',
    "max_pool_pick": '''
def max_pool_pick(z, x, y, *, axis, size, stride=1, pad=(0, 0), dilation=1):
    """The element of z where the window of x has its first largest element."""
    low = lowest(x.dtype)
    windows = pool_windows(x, axis, size, stride, pad, dilation, low)
    first = np.expand_dims(windows.argmax(axis=axis + 1), axis + 1)
    there = pool_windows(z, axis, size, stride, pad, dilation, 0)
    return np.take_along_axis(there, first, axis + 1).squeeze(axis + 1)
''',
    "sum_pool": '''
def sum_pool(x, *, axis, size, stride=1, pad=(0, 0), dilation=1):
    """The sum of each window along an axis."""
    return pool_windows(x, axis, size, stride, pad, dilation, 0).sum(axis=axis + 1)
''',
    "sum_pool_gradient": '''
def sum_pool_gradient(dy, *, axis, n, size, stride=1, pad=(0, 0), dilation=1):
    """Each element of dy at all elements of its window."""
    parts = np.repeat(np.expand_dims(dy, axis + 1), size, axis + 1)
    return add_windows(parts, n, axis, size, stride, pad, dilation)
''',
}

_BESIDE_RECURRENCES = {
    "sigmoid": """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
""",
    "before": '''
def before(states):
    """For each step the state of the one before it; zeros for the first."""
    return np.concatenate([np.zeros_like(states[:1]), states[:-1]])
''',
    "with_zeros": '''
def with_zeros(ds, states):
    """The gradient of the states, where it is that of their first columns alone."""
    return np.pad(ds, [(0, 0), (0, 0), (0, states.shape[2] - ds.shape[2])])
''',
    "weight_rows": '''
def weight_rows(x, left, dpre):
    """The gradients of Wx, of Wh and of b, as rows of one matrix."""
    rows = dpre.reshape(-1, dpre.shape[-1])
    dWx = x.reshape(-1, x.shape[-1]).T @ rows
    dWh = [a.reshape(-1, a.shape[-1]).T @ rows[:, own] for a, own in left]
    return np.concatenate(
        [dWx, np.concatenate(dWh, axis=1), np.sum(rows, axis=0)[None]]
    )
''',
}

_STARTS = {
    "stream": '''
def stream(name, seed):
    """A generator that a name and a seed decide."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
''',
    "clip_norm": '''
def clip_norm(grads, most):
    """Makes all gradients shorter by one factor, so that together they have a norm."""
    norm = math.sqrt(sum(float(np.sum(np.square(dW))) for dW in grads.values()))
    factor = min(1.0, most / (norm + 1e-6))
    for key, dW in grads.items():
        grads[key] = dW * factor
''',
    "keep_average": '''
def keep_average(averages, params, grads, stays):
    """Follows the parameters that have changed: this share of their average stays."""
    for key, W in params.items():
        if key in grads:
            average = averages.setdefault(key, W.copy())
            average += (1 - stays) * (W - average)
''',
    "normal": '''
def normal(name, shape, std, seed):
    """Normal numbers of a standard deviation."""
    return (std * stream(name, seed).standard_normal(shape)).astype(DTYPE)
''',
    "uniform": '''
def uniform(name, shape, low, high, seed):
    """Numbers between two ends, all equally likely."""
    return (low + (high - low) * stream(name, seed).random(shape)).astype(DTYPE)
''',
    "zero_row": '''
def zero_row(W, row):
    """The matrix with a row of zeros, as of padding."""
    W[row] = 0
    return W
''',
    "orthogonal": '''
def orthogonal(name, shape, gain, seed):
    """A matrix whose rows or columns are orthogonal to each other."""
    rows, columns = (
        (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, shape[0])
    )
    size = max(rows, columns), min(rows, columns)
    q, r = np.linalg.qr(stream(name, seed).standard_normal(size))
    q = gain * q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q if rows >= columns else q.T).reshape(shape).astype(DTYPE)
''',
}

HELPERS: dict[str, str] = {
    **_ARITHMETIC,
    **_ARRAYS,
    **_CONVOLUTION,
    **_POOLING,
    **_BESIDE_RECURRENCES,
    **RECURRENCES,
    **_STARTS,
}
