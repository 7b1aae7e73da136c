"""Patterns of axes: what they do, and what they answer to a mistake."""

import numpy as np
import pytest

from graphlang.catalog.operation import Array
from graphlang.functions.einops import einsum, rearrange

X = np.arange(24.0).reshape(2, 3, 4)


def test_rearrange_splits_heads_and_merges_them_again() -> None:
    x = np.arange(2 * 3 * 24.0).reshape(2, 3, 24)
    y = rearrange(x, "n t (s h d) -> s n h t d", s=3, h=2)
    expected = x.reshape(2, 3, 3, 2, 4).transpose(2, 0, 3, 1, 4)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(rearrange(y, "s n h t d -> n t (s h d)"), x)


@pytest.mark.parametrize(
    ("pattern", "sizes", "wanted"),
    [
        ("a b c -> a b c", {}, X),
        ("a b c -> c b a", {}, X.T),
        ("a b c -> (a b c)", {}, X.reshape(-1)),
        ("a b c -> a 1 b c", {}, X[:, None]),
        ("a b (c 1) -> a b c ()", {}, X[..., None]),
        ("n ... -> ... n", {}, X.transpose(1, 2, 0)),
        ("n ... -> n ... 1", {}, X[..., None]),
        ("a b (c d)->(a c)(b d)", {"c": 2}, X.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3).reshape(4, 6)),
    ],
)
def test_rearrange_is_reshape_and_transpose(pattern: str, sizes: dict[str, int], wanted: Array) -> None:
    np.testing.assert_array_equal(rearrange(X, pattern, **sizes), wanted)


@pytest.mark.parametrize(
    ("pattern", "sizes", "message"),
    [
        ("a b c", {}, "`a b c` has no `->`"),
        ("a -> b -> c", {}, "several `->`"),
        ("a b (c d -> a b c d", {}, "at character 5: this bracket is never closed"),
        ("a b c) -> a b c", {}, r"at character 6: this bracket was never opened"),
        ("a ((b) c) -> a b c", {}, "at character 4: a bracket inside a bracket"),
        ("a b c -> a b ?", {}, r"at character 14: `\?` is not a name of an axis"),
        ("a b c -> a (... b) c", {}, r"`\.\.\.` cannot be merged"),
        ("... b c -> b c", {}, r"needs `\.\.\.` once on each side"),
        ("a b -> b a", {}, r"names 2 axes, but the tensor has 3: \(2, 3, 4\)"),
        ("a a c -> a c", {}, "has `a` twice on the left"),
        ("a b c -> a b", {}, "loses `c`: name every axis on the right too"),
        ("a b c -> a b c d", {}, "has `d` on the right only"),
        ("a b (c d) -> a b c d", {}, r"`\(c d\)` in .* one unknown size: give all but one, as in `c=2`"),
        ("a b (c d) -> a b c d", {"c": 3}, "cannot split an axis of size 4 into parts of 3"),
        ("a b (c d) -> a b c d", {"c": 3, "d": 2}, "makes 6, but the axis has size 4"),
        ("a 1 c -> a c", {}, "`1` in .* makes 1, but the axis has size 3"),
        ("a b c -> a b c", {"h": 2}, "is given `h`, which"),
    ],
)
def test_rearrange_names_the_mistake(pattern: str, sizes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rearrange(X, pattern, **sizes)


A, B = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("pattern", "operands", "wanted"),
    [
        ("ij,jk->ik", (A, B), A @ B),
        ("row inner, inner col -> row col", (A, B), A @ B),
        ("i j -> j", (A,), A.sum(0)),
        ("ij->", (A,), A.sum()),
        ("i i -> ", (B[:, :3],), np.trace(B[:, :3])),
        ("... d, d -> ...", (X, np.ones(4)), X.sum(-1)),
        ("n ... d -> n ...", (X,), X.sum(-1)),
    ],
)
def test_einsum_is_a_sum_of_products(pattern: str, operands: tuple[Array, ...], wanted: Array) -> None:
    np.testing.assert_allclose(einsum(*operands, pattern=pattern), wanted)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("ij,jk", "has no `->`"),
        ("ij->ij", "speaks of 1 tensors, but 2 are given"),
        ("ijk,jk->ik", r"`ijk` in .* names 3 axes, but its tensor has 2: \(2, 3\)"),
        ("ij,ik->jk", "`i` in .* is both 2 and 3"),
        ("ij,jk->il", "has `l` in the result only"),
        ("ij,jk->ii", "has `i` twice in the result"),
        ("i...,jk->ik", r"`\.\.\.` in a tensor only: repeat it in the result"),
        ("i+,jk->ik", r"`\+` in .* is not a name of an axis"),
    ],
)
def test_einsum_names_the_mistake(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        einsum(A, B, pattern=pattern)
