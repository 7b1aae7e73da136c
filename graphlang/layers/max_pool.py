"""The largest element of each window."""

from graphlang.catalog.operation import Array
from graphlang.kernels.pooling import max_pool, max_pool_gradient
from graphlang.layers._pooling import _Pool


class MaxPool(_Pool):
    """y[n, c, i, j] = max of x[n, c, i*stride - pad + k*dilation, ...] over the window k < size, ...

    Gradient: dy goes to the first of the largest elements of its window, row by row.
    Shapes: [N, C, H, W] -> [N, C, ...], each spatial size (n + 2*pad - dilation*(size - 1) - 1) // stride
    + 1; one and three spatial axes too.
    Source: Deep Learning from Scratch, 7.3.
    Convention: padding never wins, also over negative numbers; nan wins over all, and counts as equal to
    another nan. `stride` is the size where it is left out. With `pad=same` there are ceil(n / stride)
    windows, as in TensorFlow and SAME_UPPER of ONNX; with `ceil` a last window may reach beyond the image,
    if it begins within it, as in PyTorch.
    Example: input x: float[N, 4, 5, 5]; y = MaxPool(x, 2, pad=[[1, 0], [0, 1]])
    Example: input x: float[N, 4, 5, 6]; y = MaxPool(x, 3, stride=2, pad=same)
    """

    def forward(self, x: Array) -> tuple[Array, list[Array]]:
        steps = [x]
        for window in self.windows(x):
            steps.append(max_pool(steps[-1], **window))
        return steps[-1], steps

    def backward(self, dy: Array, steps: list[Array]) -> Array:
        for window, x, y in reversed(list(zip(self.windows(steps[0]), steps[:-1], steps[1:], strict=True))):
            dy = max_pool_gradient(dy, x, y, **window)
        return dy
