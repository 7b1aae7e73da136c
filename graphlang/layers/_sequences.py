"""What layers of sequences say about what is no sequence."""

from __future__ import annotations

from graphlang.catalog.operation import Array
from graphlang.trace import ShapeError, shape_text


def no_sequence(layer: str, x: Array) -> ShapeError:
    """The error of a value that is not [N, T, D]."""
    help_ = None
    if x.ndim == 2 and x.dtype.kind == "f":
        help_ = "the last axis holds the numbers of a step: with one number, declare `[N, T, 1]`"
    elif x.ndim == 2:
        help_ = f"numbers of words become vectors first: `x -> Embedding(vocab, dim) -> {layer}(...)`"
    return ShapeError(f"`{layer}` needs [N, T, D], but `x` has the shape {shape_text(x.shape)}", help=help_)
