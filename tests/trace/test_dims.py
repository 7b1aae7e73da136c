"""The algebra of symbolic sizes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlang.trace import Dim, DimScalar, ShapeError, UndecidedError, bind, broadcast
from graphlang.trace.dims import lower_bound, maximum, minimum, positive_part
from graphlang.trace.primitives.indexing import sliced_shape

N, T, D = Dim.symbol("N"), Dim.symbol("T"), Dim.symbol("D")
NAMES = st.fixed_dictionaries({"N": st.integers(1, 9), "T": st.integers(1, 9), "D": st.integers(1, 9)})
ATOMS = st.one_of(st.sampled_from([N, T, D]), st.integers(-4, 6))


def combine(inner: Any) -> Any:
    binary = st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner)
    divided = st.tuples(st.sampled_from([operator.floordiv, operator.mod]), inner, st.integers(1, 6))
    bounded = st.tuples(st.sampled_from([maximum, minimum]), inner, inner)
    return st.one_of(binary, divided, bounded).map(lambda t: (t[0], t[1], t[2]))


EXPRESSIONS = st.recursive(ATOMS, combine, max_leaves=7)


def evaluate(expression: Any, sizes: dict[str, int] | None) -> Any:
    if not isinstance(expression, tuple):
        return expression if sizes is None else bind(expression, sizes)
    function, left, right = expression
    if sizes is not None and function in (maximum, minimum):
        function = {maximum: max, minimum: min}[function]
    return function(evaluate(left, sizes), evaluate(right, sizes))


@given(EXPRESSIONS, NAMES)
def test_binding_commutes_with_the_operations(expression: Any, sizes: dict[str, int]) -> None:
    assert bind(evaluate(expression, None), sizes) == evaluate(expression, sizes)


@given(EXPRESSIONS, NAMES)
def test_a_lower_bound_is_never_passed(expression: Any, sizes: dict[str, int]) -> None:
    size = evaluate(expression, None)
    low = lower_bound(size)
    assert low is None or low <= bind(size, sizes)


@given(EXPRESSIONS, EXPRESSIONS)
def test_the_form_is_canonical(a: Any, b: Any) -> None:
    a, b = evaluate(a, None), evaluate(b, None)
    assert a + b == b + a
    assert a * b == b * a
    assert a - b + b == a
    assert (a + b) * 2 == 2 * a + 2 * b
    assert hash(a * (b + 1)) == hash(a * b + a)


@given(EXPRESSIONS, st.integers(1, 7))
def test_quotient_and_remainder_make_the_whole(a: Any, n: int) -> None:
    a = evaluate(a, None)
    assert n * (a // n) + a % n == a
    assert (a * n) // n == a
    assert (a * n) % n == 0


@given(st.lists(st.sampled_from([1, 2, 3]), max_size=4), st.lists(st.sampled_from([1, 2, 3]), max_size=4))
def test_broadcasting_is_that_of_numpy(a: list[int], b: list[int]) -> None:
    try:
        expected = np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        with pytest.raises(ShapeError):
            broadcast(tuple(a), tuple(b))
        return
    assert broadcast(tuple(a), tuple(b)) == expected


def test_exact_divisions_leave_no_quotient() -> None:
    assert (3 * D) // 3 == D
    assert (N * T * D) // (T * D) == N
    assert (N * N - 1) // (N + 1) == N - 1
    assert (2 * N) % 2 == 0
    assert (N // 2) // 3 == N // 6
    assert (N + N) - 2 * N == 0


def test_constants_are_plain_integers() -> None:
    assert type(N - N + 3) is int
    assert (N == 3) is False


def test_sizes_read_as_they_are_written() -> None:
    assert str(3 * D + 1) == "3*D + 1"
    assert str(N * T - 2 * D) == "N*T - 2*D"
    assert str((N + 1) // 2) == "(N + 1) // 2"
    assert str(N * N) == "N**2"
    assert str(2 * (N // 2)) == "2*(N // 2)"
    assert str(1 / (N + 1)) == "1 / (N + 1)"


def test_comparisons_are_answered_where_every_size_agrees() -> None:
    assert N >= 1
    assert N * T >= N
    assert N - N // 2 > 0
    assert not N < 1
    with pytest.raises(UndecidedError):
        assert N > 3


def test_the_positive_part_of_a_size_has_one_canonical_form() -> None:
    assert positive_part(N - 1) == N - 1
    assert positive_part(-N) == 0
    assert N - minimum(N, 2) == maximum(N - 2, 0)


def test_numbers_made_of_sizes_wait_for_them() -> None:
    scale = 1 / np.sqrt(N * 0.5)
    assert isinstance(scale, DimScalar)
    assert scale.bind({"N": 8}) == 0.5
    assert type(scale.bind({"N": 8})) is float
    assert hash(1 / N) == hash(1 / Dim.symbol("N"))
    assert 1 / Dim.symbol("N") == 1 / N


BOUNDS = st.one_of(st.none(), st.integers(-5, 7))
SLICES = st.lists(st.builds(slice, BOUNDS, BOUNDS, st.sampled_from([None, 1, 2, 3, -1, -2])), max_size=3)
BY_ONE = st.lists(st.builds(slice, BOUNDS, BOUNDS, st.sampled_from([None, 1, -1])), max_size=3)
FROM, BEFORE_THE_END = st.sampled_from([None, 0, 1, 2, 5]), st.sampled_from([None, -1, -2, -3])
TO_THE_END = st.lists(st.builds(slice, FROM, BEFORE_THE_END, st.sampled_from([1, 2, 3])), max_size=2)


def length(keys: list[slice], size: Any) -> Any:
    for key in keys:
        (size,) = sliced_shape((size,), (key,))
    return size


@given(SLICES)
def test_the_length_of_slices_is_right_for_every_size(keys: list[slice]) -> None:
    found = length(keys, T)
    low = lower_bound(found)
    for size in range(1, 30):
        array = np.empty(size)
        for key in keys:
            array = array[key]
        assert bind(found, {"T": size}) == len(array)
        assert low is None or low <= len(array)


@given(BY_ONE, BY_ONE)
def test_slices_by_one_have_one_length_where_numpy_has(a: list[slice], b: list[slice]) -> None:
    same = all(length(a, size) == length(b, size) for size in range(1, 50))
    assert (length(a, T) == length(b, T)) == same


@given(TO_THE_END, TO_THE_END)
def test_slices_with_steps_have_one_length_where_numpy_has(a: list[slice], b: list[slice]) -> None:
    same = all(length(a, size) == length(b, size) for size in range(1, 80))
    assert (length(a, T) == length(b, T)) == same


def test_lengths_of_a_moving_window_agree() -> None:
    assert length([slice(4, None)], T) == length([slice(3, -1)], T) == length([slice(None, -4)], T)
    assert str(length([slice(3, -1)], T)) == "max(T - 4, 0)"
    assert length([slice(1, -1, 2)], T) == length([slice(2, None, 2)], T)
    assert length([slice(None, None, 2)], T) != length([slice(1, None, 2)], T)  # T = 3: 2 and 1
    assert length([slice(2, -2)], 2 * T + D) == length([slice(4, None)], D + 2 * T)
