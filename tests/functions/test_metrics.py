"""Metrics next to their formulas, and scikit-learn's where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import Catalog
from graphlang.functions import metrics, regression_metrics
from graphlang.functions.metrics import (
    accuracy,
    auc,
    confusion,
    f1,
    perplexity,
    precision,
    recall,
    top_k,
)
from graphlang.functions.regression_metrics import mae, mape, r2, rmse

RNG = np.random.default_rng(8)
SCORES, LABELS = RNG.standard_normal((60, 5)), RNG.integers(0, 5, 60)
LABELS[LABELS == 3] = 0  # a class without rows
SCORES[:, 4] -= 9  # one that nothing is taken for
SCORE, KIND = RNG.standard_normal(60).round(1), RNG.integers(0, 2, 60)
NUMBERS, TRUE = RNG.standard_normal((30, 2)), RNG.standard_normal((30, 2))


def shares(truth: Any, answers: Any, label: int) -> tuple[float, float, float]:
    """precision, recall and F1 of a class by their definitions."""
    hits = np.sum((truth == label) & (answers == label))
    taken, there = np.sum(answers == label), np.sum(truth == label)
    p, r = hits / taken if taken else 0.0, hits / there if there else 0.0
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@pytest.mark.parametrize(("metric", "place"), [(precision, 0), (recall, 1), (f1, 2)])
def test_shares_of_classes_are_those_of_the_definitions(metric: Any, place: int) -> None:
    answers = SCORES.argmax(axis=1)
    there = sorted({*LABELS, *answers})
    each = [shares(LABELS, answers, label)[place] for label in there]
    assert 3 in there or len(there) == 4
    np.testing.assert_allclose(metric(SCORES, LABELS), np.mean(each), rtol=1e-12)
    np.testing.assert_allclose(metric(SCORES, np.eye(5)[LABELS]), np.mean(each), rtol=1e-12)
    np.testing.assert_allclose(metric(SCORES, LABELS, "micro"), np.mean(answers == LABELS), rtol=1e-12)
    binary = shares(KIND, SCORE > 0.2, 1)[place]
    np.testing.assert_allclose(metric(SCORE, KIND, threshold=0.2), binary, rtol=1e-12)
    np.testing.assert_allclose(metric(SCORE[:, None], KIND, threshold=0.2), binary, rtol=1e-12)
    both = np.stack([0 * SCORE, SCORE - 0.2], axis=1)
    np.testing.assert_allclose(metric(both, KIND, "binary"), binary, rtol=1e-12)


def test_the_confusion_table_counts_pairs() -> None:
    table = confusion(SCORES, LABELS)
    expected = np.zeros((5, 5), int)
    for truth, answer in zip(LABELS, SCORES.argmax(axis=1), strict=True):
        expected[truth, answer] += 1
    np.testing.assert_array_equal(table, expected)
    assert table.dtype == np.int64
    assert confusion(SCORE, KIND).shape == (2, 2)


def test_accuracy_is_of_scores_per_class_or_one_per_row() -> None:
    assert (
        accuracy(SCORES, LABELS) == accuracy(SCORES, np.eye(5)[LABELS]) == np.mean(SCORES.argmax(1) == LABELS)
    )
    for t in (KIND, KIND.astype(bool), KIND.astype(float)):
        assert accuracy(SCORE, t) == np.mean((SCORE > 0) == (KIND == 1))
    assert accuracy(SCORE[:, None], KIND[:, None]) == accuracy(SCORE[:, None], KIND) == accuracy(SCORE, KIND)
    chances = 1 / (1 + np.exp(-SCORE))
    assert accuracy(chances, KIND, threshold=0.5) == accuracy(SCORE, KIND)


def test_top_k_counts_the_first_of_equal_scores() -> None:
    order = np.argsort(-SCORES, axis=1, kind="stable")
    for k in (1, 2, 5):
        assert top_k(SCORES, LABELS, k) == np.mean(
            [t in row[:k] for t, row in zip(LABELS, order, strict=True)]
        )
    equal = np.zeros((3, 4))
    assert top_k(equal, np.array([0, 1, 2]), 2) == pytest.approx(2 / 3)
    assert top_k(equal, np.array([0, 1, 2]), 1) == accuracy(equal, np.array([0, 1, 2]))


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    ones, zeros = SCORE[KIND == 1], SCORE[KIND == 0]
    pairs = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
    assert np.any(ones[:, None] == zeros)
    np.testing.assert_allclose(auc(SCORE, KIND), pairs.mean(), rtol=1e-12)
    np.testing.assert_allclose(auc(np.stack([-SCORE, SCORE], axis=1), KIND), pairs.mean(), rtol=1e-12)
    with np.errstate(invalid="ignore"):
        assert np.isnan(auc(SCORE, np.zeros(60)))


def test_metrics_of_numbers_are_their_formulas() -> None:
    d = NUMBERS - TRUE
    np.testing.assert_allclose(mae(NUMBERS, TRUE), np.abs(d).mean(), rtol=1e-12)
    np.testing.assert_allclose(rmse(NUMBERS, TRUE), np.sqrt((d**2).mean()), rtol=1e-12)
    np.testing.assert_allclose(mape(NUMBERS, TRUE), np.mean(np.abs(d) / np.abs(TRUE)), rtol=1e-12)
    each = 1 - (d**2).sum(0) / ((TRUE - TRUE.mean(0)) ** 2).sum(0)
    np.testing.assert_allclose(r2(NUMBERS, TRUE), each.mean(), rtol=1e-12)
    same = np.ones((4, 1))
    assert r2(same, same) == 1
    assert r2(same + 1, same) == 0
    assert rmse(same, same) == 0


def test_perplexity_is_the_exponential_of_the_mean_cross_entropy() -> None:
    log_p = SCORES - np.log(np.exp(SCORES).sum(axis=1, keepdims=True))
    losses = -log_p[np.arange(60), LABELS]
    np.testing.assert_allclose(perplexity(SCORES, LABELS), np.exp(losses.mean()), rtol=1e-12)
    np.testing.assert_allclose(
        perplexity(SCORES, LABELS, ignore=0), np.exp(losses[LABELS != 0].mean()), rtol=1e-12
    )


def test_metrics_agree_with_scikit_learn() -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    answers, bits = SCORES.argmax(axis=1), SCORE > 0
    for ours, function in (
        (precision, theirs.precision_score),
        (recall, theirs.recall_score),
        (f1, theirs.f1_score),
    ):
        for average in ("macro", "micro"):
            expected = function(LABELS, answers, average=average, zero_division=0)
            np.testing.assert_allclose(ours(SCORES, LABELS, average), expected, rtol=1e-9)
        np.testing.assert_allclose(ours(SCORE, KIND), function(KIND, bits), rtol=1e-9)
    np.testing.assert_allclose(auc(SCORE, KIND), theirs.roc_auc_score(KIND, SCORE), rtol=1e-9)
    np.testing.assert_array_equal(
        confusion(SCORES, LABELS), theirs.confusion_matrix(LABELS, answers, labels=range(5))
    )
    np.testing.assert_allclose(r2(NUMBERS, TRUE), theirs.r2_score(TRUE, NUMBERS), rtol=1e-9)
    np.testing.assert_allclose(mae(NUMBERS, TRUE), theirs.mean_absolute_error(TRUE, NUMBERS), rtol=1e-9)
    percent = theirs.mean_absolute_percentage_error(TRUE, NUMBERS)
    np.testing.assert_allclose(mape(NUMBERS, TRUE), percent, rtol=1e-9)
    root = theirs.root_mean_squared_error(TRUE[:, 0], NUMBERS[:, 0])
    np.testing.assert_allclose(rmse(NUMBERS[:, 0], TRUE[:, 0]), root, rtol=1e-9)
    np.testing.assert_allclose(
        top_k(SCORES, LABELS, 2), theirs.top_k_accuracy_score(LABELS, SCORES, k=2, labels=range(5)), rtol=1e-9
    )


def call(name: str, x: Any, t: Any) -> Any:
    if name in regression_metrics.__all__:
        return getattr(regression_metrics, name)(x[:, 0], t / 3 + 0.1)
    if name == "auc":
        return auc(x[:, 0], t > 1)
    return top_k(x, t, 2) if name == "top_k" else getattr(metrics, name)(x, t)


@pytest.mark.parametrize("name", [*metrics.__all__, *regression_metrics.__all__])
def test_the_catalog_declares_which_metrics_are_means_over_rows(name: str) -> None:
    entry = Catalog().find(name)
    assert entry is not None
    parts = [slice(0, 13), slice(13, 60)]
    whole = call(name, SCORES, LABELS)
    weighted = sum((p.stop - p.start) / 60 * call(name, SCORES[p], LABELS[p]) for p in parts)
    assert entry.is_mean_over_rows == bool(np.allclose(weighted, whole, rtol=1e-9))


def test_what_does_not_fit_is_refused() -> None:
    for text, message in (
        ("input x: float[N, 3], t: int[N]\ny = auc(x, t)", "a score per row"),
        ("input x: float[N, 3], t: int[N]\ny = f1(x, t, binary)", "3 classes"),
        ("input x: float[N, 3], t: float[N]\ny = rmse(x, t)", "number by number"),
        ("input x: float[N, 3], t: int[N]\ny = top_k(x, t, 0)", "give 1 or more"),
    ):
        with pytest.raises(gl.GraphError, match=message):
            gl.loads(text)
