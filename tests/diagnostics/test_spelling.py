"""What a slip is, and what is only another word."""

from __future__ import annotations

import pytest

from graphlang.catalog.finder import Catalog
from graphlang.diagnostics import closest
from graphlang.diagnostics.names import closest_of_kind
from graphlang.diagnostics.spelling import distance

NAMES = Catalog().names()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Afine", "Affine"), ("Affin", "Affine"), ("affine", "Affine"), ("RELU", "Relu"), ("batch_norm", "BatchNorm"),
        ("accurcy", "accuracy"), ("softmx", "softmax"), ("SoftmaxWithLos", "SoftmaxWithLoss"), ("sqtr", "sqrt"),
        ("maen", "mean"), ("ex", "exp"), ("lgo", "log"), ("logsumxep", "logsumexp"), ("Embeding", "Embedding"),
        ("stop_gradeint", "stop_gradient"), ("afine", "Affine"),
    ],
)  # fmt: skip
def test_a_misspelt_name_finds_the_name_that_was_meant(name: str, meant: str) -> None:
    assert closest_of_kind(name, NAMES) == meant


@pytest.mark.parametrize(
    "name",
    [
        "asin", "acos", "eig", "svd", "fft", "cot", "sec", "rank", "cross", "Bad", "Foo", "Net", "conj", "real", "heaviside",
    ],
)  # fmt: skip
def test_a_different_word_is_not_taken_for_a_misspelling(name: str) -> None:
    assert closest_of_kind(name, NAMES) is None


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("W1", ["W2", "W3"], None), ("yy", ["y"], "y"), ("W", ["W1"], "W1"), ("x", ["y", "z"], None), ("aple", ["apple"], "apple"),
        ("multi", ["mnist"], None), ("minst", ["mnist"], "mnist"), ("갯수", ["사과", "개수"], "개수"), ("ab", ["cd"], None),
        ("clip_norm", ["clipnorm"], "clipnorm"), ("lr", ["clip_norm"], None), ("bach", ["batch", "epochs"], "batch"),
        ("x" * 70, ["x" * 71], None),
    ],
)  # fmt: skip
def test_short_names_and_digits_need_more(name: str, candidates: list[str], meant: str | None) -> None:
    assert closest(name, candidates) == meant


@pytest.mark.parametrize(
    ("a", "b", "slips"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xbc", 1), ("ca", "abc", 3), ("train", "tarin", 1)],
)  # fmt: skip
def test_two_swapped_letters_are_one_mistake_of_spelling(a: str, b: str, slips: int) -> None:
    assert distance(a, b) == distance(b, a) == slips
