"""The layers of a graph as modules of PyTorch: how each is made, and what its parameters are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphlang.layers._windows import pads_of, per_axis
from graphlang.layouts.instances import LayerInstance, layer_instances
from graphlang.layouts.torch_layout import attribute_name, torch_parameters
from graphlang.layouts.torch_table import MODULES
from graphlang.spec.network import Network, Node, Ref
from graphlang.spec.operations import OneResult
from graphlang.trace import Shape
from graphlang.trace.dims import Dim


@dataclass(frozen=True)
class LayerCall:
    """One use of a layer, as the constructor of its module reads it."""

    operation: Any
    #: role -> shape
    shapes: Mapping[str, Shape]
    #: the shape of the first operand
    x: Shape


class TorchModules:
    """The modules of a network by the names of their attributes."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.parameters = torch_parameters(network)
        self.instances = {i.name: i for i in layer_instances(network)}
        self.layer_of = {n: i.name for i in self.instances.values() for n in i.roles.values()}
        #: the name of a layer -> how its module is made; None where it only holds parameters
        self.made: dict[str, str | None] = {name: self._first_made(i) for name, i in self.instances.items()}

    def _first_made(self, instance: LayerInstance) -> str | None:
        for network, node in nodes_of(self.network):
            if set(node.spec.parameters.values()) & set(instance.roles.values()):
                return self.constructor(network, node, instance)
        return None

    def constructor(self, network: Network, node: Node, instance: LayerInstance) -> str | None:
        """How the module for one use of a layer is made; None where PyTorch has none."""
        name = instance.operation
        if name not in MODULES or name in network.catalog.own or node.operation is None:
            return None
        if name == "GRU" and not any(role.startswith("bn") for role in instance.roles):
            return None
        shapes = {role: self.network.params[n].shape for role, n in instance.roles.items()}
        operation = node.operation.whole if isinstance(node.operation, OneResult) else node.operation
        return _MADE[name](LayerCall(operation, shapes, _first_shape(network, node)))

    def instance_of(self, node: Node) -> LayerInstance | None:
        """The layer whose parameters a node reads, if it reads those of one."""
        names = {self.layer_of[n] for n in node.spec.parameters.values() if n in self.layer_of}
        return self.instances[names.pop()] if len(names) == 1 else None

    def attribute(self, instance: LayerInstance) -> str:
        return f"self.{attribute_name(instance.name)}"

    def views(self, name: str) -> list[str]:
        """The tensors, or parts of them, in which a parameter has its numbers."""
        parameter = self.parameters[name]
        instance = self.instances.get(self.layer_of.get(name, ""))
        if instance is None:
            return [f"self.{attribute_name(name)}"]
        role = next(r for r, n in instance.roles.items() if n == name)
        prefix = self.attribute(instance)
        if self.made[instance.name] is None:
            return [f"{prefix}.{role}"]
        names = [f"{prefix}.{part}" for part in parameter.slot.names]
        shape = self.network.params[name].shape
        if instance.operation == "Attention" and parameter.slot.told.startswith("block"):
            size = shape[-1] if role in ("Wq", "bq") else shape[-1] // 2
            return [f"{names[0]}[:{size}]" if role in ("Wq", "bq") else f"{names[0]}[{size}:]"]
        if role.startswith("bn") and instance.operation == "GRU":
            return [f"{names[0]}[{2 * shape[0]}:]"]
        return names

    def text(self, name: str, helpers: dict[str, None]) -> str:
        """The expression of a parameter in the shape that graphlang has it in."""
        views = self.views(name)
        instance = self.instances.get(self.layer_of.get(name, ""))
        if instance is None or self.made[instance.name] is None:
            return views[0]
        role = next(r for r, n in instance.roles.items() if n == name)
        if instance.operation in _GATES and not role.startswith("bn"):
            helpers["gates"] = None
            return self._gates(instance, role, views)
        if instance.operation == "PRelu":
            return views[0] if self.network.params[name].shape else f"{views[0]}[0]"
        whole = views[0] if len(views) == 1 else f"torch.cat([{', '.join(views)}])"
        turned = "transposed" in self.parameters[name].slot.told
        return f"{whole}.T" if turned else whole

    def _gates(self, instance: LayerInstance, role: str, views: list[str]) -> str:
        order, signs = _GATES[instance.operation]
        if role.startswith("W"):
            return f"gates({views[0]}, {order}, {signs}).T"
        second = views[1]
        if instance.operation == "GRU":
            size = self.network.params[instance.roles[role]].shape[0] // 3
            second = f"F.pad({second}[:{2 * size}], (0, {size}))"
        return f"gates({views[0]} + {second}, {order}, {signs})"


_GATES = {
    "RNN": ((0,), (1,)),
    "LSTM": ((1, 2, 0, 3), (1, 1, 1, 1)),
    "GRU": ((1, 0, 2), (-1, 1, 1)),
}
"""The places and signs of the gates, as in `layouts/torch_table.py`."""


def nodes_of(network: Network) -> Iterator[tuple[Network, Node]]:
    """All nodes, those inside of a `scan` too, each with the graph that it is in."""
    for node in network.nodes:
        yield network, node
        if node.loop is not None:
            yield from nodes_of(node.loop.body)


def shape_in(network: Network, name: str) -> Shape:
    """The shape of a value of a graph."""
    if name in network.inputs:
        return tuple(network.inputs[name].shape or ())
    if name in network.params:
        return network.params[name].shape
    return next(tuple(node.spec.shape) for node in network.nodes if node.name == name)


def _first_shape(network: Network, node: Node) -> Shape:
    first = node.operands[0] if node.operands else None
    return shape_in(network, network.names[first.number]) if type(first) is Ref else ()


# ---- constructors


def _call(name: str, *arguments: Any, **settings: Any) -> str:
    """A call, without the settings that are those of PyTorch anyway."""
    texts = [str(a) for a in arguments]
    own = {k: v for k, v in settings.items() if k not in _DEFAULTS or v != _DEFAULTS[k]}
    texts += [f"{key}={value}" for key, value in own.items()]
    return f"{name}({', '.join(texts)})"


_DEFAULTS: dict[str, Any] = {
    "bias": True, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0,
    "eps": 1e-5, "momentum": 0.1, "padding_idx": None, "num_layers": 1, "bidirectional": False,
    "kdim": None, "vdim": None, "num_parameters": 1,
}  # fmt: skip


def one_for_all(values: Any) -> Any:
    """A number where all axes have it, else a tuple."""
    values = tuple(values)
    return values[0] if len(set(values)) == 1 else values


def conv_windows(layer: str, operation: Any, x: Shape, kernel: Shape) -> dict[str, Any] | None:
    """The numbers of a convolution for each axis; None where its padding depends on a named size."""
    count = len(kernel)
    stride = per_axis(layer, "stride", operation.stride, count)
    dilation = per_axis(layer, "dilation", operation.dilation, count)
    sizes = stride if layer == "ConvTranspose" else x[2:]
    if operation.pad == "same" and len(sizes) != count:
        return None
    sizes = sizes if operation.pad == "same" else (0,) * count
    if layer != "ConvTranspose" and operation.pad == "same" and set(stride) == {1}:
        sizes = kernel  # of a stride of 1 the padding is the same for any size
    window: Any = kernel
    pads = pads_of(layer, operation.pad, sizes, window, stride, dilation)
    if any(isinstance(n, Dim) for p in pads for n in (p if isinstance(p, tuple) else (p,))):
        return None
    return {"stride": stride, "dilation": dilation, "pads": pads}


def _conv(call: LayerCall) -> str:
    W = call.shapes["W"]
    kernel, own = W[2:], type(call.operation).__name__
    windows = conv_windows(own, call.operation, call.x, kernel)
    groups = W[0] // call.operation.multiplier if own == "DepthwiseConv" else call.operation.groups
    pads = () if windows is None else windows["pads"]
    plain = all(isinstance(p, int) for p in pads) and pads
    return _call(
        f"nn.Conv{len(kernel)}d",
        W[1] * groups,
        W[0],
        one_for_all(kernel),
        stride=one_for_all(per_axis(own, "stride", call.operation.stride, len(kernel))),
        padding=one_for_all(pads) if plain else 0,
        dilation=one_for_all(per_axis(own, "dilation", call.operation.dilation, len(kernel))),
        groups=groups,
        bias="b" in call.shapes,
    )


def transposed_windows(operation: Any, kernel: Shape) -> dict[str, Any] | None:
    """The numbers of a transposed convolution; None where PyTorch has none for them."""
    windows = conv_windows("ConvTranspose", operation, (), kernel)
    if windows is None or not all(isinstance(p, int) for p in windows["pads"]):
        return None
    more = per_axis("ConvTranspose", "output_pad", operation.output_pad, len(kernel))
    if operation.pad == "same":
        rows = zip(windows["stride"], windows["dilation"], kernel, windows["pads"], strict=True)
        more = tuple(s - d * (k - 1) - 1 + 2 * p for s, d, k, p in rows)
    return {**windows, "more": more}


def _conv_transpose(call: LayerCall) -> str:
    W, operation = call.shapes["W"], call.operation
    windows = transposed_windows(operation, W[2:])
    count = len(W[2:])
    return _call(
        f"nn.ConvTranspose{count}d",
        W[0],
        W[1] * operation.groups,
        one_for_all(W[2:]),
        stride=one_for_all(per_axis("ConvTranspose", "stride", operation.stride, count)),
        padding=0 if windows is None else one_for_all(windows["pads"]),
        output_padding=0 if windows is None else one_for_all(windows["more"]),
        groups=operation.groups,
        bias="b" in call.shapes,
        dilation=one_for_all(per_axis("ConvTranspose", "dilation", operation.dilation, count)),
    )


def _batch_norm(call: LayerCall) -> str:
    dims = min(max(len(call.x) - 2, 1), 3)
    momentum = round(1 - call.operation.momentum, 12)
    return _call(f"BatchNorm{dims}d", call.shapes["gamma"][0], eps=call.operation.eps, momentum=momentum)


def _instance_norm(call: LayerCall) -> str:
    name = f"nn.InstanceNorm{min(max(len(call.x) - 2, 1), 3)}d"
    return _call(name, call.shapes["gamma"][0], eps=call.operation.eps, affine=True)


def _recurrent(call: LayerCall) -> str:
    operation = call.operation
    return _call(
        f"nn.{type(operation).__name__}",
        call.shapes["Wx"][0],
        operation.hidden,
        num_layers=operation.layers,
        bidirectional=operation.bidirectional,
        batch_first=True,
    )


def _attention(call: LayerCall) -> str:
    D, own = call.shapes["Wo"][0], call.operation
    other = call.shapes["Wkv"][0] if "Wkv" in call.shapes else D
    sizes = {} if other == D else {"kdim": other, "vdim": other}
    dropout = {"dropout": own.dropout} if own.dropout else {}
    return _call("nn.MultiheadAttention", D, own.heads, **dropout, **sizes, batch_first=True)


_MADE: dict[str, Callable[[LayerCall], str]] = {
    "Affine": lambda call: _call("nn.Linear", *call.shapes["W"], bias="b" in call.shapes),
    "Conv": _conv,
    "DepthwiseConv": _conv,
    "ConvTranspose": _conv_transpose,
    "Embedding": lambda call: _call("nn.Embedding", *call.shapes["W"], padding_idx=call.operation.padding),
    "BatchNorm": _batch_norm,
    "LayerNorm": lambda call: _call("nn.LayerNorm", call.shapes["gamma"][0], eps=call.operation.eps),
    "GroupNorm": lambda call: _call(
        "nn.GroupNorm", call.operation.groups, call.shapes["gamma"][0], eps=call.operation.eps
    ),
    "InstanceNorm": _instance_norm,
    "RMSNorm": lambda call: f"nn.RMSNorm({call.shapes['gamma'][0]}, eps={call.operation.eps})",
    "PRelu": lambda call: _call("nn.PReLU", *call.shapes["alpha"]),
    "RNN": _recurrent,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "Attention": _attention,
}
