"""Random programs: every way to compute one gives the same, and the gradients are the slopes.

More of them, for as long as one likes: `python -m tests.random_programs --minutes 60 --seed 0`.
"""

from __future__ import annotations

import random

import pytest
from catalog_calls import call_templates
from hypothesis import HealthCheck, Phase, given, settings
from program_agreement import Fault, compare
from program_checks import check_program
from program_shrinking import shrunk
from random_program import Program, programs, random_program

from graphlang.catalog.finder import Catalog

BOUNDED = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@BOUNDED
@given(programs())
def test_every_way_to_compute_a_program_gives_the_same(program: Program) -> None:
    check_program(program, threads=1 + program.seed % 4)


@pytest.mark.parametrize("seed", range(6))
def test_every_way_to_compute_a_large_program_gives_the_same_around_the_sizes_of_blocks(seed: int) -> None:
    check_program(random_program(random.Random(seed), large=1.0), threads=1 + seed % 4)


def test_the_programs_are_drawn_from_the_whole_catalog() -> None:
    assert set(call_templates()) == {entry.name for entry in Catalog().entries()}
    text = "\n".join(random_program(random.Random(seed)).text for seed in range(300))
    for word in (
        "def ",
        "layers {",
        "repeat ",
        "for n in",
        "residual {",
        "layer ",
        "scan ",
        "hyper ",
        "grad(",
        "where(",
        "[::2",
        "einsum(",
        "rearrange(",
        " @ ",
        " if ",
        "param ",
    ):
        assert word in text, word


def test_a_seed_always_gives_the_same_program() -> None:
    assert random_program(random.Random(7)) == random_program(random.Random(7))


def test_a_failing_program_becomes_small() -> None:
    lines = ["input x: float[N]", "a = x * 2", "b = exp(a)", "c = sum(b)", "d = a + 1", "output c, d"]
    program = Program("\n".join(lines), ({"N": 7}, {"N": 3}), "wide", 1)
    small = shrunk(program, lambda p: "exp(" in p.text)
    assert small.text == "b = exp(a)"
    assert small.style == "plain"
    assert small.sizes[0]["N"] == 1


def test_a_difference_is_found_and_one_that_rounding_explains_is_none() -> None:
    with pytest.raises(Fault, match="`y`"):
        compare("it", {"y": 1.0}, {"y": 1.0 + 1e-6}, 1e-9)
    compare("it", {"y": 1.0}, {"y": 1.0 + 1e-12}, 1e-9)
    compare("it", {"y": 0.0}, {"y": 1.0}, 1e-9, lambda: {"y": 1.0})
    with pytest.raises(Fault, match="`y` is int64"):
        compare("it", {"y": 1.0}, {"y": 1}, 1e-9)
