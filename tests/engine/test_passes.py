"""Each pass of the planner on its own: the same results, and the intended effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import normal

from graphlang.engine.passes import PASSES
from graphlang.engine.passes.algebra import algebra
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.folding import fold_constants
from graphlang.engine.passes.scaling import move_scaling
from graphlang.engine.program import Program
from graphlang.trace import SymbolicArray, Trace, replay

Pass = Callable[[Program], Program]
Formula = Callable[..., Any]


def recorded(formula: Formula, arrays: list[Any]) -> Program:
    trace = Trace()
    inputs = {f"x{i}": trace.input(a.shape, a.dtype) for i, a in enumerate(arrays)}
    with trace:
        return Program(inputs, {"y": formula(*inputs.values())}, {})


def value(program: Program, arrays: list[Any]) -> Any:
    y = program.outputs["y"]
    if not isinstance(y, SymbolicArray):
        return y
    feeds = dict(zip(program.inputs.values(), arrays, strict=True))
    with np.errstate(all="ignore"):
        return replay(y.trace, [y], feeds)[0]


def after(apply: Pass, formula: Formula, *arrays: Any) -> Counter[str]:
    """The names of the steps that are left; checks that the value and its type are the same."""
    program = recorded(formula, list(arrays))
    changed = apply(program)
    found, expected = value(changed, list(arrays)), value(program, list(arrays))
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    return Counter(step.primitive.name for step in changed.steps)


def test_dead_code_is_not_among_the_steps_of_a_program() -> None:
    def formula(x: Any) -> Any:
        np.exp(x)  # not used
        return x + 1

    assert [s.primitive.name for s in recorded(formula, [normal(3)]).steps] == ["add"]


@pytest.mark.parametrize("apply", PASSES, ids=lambda p: p.__name__)
def test_a_pass_leaves_the_program_that_it_was_given_as_it_was(apply: Pass) -> None:
    program = recorded(
        lambda x, y: 2.0 * (x @ y) / 4 + np.sum(x) + np.zeros_like(x) @ y, [normal(300, 300)] * 2
    )
    before = [repr(step) for step in program.steps]
    apply(program)
    assert [repr(step) for step in program.steps] == before


def test_what_is_computed_twice_is_computed_once() -> None:
    x, y = normal(3, 4), normal(3, 4, seed=1)
    steps = after(common_subexpressions, lambda x, y: np.exp(x * y) + np.exp(y * x) * np.sum(x, axis=0), x, y)
    assert steps == {"multiply": 2, "exp": 1, "sum": 1, "add": 1}
    apart = after(
        common_subexpressions, lambda x, y: (x - y) * (y - x) + np.sum(x, axis=0) - np.sum(x, axis=1)[0], x, y
    )
    assert apart["sum"] == 2
    assert apart["subtract"] == 3


def test_numbers_of_another_type_are_no_common_subexpression() -> None:
    steps = after(common_subexpressions, lambda x: (x * 2) + (x * 2.0).astype(np.int64), np.arange(3))
    assert steps["multiply"] == 2


def test_constants_are_folded_and_filled_arrays_take_no_memory() -> None:
    def formula(x: Any) -> Any:
        ones = np.ones_like(x)
        return x * (np.exp(ones * 2) - 1)

    program = fold_constants(recorded(formula, [normal(1000, 1000)]))
    (step,) = program.steps
    (constant,) = [o for o in step.operands if isinstance(o, np.ndarray)]
    assert constant.shape == (1000, 1000)
    assert not any(constant.strides)
    assert after(fold_constants, formula, normal(10, 10)) == {"multiply": 1}


def test_a_large_constant_is_not_made_while_planning() -> None:
    steps = after(fold_constants, lambda x: x + np.cumsum(np.ones_like(x)), normal(100_000))
    assert steps == {"cumsum": 1, "add": 1}


@pytest.mark.parametrize(
    ("formula", "left"),
    [
        (lambda x: x * 1.0, {}),
        (lambda x: 1 * x + -0.0, {}),
        (lambda x: x - 0.0, {}),
        (lambda x: np.negative(-x), {}),
        (lambda x: x * np.ones_like(x), {}),
        (lambda x: x * -1.0, {"negative": 1}),
        (lambda x: x**2, {"square": 1}),
        (lambda x: np.abs(x) ** 0.5, {"absolute": 1, "sqrt": 1}),
        (lambda x: x**1, {}),
        (lambda x: x / 1, {}),
        (lambda x: x / 3, {"divide": 1}),
        (lambda x: x.astype(x.dtype), {}),
        (lambda x: x.T.T, {}),
        (lambda x: np.transpose(np.transpose(x, (1, 0)), (1, 0)), {}),
        (lambda x: np.sum(x, axis=0), {"matmul": 1}),
    ],
    ids=range(15),
)
def test_algebra_leaves_the_fewer_operations_expected(formula: Formula, left: dict[str, int]) -> None:
    assert after(lambda p: algebra(fold_constants(p)), formula, normal(20, 20)) == left


@pytest.mark.parametrize(
    ("formula", "array"),
    [
        (lambda x: x / 0.0, normal(20, 20)),
        (lambda x: x / 1e-310, normal(20, 20)),
        (lambda x: x / 1e-39, normal(20, 20, dtype=np.float32)),
        (lambda x: x / 3, normal(20, 20)),
        (lambda x: x + 0.0, normal(20, 20)),
        (lambda x: x - -0.0, normal(20, 20)),
        (lambda x: np.power(x, 3), normal(20, 20)),
        (lambda x: np.power(np.abs(x), 0.5), normal(20, 20)),
        (lambda x: x * 1.0, np.arange(4)),
        (lambda x: x + 0.0, np.arange(4)),
        (lambda x: x + np.zeros((5, 3)), normal(3)),
        (lambda x: x * np.ones((5, 3)), normal(3)),
        (lambda x: x**3.5, np.abs(normal(20, 20))),
        (lambda x: np.sum(x, axis=0), np.arange(400).reshape(20, 20)),
    ],
    ids=range(14),
)
def test_algebra_that_would_change_the_result_or_its_type_is_left_alone(formula: Formula, array: Any) -> None:
    names = Counter(s.primitive.name for s in fold_constants(recorded(formula, [array])).steps)
    assert after(lambda p: algebra(fold_constants(p)), formula, array) == names


def as_update(formula: Formula, *arrays: Any) -> Program:
    """A program whose result is only written into a parameter."""
    program = recorded(formula, list(arrays))
    return Program(program.inputs, {}, program.outputs)


def moved(program: Program, arrays: list[Any]) -> list[tuple[int, ...]]:
    """The shapes that are multiplied once factors have been moved; checks the value."""
    changed = move_scaling(algebra(program))
    found, expected = (
        value(Program(p.inputs, p.updates or p.outputs, {}), arrays) for p in (changed, program)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    return [s.output.shape for s in changed.steps if s.primitive.name == "multiply"]


def test_a_factor_of_a_large_product_goes_to_the_smaller_operand() -> None:
    arrays = [normal(64, 400), normal(64, 200), normal()]

    def formula(x: Any, dy: Any, rate: Any) -> Any:
        return rate * (x.T @ dy)

    assert moved(as_update(formula, *arrays), arrays) == [(64, 200)]
    assert moved(recorded(formula, arrays), arrays) == [
        (400, 200)
    ]  # the caller sees the result to the last bit


def test_a_factor_of_a_large_operand_goes_to_the_weights() -> None:
    arrays = [normal(256, 784), normal(784, 50)]

    def formula(x: Any, w: Any) -> Any:
        return np.tanh((x * 0.004) @ w)

    assert (256, 784) not in moved(as_update(formula, *arrays), arrays)
    assert (256, 784) in moved(recorded(formula, arrays), arrays)


@pytest.mark.parametrize(
    "jump",
    [
        lambda y: (y > 0) * 1.0,
        np.sign,
        lambda y: np.floor(y) + y,
        lambda y: np.where(y.astype(bool), y, 0.0),
        lambda y: y % 1.0,
        lambda y: np.argmax(y, axis=1) * 1.0,
    ],
)
def test_a_factor_stays_where_a_comparison_or_a_rounding_sees_the_product(jump: Formula) -> None:
    arrays = [normal(256, 784), normal(784, 50)]
    program = as_update(lambda x, w: jump((x * 0.004) @ w), *arrays)
    assert (256, 784) in moved(program, arrays)


def test_a_product_that_serves_something_else_too_keeps_its_factor_outside() -> None:
    def formula(x: Any, dy: Any) -> Any:
        product = x.T @ dy
        return np.sum(product * 0.5) + np.sum(product**2)

    assert after(move_scaling, formula, normal(64, 400), normal(64, 200))["matmul"] == 1
