"""Each rule of the passes: where it applies, and just where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import normal
from test_passes import Formula, after, as_update, moved, recorded, value

from graphlang.engine.passes.algebra import algebra, scalar_of
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.folding import LARGEST_CONSTANT, fold_constants
from graphlang.engine.passes.scaling import PAYS_FROM, is_scalar, move_scaling, scaled
from graphlang.engine.passes.visible import visible
from graphlang.engine.program import Program
from graphlang.trace import SymbolicArray
from graphlang.trace.primitives import chain, chain_quotient, zero_times
from graphlang.trace.sums import FEW, ROWS


def simplified(program: Program) -> Program:
    return algebra(fold_constants(program))


# ---- algebra ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x * np.full_like(x, 3.0),
        lambda x: np.full_like(x, 3.0) + x,
        lambda x: x - np.full_like(x, 3.0),
    ],
    ids=["multiply", "add", "subtract"],
)
def test_an_array_of_one_number_becomes_that_number(formula: Formula) -> None:
    (step,) = simplified(recorded(formula, [normal(4, 5)])).steps
    assert sorted(np.ndim(x) for x in step.operands if not isinstance(x, SymbolicArray)) == [0]
    after(simplified, formula, normal(4, 5))


def test_an_array_of_one_number_stays_where_it_gives_the_result_its_shape() -> None:
    def formula(x: Any) -> Any:
        return x * np.full((4, 5), 3.0)

    (step,) = simplified(recorded(formula, [normal(5)])).steps
    assert step.output.shape == (4, 5)
    assert after(simplified, formula, normal(5)) == {"multiply": 1}


@pytest.mark.parametrize(
    ("formula", "left"),
    [
        (lambda x: chain(x, 3.0), {"multiply": 1}),
        (lambda x: chain(3.0, x), {"multiply": 1}),
        (lambda x: chain(x, 1.0), {}),
        (lambda x: chain(x, np.inf), {"chain": 1}),
        (lambda x: chain(0.0, x), {"chain": 1}),
        (lambda x: chain_quotient(x, 3.0), {"divide": 1}),
        (lambda x: chain_quotient(3.0, x), {"divide": 1}),
        (lambda x: chain_quotient(0.0, x), {"chain_quotient": 1}),
        (lambda x: chain_quotient(x, 1.0), {}),
        (lambda x: zero_times(x, 3.0), {"multiply": 1}),
        (lambda x: zero_times(3.0, x), {"multiply": 1}),
        (lambda x: zero_times(x, 1.0), {}),
        (lambda x: zero_times(x, np.inf), {"zero_times": 1}),
        (lambda x: zero_times(x, 0.0), {"zero_times": 1}),
    ],
)
def test_products_of_the_chain_rule_become_plain_ones_where_nothing_has_to_be_repaired(
    formula: Formula, left: dict[str, int]
) -> None:
    x = np.abs(normal(4, 5)) + 1
    with np.errstate(all="ignore"):
        assert after(algebra, formula, x) == left


@pytest.mark.parametrize("rows", [8, FEW, ROWS * 2, 8 * FEW, 1024])
def test_the_sum_of_not_too_many_rows_is_one_product_or_two(rows: int) -> None:
    few = rows <= FEW
    steps = after(algebra, lambda x: np.sum(np.exp(x), axis=0), normal(rows, 3))
    assert steps == ({"exp": 1, "matmul": 1} if few else {"exp": 1, "reshape": 1, "matmul": 2})


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: np.sum(x[:7], axis=0),
        lambda x: np.sum(x, axis=1),
        lambda x: np.sum(x, axis=0, keepdims=True),
        lambda x: np.sum(np.exp(x[:127]), axis=0),  # a prime number
        lambda x: np.sum(x[1:129], axis=0),  # a view
        lambda x: np.sum(x[:, :, None] * np.ones(2), axis=0),
    ],
)
def test_other_sums_stay_as_they_are(formula: Formula) -> None:
    assert after(algebra, formula, normal(400, 3))["sum"] == 1


def test_the_sum_of_very_many_rows_stays_as_it_is() -> None:
    assert after(algebra, lambda x: np.sum(np.exp(x), axis=0), normal(1025, 3)) == {"exp": 1, "sum": 1}


def test_two_transposes_are_one() -> None:
    def formula(x: Any) -> Any:
        return np.transpose(np.transpose(x, (1, 2, 0)), (1, 2, 0))

    assert after(algebra, formula, normal(2, 3, 4)) == {"transpose": 1}
    assert after(algebra, lambda x: np.transpose(np.exp(x), (0, 1)), normal(2, 3)) == {"exp": 1}
    assert after(algebra, lambda x: np.transpose(np.exp(x)), normal(2, 3)) == {"exp": 1, "transpose": 1}


@pytest.mark.parametrize(
    ("constant", "number"),
    [
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (np.array(2), 2.0),
        (np.full((2, 3), 7.0), 7.0),
        (np.broadcast_to(4.0, (10_000, 2)), 4.0),
        (np.full(4096, 5.0), 5.0),
        (np.full(4097, 5.0), None),  # a look at all of it would cost more than it gains
        (np.array([1.0, 2.0]), None),
        (np.zeros(0), None),
        (True, None),
        (np.array(True), None),
        (np.full(3, 1j), None),
    ],
)
def test_the_one_number_of_a_constant(constant: Any, number: float | None) -> None:
    assert scalar_of(constant) == number


# ---- folding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x + np.sin(np.ones_like(x)),
        lambda x: x + np.cumsum(np.ones_like(x)),
        lambda x: x + np.cumsum(np.ones_like(x)).reshape(2, 2).T.reshape(4),
        lambda x: x + np.cumsum(np.ones_like(x))[::-1],
        lambda x: x + np.sum(np.full_like(x, 0.5) * 2 + 1),
    ],
)
def test_all_that_is_made_of_constants_is_a_constant(formula: Formula) -> None:
    assert after(fold_constants, formula, normal(4)) == {"add": 1}
    assert after(fold_constants, formula, np.arange(4)) == {"add": 1}


def test_the_largest_constant_is_stored_and_one_larger_is_not() -> None:
    def formula(x: Any) -> Any:
        return x + np.cumsum(np.ones_like(x))

    assert after(fold_constants, formula, normal(LARGEST_CONSTANT)) == {"add": 1}
    assert after(fold_constants, formula, normal(LARGEST_CONSTANT + 1)) == {"add": 1, "cumsum": 1}


def test_a_stored_constant_cannot_be_written_into() -> None:
    (step,) = fold_constants(recorded(lambda x: x + np.cumsum(np.ones_like(x)), [normal(4)])).steps
    (constant,) = [x for x in step.operands if isinstance(x, np.ndarray)]
    assert not constant.flags.writeable


def test_whole_numbers_that_do_not_fit_are_left_to_the_run_which_tells_of_them() -> None:
    program = fold_constants(recorded(lambda x: x + np.full_like(x, 2**62) * 4, [np.arange(4)]))
    assert "multiply" in {s.primitive.name for s in program.steps}


# ---- common subexpressions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "left"),
    [
        (lambda x: (x + np.array([1.0, 2.0])) * (x + np.array([1.0, 2.0])), {"add": 1, "multiply": 1}),
        (lambda x: (x + np.array([1.0, 2.0])) * (x + np.array([1.0, 3.0])), {"add": 2, "multiply": 1}),
        (lambda x: (x + np.full_like(x, 3)) * (x + np.full_like(x, 3)), {"full": 1, "add": 1, "multiply": 1}),
        (lambda x: (x + 0.0) * (x + -0.0), {"add": 2, "multiply": 1}),
        (lambda x: np.sum(x) * np.sum(x), {"sum": 1, "multiply": 1}),
    ],
)
def test_what_counts_as_the_same(formula: Formula, left: dict[str, int]) -> None:
    assert after(common_subexpressions, formula, normal(2)) == left


# ---- scaling ------------------------------------------------------------------------------------------------

SIDE = 128  # whose square is PAYS_FROM


def test_the_side_of_a_matrix_from_which_on_scaling_it_is_avoided() -> None:
    assert SIDE**2 == PAYS_FROM


@pytest.mark.parametrize(
    ("left", "right", "scaled_shape"),
    [
        ((SIDE, SIDE), (SIDE, 32), (SIDE, 32)),  # the other operand, as large as the product
        ((SIDE, SIDE), (SIDE, 64), (SIDE, 64)),  # half as large, which is just worth it
        ((SIDE, SIDE), (SIDE, 65), (SIDE, SIDE)),
        ((SIDE - 1, SIDE), (SIDE, 32), (SIDE - 1, SIDE)),  # too small
        ((64, 512), (512, 8), (64, 8)),  # the product
        ((256, SIDE), (SIDE, 8), (SIDE, 8)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_the_factor_of_an_operand_goes_where_it_scales_least(
    left: tuple[int, int], right: tuple[int, int], scaled_shape: tuple[int, int], turned: bool, first: bool
) -> None:
    arrays = [normal(*left), normal(*right)]

    def formula(x: Any, w: Any) -> Any:
        x = 0.5 * x if first else x * 0.5
        return np.tanh(w.T @ x.T if turned else x @ w)

    def without_transposes(x: Any, w: Any) -> Any:
        x = 0.5 * x if first else x * 0.5
        return np.tanh(w @ x)

    shapes = moved(as_update(formula, *arrays), arrays)
    assert sorted(shapes[0]) == sorted(scaled_shape)
    assert len(shapes) == 1
    arrays = [a.T for a in arrays]
    assert moved(as_update(without_transposes, *arrays), arrays) == [scaled_shape[::-1]]


@pytest.mark.parametrize(
    ("left", "right", "scaled_shape"),
    [
        ((SIDE, 64), (64, SIDE), (SIDE, 64)),
        ((SIDE, 65), (65, SIDE), (SIDE, SIDE)),  # more than half of the product
        ((SIDE - 1, 8), (8, SIDE), (SIDE - 1, SIDE)),  # too small
        ((SIDE, 8), (8, 300), (SIDE, 8)),
        ((300, 8), (8, SIDE), (8, SIDE)),
    ],
)
def test_the_factor_of_a_product_goes_to_its_smaller_operand(
    left: tuple[int, int], right: tuple[int, int], scaled_shape: tuple[int, int]
) -> None:
    arrays = [normal(*left), normal(*right), normal()]
    for formula in (lambda x, w, s: s * (x @ w), lambda x, w, s: (x @ w) * s):
        assert moved(as_update(formula, *arrays), arrays) == [scaled_shape]


def test_of_two_operands_the_one_that_an_elementwise_step_computes_is_scaled() -> None:
    arrays = [normal(SIDE, 32), normal(32, 160), normal()]

    def formula(x: Any, w: Any, s: Any) -> Any:
        return s * (x @ np.exp(w))

    assert moved(as_update(formula, *arrays), arrays) == [(32, 160)]
    assert moved(as_update(lambda x, w, s: s * (np.exp(x) @ np.exp(w)), *arrays), arrays) == [(SIDE, 32)]
    wide = [normal(SIDE, 32), normal(32, 257), normal()]  # more than twice as large
    assert moved(as_update(formula, *wide), wide) == [(SIDE, 32)]


def test_a_factor_that_is_no_single_number_stays() -> None:
    arrays = [normal(300, SIDE), normal(SIDE, 8), normal(SIDE)]
    assert moved(as_update(lambda x, w, s: np.tanh((x * s) @ w), *arrays), arrays) == [(300, SIDE)]
    arrays = [normal(SIDE, 8), normal(8, 300), normal(300)]
    assert moved(as_update(lambda x, w, s: (x @ w) * s, *arrays), arrays) == [(SIDE, 300)]


def test_a_factor_of_a_wider_type_stays_with_the_product() -> None:
    arrays = [normal(SIDE, 8, dtype=np.float32), normal(8, 300, dtype=np.float32), normal()]
    assert moved(as_update(lambda x, w, s: (x @ w) * s, *arrays), arrays) == [(SIDE, 300)]
    arrays = [normal(300, SIDE, dtype=np.float32), normal(SIDE, 8), normal()]
    steps = move_scaling(as_update(lambda x, w, s: (x * s) @ w, *arrays)).steps
    assert [s.output.shape for s in steps if s.primitive.name == "multiply"] == [(300, SIDE)]


def test_both_uses_of_a_product_keep_it() -> None:
    arrays = [normal(SIDE, 8), normal(8, 300)]

    def formula(x: Any, w: Any) -> Any:
        product = x @ w
        return product * 0.5 + product * 0.25

    program = as_update(formula, *arrays)
    names = [s.primitive.name for s in move_scaling(program).steps]
    assert names.count("matmul") == 1
    assert moved(program, arrays) == [(SIDE, 300)] * 2


def test_products_of_whole_numbers_keep_their_factors() -> None:
    arrays = [np.ones((300, SIDE), np.int64), np.ones((SIDE, 8), np.int64)]
    assert moved(as_update(lambda x, w: (x * 3) @ w, *arrays), arrays) == [(300, SIDE)]
    arrays = [np.ones((SIDE, 8), np.int64), np.ones((8, 300), np.int64)]
    assert moved(as_update(lambda x, w: (x @ w) * 3, *arrays), arrays) == [(SIDE, 300)]


@pytest.mark.parametrize(
    ("x", "single"),
    [
        (2, True),
        (0.5, True),
        (True, False),
        (np.float32(1), True),
        (np.array(1.0), True),
        (np.ones(1), False),
        ("2", False),
    ],
)
def test_what_is_a_single_number(x: Any, single: bool) -> None:
    assert is_scalar(x) is single


def test_a_value_without_dimensions_is_a_single_number_and_others_are_none() -> None:
    program = recorded(lambda x, y: x * y, [normal(), normal(3)])
    assert [is_scalar(x) for x in program.inputs.values()] == [True, False]
    (product,) = program.steps
    assert scaled(product.output) == (program.inputs["x1"], program.inputs["x0"])
    assert scaled(program.inputs["x0"]) is None
    assert scaled(3.0) is None


# ---- what is visible ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "seen"),
    [
        (lambda x, c: np.where(c > 0, x, 0.0), False),
        (lambda x, c: np.where(x, c, 0.0), True),
        (lambda x, c: (x > 0) * c, True),
        (lambda x, c: np.floor(x) * c, True),
        (lambda x, c: np.exp(x) * c, False),
        (lambda x, c: x.astype(np.int64) * c, True),
        (lambda x, c: np.argsort(x) * c, True),
    ],
)
def test_whose_last_bit_is_visible(formula: Formula, seen: bool) -> None:
    program = recorded(lambda x, c: formula(np.sin(x), c), [normal(3), normal(3)])
    (sine,) = [s.output for s in program.steps if s.primitive.name == "sin"]
    assert (sine.number in visible(program.steps)) is seen
    y = program.outputs["y"]
    assert y.number in visible(program.steps, [y])
    assert value(program, [normal(3), normal(3)]) is not None
