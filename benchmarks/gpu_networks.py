"""The networks of `benchmarks.gpu`: graphs, batches that every contender gets, and the work of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.harness import ROOT

BATCHES = 20
"""Different batches, which are taken one after the other."""
PRODUCTS = frozenset({"matmul", "conv", "conv_transpose", "conv_weight_gradient"})
"""What counts as work: the products, as everybody counts it who states TFLOP/s of a training."""

TRANSFORMER = """
hyper vocab = 256, context = 512, d_model = 768, heads = 12, depth = 12

def CausalSelfAttention(x: float[N, T, D], heads) {
  q, k, v = rearrange(x -> Affine(3*D, init=normal(0.02)), "n t (s h d) -> s n h t d", s=3, h=heads)
  a = softmax(causal_mask(q @ k.T / sqrt(D / heads)))
  return rearrange(a @ v, "n h t d -> n t (h d)") -> Affine(D, init=xavier)
}
def Block(x: float[N, T, D], heads) =
  x -> residual { LayerNorm; CausalSelfAttention(heads) }
    -> residual { LayerNorm; Affine(4*D); Gelu; Affine(D) }

input x: int[N, T], t: int[N, T]
layer tok   = Embedding(vocab, d_model, init=normal(0.1))
layer place = Embedding(context, d_model, init=normal(0.02))
h      = tok(x) + place(arange(T)) -> repeat depth { Block(heads) } -> LayerNorm
logits = h @ tok.W.T
loss   = SoftmaxWithLoss(logits, t)
output logits
train {
  minimize = loss; optimizer = AdamW(lr=0.0003, weight_decay=0.01); clip_norm = 1
  batch = 16; iterations = 1000000
}
"""
RESNET = """
hyper stem = 64, wide = 128

input x: float[N, 3, H, W], t: int[N]
def ConvBN(x: float[N, C, H, W], c, k=3, stride=1) =
  x -> Conv(c, k, stride=stride, pad=(k - 1) // 2, init=normal((2 / (C*k*k))**0.5), bias=false) -> BatchNorm
def BasicBlock(x: float[N, C, H, W], c, stride=1) {
  f = x -> ConvBN(c, stride=stride) -> Relu -> ConvBN(c)
  s = x if stride == 1 and c == C else x -> ConvBN(c, k=1, stride=stride)
  return Relu(f + s)
}
small = x -> ConvBN(stem) -> Relu -> repeat 3 { BasicBlock(stem) }
y     = small -> BasicBlock(wide, stride=2) -> repeat 2 { BasicBlock(wide) } -> GlobalAvgPool -> Affine(10)
loss  = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Momentum(lr=0.05); batch = 256; iterations = 1000000 }
"""
CONSTANT = {"train.schedule": "constant", "train.iterations": 1_000_000}


@dataclass(frozen=True)
class GpuNetwork:
    """A network: its file or text with settings, and the rows of one batch."""

    name: str
    title: str
    #: which of PyTorch's modules it is: `gpu_torch.MODULES`
    module: str
    text: str
    rows: Callable[[np.random.Generator, int], dict[str, Any]]
    batch: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    def graph(self, **options: Any) -> Any:
        import graphlang as gl

        limits = gl.Limits.trusted()
        options = {"dtype": "float32", "limits": limits, "set": dict(self.settings), "seed": 0} | options
        if self.text.endswith(".graph"):
            return gl.load(ROOT / "specs" / self.text, **options)
        return gl.loads(self.text, **options)

    def data(self) -> dict[str, Any]:
        """The rows of all batches, one after the other."""
        return self.rows(np.random.default_rng(1), self.batch * BATCHES)


def tokens(length: int, vocabulary: int) -> Callable[[np.random.Generator, int], dict[str, Any]]:
    def rows(rng: np.random.Generator, count: int) -> dict[str, Any]:
        ids = rng.integers(0, vocabulary, (count, length + 1))
        return {"x": np.ascontiguousarray(ids[:, :-1]), "t": np.ascontiguousarray(ids[:, 1:])}

    return rows


def images(*shape: int) -> Callable[[np.random.Generator, int], dict[str, Any]]:
    def rows(rng: np.random.Generator, count: int) -> dict[str, Any]:
        return {"x": rng.random((count, *shape), dtype=np.float32), "t": rng.integers(0, 10, count)}

    return rows


def networks(*, tiny: bool = False) -> list[GpuNetwork]:
    """The rows of the table; `tiny` ones are of the same form, for a test on any machine."""
    length, side, batch, wide_batch = (8, 8, 2, 4) if tiny else (512, 32, 16, 256)
    small: dict[str, Any] = {"vocab": 32, "context": length, "d_model": 16, "heads": 2, "depth": 2}
    narrow: dict[str, Any] = {"stem": 4, "wide": 8}
    lesson = (16, 4, {"context": 16, "d_model": 16, **CONSTANT}) if tiny else (96, 12, CONSTANT)
    return [
        GpuNetwork(
            "transformer_large",
            f"Transformer, {'tiny' if tiny else '85.6 M parameters, T 512, d 768, depth 12'}, batch {batch}",
            "transformer",
            TRANSFORMER,
            tokens(length, 32 if tiny else 256),
            batch,
            small if tiny else {},
        ),
        GpuNetwork(
            "resnet_wide",
            f"ResNet, {'4 to 8' if tiny else '64 to 128'} channels at {side}x{side}, batch {wide_batch}",
            "resnet",
            RESNET,
            images(3, side, side),
            wide_batch,
            narrow if tiny else {},
        ),
        GpuNetwork(
            "transformer",
            f"The lesson transformer, T {lesson[0]}, batch {lesson[1]}",
            "transformer",
            "transformer.graph",
            tokens(lesson[0], 54),
            lesson[1],
            lesson[2],
        ),
        GpuNetwork(
            "two_layer_net",
            "The lesson two_layer_net, batch 100",
            "two_layer",
            "two_layer_net.graph",
            images(784),
            100,
            CONSTANT,
        ),
    ]


def find_network(name: str, *, tiny: bool) -> GpuNetwork:
    return next(network for network in networks(tiny=tiny) if network.name == name)


def source_of(graph: Any, data: Mapping[str, Any]) -> Any:
    """The rows as a training takes them."""
    from graphlang.datasets.arrays import from_arrays
    from graphlang.training.column_binding import bind_columns

    dataset = from_arrays(dict(data))
    return bind_columns(graph.model, dataset.splits["train"], {n: n for n in data}, dataset.name)


def flops_of(graph: Any, source: Any, batch: int) -> int:
    """The arithmetic operations of a step's products, as the program records them."""
    from graphlang.engine.plan import step_flops
    from graphlang.training.state import TrainingState

    state = TrainingState(graph.model, graph.spec.train, 1)
    recording = state.record(source.storage(batch), source.sizes(batch))
    return sum(step_flops(s) for s in recording.program.steps if s.primitive.name in PRODUCTS)
