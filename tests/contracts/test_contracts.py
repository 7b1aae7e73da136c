"""Every operation of the catalog keeps every promise of the contract, found by looking, not by a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import contract_checks as promise
import pytest
from contract_cases import Case, cases, entries, examples, load, sample_texts, target_nodes

ENTRIES = entries()

PROMISES: list[Callable[..., None]] = [
    promise.gradients_are_the_slopes,
    promise.the_hand_written_backward_is_the_derived_one,
    promise.shapes_are_those_found_symbolically,
    promise.it_records_what_it_computes,
    promise.float32_stays_float32,
    promise.nothing_is_written_to_or_remembered,
    promise.sizes_of_one_and_ties_are_finite,
    promise.the_second_derivative_is_the_slope_of_the_first,
    promise.large_numbers_do_not_overflow,
    promise.the_graph_computes_the_same,
    promise.gradients_add_up_beside_a_sum,
    promise.the_planned_program_computes_the_same,
]


@pytest.mark.parametrize("name", ENTRIES)
def test_there_is_a_sample_call(name: str) -> None:
    assert sample_texts(ENTRIES[name])


@pytest.mark.parametrize("name", ENTRIES)
def test_the_docstring_tells_formula_gradient_and_shapes(name: str) -> None:
    promise.the_docstring_tells(ENTRIES[name])


@pytest.mark.parametrize("name", [n for n in ENTRIES if examples(ENTRIES[n])])
def test_the_examples_of_a_docstring_use_what_they_explain(name: str) -> None:
    for text in examples(ENTRIES[name]):
        assert target_nodes(load(text), ENTRIES[name]), text


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("check", PROMISES, ids=lambda check: check.__name__)
def test_every_operation_promises_that(check: Callable[..., None], name: str) -> None:
    for case in _relevant(check, cases(ENTRIES[name])):
        check(case, ENTRIES[name])


def _relevant(check: Callable[..., None], found: tuple[Case, ...]) -> list[Any]:
    """What depends on types alone is checked at one draw of numbers."""
    if check in (promise.gradients_are_the_slopes, promise.the_second_derivative_is_the_slope_of_the_first):
        return list(found)
    seen: dict[tuple[str, bool], Case] = {}
    for case in found:
        seen.setdefault((case.text, case.training), case)
    return list(seen.values())
