"""The targets that a loss accepts, and the errors for others."""

from typing import Literal

from graphlang.catalog.operation import Array
from graphlang.trace import Size, shape_text, total


def kind_of_targets(loss: str, x: Array, t: Array) -> Literal["labels", "one-hot"]:
    """Whether t holds labels (the shape of x without its last axis) or one-hot rows (the shape of x)."""
    if x.ndim == 0:
        raise ValueError(f"`{loss}` needs a number per class along the last axis, but `x` is a scalar")
    if t.shape == x.shape:
        return "one-hot"
    if t.shape != x.shape[:-1]:
        told = (
            f"`{loss}` has scores of shape {shape_text(x.shape)} and targets of shape {shape_text(t.shape)}"
        )
        if x.shape == t.shape[:-1]:  # in the other order
            raise ValueError(told)
        labels, rows = shape_text(x.shape[:-1]), shape_text(x.shape)
        raise ValueError(f"{told}: labels of shape {labels} or one-hot rows of shape {rows} fit")
    if t.dtype.kind not in "iu":
        raise ValueError(
            f"`{loss}` takes targets of shape {shape_text(t.shape)} as labels, but they are not int: "
            f"declare them as int, or give one-hot rows of shape {shape_text(x.shape)}"
        )
    return "labels"


def hint_of_one_class(x: Array, binary: str = "BinaryCrossEntropy") -> str | None:
    """What to write for the loss of scores of one class, which is all that can be answered."""
    if x.ndim == 0 or x.shape[-1] != 1:
        return None
    return f"one class leaves no choice: `{binary}` is for yes or no, `MeanSquaredError` for a number"


def need_same_shape(loss: str, x: Array, t: Array, names: tuple[str, str] = ("x", "t")) -> None:
    """Refuses a t that is neither one number nor of the shape of x: broadcasting would hide a mistake."""
    shape, (first, second) = getattr(t, "shape", ()), names
    if shape not in ((), x.shape):
        raise ValueError(
            f"`{loss}` compares number by number, but `{first}` has the shape {shape_text(x.shape)} "
            f"and `{second}` {shape_text(shape)}"
        )


def like(x: Array, t: Array) -> Array:
    """t, cast to the type of x if it is int or bool: NumPy makes float64 of float32 and int64."""
    return t if is_float(t) or not hasattr(t, "dtype") else t.astype(x.dtype)


def is_float(t: Array) -> bool:
    """Whether t is an array of floats, and so can have a gradient."""
    return hasattr(t, "dtype") and t.dtype.kind == "f"


def gradient_of(t: Array, dt: Array) -> Array | None:
    """The gradient dt of t, summed if t is one number for all of x; None if t cannot have a gradient."""
    if not is_float(t):
        return None
    return dt if t.shape == dt.shape else total(dt)


def over(count: Size) -> str:
    """` / count`, as the end of a formula; nothing for a count of 1."""
    return "" if count == 1 else f" / {count}"
