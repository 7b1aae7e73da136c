"""Writes torch_steps.json and huge_gradient/torch.json: parameters after steps of PyTorch's optimizers, in float64.

    python tests/optimizers/references/make_torch_steps.py        needs torch; 2.13.0 wrote the file

Every run starts from W = [1, -2, 0.5] and has the gradient [1, 0.3, 0.05] * W + [cos t, cos 2t, cos 3t] in
step t. An optimizer that PyTorch lacks gets a file of its own beside this one, of the same form, from the
script of another source (optax, the paper's authors): the tests read every `*.json` of this folder.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch

AFTER = (1, 10, 50)
EPS = 1e-7
"""The book's, which PyTorch takes as a setting."""

# Our optimizer, our settings, PyTorch's class and its settings.
RUNS: dict[str, tuple[str, dict[str, Any], Any, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1}, torch.optim.SGD, {}),
    "SGD with decay": ("SGD", {"lr": 0.1, "weight_decay": 0.02}, torch.optim.SGD, {}),
    "Momentum": ("Momentum", {"lr": 0.1}, torch.optim.SGD, {"momentum": 0.9}),
    "Momentum with decay": (
        "Momentum",
        {"lr": 0.1, "weight_decay": 0.02},
        torch.optim.SGD,
        {"momentum": 0.9},
    ),
    "Nesterov": ("Nesterov", {"lr": 0.1}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "Nesterov with decay": (
        "Nesterov",
        {"lr": 0.1, "weight_decay": 0.02},
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
    ),
    "AdaGrad": ("AdaGrad", {"lr": 0.1}, torch.optim.Adagrad, {"eps": EPS}),
    "AdaGrad with decay": (
        "AdaGrad",
        {"lr": 0.1, "weight_decay": 0.02},
        torch.optim.Adagrad,
        {"eps": EPS},
    ),
    "RMSProp": ("RMSProp", {"lr": 0.01}, torch.optim.RMSprop, {"eps": EPS}),
    "RMSProp with decay": (
        "RMSProp",
        {"lr": 0.01, "decay_rate": 0.9, "weight_decay": 0.02},
        torch.optim.RMSprop,
        {"eps": EPS},
    ),
    "Adam": ("Adam", {"lr": 0.01}, torch.optim.Adam, {}),
    "Adam with decay": (
        "Adam",
        {"lr": 0.01, "beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.02},
        torch.optim.Adam,
        {},
    ),
    "AMSGrad": ("Adam", {"lr": 0.01, "amsgrad": True, "beta2": 0.9}, torch.optim.Adam, {}),
    "AMSGrad with decay": (
        "AdamW",
        {"lr": 0.01, "amsgrad": True, "beta2": 0.9, "weight_decay": 0.3},
        torch.optim.AdamW,
        {},
    ),
    "NAdam": ("NAdam", {}, torch.optim.NAdam, {}),
    "NAdam with decay": (
        "NAdam",
        {"lr": 0.01, "beta1": 0.8, "momentum_decay": 0.1, "weight_decay": 0.02},
        torch.optim.NAdam,
        {},
    ),
    "RAdam": ("RAdam", {"lr": 0.01}, torch.optim.RAdam, {}),
    "RAdam with decay": (
        "RAdam",
        {"lr": 0.01, "beta2": 0.9, "weight_decay": 0.02},
        torch.optim.RAdam,
        {},
    ),
    "Adadelta": ("Adadelta", {}, torch.optim.Adadelta, {}),
    "Adadelta with decay": (
        "Adadelta",
        {"lr": 0.5, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.02},
        torch.optim.Adadelta,
        {},
    ),
    "AdamW": ("AdamW", {"lr": 0.01}, torch.optim.AdamW, {}),
    "AdamW with decay": ("AdamW", {"lr": 0.01, "weight_decay": 0.3}, torch.optim.AdamW, {}),
}

SCALED: dict[str, tuple[dict[str, float], Any, dict[str, Any]]] = {
    "Adam": ({"lr": 0.01}, torch.optim.Adam, {}),
    "AdamW": ({"lr": 0.01, "weight_decay": 0}, torch.optim.AdamW, {}),
    "RMSProp": ({"lr": 0.01}, torch.optim.RMSprop, {"eps": EPS}),
    "AdaGrad": ({"lr": 0.01}, torch.optim.Adagrad, {"eps": EPS}),
    "NAdam": ({"lr": 0.01}, torch.optim.NAdam, {}),
}
"""Those that divide by the size of the gradients seen so far."""


def in_torch(settings: dict[str, Any]) -> dict[str, Any]:
    """Our settings under PyTorch's names."""
    renamed = {{"decay_rate": "alpha"}.get(name, name): value for name, value in settings.items()}
    if "beta1" in renamed:
        renamed["betas"] = (renamed.pop("beta1"), renamed.pop("beta2", 0.999))
    elif "beta2" in renamed:
        renamed["betas"] = (0.9, renamed.pop("beta2"))
    return renamed


def trajectory(optimizer: Any, settings: dict[str, Any]) -> dict[int, list[float]]:
    W = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    made = optimizer([W], **settings)
    kept = {}
    for t in range(1, max(AFTER) + 1):
        slope = torch.tensor([1.0, 0.3, 0.05], dtype=torch.float64)
        W.grad = slope * W.detach() + torch.tensor([math.cos(t * k) for k in (1, 2, 3)], dtype=torch.float64)
        made.step()
        if t in AFTER:
            kept[t] = W.detach().tolist()
    return kept


def after_a_huge_gradient(optimizer: Any, settings: dict[str, Any]) -> list[list[float]]:
    """From W = [1, -2] with the gradients [1e20, 1], then [1, 1] three times; 1e25 gives the same numbers."""
    W = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    made = optimizer([W], **settings)
    kept = []
    for t in range(4):
        W.grad = torch.tensor([1e20 if t == 0 else 1.0, 1.0], dtype=torch.float64)
        made.step()
        kept.append(W.detach().tolist())
    return kept


def main() -> None:
    torch.set_default_dtype(torch.float64)  # else NAdam keeps its product of momenta in float32
    runs = {
        name: {
            "optimizer": ours,
            "settings": settings,
            "steps": trajectory(theirs, in_torch(settings) | more),
        }
        for name, (ours, settings, theirs, more) in RUNS.items()
    }
    about = {"source": f"torch {torch.__version__.partition('+')[0]}, float64", "script": Path(__file__).name}
    huge = {
        name: {
            "settings": settings,
            "steps": after_a_huge_gradient(theirs, in_torch(settings) | more),
        }
        for name, (settings, theirs, more) in SCALED.items()
    }
    for name, content in (("torch_steps", runs), ("huge_gradient/torch", huge)):
        path = Path(__file__).parent / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**about, "runs": content}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
