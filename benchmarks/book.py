"""The code of the book (Deep Learning from Scratch, chapters 3 to 7): plain NumPy, layers with state.

It is written as in the book, inefficiencies included, so that the comparison is fair. The only addition is
`dtype`, the type of the weights.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

Array = Any


# ---- chapter 5: layers for single numbers -------------------------------------------------------------


class MulLayer:
    def __init__(self) -> None:
        self.x = None
        self.y = None

    def forward(self, x: Any, y: Any) -> Any:
        self.x = x
        self.y = y
        return x * y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        dx = dout * self.y
        dy = dout * self.x
        return dx, dy


class AddLayer:
    def forward(self, x: Any, y: Any) -> Any:
        return x + y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        return dout * 1, dout * 1


# ---- chapters 3 and 4: functions ----------------------------------------------------------------------


def softmax(x: Array) -> Array:
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def cross_entropy_error(y: Array, t: Array) -> Any:
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:  # one-hot labels
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size


# ---- chapter 5: layers for arrays ---------------------------------------------------------------------


class Relu:
    def __init__(self) -> None:
        self.mask: Array = None

    def forward(self, x: Array) -> Array:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Array) -> Array:
        dout[self.mask] = 0
        return dout


class Sigmoid:
    def __init__(self) -> None:
        self.out: Array = None

    def forward(self, x: Array) -> Array:
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout: Array) -> Array:
        return dout * (1.0 - self.out) * self.out


class Affine:
    def __init__(self, W: Array, b: Array) -> None:
        self.W = W
        self.b = b
        self.x: Array = None
        self.original_x_shape: tuple[int, ...] = ()
        self.dW: Array = None
        self.db: Array = None

    def forward(self, x: Array) -> Array:
        self.original_x_shape = x.shape
        x = x.reshape(x.shape[0], -1)
        self.x = x
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout: Array) -> Array:
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(*self.original_x_shape)


class SoftmaxWithLoss:
    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Array = None
        self.t: Array = None

    def forward(self, x: Array, t: Array) -> Any:
        self.t = t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

    def backward(self, dout: Any = 1) -> Array:  # noqa: ARG002 - as in the book
        batch_size = self.t.shape[0]
        if self.t.size == self.y.size:  # one-hot labels
            return (self.y - self.t) / batch_size
        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        return dx / batch_size


# ---- chapter 7: convolution ---------------------------------------------------------------------------


def im2col(x: Array, height: int, width: int, stride: int = 1, pad: int = 0) -> Array:
    N, C, H, W = x.shape
    out_h = (H + 2 * pad - height) // stride + 1
    out_w = (W + 2 * pad - width) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, height, width, out_h, out_w), x.dtype)
    for i in range(height):
        i_max = i + stride * out_h
        for j in range(width):
            j_max = j + stride * out_w
            col[:, :, i, j, :, :] = img[:, :, i:i_max:stride, j:j_max:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(
    col: Array, shape: tuple[int, int, int, int], height: int, width: int, stride: int = 1, pad: int = 0
) -> Array:
    N, C, H, W = shape
    out_h = (H + 2 * pad - height) // stride + 1
    out_w = (W + 2 * pad - width) // stride + 1
    col = col.reshape(N, out_h, out_w, C, height, width).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1), col.dtype)
    for i in range(height):
        i_max = i + stride * out_h
        for j in range(width):
            j_max = j + stride * out_w
            img[:, :, i:i_max:stride, j:j_max:stride] += col[:, :, i, j, :, :]
    return img[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    def __init__(self, W: Array, b: Array, stride: int = 1, pad: int = 0) -> None:
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x: Array) -> Array:
        FN, _, FH, FW = self.W.shape
        N, _, H, W = x.shape
        out_h = 1 + (H + 2 * self.pad - FH) // self.stride
        out_w = 1 + (W + 2 * self.pad - FW) // self.stride
        col = im2col(x, FH, FW, self.stride, self.pad)
        col_W = self.W.reshape(FN, -1).T
        out = np.dot(col, col_W) + self.b
        self.x = x
        self.col = col
        self.col_W = col_W
        return out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x.shape, FH, FW, self.stride, self.pad)


class Pooling:
    def __init__(self, pool_h: int, pool_w: int, stride: int = 2, pad: int = 0) -> None:
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad

    def forward(self, x: Array) -> Array:
        N, C, H, W = x.shape
        out_h = 1 + (H - self.pool_h) // self.stride
        out_w = 1 + (W - self.pool_w) // self.stride
        col = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        self.x = x
        self.arg_max = np.argmax(col, axis=1)
        return np.max(col, axis=1).reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        dout = dout.transpose(0, 2, 3, 1)
        pool_size = self.pool_h * self.pool_w
        dmax = np.zeros((dout.size, pool_size), dout.dtype)
        dmax[np.arange(self.arg_max.size), self.arg_max.flatten()] = dout.flatten()
        dmax = dmax.reshape((*dout.shape, pool_size))
        dcol = dmax.reshape(dmax.shape[0] * dmax.shape[1] * dmax.shape[2], -1)
        return col2im(dcol, self.x.shape, self.pool_h, self.pool_w, self.stride, self.pad)


# ---- the networks -------------------------------------------------------------------------------------


class Network:
    """Layers in order, a loss at the end: what TwoLayerNet and SimpleConvNet have in common."""

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x: Array) -> Array:
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> float:
        y = np.argmax(self.predict(x), axis=1)
        if t.ndim != 1:
            t = np.argmax(t, axis=1)
        return float(np.sum(y == t) / float(x.shape[0]))

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        gradients = {}
        for name in self.params:
            layer = self.layers[self._layer_of[name[1:]]]
            gradients[name] = layer.dW if name[0] == "W" else layer.db
        return gradients

    _layer_of: dict[str, str]


class TwoLayerNet(Network):
    """Chapter 5: Affine, Relu, Affine."""

    _layer_of = {"1": "Affine1", "2": "Affine2"}  # noqa: RUF012 - it never changes

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        std: float = 0.01,
        *,
        dtype: Any = np.float64,
        seed: int = 0,
    ) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.params["W1"] = (std * rng.standard_normal((inputs, hidden))).astype(dtype)
        self.params["b1"] = np.zeros(hidden, dtype)
        self.params["W2"] = (std * rng.standard_normal((hidden, outputs))).astype(dtype)
        self.params["b2"] = np.zeros(outputs, dtype)
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])


class SimpleConvNet(Network):
    """Chapter 7: conv 30 5x5, Relu, pool 2, Affine 100, Relu, Affine 10."""

    _layer_of = {"1": "Conv1", "2": "Affine1", "3": "Affine2"}  # noqa: RUF012

    def __init__(self, *, std: float = 0.01, dtype: Any = np.float64, seed: int = 0) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        shapes = {"W1": (30, 1, 5, 5), "W2": (30 * 12 * 12, 100), "W3": (100, 10)}
        for name, shape in shapes.items():
            units = shape[0] if name == "W1" else shape[1]
            self.params[name] = (std * rng.standard_normal(shape)).astype(dtype)
            self.params[f"b{name[1]}"] = np.zeros(units, dtype)
        p = self.params
        self.layers["Conv1"] = Convolution(p["W1"], p["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Pool1"] = Pooling(2, 2, 2)
        self.layers["Affine1"] = Affine(p["W2"], p["b2"])
        self.layers["Relu2"] = Relu()
        self.layers["Affine2"] = Affine(p["W3"], p["b3"])


def sgd(params: dict[str, Array], grads: dict[str, Array], lr: float = 0.1) -> None:
    for key in params:
        params[key] -= lr * grads[key]


# ---- train_neuralnet.py -------------------------------------------------------------------------------


def train_neuralnet(
    network: Network, data: dict[str, Array], iterations: int = 10_000, batch_size: int = 100, lr: float = 0.1
) -> dict[str, list[float]]:
    """The loop of section 5.7.4: minibatches, the loss of every step, both accuracies every epoch."""
    x_train, t_train, x_test, t_test = (data[k] for k in ("x_train", "t_train", "x_test", "t_test"))
    train_size = x_train.shape[0]
    history: dict[str, list[float]] = {"loss": [], "train": [], "test": []}
    iter_per_epoch = max(train_size // batch_size, 1)
    for i in range(iterations):
        batch_mask = np.random.choice(train_size, batch_size)  # noqa: NPY002 - as in the book
        x_batch = x_train[batch_mask]
        t_batch = t_train[batch_mask]
        grad = network.gradient(x_batch, t_batch)
        for key in network.params:
            network.params[key] -= lr * grad[key]
        history["loss"].append(network.loss(x_batch, t_batch))
        if i % iter_per_epoch == 0:
            history["train"].append(network.accuracy(x_train, t_train))
            history["test"].append(network.accuracy(x_test, t_test))
    return history
