"""Writes the models of the tests, each with an input and what its own program answers; needs PyTorch and skl2onnx.

python -m tests.onnx_import.make_models
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier
from torch import nn
from torch.nn import functional as F  # noqa: N812

FOLDER = Path(__file__).parent / "models"


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, i: int, o: int, stride: int) -> None:
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.b2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        same = stride == 1 and i == o
        self.s = nn.Identity() if same else nn.Sequential(nn.Conv2d(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.b2(self.c2(F.relu(self.b1(self.c1(x))))) + self.s(x))


class ResNet18(nn.Module):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        blocks = [
            b for k, (i, o) in enumerate(pairwise(sizes)) for b in (Block(i, o, 1 + (k > 0)), Block(o, o, 1))
        ]
        stem = [
            nn.Conv2d(3, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        ]
        self.body, self.fc = nn.Sequential(*stem, *blocks), nn.Linear(sizes[-1], 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.body(x), 1), 1))


class GptBlock(nn.Module):
    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads, self.n1, self.n2 = heads, nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.o = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.f = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, d = x.shape
        parts = self.qkv(self.n1(x)).split(d, 2)
        q, k, v = (p.view(n, t, self.heads, d // self.heads).transpose(1, 2) for p in parts)
        scores = (q @ k.transpose(-2, -1)) / (d // self.heads) ** 0.5
        hidden = torch.tril(torch.ones(t, t)) == 0
        y = F.softmax(scores.masked_fill(hidden, float("-inf")), -1) @ v
        x = x + self.o(y.transpose(1, 2).reshape(n, t, d))
        return x + self.f(self.n2(x))


class Gpt(nn.Module):
    def __init__(self, words: int = 11, d: int = 16, longest: int = 8) -> None:
        super().__init__()
        self.te, self.pe = nn.Embedding(words, d), nn.Embedding(longest, d)
        self.blocks, self.n = nn.Sequential(GptBlock(d, 2), GptBlock(d, 2)), nn.LayerNorm(d)
        self.head = nn.Linear(d, words, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.n(self.blocks(self.te(x) + self.pe(torch.arange(x.shape[1])))))


class Causal(nn.Module):
    """Attention that looks back alone."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.attention(x, x, x, need_weights=False, attn_mask=mask, is_causal=True)[0]


def drawn(model: nn.Module) -> nn.Module:
    """The model with other numbers in every weight: copies of a layer begin with the same."""
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.5)
    return model


def write_encoder(layers: int = 2) -> None:
    """An encoder of PyTorch, by the exporter that goes through the graph of the model."""
    torch.backends.mha.set_fastpath_enabled(False)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
    model = drawn(nn.TransformerEncoder(layer, layers)).eval()
    x = torch.randn(2, 5, 8)
    sizes = {0: torch.export.Dim("N"), 1: torch.export.Dim("T")}
    torch.onnx.export(
        model, (x,), str(FOLDER / "encoder.onnx"), input_names=["x"], output_names=["y"],
        dynamic_shapes=(sizes,), opset_version=20, dynamo=True, external_data=False,
    )  # fmt: skip
    without_places(FOLDER / "encoder.onnx")
    np.savez_compressed(FOLDER / "encoder.npz", x=x.numpy(), y=model(x).detach().numpy())


def without_places(path: Path) -> None:
    """Takes the lines of programs out of a file that its nodes come from."""
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


def write(name: str, model: nn.Module, x: torch.Tensor, axes: dict[int, str]) -> None:
    """The file of a model, and beside it an input with its answer."""
    model.eval()
    torch.onnx.export(
        model, (x,), str(FOLDER / f"{name}.onnx"), input_names=["x"], output_names=["y"],
        dynamic_axes={"x": axes}, opset_version=17, dynamo=False,
    )  # fmt: skip
    np.savez_compressed(FOLDER / f"{name}.npz", x=x.numpy(), y=model(x).detach().numpy())


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    resnet = ResNet18()
    for _ in range(3):
        resnet(torch.randn(4, 3, 32, 32))  # its statistics
    write("resnet18", resnet, torch.randn(2, 3, 32, 32), {0: "N"})
    write("gpt", Gpt(), torch.randint(0, 11, (2, 6)), {0: "N", 1: "T"})
    write("causal", drawn(Causal()), torch.randn(2, 5, 8), {0: "N"})
    write_encoder()
    x = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    mlp = MLPClassifier((8, 6), max_iter=300, random_state=0).fit(x, (x[:, 0] > 0).astype(int))
    file = to_onnx(mlp, x[:1], options={"zipmap": False})
    (FOLDER / "mlp.onnx").write_bytes(file.SerializeToString())
    np.savez_compressed(FOLDER / "mlp.npz", x=x, y=mlp.predict_proba(x))


if __name__ == "__main__":
    main()
