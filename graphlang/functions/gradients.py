"""Functions that steer the gradient and leave the value alone."""

from graphlang.trace import primitives

__all__ = ["stop_gradient"]


def stop_gradient(x):
    """y = x, and nothing flows back

    Gradient: 0.
    Shapes: as x.
    """
    return primitives.stop_gradient(x)
