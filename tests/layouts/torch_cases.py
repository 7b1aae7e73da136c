"""Modules of PyTorch, each with a spec that computes the same from its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATES = Path(__file__).parent / "torch_states"


@dataclass(frozen=True)
class TorchCase:
    """A module as one writes it in PyTorch, and the spec; the file is named like the case."""

    #: an expression over `nn`
    module: str
    shape: tuple[int, ...]
    spec: str
    #: how the names of the module's state become those of the spec
    rename: dict[str, str] = field(default_factory=lambda: {"*": "m.*"})
    #: below which the ids of the input are, if it is one of ids
    below: int | None = None


def _layer(shape: str, layer: str, kind: str = "float") -> str:
    return f"input x: {kind}{shape}\nlayer m = {layer}\ny = m(x)\noutput y\n"


ENCODER = """\
input x: float[N, T, 6]
layer attention = Attention(2)
layer first = LayerNorm()
layer second = LayerNorm()
layer inner = Affine(8)
layer outer = Affine(6)
a = first(x + attention(x))
y = second(a + outer(Relu(inner(a))))
output y
"""

CASES: dict[str, TorchCase] = {
    "linear": TorchCase("nn.Linear(4, 3)", (5, 4), _layer("[N, 4]", "Affine(3)")),
    "square": TorchCase("nn.Linear(4, 4)", (5, 4), _layer("[N, 4]", "Affine(4)")),
    "conv2d": TorchCase(
        "nn.Conv2d(4, 6, (2, 3), groups=2)", (2, 4, 5, 5), _layer("[N, 4, 5, 5]", "Conv(6, [2, 3], groups=2)")
    ),
    "conv_transpose2d": TorchCase(
        "nn.ConvTranspose2d(3, 2, 3, stride=2)",
        (2, 3, 4, 4),
        _layer("[N, 3, 4, 4]", "ConvTranspose(2, 3, stride=2)"),
    ),
    "lstm": TorchCase(
        "nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True)",
        (2, 5, 4),
        _layer("[N, T, 4]", "LSTM(3, layers=2, bidirectional=true)"),
    ),
    "gru": TorchCase(
        "nn.GRU(4, 3, num_layers=2, bidirectional=True, batch_first=True)",
        (2, 5, 4),
        _layer("[N, T, 4]", "GRU(3, layers=2, bidirectional=true, reset=after)"),
    ),
    "rnn": TorchCase(
        "nn.RNN(4, 3, num_layers=2, batch_first=True)", (2, 5, 4), _layer("[N, T, 4]", "RNN(3, layers=2)")
    ),
    "lstm_without_bias": TorchCase(
        "nn.LSTM(4, 3, bias=False, batch_first=True)", (2, 5, 4), _layer("[N, T, 4]", "LSTM(3)")
    ),
    "batch_norm2d": TorchCase("nn.BatchNorm2d(3)", (2, 3, 4, 4), _layer("[N, 3, 4, 4]", "BatchNorm()")),
    "layer_norm": TorchCase("nn.LayerNorm(6)", (2, 5, 6), _layer("[N, T, 6]", "LayerNorm()")),
    "prelu": TorchCase("nn.PReLU()", (3, 4), _layer("[N, 4]", "PRelu()")),
    "embedding": TorchCase("nn.Embedding(7, 4)", (2, 5), _layer("[N, T]", "Embedding(7, 4)", "int"), below=7),
    "attention": TorchCase(
        "nn.MultiheadAttention(6, 2, batch_first=True)", (2, 5, 6), _layer("[N, T, 6]", "Attention(2)")
    ),
    "attention_over_itself_as_another": TorchCase(
        "nn.MultiheadAttention(6, 2, batch_first=True)",
        (2, 5, 6),
        "input x: float[N, T, 6]\nlayer m = Attention(2)\ny = m(x, x)\noutput y\n",
    ),
    "encoder_layer": TorchCase(
        "nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)",
        (2, 5, 6),
        ENCODER,
        {
            "self_attn.*": "attention.*",
            "norm1.*": "first.*",
            "norm2.*": "second.*",
            "linear1.*": "inner.*",
            "linear2.*": "outer.*",
        },
    ),
    "sequential": TorchCase(
        "nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 2))",
        (3, 4),
        "input x: float[N, 4]\ny = x -> Affine(6) -> Tanh -> Affine(6) -> Tanh -> Affine(2)\noutput y\n",
        {"0.*": "Affine1.*", "2.*": "Affine2.*", "4.*": "Affine3.*"},
    ),
}


def made(case: TorchCase, seed: int = 0) -> tuple[Any, Any, Any]:
    """The module in evaluation mode with other weights than its own, an input, and its output."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    module = eval(case.module, {"nn": nn})  # noqa: S307 - an expression of this file
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) / 4)
        for name, buffer in module.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + (0.5 if name.endswith("var") else -0.5))
    module.eval()
    x = torch.randn(case.shape) if case.below is None else torch.randint(0, case.below, case.shape)
    return module, x, output_of(module, x)


def output_of(module: Any, x: Any) -> Any:
    """What a module makes of an input, its first result."""
    import torch
    from torch import nn

    with torch.no_grad():
        y = module(x, x, x) if isinstance(module, nn.MultiheadAttention) else module(x)
    return y[0] if isinstance(y, tuple) else y
