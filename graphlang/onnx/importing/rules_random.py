"""Random numbers, which the language draws from streams of its own: the distribution is that of the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_types import cast
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

FLOAT = 1


def _shape(node: OnnxNode) -> tuple[Any, ...]:
    """The shape of an attribute, or that of the first input."""
    return node[0].shape if node.inputs else tuple(node.attribute("shape") or ())


def _normal(w: Writer, node: OnnxNode) -> OnnxValue:
    mean, scale = float(node.attribute("mean", 0.0)), float(node.attribute("scale", 1.0))
    y = w.call("random_normal", sizes=_shape(node))
    y = y if scale == 1 else w.call("multiply", y, scale)
    return _typed(w, node, y if mean == 0 else w.call("add", y, mean))


def _uniform(w: Writer, node: OnnxNode) -> OnnxValue:
    low, high = float(node.attribute("low", 0.0)), float(node.attribute("high", 1.0))
    if not low <= high:
        raise NotImported(f"its low is {low}, above its high of {high}")
    bounds = {"low": low} if low else {}
    bounds |= {"high": high} if high != 1 else {}
    return _typed(w, node, w.call("random_uniform", sizes=_shape(node), **bounds))


def _typed(w: Writer, node: OnnxNode, y: OnnxValue) -> OnnxValue:
    like = node[0].elem if node.inputs and node[0].word == "float" else FLOAT
    return cast(w, y, int(node.attribute("dtype", like)))


def bernoulli(w: Writer, shape: tuple[Any, ...], p: float) -> OnnxValue:
    """1 with the probability p, else 0."""
    return w.call("random_bernoulli", sizes=shape, **({} if p == 0.5 else {"p": p}))


def _bernoulli(w: Writer, node: OnnxNode) -> OnnxValue:
    """1 or 0 for each probability of the input."""
    p, elem = node[0], int(node.attribute("dtype", node[0].elem))
    if p.known is not None and p.known.size and (p.known == p.known.flat[0]).all():
        return cast(w, bernoulli(w, p.shape, float(str(p.known.flat[0]))), elem)
    return cast(w, w.call("less", w.call("random_uniform", sizes=p.shape), p), elem)


def _multinomial(w: Writer, node: OnnxNode) -> OnnxValue:
    """Classes by their scores: the largest score plus noise of Gumbel's distribution is drawn as often as
    softmax says."""
    x, count = node[0], int(node.attribute("sample_size", 1))
    if x.rank != 2 or count < 1:
        raise NotImported(f"it draws {count} times from an array with {x.rank} axes")
    uniform = w.call("random_uniform", sizes=(x.shape[0], count, x.shape[1]))
    noise = w.call("negative", w.call("log", w.call("negative", w.call("log", uniform))))
    scores = w.call("add", w.call("expand_dims", x, axis=1), noise)
    y = w.call("argmax", scores, axis=-1)
    return cast(w, y, int(node.attribute("dtype", 6)))


RANDOM: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "RandomNormal": _normal,
    "RandomNormalLike": _normal,
    "RandomUniform": _uniform,
    "RandomUniformLike": _uniform,
    "Bernoulli": _bernoulli,
    "Multinomial": _multinomial,
}
