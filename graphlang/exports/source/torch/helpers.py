# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""Functions and classes that a generated file of PyTorch has where it calls them."""

from __future__ import annotations

from graphlang.exports.source.torch.recurrence_helpers import RECURRENCES
from graphlang.exports.source.torch.window_helpers import WINDOWS

_ARITHMETIC = {
    "chain": '''
def chain(dy, slope):
    """dy * slope, and 0 where dy is 0, even next to an infinite slope."""
    dy, slope = torch.as_tensor(dy), torch.as_tensor(slope)
    return dy * torch.where((dy == 0) & ~torch.isfinite(slope), 0, slope)
''',
    "chain_quotient": '''
def chain_quotient(dy, x):
    """dy / x, and 0 where dy is 0, even where x is 0 too."""
    dy, x = torch.as_tensor(dy), torch.as_tensor(x)
    return dy / torch.where((dy == 0) & (x == 0), 1, x)
''',
    "zero_times": '''
def zero_times(x, y):
    """x * y, and 0 where either is 0, even next to an infinite number."""
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    left = torch.where((y == 0) & ~torch.isfinite(x), 0, x)
    return left * torch.where((x == 0) & ~torch.isfinite(y), 0, y)
''',
    "power_log": '''
def power_log(x, p, order):
    """x**p * log(x)**order, and 0 where x is 0."""
    x = torch.as_tensor(x)
    return torch.where(x == 0, 0, torch.log(torch.where(x == 0, 1, x)) ** order * x**p)
''',
    "at_least": '''
def at_least(x, low):
    """The larger of x and a number; where they are equal, x gets no gradient."""
    return torch.where((x > low) | torch.isnan(x), x, low)
''',
    "at_most": '''
def at_most(x, high):
    """The smaller of x and a number; where they are equal, x gets no gradient."""
    return torch.where((x < high) | torch.isnan(x), x, high)
''',
    "clipped": '''
def clipped(x, low, high):
    """x between two bounds, which get a gradient where they are what remains."""
    bounded = torch.where(x < low, low, x)
    return torch.where((bounded > high) | (low > high), high, bounded)
''',
    "hypot": '''
def hypot(x, y):
    """The length of (x, y), whose gradient at the origin is 0."""
    origin = (x == 0) & (y == 0)
    return torch.where(origin, 0, torch.hypot(torch.where(origin, 1, x), y))
''',
    "cbrt": '''
def cbrt(x):
    """The cube root, negative for a negative x."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)
''',
    "product_over": '''
def product_over(x, dims, keepdim):
    """The product over some axes."""
    for dim in sorted(dims, reverse=True):
        x = torch.prod(x, dim, keepdim=keepdim)
    return x
''',
    "mills": '''
def mills(x):
    """The normal distribution's P(t > x) / p(x), for x >= 0."""
    return math.sqrt(math.pi / 2) * torch.special.erfcx(x / math.sqrt(2))
''',
    "norms": '''
def norms(*arrays):
    """The norm of all arrays together, then that of each."""
    each = torch.stack([torch.sqrt(torch.sum(x.double() ** 2)) for x in arrays])
    return torch.cat([torch.sqrt(torch.sum(each**2))[None], each])
''',
    "random_numbers": '''
def random_numbers(seeds, shape, dtype, normal, device=None):
    """Standard normal numbers, or uniform ones in [0, 1), from a generator of NumPy."""
    words = [int(word) for word in seeds]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
    drawn = rng.standard_normal(shape) if normal else rng.random(shape)
    drawn = torch.as_tensor(drawn, dtype=dtype, device=device)
    return drawn if normal else torch.clamp(drawn, max=1 - torch.finfo(dtype).eps / 2)
''',
    "add_rows": '''
def add_rows(updates, indices, dim, size):
    """Zeros, to which each update is added at its index along an axis."""
    before, after = updates.shape[:dim], updates.shape[dim + indices.ndim :]
    total = torch.zeros(
        (*before, size, *after), dtype=updates.dtype, device=updates.device
    )
    rows = updates.reshape(*before, indices.numel(), *after)
    return total.index_add(dim, indices.flatten(), rows)
''',
    "add_along_axis": '''
def add_along_axis(updates, indices, dim, size):
    """Zeros, to which each update is added at its index along an axis."""
    shape = [size if i == dim else n for i, n in enumerate(updates.shape)]
    total = torch.zeros(shape, dtype=updates.dtype, device=updates.device)
    return total.scatter_add(dim, indices.expand(updates.shape), updates)
''',
    "linear_recurrence": '''
def linear_recurrence(a, b, reverse):
    """y[t] = a[t] * y[t - 1] + b[t] along the last axis; from the end where reversed."""
    a, b = torch.broadcast_tensors(a, b)
    ys, before = [], torch.zeros_like(b[..., 0])
    for t in range(b.shape[-1])[:: -1 if reverse else 1]:
        before = a[..., t] * before + b[..., t]
        ys.append(before)
    return torch.stack(ys[:: -1 if reverse else 1], dim=-1)
''',
    "cofactors": '''
def cofactors(x):
    """The derivatives of the determinant by every element."""
    u, s, v = torch.linalg.svd(x)
    eye = torch.eye(s.shape[-1], dtype=torch.bool, device=x.device)
    others = torch.prod(torch.where(eye, 1, s[..., None, :]), dim=-1)
    sign = torch.round(torch.linalg.det(u) * torch.linalg.det(v))
    return (sign[..., None, None] * u * others[..., None, :]) @ v
''',
}

_LAYERS = {
    "attention": '''
def attention(module, x, other=None, causal=False):
    """Places of x look at those of x, or of another sequence; not ahead where causal."""
    other = x if other is None else other
    shape = x.shape[1], other.shape[1]
    ahead = torch.ones(shape, dtype=torch.bool, device=x.device).triu(1)
    mask = ahead if causal else None
    return module(x, other, other, attn_mask=mask, need_weights=False)[0]
''',
    "gates": '''
def gates(rows, order, signs):
    """The rows of all gates of PyTorch in the order, and with the signs, of graphlang."""
    parts = rows.chunk(len(order))
    return torch.cat([sign * parts[k] for k, sign in zip(order, signs)])
''',
    **{
        f"BatchNorm{n}d": f'''
class BatchNorm{n}d(nn.BatchNorm{n}d):
    """The variance divides by n, also the running one, as in graphlang."""

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        self.num_batches_tracked.add_(1)
        with torch.no_grad():
            variance, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance, self.momentum)
        return F.batch_norm(x, None, None, self.weight, self.bias, True, eps=self.eps)
'''
        for n in (1, 2, 3)
    },
}

HELPERS: dict[str, str] = {**_ARITHMETIC, **WINDOWS, **RECURRENCES, **_LAYERS}
