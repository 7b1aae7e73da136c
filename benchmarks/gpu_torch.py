"""The networks of `benchmarks.gpu` in PyTorch, with graphlang's start values: one training step of each."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.gpu_networks import GpuNetwork
from benchmarks.work import Skip, Step


class ConvBN(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, k: int = 3, stride: int = 1) -> None:
        conv = nn.Conv2d(inputs, outputs, k, stride=stride, padding=(k - 1) // 2, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first, self.second = ConvBN(inputs, outputs, stride=stride), ConvBN(outputs, outputs)
        same = stride == 1 and inputs == outputs
        self.short = nn.Identity() if same else ConvBN(inputs, outputs, 1, stride)

    def forward(self, x: Any) -> Any:
        return functional.relu(self.second(functional.relu(self.first(x))) + self.short(x))


class Resnet(nn.Module):
    def __init__(self, sizes: Mapping[str, Any]) -> None:
        super().__init__()
        stem, wide = sizes["stem"], sizes["wide"]
        self.first = ConvBN(3, stem)
        narrow = [BasicBlock(stem, stem) for _ in range(3)]
        self.blocks = nn.Sequential(
            *narrow, BasicBlock(stem, wide, 2), BasicBlock(wide, wide), BasicBlock(wide, wide)
        )
        self.last = nn.Linear(wide, 10)

    def forward(self, x: Any) -> Any:
        return self.last(self.blocks(functional.relu(self.first(x))).mean((2, 3)))


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Any) -> Any:
        n, t, d = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(n, t, d))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), SelfAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, sizes: Mapping[str, Any]) -> None:
        super().__init__()
        width = sizes["d_model"]
        self.tok, self.place = nn.Embedding(sizes["vocab"], width), nn.Embedding(sizes["context"], width)
        self.blocks = nn.Sequential(*[Block(width, sizes["heads"]) for _ in range(sizes["depth"])])
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Any) -> Any:
        h = self.tok(x) + self.place(torch.arange(x.shape[1], device=x.device))
        return self.norm(self.blocks(h)) @ self.tok.weight.T


class TwoLayer(nn.Sequential):
    def __init__(self, sizes: Mapping[str, Any]) -> None:
        super().__init__(nn.Linear(784, sizes["hidden"]), nn.ReLU(), nn.Linear(sizes["hidden"], 10))


MODULES: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "transformer": Transformer,
    "resnet": Resnet,
    "two_layer": TwoLayer,
}


def module_of(network: GpuNetwork, graph: Any) -> nn.Module:
    """The module with the parameters of a graph: both have them in the order in which they are used."""
    module = MODULES[network.module](graph.spec.hypers)
    params = graph.network.params
    left = iter([np.array(graph.params[name]) for name in params if params[name].trainable])
    with torch.no_grad():
        for part in module.modules():
            for own in part.parameters(recurse=False):
                value = torch.from_numpy(next(left))
                own.copy_(value.T if isinstance(part, nn.Linear) and value.ndim == 2 else value)
    assert next(left, None) is None, "the graph has more parameters than the module"
    return module


def optimizer_of(graph: Any, module: nn.Module, *, fused: bool) -> torch.optim.Optimizer:
    """PyTorch's optimizer with the settings of the graph's."""
    own = graph.network.member("optimizers", graph.spec.train.optimizer)
    options: dict[str, Any] = {"lr": own.lr, "weight_decay": own.weight_decay, "fused": fused}
    kind = type(own).__name__
    if kind == "AdamW":
        return torch.optim.AdamW(module.parameters(), eps=own.eps, **options)
    return torch.optim.SGD(
        module.parameters(), momentum=own.momentum if kind == "Momentum" else 0.0, **options
    )


def torch_step(network: GpuNetwork, precision: str, device: str, *, compiled: bool = False) -> Step:
    """A training step on the next batch, which gives its loss as a tensor."""
    if compiled:
        _check_compiler(device)
    _set_precision(precision)
    graph = network.graph()
    module = module_of(network, graph).to(device)
    optimizer = optimizer_of(graph, module, fused=device == "cuda")
    data = {name: torch.from_numpy(array).to(device) for name, array in network.data().items()}
    batches = list(zip(*(data[name].split(network.batch) for name in ("x", "t")), strict=True))
    lower = precision == "bfloat16"

    def loss_of(x: Any, t: Any) -> Any:
        with torch.autocast(device, dtype=torch.bfloat16) if lower else nullcontext():
            return functional.cross_entropy(module(x).flatten(0, -2), t.flatten())

    run, clip, taken = torch.compile(loss_of) if compiled else loss_of, graph.spec.train.clip_norm, 0

    def step() -> Any:
        nonlocal taken
        x, t = batches[taken % len(batches)]
        taken += 1
        optimizer.zero_grad()
        loss = run(x, t)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(module.parameters(), clip)
        optimizer.step()
        return loss.detach()

    return Step(step, torch.cuda.synchronize if device == "cuda" else lambda: None)


def _set_precision(precision: str) -> None:
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cudnn.benchmark = True


def _check_compiler(device: str) -> None:
    compiler = next((c for c in ("g++", "clang++", "gcc", "clang", "cl") if shutil.which(c)), None)
    if compiler is None:
        raise Skip("torch.compile needs a C++ compiler, and there is none")
    if device == "cuda":
        try:
            import triton  # noqa: F401
        except ImportError:
            raise Skip(f"torch.compile needs triton, which is not there for {sys.platform}") from None


def peak_memory(device: str) -> int | None:
    """The most bytes of the device that were in use; None where the host computes."""
    return int(torch.cuda.max_memory_allocated()) if device == "cuda" else None
