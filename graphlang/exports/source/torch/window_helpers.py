# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""Convolution and pooling with any padding, as functions of a generated file of PyTorch."""

from __future__ import annotations

WINDOWS = {
    "padded": '''
def padded(x, pad, count, value=0):
    """Images with something around them: one number for all ends, or a pair for each axis."""
    pairs = [(pad, pad)] * count if isinstance(pad, int) else pad
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)
''',
    "conv": '''
def conv(x, W, b=None, *, stride=1, pad=0, dilation=1, groups=1):
    """The convolution of images x [N, C, ...] with W [F, C / groups, ...]."""
    count = W.ndim - 2
    convolve = (F.conv1d, F.conv2d, F.conv3d)[count - 1]
    x = padded(x, pad, count)
    return convolve(x, W, b, stride=stride, dilation=dilation, groups=groups)
''',
    "conv_transpose": '''
def conv_transpose(dy, W, *, size, stride=1, pad=0, dilation=1, groups=1):
    """The gradient of a convolution by its images, whose places are of `size`."""
    count = W.ndim - 2
    pairs = [(pad, pad)] * count if isinstance(pad, int) else pad
    spread = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[count - 1]
    x = spread(dy, W, stride=stride, dilation=dilation, groups=groups)
    room = [n + before + after for n, (before, after) in zip(size, pairs)]
    x = padded(x, [(0, n - own) for n, own in zip(room, x.shape[2:])], count)
    middle = [slice(before, before + n) for n, (before, _) in zip(size, pairs)]
    return x[(..., *middle)]
''',
    "conv_weight_gradient": '''
def conv_weight_gradient(dy, x, *, kernel, stride=1, pad=0, dilation=1, groups=1):
    """The gradient of a convolution by its weights."""
    count = len(kernel)
    grad = torch.nn.grad
    weight = (grad.conv1d_weight, grad.conv2d_weight, grad.conv3d_weight)[count - 1]
    shape = (dy.shape[1], x.shape[1] // groups, *kernel)
    x = padded(x, pad, count)
    return weight(x, shape, dy, stride=stride, dilation=dilation, groups=groups)
''',
    "pool_windows": '''
def pool_windows(x, dim, size, stride, pad, dilation, fill):
    """The windows along an axis: their elements are along a new axis behind it."""
    count = (x.shape[dim] + sum(pad) - dilation * (size - 1) - 1) // stride + 1
    x = F.pad(x, [0, 0] * (x.ndim - dim - 1) + list(pad), value=fill)
    starts = torch.arange(count, device=x.device)[:, None] * stride
    places = starts + torch.arange(size, device=x.device) * dilation
    return x[(slice(None),) * dim + (places,)]
''',
    "add_windows": '''
def add_windows(parts, n, dim, size, stride, pad, dilation):
    """Adds windows up to the n elements that they come from."""
    before, after = pad
    parts = parts.movedim((dim, dim + 1), (0, 1))
    x = parts.new_zeros((n + before + after, *parts.shape[2:]))
    for k in range(size):
        start = k * dilation
        x[start : start + stride * (len(parts) - 1) + 1 : stride] += parts[:, k]
    return x[before : before + n].movedim(0, dim)
''',
    "lowest": '''
def lowest(dtype):
    """The number below all others of a type."""
    return -math.inf if dtype.is_floating_point else torch.iinfo(dtype).min
''',
    "max_pool": '''
def max_pool(x, *, dim, size, stride=1, pad=(0, 0), dilation=1):
    """The largest element of each window along an axis; the gradient is for the first."""
    windows = pool_windows(x, dim, size, stride, pad, dilation, lowest(x.dtype))
    first = windows.argmax(dim + 1, keepdim=True)
    return torch.take_along_dim(windows, first, dim + 1).squeeze(dim + 1)
''',
    "max_pool_gradient": '''
def max_pool_gradient(dy, x, y, *, dim, size, stride=1, pad=(0, 0), dilation=1):
    """Each element of dy at the first largest element of its window."""
    windows = pool_windows(x, dim, size, stride, pad, dilation, lowest(x.dtype))
    first = windows.argmax(dim + 1, keepdim=True)
    parts = torch.zeros_like(windows).scatter(dim + 1, first, dy.unsqueeze(dim + 1))
    return add_windows(parts, x.shape[dim], dim, size, stride, pad, dilation)
''',
    "max_pool_pick": '''
def max_pool_pick(z, x, y, *, dim, size, stride=1, pad=(0, 0), dilation=1):
    """The element of z where the window of x has its first largest element."""
    windows = pool_windows(x, dim, size, stride, pad, dilation, lowest(x.dtype))
    first = windows.argmax(dim + 1, keepdim=True)
    there = pool_windows(z, dim, size, stride, pad, dilation, 0)
    return torch.take_along_dim(there, first, dim + 1).squeeze(dim + 1)
''',
    "sum_pool": '''
def sum_pool(x, *, dim, size, stride=1, pad=(0, 0), dilation=1):
    """The sum of each window along an axis."""
    return pool_windows(x, dim, size, stride, pad, dilation, 0).sum(dim + 1)
''',
    "sum_pool_gradient": '''
def sum_pool_gradient(dy, *, dim, n, size, stride=1, pad=(0, 0), dilation=1):
    """Each element of dy at all elements of its window."""
    parts = dy.unsqueeze(dim + 1).repeat_interleave(size, dim + 1)
    return add_windows(parts, n, dim, size, stride, pad, dilation)
''',
}
