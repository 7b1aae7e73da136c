"""Fifty steps of a network with every optimizer, schedule and clipping next to PyTorch's, where that is installed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_names

torch = pytest.importorskip("torch")
O, S = torch.optim, torch.optim.lr_scheduler
STEPS = 50
RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((40, 5)), RNG.integers(0, 3, 40)
NET = """input x: float[N, 5], t: int[N]
y = x -> Affine(8) -> Tanh -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = {}; schedule = {}; batch = 40; iterations = {}; dtype = float64
        shuffle = false; {} }}"""


class RateInside(O.Optimizer):  # type: ignore[misc, name-defined]
    """The book's momentum as an optimizer of PyTorch's: under a schedule its velocity remembers the rates."""

    def __init__(
        self, params: Any, lr: float, momentum: float, weight_decay: float, *, nesterov: bool
    ) -> None:
        super().__init__(params, {"lr": lr})
        self.momentum, self.decay, self.nesterov = momentum, weight_decay, nesterov

    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for W in group["params"]:
                descent = group["lr"] * (W.grad + self.decay * W.detach())
                v = self.momentum * self.state[W].get("v", torch.zeros_like(W)) - descent
                self.state[W]["v"] = v
                W.data += self.momentum * v - descent if self.nesterov else v


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD(lr=0.1)": lambda p: O.SGD(p, 0.1),
    "SGD(lr=0.1, weight_decay=0.02)": lambda p: O.SGD(p, 0.1, weight_decay=0.02),
    "Momentum(lr=0.1)": lambda p: O.SGD(p, 0.1, momentum=0.9),
    "Momentum(lr=0.1, weight_decay=0.02)": lambda p: O.SGD(p, 0.1, momentum=0.9, weight_decay=0.02),
    "Nesterov(lr=0.1, weight_decay=0.02)": lambda p: O.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.02),
    "AdaGrad(lr=0.1, weight_decay=0.02)": lambda p: O.Adagrad(p, 0.1, eps=1e-7, weight_decay=0.02),
    "RMSProp(lr=0.01, weight_decay=0.02)": lambda p: O.RMSprop(p, 0.01, alpha=0.99, eps=1e-7, weight_decay=0.02),
    "Adam(lr=0.01)": lambda p: O.Adam(p, 0.01),
    "Adam(lr=0.01, weight_decay=0.02)": lambda p: O.Adam(p, 0.01, weight_decay=0.02),
    "AdamW(lr=0.01, weight_decay=0.3)": lambda p: O.AdamW(p, 0.01, weight_decay=0.3),
}  # fmt: skip


ELSEWHERE = {
    "NAdam", "RAdam", "Adadelta", "Lion", "linear", "milestones", "one_cycle", "plateau", "polynomial",
}  # fmt: skip
"""Held against PyTorch, and Lion against its paper, in `language/test_version_1_1_training.py`."""


def warm(i: int) -> float:
    return (i + 1) / 10 if i + 1 <= 10 else (1 + math.cos(math.pi * (i - 10) / (STEPS - 10))) / 2


SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "constant": lambda o: S.LambdaLR(o, lambda _: 1.0),
    "cosine": lambda o: S.CosineAnnealingLR(o, STEPS),
    "cosine(floor=0.1)": lambda o: S.LambdaLR(o, lambda i: 0.1 + 0.45 * (1 + math.cos(math.pi * i / STEPS))),
    "step(every=7, gamma=0.5)": lambda o: S.StepLR(o, 7, 0.5),
    "exponential(gamma=0.97)": lambda o: S.ExponentialLR(o, 0.97),
    "warmup_cosine(warmup=10)": lambda o: S.LambdaLR(o, warm),
}


def test_every_optimizer_and_every_schedule_has_its_counterpart() -> None:
    named = {text.partition("(")[0] for text in (*OPTIMIZERS, *SCHEDULES)}
    assert named | ELSEWHERE == {*family_names("optimizers"), *family_names("schedules")}


def theirs(start: dict[str, Any], optimizer: str, schedule: str, clip: float | None) -> dict[str, Any]:
    params = {n: torch.tensor(v, requires_grad=True) for n, v in start.items()}
    made = _counterpart(optimizer, list(params.values()), schedule)
    rates = SCHEDULES[schedule](made)
    x, t = torch.tensor(X), torch.tensor(T)
    for _ in range(STEPS):
        made.zero_grad()
        h = torch.tanh(x @ params["Affine1.W"] + params["Affine1.b"])
        torch.nn.functional.cross_entropy(h @ params["Affine2.W"] + params["Affine2.b"], t).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(list(params.values()), clip)
        made.step()
        rates.step()
    return {n: v.detach().numpy() for n, v in params.items()}


def _counterpart(optimizer: str, params: list[Any], schedule: str) -> Any:
    """PyTorch's own; where the rate changes and the velocity holds it, the book's rule on PyTorch's tensors."""
    name = optimizer.partition("(")[0]
    if name not in ("Momentum", "Nesterov") or schedule == "constant":
        return OPTIMIZERS[optimizer](params)
    decay = 0.02 if "weight_decay" in optimizer else 0.0
    return RateInside(params, 0.1, 0.9, decay, nesterov=name == "Nesterov")


def combinations() -> list[tuple[str, str, float | None]]:
    """Every optimizer at a constant rate and under two more schedules, half of them clipped: a rule sees a schedule
    as a rate and clipping as a gradient, whichever they are."""
    changing = [name for name in SCHEDULES if name != "constant"]
    found: list[tuple[str, str, float | None]] = []
    for place, optimizer in enumerate(OPTIMIZERS):
        first, second = (
            changing[place % len(changing)],
            changing[(place // 5 + 2 * place + 1) % len(changing)],
        )
        clips = (None, 0.05) if place % 2 else (0.05, None)
        found += [(optimizer, "constant", clips[1]), (optimizer, first, clips[0])]
        found += [(optimizer, second, clips[1])] if second != first else []
    return found


def test_every_schedule_is_tried_with_several_optimizers_with_and_without_clipping() -> None:
    for schedule in SCHEDULES:
        tried = [(optimizer, clip) for optimizer, own, clip in combinations() if own == schedule]
        assert len(tried) >= 3, schedule
        assert {clip for _, clip in tried} == {None, 0.05}, schedule


@pytest.mark.parametrize(("optimizer", "schedule", "clip"), combinations())
def test_a_whole_training_ends_where_pytorchs_ends(optimizer: str, schedule: str, clip: float | None) -> None:
    text = NET.format(optimizer, schedule, STEPS, f"clip_norm = {clip}" if clip else "")
    graph = gl.loads(text)
    expected = theirs(graph.params.copies(), optimizer, schedule, clip)
    graph.fit(x=X, t=T)
    for name, array in expected.items():
        np.testing.assert_allclose(graph.params[name], array, rtol=0, atol=1e-10)
