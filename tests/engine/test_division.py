"""Who divides a program's work, and over how many threads: the program itself, BLAS, or neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.division import division, unit_threads
from graphlang.engine.plan import Plan
from graphlang.report.explained_plan import Explanation, explained

SPECS = Path(__file__).parents[2] / "specs"
TWO_LAYERS = (SPECS / "two_layer_net.graph").read_text(encoding="utf-8")
SMALL = "input x: float[N, 3]\ny = x -> Affine(4) -> Sigmoid\nloss = sum(y)\noutput loss\n"
LARGE = "input x: float[N, 1000]\ny = LayerNorm(x) -> Gelu\nloss = sum(y * y)\noutput loss\n"


def plan_of(text: str, threads: int, batch: int) -> Explanation:
    return explained(gl.loads(text, threads=threads).model, {}, batch)


def test_a_small_program_is_not_divided_at_all() -> None:
    assert plan_of(SMALL, 64, 10).division == (1, 1)


@pytest.mark.parametrize("threads", [2, 8, 64])
def test_where_only_products_pay_blas_divides_them(threads: int) -> None:
    own, blas = plan_of(TWO_LAYERS, threads, 100).division
    assert own == 1
    assert 2 <= blas <= threads


@pytest.mark.parametrize("threads", [2, 8, 64])
def test_large_fused_groups_are_divided_by_the_program_and_blas_is_held_to_one(threads: int) -> None:
    plan = plan_of(LARGE, threads, 10_000)
    assert plan.division == (threads, 1)
    assert 2 <= max(group.threads for group in plan.groups) <= threads


def test_on_one_thread_nothing_is_divided() -> None:
    plan = plan_of(LARGE, 1, 10_000)
    assert plan.division == (1, 1)
    assert {group.threads for group in plan.groups} == {1}


def test_more_threads_than_pay_are_not_used() -> None:
    few, many = (plan_of(LARGE, threads, 10_000) for threads in (64, 1000))
    assert [g.threads for g in few.groups] == [g.threads for g in many.groups]


def test_the_body_of_a_loop_counts_as_often_as_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that alone would not pay, and a hundred of them do."""
    text = """
    input x: float[64, T, 256], w: float[256, 256]
    ys = scan a in x carry h = zeros(64, 256) {
      h2 = tanh(a + h @ w)
      next h = h2
      yield h2
    }
    loss = sum(ys)
    output loss
    """
    seen: list[Plan] = []
    original = Plan.division

    def watched(self: Plan, threads: int) -> Any:
        seen.append(self)
        return original(self, threads)

    monkeypatch.setattr(Plan, "division", watched)
    graph = gl.loads(text, dtype="float32", threads=4)
    graph.compile()(x=np.zeros((64, 100, 256), np.float32), w=np.zeros((256, 256), np.float32))
    chosen = division(seen[0].groups, 4)
    assert max(chosen) > 1
    assert all(unit_threads(group, chosen) == 1 for group in seen[0].groups if group.loop is not None)
