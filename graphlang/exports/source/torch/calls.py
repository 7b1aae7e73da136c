"""Operations as PyTorch has them: modules, and functions of `torch.nn.functional`.

Where an operation has settings that PyTorch lacks, there is no such call, and its recorded steps are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphlang.exports.source.size_texts import SizeTexts
from graphlang.exports.source.torch.modules import (
    TorchModules,
    conv_windows,
    shape_in,
    transposed_windows,
)
from graphlang.exports.walk import WalkedNode
from graphlang.kernels.windows import sides
from graphlang.layers._windows import pads_of, per_axis
from graphlang.spec.operations import OneResult
from graphlang.trace import Shape


@dataclass(frozen=True)
class TorchCall:
    """A node, as it is written as a call of PyTorch."""

    walked: WalkedNode
    modules: TorchModules
    operands: Sequence[str]
    sizes: SizeTexts
    module: str
    helpers: dict[str, None]

    @property
    def x(self) -> str:
        return self.operands[0]

    @property
    def operation(self) -> Any:
        return self.walked.built

    def shape(self, place: int) -> Shape:
        operand = self.walked.operands[place]
        return shape_in(self.walked.network, operand) if isinstance(operand, str) else ()

    def kind(self, place: int) -> str:
        """The type of an operand: float, int or bool."""
        network, name = self.walked.network, self.walked.operands[place]
        if not isinstance(name, str):
            return ""
        if name in network.inputs:
            return str(network.inputs[name].dtype)
        if name in network.params:
            return str(network.params[name].dtype)
        return next(str(node.spec.dtype) for node in network.nodes if node.name == name)

    @property
    def plain(self) -> bool:
        """Whether all operands are floats."""
        return all(self.kind(i) == "float" for i in range(len(self.operands)))


def torch_call(
    modules: TorchModules,
    helpers: dict[str, None],
    walked: WalkedNode,
    operands: Sequence[str],
    sizes: SizeTexts,
) -> str | None:
    """The call that a node is; None where it is none."""
    name = walked.operation
    rule = _CALLS.get(name)
    if rule is None or walked.built is None or name in walked.network.catalog.own:
        return None
    module = ""
    if walked.parameters:
        instance = modules.instance_of(walked.node)
        made = None if instance is None else modules.made[instance.name]
        if instance is None or made is None:
            return None
        if made != modules.constructor(walked.network, walked.node, instance):
            return None
        module = modules.attribute(instance)
        class_name = made.partition("(")[0]
        if class_name.startswith("BatchNorm"):
            helpers[class_name] = None
    return rule(TorchCall(walked, modules, operands, sizes, module, helpers))


def _module(call: TorchCall) -> str | None:
    return f"{call.module}({call.x})" if call.plain else None


def _instance_norm(call: TorchCall) -> str | None:
    """PyTorch refuses to normalize a single place."""
    places = call.shape(0)[2:]
    return None if all(n == 1 for n in places) else _module(call)


def _embedding(call: TorchCall) -> str | None:
    return f"{call.module}({call.x})" if call.kind(0) == "int" else None


def _function(template: str) -> Callable[[TorchCall], str | None]:
    """A function of one array of floats; settings of the operation by name."""

    def rule(call: TorchCall) -> str | None:
        settings = type(call.operation).model_fields
        values = {name: getattr(call.operation, name) for name in settings}
        return template.format(call.x, **values) if call.plain else None

    return rule


def _conv(call: TorchCall) -> str | None:
    shapes = {role: call.modules.network.params[n].shape for role, n in call.walked.parameters.items()}
    windows = conv_windows(call.walked.operation, call.operation, call.shape(0), shapes["W"][2:])
    if windows is None:
        return None
    pads = windows["pads"]
    if all(isinstance(p, int) for p in pads):
        return _module(call)
    widths = [str(n) for p in reversed(pads) for n in sides(p)]
    return f"{call.module}(F.pad({call.x}, ({', '.join(widths)})))" if call.plain else None


def _conv_transpose(call: TorchCall) -> str | None:
    W = call.modules.network.params[call.walked.parameters["W"]].shape
    windows = transposed_windows(call.operation, W[2:])
    if windows is None:
        return None
    rows = zip(windows["more"], windows["stride"], windows["dilation"], strict=True)
    return _module(call) if all(0 <= m < max(s, d) for m, s, d in rows) else None


def _pool(name: str) -> Callable[[TorchCall], str | None]:
    """A pooling function; the padding of PyTorch is the same on both sides."""

    def rule(call: TorchCall) -> str | None:
        own, count = call.operation, len(call.shape(0)) - 2
        if not call.plain or own.ceil or not 1 <= count <= 3:
            return None
        size = per_axis(name, "size", own.size, count)
        stride = size if own.stride is None else per_axis(name, "stride", own.stride, count)
        dilation = per_axis(name, "dilation", own.dilation, count)
        pads = pads_of(name, own.pad, call.shape(0)[2:], size, stride, dilation)
        if not all(isinstance(p, int) and 2 * p <= k for p, k in zip(pads, size, strict=True)):
            return None
        settings = [] if stride == size else [f"stride={_one(stride)}"]
        settings += [f"padding={_one(pads)}"] if any(pads) else []
        if set(dilation) != {1}:
            if name == "AvgPool":
                return None
            settings.append(f"dilation={_one(dilation)}")
        if name == "AvgPool" and any(pads):
            counted = own.pad != "same" if own.count_pad is None else own.count_pad
            settings += [] if counted else ["count_include_pad=False"]
        function = f"F.{'max' if name == 'MaxPool' else 'avg'}_pool{count}d"
        return f"{function}({', '.join([call.x, _one(size), *settings])})"

    return rule


def _one(values: Sequence[Any]) -> str:
    return str(values[0] if len(set(values)) == 1 else tuple(values))


def _recurrent(call: TorchCall) -> str | None:
    own = call.operation
    if len(call.operands) != 1 or not call.plain or isinstance(own, OneResult):
        return None
    if own.return_ == "sequence":
        return f"{_module(call)}[0]"
    if not own.bidirectional:
        return f"{_module(call)}[0][:, -1]"
    last = "[1][0]" if call.walked.operation == "LSTM" else "[1]"
    return f"{_module(call)}{last}[-2:].transpose(0, 1).flatten(1)"


def _attention(call: TorchCall) -> str | None:
    own, count = call.operation, len(call.operands)
    if own.dropout or count > 2 or not call.plain or (own.causal and count == 2):
        return None
    call.helpers["attention"] = None
    settings = ["causal=True"] if own.causal else []
    return f"attention({', '.join([call.module, *call.operands, *settings])})"


def _flatten(call: TorchCall) -> str | None:
    return f"{call.x}.flatten(1)" if len(call.shape(0)) > 1 else None


def _softmax(name: str) -> Callable[[TorchCall], str | None]:
    return lambda call: (
        f"{name}({call.x}, dim={call.operation.axis})" if call.plain and call.shape(0) else None
    )


def _cross_entropy(call: TorchCall) -> str | None:
    own, x = call.operation, call.shape(0)
    if len(call.operands) != 2 or own.reduction != "mean" or len(x) < 2 or call.kind(0) != "float":
        return None
    if own.ignore is not None or call.kind(1) not in ("int", "float"):
        return None  # of no label that counts, PyTorch's mean is nan
    labels = len(call.shape(1)) == len(x) - 1
    if labels != (call.kind(1) == "int"):
        return None
    y, t = call.operands
    if len(x) > 2:
        y, t = f"{y}.flatten(0, -2)", f"{t}.flatten()" if labels else f"{t}.flatten(0, -2)"
    smoothing = f", label_smoothing={own.smoothing}" if own.smoothing else ""
    return f"F.cross_entropy({y}, {t}{smoothing})"


def _pairwise(template: str) -> Callable[[TorchCall], str | None]:
    """A loss of two arrays of one shape."""

    def rule(call: TorchCall) -> str | None:
        same = len(call.operands) == 2 and call.plain and call.shape(0) == call.shape(1)
        if not same or not call.shape(0):
            return None
        own = call.operation
        return (
            template.format(*call.operands, delta=getattr(own, "delta", 1))
            if own.reduction == "mean"
            else None
        )

    return rule


def _dropout(call: TorchCall) -> str | None:
    return f"F.dropout({call.x}, {call.operation.ratio}, self.training)" if call.operation.ratio else call.x


def _gelu(call: TorchCall) -> str | None:
    tanh = ', approximate="tanh"' if call.operation.approximate == "tanh" else ""
    return f"F.gelu({call.x}{tanh})" if call.plain else None


def _upsample(call: TorchCall) -> str | None:
    own, count = call.operation, len(call.shape(0)) - 2
    scale = per_axis("Upsample", "scale", own.scale, count)
    if not call.plain:
        return None
    linear = ("linear", "bilinear", "trilinear")[count - 1]
    rest = "" if own.mode == "nearest" else f', mode="{linear}"'
    return f"F.interpolate({call.x}, scale_factor={_one(scale)}{rest})"


_CALLS: dict[str, Callable[[TorchCall], str | None]] = {
    **dict.fromkeys(("Affine", "BatchNorm", "LayerNorm", "GroupNorm"), _module),
    **dict.fromkeys(("RMSNorm", "PRelu"), _module),
    **dict.fromkeys(("RNN", "LSTM", "GRU"), _recurrent),
    "Embedding": _embedding,
    "InstanceNorm": _instance_norm,
    "Conv": _conv,
    "DepthwiseConv": _conv,
    "ConvTranspose": _conv_transpose,
    "Attention": _attention,
    "MaxPool": _pool("MaxPool"),
    "AvgPool": _pool("AvgPool"),
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Upsample": _upsample,
    "Relu": _function("F.relu({0})"),
    "Sigmoid": _function("torch.sigmoid({0})"),
    "Tanh": _function("torch.tanh({0})"),
    "Silu": _function("F.silu({0})"),
    "Mish": _function("F.mish({0})"),
    "HardSwish": _function("F.hardswish({0})"),
    "Elu": _function("F.elu({0}, {alpha})"),
    "LeakyRelu": _function("F.leaky_relu({0}, {slope})"),
    "Softplus": _function("F.softplus({0}, threshold=40)"),
    "Gelu": _gelu,
    "Softmax": _softmax("torch.softmax"),
    "LogSoftmax": _softmax("torch.log_softmax"),
    "SoftmaxWithLoss": _cross_entropy,
    "MeanSquaredError": _pairwise("F.mse_loss({0}, {1})"),
    "L1Loss": _pairwise("F.l1_loss({0}, {1})"),
    "HuberLoss": _pairwise("F.huber_loss({0}, {1}, delta={delta})"),
    "BinaryCrossEntropy": _pairwise("F.binary_cross_entropy_with_logits({0}, {1})"),
}
"""By operation, the call; None where the operation has settings that PyTorch lacks."""
