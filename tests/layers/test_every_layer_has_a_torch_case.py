"""Every layer and loss of the catalog is held against PyTorch's, or a reason says why there is nothing to hold it to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graphlang.catalog.finder import Catalog

pytest.importorskip("torch")
import test_agreement_with_torch as plain  # noqa: E402 - both need PyTorch
import test_kernels_agree_with_torch as kernels  # noqa: E402

sys.path.append(str(Path(__file__).parent.parent / "losses"))
import test_losses_agree_with_torch as losses  # noqa: E402

ELSEWHERE = {
    "BatchNorm": plain.test_batch_norm_agrees_but_for_the_running_variance,
    "Conv": kernels.test_a_convolution_agrees,
    "ConvTranspose": kernels.test_a_transposed_convolution_agrees,
    "MaxPool": kernels.test_a_max_pool_agrees,
    "AvgPool": kernels.test_an_average_pool_agrees,
    "RNN": kernels.test_a_recurrence_agrees,
    "LSTM": kernels.test_a_recurrence_agrees,
    "GRU": kernels.test_a_gru_agrees_with_its_formula,
}
"""Those with a test of their own."""
WITHOUT = {
    "Dropout": "the masks of two random streams differ; what is done with a mask is in test_activations",
    "GaussianNoise": "PyTorch has none; test_random_layers holds its distribution",
    "RandomFlip": "PyTorch has none; test_random_layers holds it against NumPy",
    "RandomCrop": "PyTorch has none; test_random_layers holds it against NumPy",
}


def test_every_layer_and_loss_has_a_torch_case_or_a_reason() -> None:
    compared = {type(case[0]).__name__ for case in (*plain.CASES, *plain.LOSSES, *losses.CASES)}
    known = {e.name for e in Catalog().entries() if e.kind != "function"}
    assert known - compared - set(ELSEWHERE) == set(WITHOUT)
    assert not set(WITHOUT) & (compared | set(ELSEWHERE))
    assert set(ELSEWHERE) <= known
