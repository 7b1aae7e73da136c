"""What would make a value fit a layer or a loss that refuses its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphlang.diagnostics import Edit, Span
from graphlang.resolve.application import Application
from graphlang.resolve.operand_texts import Fit, argument_places, in_brackets, is_stage, operand_text
from graphlang.resolve.type_texts import kind_of, sizes_text
from graphlang.resolve.values import InputValue, Value
from graphlang.trace import Size

Rule = Callable[[Application, tuple[Any, ...], str | None], Fit | None]


def _before_stage(use: Application, text: str) -> Sequence[Edit]:
    """The edit that puts a stage in front of one of a chain."""
    span = use.span
    if not span.text.startswith(use.entry.name) or not span.source.text[: span.start].rstrip().endswith("->"):
        return ()
    return [Edit(Span(span.start, span.start, span.source), f"{text} -> ")]


def _of_images(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    """Images with their channels last, as TensorFlow has them."""
    x = operands[0]
    if not isinstance(x, Value) or len(x.array.shape) < 3:
        return None
    shape, ndim = x.array.shape, len(x.array.shape)
    if ndim > 3 and shape[-1] in (1, 3, 4) and isinstance(shape[1], int) and shape[1] > 4:
        order = ", ".join(map(str, (0, ndim - 1, *range(1, ndim - 1))))
        words = f"channels come before the axes of an image: `transpose({order})` in front moves them there"
        return Fit(words, _before_stage(use, f"transpose({order})"))
    return None


def _of_sequences(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    x = operands[0]
    if not isinstance(x, Value) or len(x.array.shape) != 2:
        return None
    n, d = x.array.shape
    if x.array.dtype.kind != "f" or not isinstance(d, int):  # ids, or steps of one number: the layer tells it
        return None
    shape = f"[{n}, T, {d}]"
    told = f"`{x.label}: {kind_of(x.array)}{shape}`" if isinstance(x, InputValue) else f"`{shape}`"
    return Fit(
        f"a sequence has an axis of steps, {told}; `expand_dims(1)` in front makes one of a single step",
        _before_stage(use, "expand_dims(1)"),
    )


def _of_groups(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    x = operands[0]
    channels = x.array.shape[1] if isinstance(x, Value) and len(x.array.shape) > 1 else None
    if not isinstance(channels, int) or help is not None:
        return None
    numbers = [n for n in range(1, min(channels, 1000) + 1) if channels % n == 0][:8]
    return Fit(f"`groups` that divide {channels}: {', '.join(map(str, numbers))}")


def _of_targets(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    """A column of one number per row beside a vector: `t[..., 0]`."""
    values = [o for o in operands[:2] if isinstance(o, Value)]
    if len(values) != 2 or help is not None:
        return None
    scores, targets = (v.array.shape for v in values)
    column = _column(scores, targets)
    if column is None:
        return _of_labels(values)
    value = values[column]
    if not value.label and is_stage(value.span):
        return Fit(
            f"take the one column of the value of `{value.span:short}`, by a name of its own: `name[..., 0]`"
        )
    text = value.label or value.span.text
    places = [place for place in argument_places(use.span, use.entry.name) if place.text == text]
    written = f"{in_brackets(text)}[..., 0]"
    edits = [Edit(places[0], written)] if len(places) == 1 else []
    return Fit(f"write `{written}`, the one column of it{_or_declared(values[1 - column], value)}", edits)


def _of_labels(values: Sequence[Value]) -> Fit | None:
    """Labels where numbers for each class are compared."""
    (scores, labels), classes = values, values[0].array.shape[-1:]
    if labels.array.dtype.kind != "i" or scores.array.shape != (*labels.array.shape, *classes) or not classes:
        return None
    return Fit(f"labels become rows by `one_hot({operand_text(labels)}, {classes[0]})`")


def _or_declared(other: Value, column: Value) -> str:
    """The other way, where the vector is an input: a column of its own."""
    if not isinstance(other, InputValue) or other.span.text != other.label:
        return ""
    sizes = sizes_text(column.array.shape)
    return f", or declare `{other.label}: {kind_of(other.array)}[{sizes}]`"


def _column(scores: tuple[Size, ...], targets: tuple[Size, ...]) -> int | None:
    """Which of the two has a last axis of 1 that the other lacks."""
    if scores == (*targets, 1):
        return 0
    if targets == (*scores, 1) or (len(scores) > 1 and targets == (*scores[:-1], 1) and scores[-1] != 1):
        return 1
    return None


def _of_state(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    """A recurrent layer: its sequence, or the state that it starts from."""
    if isinstance(operands[0], Value) and len(operands[0].array.shape) == 2:
        return _of_sequences(use, operands, help)
    hidden = use.attributes.get("hidden")
    states = [o for o in operands[1:] if isinstance(o, Value) and kind_of(o.array) == "float"]
    states = [state for state in states if len(state.array.shape) == 2]
    if help is not None or len(states) != 1 or not isinstance(hidden, int):
        return None
    n, width = states[0].array.shape
    if not isinstance(width, int) or width == hidden:
        return None
    shape = sizes_text((n, hidden))
    return Fit(f"start from a value of shape ({shape}), or take as many numbers: `{use.entry.name}({width})`")


def _of_scalar(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    """An input without a type, which is one number."""
    x = operands[0]
    if not isinstance(x, InputValue) or x.array.shape or help is not None:
        return None
    return Fit(f"declare `{x.label}: float[N, 784]`, with the count of its columns for 784")


LAYERS: dict[str, Rule] = {
    "Affine": _of_scalar,
    **dict.fromkeys("Conv ConvTranspose DepthwiseConv MaxPool AvgPool".split(), _of_images),
    **dict.fromkeys("RNN LSTM GRU".split(), _of_state),
    "Attention": _of_sequences,
    "GroupNorm": _of_groups,
    **dict.fromkeys(
        "SoftmaxWithLoss CrossEntropyError FocalLoss BinaryCrossEntropy MeanSquaredError SumSquaredError "
        "L1Loss HuberLoss KLDivergence mae mape rmse r2".split(),
        _of_targets,
    ),
}
"""The rules of layers and losses, by their names."""
