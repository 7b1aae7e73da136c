"""The layer that changes nothing."""

from graphlang.catalog.operation import Array, Layer


class Identity(Layer):
    """y = x

    Gradient: dx = dy.
    Shapes: as x.
    Source: Deep Learning from Scratch, 3.5: the output layer of a regression.
    """

    def forward(self, x: Array) -> tuple[Array, None]:
        return x, None

    def backward(self, dy: Array, saved: None) -> Array:
        return dy
