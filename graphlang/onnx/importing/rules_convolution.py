"""Convolutions, whose weights a layer owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported, ValueWanted
from graphlang.onnx.importing.rules_shape import known_size, with_border
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.windows import taken_windows, window_places
from graphlang.onnx.importing.writer import Writer


def weights_of_layer(node: OnnxNode, position: int) -> np.ndarray[Any, Any]:
    """The weights of a layer, which have to be constants."""
    weights = node.weights(position)
    if weights is None:
        raise ValueWanted(position)
    return weights


def one_or_list(values: list[int]) -> Any:
    """A number where all axes have the same."""
    return values[0] if len(set(values)) == 1 else values


def window_options(node: OnnxNode, size: list[int], *, stride: int | None = 1) -> dict[str, Any]:
    """`stride`, `pad` and `dilation` of a convolution or a pool, where they are not the usual ones."""
    axes = len(size)
    options: dict[str, Any] = {}
    strides = list(node.attribute("strides") or [1] * axes)
    if one_or_list(strides) != stride and (strides != size or stride is not None):
        options["stride"] = one_or_list(strides)
    dilations = list(node.attribute("dilations") or [1] * axes)
    if any(d != 1 for d in dilations):
        options["dilation"] = one_or_list(dilations)
    pad = window_pads(node, size, strides, dilations)
    if pad:
        options["pad"] = pad
    return options


def window_pads(node: OnnxNode, size: list[int], strides: list[int], dilations: list[int]) -> Any:
    """The zeros around, as the language says them; 0 for none."""
    auto = node.attribute("auto_pad", "NOTSET")
    axes = len(size)
    if auto == "SAME_UPPER":
        return Keyword("same")
    if auto == "SAME_LOWER":
        ends = []
        for n, k, s, d in zip(node[0].shape[2:], size, strides, dilations, strict=True):
            if not known_size(n):
                raise NotImported("SAME_LOWER needs sizes that are known before running")
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            ends.append([total - total // 2, total // 2])
        return shortened(ends)
    if auto not in ("NOTSET", "VALID", ""):
        raise NotImported(f"its auto_pad is `{auto[:30]}`")
    pads = list(node.attribute("pads") or [0] * 2 * axes) if auto != "VALID" else [0] * 2 * axes
    return shortened([[pads[k], pads[k + axes]] for k in range(axes)])


def shortened(ends: list[list[int]]) -> Any:
    """A number for all ends, or a list with a number or a pair for each axis."""
    if any(n < 0 for pair in ends for n in pair):
        raise NotImported(f"its pads are {ends}")
    per_axis = [pair[0] if pair[0] == pair[1] else pair for pair in ends]
    return per_axis[0] if all(p == per_axis[0] and isinstance(p, int) for p in per_axis) else per_axis


def _conv(w: Writer, node: OnnxNode) -> Any:
    if node[1].known is None or (node.get(2) is not None and node[2].known is None):
        return _conv_of_values(w, node)
    weight, bias = weights_of_layer(node, 1), None
    if node.get(2) is not None:
        bias = weights_of_layer(node, 2)
    size = [int(n) for n in weight.shape[2:]]
    options = window_options(node, size)
    if (groups := int(node.attribute("group", 1))) != 1:
        options["groups"] = groups
    if bias is None:
        options["bias"] = False
    weights = {"W": weight} | ({} if bias is None else {"b": bias})
    return w.layer(
        "Conv", node[0], weights=weights, channels=int(weight.shape[0]), kernel=one_or_list(size), **options
    )


def _conv_of_values(w: Writer, node: OnnxNode) -> OnnxValue:
    """A convolution whose weights are computed: each window by itself, times the weights."""
    x, weight, groups = node[0], node[1], int(node.attribute("group", 1))
    size, image = list(weight.shape[2:]), x.shape[2:]
    axes = len(size)
    if not all(map(known_size, (*size, *image))) or x.rank != axes + 2:
        raise NotImported("the sizes of its image or its kernel are not known before running")
    if not 1 <= axes <= 3 or (axes == 3 and groups > 1):
        raise NotImported(f"its weights come with the data, for {axes} axes and {groups} groups")
    strides, dilations = (list(node.attribute(n) or [1] * axes) for n in ("strides", "dilations"))
    ends = _both_ends(window_pads(node, size, strides, dilations), node, size, strides, dilations)
    out = [
        (n + sum(end) - d * (k - 1) - 1) // s + 1
        for n, end, k, s, d in zip(image, ends, size, strides, dilations, strict=True)
    ]
    x = with_border(w, x, [[0, 0], [0, 0], *ends])
    places = window_places(w, out, size, strides, dilations, [0] * axes)
    windows, _ = taken_windows(w, w.let(x, "image"), places, bounded=True)
    o, k = "hwd"[:axes], "abe"[:axes]
    if groups == 1:
        y = w.call("einsum", windows, weight, pattern=f"nc{o}{k},fc{k}->nf{o}")
    else:
        windows = w.call("reshape", windows, sizes=(x.shape[0], groups, x.shape[1] // groups, *out, *size))
        parts = w.call("reshape", weight, sizes=(groups, weight.shape[0] // groups, *weight.shape[1:]))
        y = w.call("einsum", windows, parts, pattern=f"ngc{o}{k},gfc{k}->ngf{o}")
        y = w.call("reshape", y, sizes=(x.shape[0], weight.shape[0], *out))
    if node.get(2) is None:
        return y
    return w.call("add", y, w.call("reshape", node[2], sizes=(weight.shape[0], *[1] * axes)))


def _both_ends(pad: Any, node: OnnxNode, size: Any, strides: Any, dilations: Any) -> list[list[int]]:
    """The zeros before and after along each axis."""
    if isinstance(pad, Keyword):
        ends = []
        for n, k, s, d in zip(node[0].shape[2:], size, strides, dilations, strict=True):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            ends.append([total // 2, total - total // 2])
        return ends
    per_axis = pad if isinstance(pad, list) else [pad] * len(size)
    return [end if isinstance(end, list) else [end, end] for end in per_axis]


def _conv_transpose(w: Writer, node: OnnxNode) -> Any:
    x, weight = node[0], weights_of_layer(node, 1)
    bias = weights_of_layer(node, 2) if node.get(2) is not None else None
    size, axes = [int(n) for n in weight.shape[2:]], weight.ndim - 2
    strides = list(node.attribute("strides") or [1] * axes)
    dilations = list(node.attribute("dilations") or [1] * axes)
    groups = int(node.attribute("group", 1))
    more = list(node.attribute("output_padding") or [0] * axes)
    ends = _transposed_pads(node, size, strides, dilations, more)
    options: dict[str, Any] = {"stride": one_or_list(strides)} if any(s != 1 for s in strides) else {}
    if any(d != 1 for d in dilations):
        options["dilation"] = one_or_list(dilations)
    if groups != 1:
        options["groups"] = groups
    if bias is None:
        options["bias"] = False
    grows = [[max(-a, 0), max(m - b, 0)] for (a, b), m in zip(ends, more, strict=True)]
    fits = [[max(a, 0), max(b - m, 0)] for (a, b), m in zip(ends, more, strict=True)]
    if any(n for pair in fits for n in pair):
        options["pad"] = shortened(fits)
    channels = int(weight.shape[1]) * groups
    weights = {"W": weight} | ({} if bias is None else {"b": bias})
    y = w.layer("ConvTranspose", x, weights=weights, channels=channels, kernel=one_or_list(size), **options)
    if not any(n for pair in grows for n in pair):
        return y
    if bias is not None and bias.any():
        raise NotImported("it has more places than its windows reach, and a bias")
    return with_border(w, y, [[0, 0], [0, 0], *grows])


def _transposed_pads(
    node: OnnxNode, size: list[int], strides: list[int], dilations: list[int], more: list[int]
) -> list[list[int]]:
    """What is taken off at both ends of each axis."""
    axes, shape = len(size), node.attribute("output_shape")
    auto = node.attribute("auto_pad", "NOTSET")
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    if shape is None and auto not in ("SAME_UPPER", "SAME_LOWER"):
        pads = list(node.attribute("pads") or [0] * 2 * axes)
        return [[pads[k], pads[k + axes]] for k in range(axes)]
    ends = []
    for k, n in enumerate(node[0].shape[2:]):
        if not known_size(n):
            raise NotImported("its sizes are not known before running")
        wanted = shape[-axes:][k] if shape is not None else n * strides[k]
        total = strides[k] * (n - 1) + more[k] + reach[k] - wanted
        half = total // 2
        ends.append([half, total - half] if auto == "SAME_UPPER" else [total - half, half])
    return ends


def _causal(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    x, weight = node[0], weights_of_layer(node, 1)
    channels, size = int(weight.shape[0]), int(weight.shape[2])
    past = node.get(3)
    if past is None:
        whole = with_border(w, x, [[0, 0], [0, 0], [size - 1, 0]])
    else:
        whole = w.call("concat", past, x, axis=2)
    whole = w.let(whole, "whole")
    bias = weights_of_layer(node, 2) if node.get(2) is not None else None
    weights = {"W": weight} | ({} if bias is None else {"b": bias})
    more: dict[str, Any] = {} if bias is not None else {"bias": False}
    y = w.layer("Conv", whole, weights=weights, channels=channels, kernel=size, groups=channels, **more)
    if node.attribute("activation", "none") in ("silu", "swish"):
        y = w.call("Silu", y)
    length = whole.shape[2]
    items = (slice(None), slice(None), slice(length - (size - 1), length))
    return y, w.call("subscript", whole, items=items)


CONVOLUTION: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "CausalConvWithState": _causal,
}
