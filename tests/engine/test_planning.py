"""Planned programs against step-by-step replay: memory reuse, updates in place, fusion, handing out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from helpers import normal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphlang.engine import fusion
from graphlang.engine.executable import Executable
from graphlang.engine.fusion import BLOCK_BYTES, FUSE_FROM
from graphlang.engine.passes import optimised
from graphlang.engine.plan import Plan, plan
from graphlang.engine.program import Program
from graphlang.trace import SymbolicArray, Trace, replay

pytestmark = pytest.mark.usefixtures("every_fused_group_is_divided")

Record = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
"""From the inputs of a program to its outputs and updates."""


def recorded(arrays: Mapping[str, Any], record: Record) -> Program:
    trace = Trace()
    inputs = {label: trace.input(a.shape, a.dtype) for label, a in arrays.items()}
    with trace:
        outputs, updates = record(inputs)
    return Program(inputs, outputs, updates)


def replayed(program: Program, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Every result by replay, where no two values share memory."""
    results = {**program.outputs, **{f"new {label}": v for label, v in program.updates.items()}}
    symbolic = {label: v for label, v in results.items() if isinstance(v, SymbolicArray)}
    feeds = {program.inputs[label]: a.copy() for label, a in arrays.items()}
    with np.errstate(all="ignore"):
        values = replay(next(iter(program.inputs.values())).trace, list(symbolic.values()), feeds)
    return {
        **{k: v for k, v in results.items() if k not in symbolic},
        **dict(zip(symbolic, values, strict=True)),
    }


def ran(
    program: Program, arrays: Mapping[str, Any], *, passes: bool = True, fuse: bool = True, threads: int = 2
) -> tuple[dict[str, Any], Plan]:
    """Every result of the planned program after one run."""
    planned = plan(optimised(program) if passes else program, fuse=fuse)
    own = {label: a.copy() for label, a in arrays.items()}
    executable = Executable(planned, own, threads)
    executable.run()
    found = {label: np.array(executable.output(label)) for label in program.outputs}
    return {**found, **{f"new {label}": own[label] for label in program.updates}}, planned


def agrees(arrays: Mapping[str, Any], record: Record, rounding: float = 1e-12) -> Plan:
    """Checks the planned program, with and without passes, fusion and threads; returns the whole plan."""
    program = recorded(arrays, record)
    expected = replayed(program, arrays)
    for options in ({}, {"passes": False}, {"fuse": False}, {"threads": 1}, {"threads": 3}):
        found, _planned = ran(program, arrays, **options)
        for label, value in expected.items():
            largest = float(np.max(np.abs(np.where(np.isfinite(value), value, 0)), initial=1.0))
            np.testing.assert_allclose(
                found[label], value, rtol=rounding, atol=rounding * largest, err_msg=f"{label} with {options}"
            )
    return ran(program, arrays)[1]


# ---- random programs ------------------------------------------------------------------------------------


ELEMENTWISE: list[Callable[..., Any]] = [
    lambda x, y: x + y,
    lambda x, y: x * y - 1.5,
    lambda x, y: np.maximum(x, y),
    lambda x, y: np.where(x > y, x, 2 * y),
    lambda x, y: np.tanh(x) / 3,
    lambda x, y: np.where(x > 0, x > y, y > 0).astype(x.dtype) * x,
    lambda x, y: x + y.T,
    lambda x, y: x.T,
    lambda x, y: x @ y / 4,
    lambda x, y: x[::-1] * y,
    lambda x, y: x - np.max(x, axis=1, keepdims=True),
    lambda x, y: x / (1 + np.sum(np.abs(y), axis=-1, keepdims=True)),
    lambda x, y: x * np.sum(y, axis=0),
    lambda x, y: x * np.sum(y),
    lambda x, y: x - np.mean(x * y),
    lambda x, y: np.sum(np.exp(-np.square(x)) * y, axis=(0,)) + y,
    lambda x, y: np.reshape(np.reshape(x.T, (-1,)), x.shape) - y,
    lambda x, y: np.broadcast_to(y[:1], y.shape) + x,
    lambda x, y: np.concatenate([x[1:], y[:1]]),
    lambda x, y: np.zeros_like(x) + x * np.ones_like(y),
    lambda x, y: np.clip(x, -1, 1) + np.take(y, np.array([0, 1, 0, 2]), axis=0),
]
CHOICE = st.integers(0, 10**6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    calls=st.lists(st.tuples(st.integers(0, len(ELEMENTWISE) - 1), CHOICE, CHOICE), min_size=1, max_size=25),
    outputs=st.lists(CHOICE, max_size=3),
    updates=st.lists(CHOICE, min_size=3, max_size=3),
    updated=st.sets(st.sampled_from("abc"), max_size=3),
)
def test_no_value_is_read_after_its_memory_has_another_occupant(
    calls: list[tuple[int, int, int]], outputs: list[int], updates: list[int], updated: set[str]
) -> None:
    arrays = {label: normal(4, 4, seed=i) for i, label in enumerate("abc")}

    def record(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        values = list(inputs.values())
        for call, i, j in calls:
            values.append(ELEMENTWISE[call](values[i % len(values)], values[j % len(values)]))
        news = {
            label: values[i % len(values)]
            for label, i in zip("abc", updates, strict=True)
            if label in updated
        }
        return {str(k): values[i % len(values)] for k, i in enumerate([*outputs, -1])}, news

    # Every array counts as large, and a block has three numbers.
    with patch.object(fusion, "FUSE_FROM", 1), patch.object(fusion, "BLOCK_BYTES", 24):
        agrees(arrays, record, 1e-9)


# ---- updates in place -----------------------------------------------------------------------------------


def test_a_parameter_is_written_in_place_after_the_last_use_of_its_transpose() -> None:
    arrays = {"W": normal(5, 3), "x": normal(4, 5), "dy": normal(4, 3)}

    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        new = v["W"] - 0.1 * (v["x"].T @ v["dy"])
        return {"dx": v["dy"] @ v["W"].T}, {"W": new}

    planned = agrees(arrays, record)
    assert list(planned.in_place.values()) == ["W"]
    assert planned.copies == {}


def test_two_inputs_can_change_places() -> None:
    arrays = {"a": normal(3, 3), "b": normal(3, 3, seed=1)}
    agrees(arrays, lambda v: ({}, {"a": v["b"], "b": v["a"]}))
    agrees(arrays, lambda v: ({}, {"a": v["b"].T, "b": v["b"] + v["a"]}))
    agrees(arrays, lambda v: ({}, {"b": v["b"] + v["a"], "a": v["b"].T}))


def test_an_output_that_is_an_input_has_the_value_from_before_the_update() -> None:
    agrees(
        {"a": normal(3, 3)},
        lambda v: ({"old": v["a"], "row": v["a"][0], "turned": v["a"].T}, {"a": v["a"] * 2}),
    )


def test_the_new_value_can_be_an_output_too_and_an_input_can_stay_as_it_is() -> None:
    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        new = v["a"] * 2
        return {"new": new, "again": new, "turned": new.T, "a": v["b"]}, {"a": new, "b": v["b"]}

    agrees({"a": normal(3, 3), "b": normal(2)}, record)


def test_a_mask_whose_memory_is_reused_is_not_overwritten_while_it_chooses() -> None:
    arrays = {"a": normal(700, 300) > 0, "b": normal(700, 300, seed=1) > 0}
    agrees(arrays, lambda v: ({"y": np.where(v["a"] ^ v["b"], v["a"], v["b"])}, {}))


def test_constants_are_outputs_and_updates_too() -> None:
    agrees(
        {"a": normal(3)},
        lambda v: ({"one": np.ones_like(v["a"]), "two": 2 * np.ones(4)}, {"a": np.zeros_like(v["a"])}),
    )


# ---- large arrays ---------------------------------------------------------------------------------------

SHAPES = [(FUSE_FROM + 7,), (1001, 333), (3, 100_001), (100_003, 3), (90_001, 1), (1, 70_001), (7, 101, 103)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_large_elementwise_programs_are_fused_and_right(shape: tuple[int, ...], dtype: str) -> None:
    arrays = {
        "x": normal(*shape, dtype=dtype),
        "y": normal(*shape, seed=1, dtype=dtype),
        "row": normal(shape[-1], seed=2, dtype=dtype),
        "column": normal(*shape[:-1], 1, seed=3, dtype=dtype),
        "one": normal(1, seed=4, dtype=dtype),
        "number": normal(seed=5, dtype=dtype),
        "mask": normal(*shape, seed=6) > 0,
        "count": np.arange(np.prod(shape)).reshape(shape) % 7,
    }

    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        x, y = v["x"], v["y"]
        a = np.exp(-np.square(x)) * v["number"] + np.full(shape, 0.5, dtype, like=x)
        b = (a + v["one"]) * v["row"] - v["column"]
        c = np.where(v["mask"] & (b > 0), b, y) + v["count"].astype(x.dtype)
        large = c >= np.max(c, axis=-1, keepdims=True)
        return {"c": c, "mask": large, "y": y * 1}, {"x": x - 0.1 * c, "count": v["count"] + 1}

    rounding = 1e-12 if dtype == "float64" else 1e-5
    planned = agrees(arrays, record, rounding)
    assert any(g.fused and len(g.steps) > 3 for g in planned.groups)
    assert planned.temporaries


@pytest.mark.parametrize("shape", [(1001, 333), (70_001, 3), (5, 129, 130)], ids=str)
def test_reductions_over_the_last_axis_run_within_the_fused_group(shape: tuple[int, ...]) -> None:
    def softmax(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        x = v["x"] * 2
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        y = e / np.sum(e, axis=-1, keepdims=True)
        return {"y": y, "dx": y * (v["dy"] - np.sum(v["dy"] * y, axis=-1, keepdims=True))}, {}

    planned = agrees({"x": normal(*shape), "dy": normal(*shape, seed=1)}, softmax)
    assert [g.fused for g in planned.groups] == [True]


def test_operands_that_are_not_contiguous_are_cut_where_that_is_possible() -> None:
    arrays = {"x": normal(301, 400), "y": normal(400, 301), "z": normal(60, 301, 20)}

    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        turned = v["x"] * 2 + v["y"].T
        swapped = np.exp(np.transpose(v["z"], (2, 1, 0))) + np.transpose(v["z"] * 3, (2, 1, 0))
        return {"a": turned * turned[::-1], "b": swapped, "c": np.reshape(turned.T, (301, 400)) + v["x"]}, {}

    agrees(arrays, record)


def test_a_step_that_reads_a_fused_value_through_a_view_waits_for_the_end_of_its_group() -> None:
    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        y = v["x"] * 2
        return {"z": y + y.T + np.broadcast_to(y[:1], y.shape) + y[::-1]}, {}

    agrees({"x": normal(300, 300)}, record)


def test_the_temporaries_of_a_fused_group_have_no_full_arrays() -> None:
    arrays = {"x": normal(10**6)}
    planned = agrees(arrays, lambda v: ({"y": 1 / (1 + np.exp(-v["x"]))}, {}))
    assert planned.buffer_bytes == 8 * 10**6
    assert planned.scratch_bytes(1) <= 2 * BLOCK_BYTES


# ---- running --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_program_gives_the_same_bits_twice(threads: int) -> None:
    arrays = {"x": normal(1001, 333, dtype=np.float32), "W": normal(333, 70, seed=1, dtype=np.float32)}
    program = recorded(arrays, lambda v: ({"y": np.sum(np.exp(v["x"] @ v["W"]), axis=0)}, {}))
    first, second = (ran(program, arrays, threads=threads)[0]["y"] for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_overflow_and_nan_print_no_warning_in_any_thread(threads: int) -> None:
    arrays = {"x": normal(10**6) * 1e4}
    program = recorded(arrays, lambda v: ({"y": np.log(np.exp(v["x"]) * v["x"])}, {}))
    before = np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, _ = ran(program, arrays, threads=threads)
    assert np.isnan(found["y"]).any()
    assert np.geterr() == before


def test_an_output_that_is_kept_is_not_overwritten_by_the_next_run() -> None:
    x = normal(10**5)
    program = recorded({"x": x}, lambda v: ({"y": v["x"] * 2}, {}))
    executable = Executable(plan(optimised(program)), threads=1)
    kept = []
    for k in range(4):
        executable.give("x", x + k)
        executable.renew()
        executable.run()
        kept.append(executable.take("y")[10:20])  # a view alone is enough to hold it
    for k, y in enumerate(kept):
        np.testing.assert_array_equal(y, (x[10:20] + k) * 2)


def test_an_output_that_nobody_keeps_takes_no_new_memory() -> None:
    x = normal(10**5)
    executable = Executable(plan(recorded({"x": x}, lambda v: ({"y": v["x"] * 2}, {}))), {"x": x}, threads=1)
    places = set()
    for _ in range(3):
        executable.renew()
        executable.run()
        y = executable.take("y")
        places.add(y.ctypes.data)
        del y
    assert len(places) == 1


def test_what_was_given_is_never_written_to() -> None:
    x = normal(10**5)
    executable = Executable(plan(recorded({"x": x}, lambda v: ({"y": v["x"] * 2}, {}))), threads=1)
    before = x.copy()
    executable.give("x", x)
    executable.run()
    other = normal(2 * 10**5, seed=1)[::2]
    executable.give("x", other)
    executable.run()
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(executable.output("y"), other * 2)


def test_results_that_are_kept_for_one_more_call_take_two_memories_in_turn() -> None:
    x = normal(10**5)
    executable = Executable(plan(recorded({"x": x}, lambda v: ({"y": v["x"] * 2}, {}))), {"x": x}, threads=1)
    places, kept = [], None
    for k in range(6):
        executable.renew()
        executable.inputs["x"][0] = k
        executable.run()
        kept = executable.take("y")
        places.append(kept.ctypes.data)
        assert kept[0] == 2 * k
    assert len(set(places)) == 2


def test_the_update_of_an_optimizer_with_slots_is_one_fused_group_that_writes_in_place() -> None:
    arrays = {
        "W": normal(500, 400),
        "m": normal(500, 400),
        "g": normal(500, 400),
        "rate": normal(),
        "t": normal(),
    }

    def record(v: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        m = 0.9 * v["m"] + 0.1 * v["g"]
        rate = v["rate"] / (1 - np.exp(-np.square(v["t"]) - 1))
        return {"loss": np.sum(v["W"] * v["g"])}, {"m": m, "W": v["W"] - rate * m}

    planned = agrees(arrays, record)
    assert [len(g.steps) for g in planned.groups if g.fused] == [2, 5]
    assert set(planned.in_place.values()) == {"W", "m"}
    assert planned.copies == {}
    assert planned.buffer_bytes < 1000
