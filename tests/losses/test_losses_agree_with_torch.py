"""Weights, reductions and the losses of version 1.1 in float64 next to PyTorch's, in value and gradient."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "layers"))
from test_agreement_with_torch import ours

from graphlang.losses.binary_cross_entropy import BinaryCrossEntropy
from graphlang.losses.cosine_embedding_loss import CosineEmbeddingLoss
from graphlang.losses.cross_entropy_error import CrossEntropyError
from graphlang.losses.focal_loss import FocalLoss
from graphlang.losses.huber_loss import HuberLoss
from graphlang.losses.kl_divergence import KLDivergence
from graphlang.losses.l1_loss import L1Loss
from graphlang.losses.mean_squared_error import MeanSquaredError
from graphlang.losses.softmax_with_loss import SoftmaxWithLoss
from graphlang.losses.sum_squared_error import SumSquaredError
from graphlang.losses.triplet_loss import TripletLoss

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(3)


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape)


X, T, U = 2 * normal(5, 4), normal(5, 4), normal(5, 4)
LABELS = np.array([1, 3, 0, 2, 1])
ROWS = np.eye(4)[LABELS]
CHANCES = RNG.dirichlet(np.ones(4), 5)
CLASSES = np.array([0.5, 2.0, 1.0, 3.0])
WEIGHTS = np.array([0.2, 1.0, 3.0, 0.0, 1.5])
TEXTS, WORDS = normal(2, 3, 4), np.array([[0, 3, 2], [2, 1, 1]])
SIGNS = np.array([1, -1, -1, 1, -1])
PLACES = RNG.uniform(0.5, 2, (2, 3))


def weighted(losses: Any, weights: Any) -> Any:
    """The mean over the weights, by its formula."""
    weights = weights.reshape(-1, *[1] * (losses.ndim - 1)).expand(losses.shape)
    return (weights * losses).sum() / weights.sum()


def elements(function: Callable[..., Any]) -> Callable[..., Any]:
    """The weighted mean of a loss of PyTorch that is computed for each element."""
    return lambda *xs: weighted(function(*xs[:-1], reduction="none"), xs[-1])


def cross_entropy(x: Any, t: Any, weight: Any, **more: Any) -> Any:
    return F.cross_entropy(x, t, weight=weight.detach(), **more)


def of_rows(x: Any, t: Any, s: Any) -> Any:
    """`weight` of classes and of rows together, from the definition."""
    w = torch.tensor(CLASSES)
    losses = F.cross_entropy(x, t, reduction="none", weight=w)
    return (losses * s).sum() / (w[t] * s).sum()


def focal(x: Any, t: Any, gamma: float = 2.0) -> Any:
    log_p = F.log_softmax(x, -1).gather(-1, t.unsqueeze(-1)).squeeze(-1)
    return (-((1 - log_p.exp()) ** gamma) * log_p).mean()


def sigmoid_focal(x: Any, t: Any) -> Any:
    """As torchvision has it, without its alpha."""
    p = torch.sigmoid(x)
    losses = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    return (losses * (1 - (p * t + (1 - p) * (1 - t))) ** 2).mean()


def two_classes(x: Any, t: Any) -> Any:
    """A weight of 0.5 for the class 0 and one of 2 for the class 1, by PyTorch's `weight` per element."""
    w = 2 * t + 0.5 * (1 - t)
    losses = -(2 * t * F.logsigmoid(x) + 0.5 * (1 - t) * F.logsigmoid(-x))
    return losses.sum() / w.sum()


bce = F.binary_cross_entropy_with_logits


def numbered(cases: list[tuple[Any, list[Any], Callable[..., Any]]]) -> list[str]:
    """Names that are the same in every process: not those of functions, which have addresses."""
    return [f"{number}-{loss!r}" for number, (loss, _, _) in enumerate(cases)]


CASES: list[tuple[Any, list[Any], Callable[..., Any]]] = [
    (L1Loss(), [X, T], F.l1_loss),
    (L1Loss(reduction="sum"), [X, T], lambda x, t: F.l1_loss(x, t, reduction="sum")),
    (L1Loss(reduction="none"), [X, T], lambda x, t: F.l1_loss(x, t, reduction="none")),
    (L1Loss(), [X, T, WEIGHTS], elements(F.l1_loss)),
    (MeanSquaredError(reduction="none"), [X, T], lambda x, t: F.mse_loss(x, t, reduction="none")),
    (MeanSquaredError(reduction="sum"), [X, T], lambda x, t: F.mse_loss(x, t, reduction="sum")),
    (MeanSquaredError(), [X, T, WEIGHTS], elements(F.mse_loss)),
    (MeanSquaredError(), [TEXTS, TEXTS[::-1].copy(), PLACES],
     lambda x, t, w: (w.unsqueeze(-1) * (x - t) ** 2).sum() / (4 * w.sum())),
    (SumSquaredError(reduction="mean"), [X, T], lambda x, t: 0.5 * F.mse_loss(x, t)),
    (SumSquaredError(), [X, T, WEIGHTS], lambda x, t, w: 0.5 * (w.unsqueeze(1) * (x - t) ** 2).sum()),
    (HuberLoss(delta=0.8), [X, T, WEIGHTS],
     elements(lambda x, t, reduction: F.huber_loss(x, t, delta=0.8, reduction=reduction))),
    (HuberLoss(reduction="none"), [X, T], lambda x, t: F.huber_loss(x, t, reduction="none")),
    (BinaryCrossEntropy(), [X, CHANCES, None, WEIGHTS],
     elements(lambda x, t, reduction: bce(x, t, reduction=reduction))),
    (BinaryCrossEntropy(reduction="sum"), [X, CHANCES], lambda x, t: bce(x, t, reduction="sum")),
    (BinaryCrossEntropy(reduction="none"), [X, CHANCES], lambda x, t: bce(x, t, reduction="none")),
    (SoftmaxWithLoss(reduction="sum"), [X, LABELS], lambda x, t: F.cross_entropy(x, t, reduction="sum")),
    (SoftmaxWithLoss(reduction="none"), [X, LABELS], lambda x, t: F.cross_entropy(x, t, reduction="none")),
    (SoftmaxWithLoss(reduction="none"), [X, CHANCES], lambda x, t: F.cross_entropy(x, t, reduction="none")),
    (SoftmaxWithLoss(reduction="none", ignore=1), [X, LABELS],
     lambda x, t: F.cross_entropy(x, t, reduction="none", ignore_index=1)),
    (SoftmaxWithLoss(), [X, LABELS, None, WEIGHTS], elements(F.cross_entropy)),
    (SoftmaxWithLoss(), [TEXTS, WORDS, None, PLACES],
     lambda x, t, w: (F.cross_entropy(x.transpose(1, 2), t, reduction="none") * w).sum() / w.sum()),
    (CrossEntropyError(), [CHANCES, LABELS, None, WEIGHTS],
     elements(lambda x, t, reduction: F.nll_loss(x.log(), t, reduction=reduction))),
    (CrossEntropyError(reduction="none"), [CHANCES, LABELS],
     lambda x, t: F.nll_loss(x.log(), t, reduction="none")),
    (FocalLoss(), [X, LABELS], focal),
    (FocalLoss(gamma=0.5), [X, LABELS], lambda x, t: focal(x, t, 0.5)),
    (FocalLoss(gamma=0), [X, LABELS], F.cross_entropy),
    (FocalLoss(binary=True), [X, CHANCES], sigmoid_focal),
    (KLDivergence(), [np.log(CHANCES[::-1].copy()), CHANCES],
     lambda x, t: F.kl_div(x, t, reduction="batchmean")),
    (KLDivergence(reduction="sum"), [np.log(CHANCES[::-1].copy()), CHANCES],
     lambda x, t: F.kl_div(x, t, reduction="sum")),
    (KLDivergence(), [np.log(CHANCES[::-1].copy()), CHANCES, WEIGHTS],
     lambda x, t, w: weighted(F.kl_div(x, t, reduction="none").sum(-1), w)),
    (TripletLoss(margin=2.0), [X, T, U], lambda *xs: F.triplet_margin_loss(*xs, margin=2.0)),
    (TripletLoss(reduction="none"), [X, T, U], lambda *xs: F.triplet_margin_loss(*xs, reduction="none")),
    (TripletLoss(), [X, T, U, WEIGHTS], elements(F.triplet_margin_loss)),
    (CosineEmbeddingLoss(), [X, T, SIGNS], F.cosine_embedding_loss),
    (CosineEmbeddingLoss(margin=0.3), [X, T, SIGNS], lambda *xs: F.cosine_embedding_loss(*xs, margin=0.3)),
    (CosineEmbeddingLoss(reduction="none"), [X, T, SIGNS],
     lambda *xs: F.cosine_embedding_loss(*xs, reduction="none")),
    (CosineEmbeddingLoss(), [X, T, SIGNS, WEIGHTS], elements(F.cosine_embedding_loss)),
]  # fmt: skip
BY_CLASS: list[tuple[Any, list[Any], Callable[..., Any]]] = [
    (SoftmaxWithLoss(), [X, LABELS], lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES))),
    (SoftmaxWithLoss(smoothing=0.2), [X, LABELS],
     lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES), label_smoothing=0.2)),
    (SoftmaxWithLoss(ignore=1), [X, LABELS],
     lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES), ignore_index=1)),
    (SoftmaxWithLoss(ignore=1, smoothing=0.2), [X, LABELS],
     lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES), ignore_index=1, label_smoothing=0.2)),
    (SoftmaxWithLoss(reduction="sum"), [X, LABELS],
     lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES), reduction="sum")),
    (SoftmaxWithLoss(reduction="none"), [X, CHANCES],
     lambda x, t: F.cross_entropy(x, t, weight=torch.tensor(CLASSES), reduction="none")),
    (CrossEntropyError(), [CHANCES, LABELS],
     lambda x, t: F.nll_loss(x.log(), t, weight=torch.tensor(CLASSES))),
    (SoftmaxWithLoss(), [X, LABELS, WEIGHTS], of_rows),
]  # fmt: skip


def compare(loss: Any, arrays: list[Any], function: Callable[..., Any], more: dict[str, Any]) -> None:
    there = [x for x in arrays if x is not None]
    xs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in there]
    z = function(*xs)
    dy = np.asarray(np.random.default_rng(0).standard_normal(tuple(z.shape)))
    z.backward(torch.tensor(dy))
    expected = [z.detach().numpy(), *(x.grad.numpy() for x in xs if x.requires_grad)]

    class Bound(type(loss)):  # type: ignore[misc]
        def forward(self, *tensors: Any) -> Any:
            """The loss, with what is left out and what has no reference put in."""
            filled, rest = [], list(tensors)
            for x in arrays:
                filled.append(None if x is None else rest.pop(0))
            return loss.forward(*filled, **more)

    for way in ours(Bound(**loss.model_dump()), there, {}, dy):
        for found, wanted in zip(way, expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("loss", "arrays", "function"), CASES, ids=numbered(CASES))
def test_a_loss_agrees_with_pytorch(loss: Any, arrays: list[Any], function: Callable[..., Any]) -> None:
    compare(loss, arrays, function, {})


@pytest.mark.parametrize(("loss", "arrays", "function"), BY_CLASS, ids=numbered(BY_CLASS))
def test_weights_of_classes_agree_with_pytorch(
    loss: Any, arrays: list[Any], function: Callable[..., Any]
) -> None:
    if len(arrays) == 3:
        arrays, more = [arrays[0], arrays[1], None, arrays[2]], {}
        with_weight = [arrays[0], arrays[1], CLASSES, arrays[3]]
        value = loss.forward(*with_weight)[0]
        expected = function(*[torch.tensor(x) for x in (arrays[0], arrays[1], arrays[3])])
        np.testing.assert_allclose(value, expected, rtol=1e-9)
        return
    more = {"weight": CLASSES}
    compare(loss, arrays, function, more)


def test_one_hot_rows_weigh_as_their_labels() -> None:
    for loss in (SoftmaxWithLoss(), SoftmaxWithLoss(smoothing=0.1), FocalLoss()):
        by_label = loss.forward(X, LABELS, CLASSES, WEIGHTS)[0]
        np.testing.assert_allclose(loss.forward(X, ROWS, CLASSES, WEIGHTS)[0], by_label, rtol=1e-12)


def test_a_weight_for_each_of_two_classes_multiplies_its_term() -> None:
    weight = np.array([0.5, 2.0])
    compare(BinaryCrossEntropy(), [X, CHANCES], two_classes, {"weight": weight})


@pytest.mark.parametrize("loss", [SoftmaxWithLoss(), MeanSquaredError(), L1Loss()], ids=repr)
def test_a_row_that_weighs_nothing_does_not_matter_whatever_it_holds(loss: Any) -> None:
    x, t = X.copy(), (LABELS if isinstance(loss, SoftmaxWithLoss) else T)
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    before = loss.forward(x, t, sample_weight=weights)[0]
    x[3] = 1e100
    np.testing.assert_allclose(loss.forward(x, t, sample_weight=weights)[0], before, rtol=1e-12)
    assert loss.forward(x, t, sample_weight=np.zeros(5))[0] == 0


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="give a number for each row"):
        MeanSquaredError().forward(X, T, np.ones(4))
    with pytest.raises(ValueError, match="has 4 classes"):
        SoftmaxWithLoss().forward(X, LABELS, np.ones(3))
