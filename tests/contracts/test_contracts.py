"""Every operation of the catalog keeps every promise of the contract; both are discovered, not listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import contract_checks as promise
import numpy as np
import pytest
from contract_cases import (
    SIZES,
    Case,
    cases,
    entries,
    examples,
    has_domain,
    inputs,
    is_call,
    is_finite,
    load,
    sample_texts,
    target_nodes,
)

import graphlang as gl
from graphlang.trace import Dim

ENTRIES = entries()
N = Dim.symbol("N")

PROMISES: list[Callable[..., None]] = [
    promise.gradients_are_the_slopes,
    promise.the_hand_written_backward_is_the_derived_one,
    promise.shapes_are_those_found_symbolically,
    promise.it_records_what_it_computes,
    promise.float32_stays_float32,
    promise.float32_gives_what_float64_gives,
    promise.nothing_is_written_to_or_remembered,
    promise.sizes_of_one_and_ties_are_finite,
    promise.the_second_derivative_is_the_slope_of_the_first,
    promise.large_numbers_do_not_overflow,
    promise.the_graph_computes_the_same,
    promise.gradients_add_up_beside_a_sum,
    promise.the_planned_program_computes_the_same,
    promise.the_value_is_the_sum_of_its_slopes,
    promise.equal_numbers_move_together,
    promise.what_it_remembers_comes_from_what_it_sees,
]


WHATEVER_THE_NUMBERS = (
    promise.gradients_are_the_slopes,
    promise.the_second_derivative_is_the_slope_of_the_first,
    promise.the_value_is_the_sum_of_its_slopes,
)


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


@pytest.mark.parametrize("check", PROMISES, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ENTRIES)
def test_every_operation_promises_that(check: Callable[..., None], name: str) -> None:
    entry = ENTRIES[name]
    before = promise.asserted()
    for case in _relevant(check, cases(entry)):
        check(case, entry)
    assert promise.asserted() > before or promise.excused(check, entry, cases(entry)), (
        f"`{name}` is never held to this promise: nothing was asserted"
    )


def _relevant(check: Callable[..., None], found: tuple[Case, ...]) -> list[Any]:
    """The cases that a promise needs; one draw of numbers is enough if it depends only on types."""
    if check in WHATEVER_THE_NUMBERS:
        return list(found)
    seen: dict[tuple[str, bool], Case] = {}
    for case in found:
        seen.setdefault((case.text, case.training), case)
    return list(seen.values())


AT_ODD_SHAPES: list[Callable[..., None]] = [
    promise.shapes_are_those_found_symbolically,
    promise.value_and_gradients_are_finite,
    promise.gradients_are_the_slopes_of_all_together,
    promise.the_hand_written_backward_is_the_derived_one,
    promise.the_planned_program_computes_the_same,
]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_operation_keeps_its_promises_at_odd_shapes(name: str) -> None:
    """Every fixed axis of size 1, alone and together; a window as large as the image; a stride beyond it."""
    entry = ENTRIES[name]
    for text in promise.odd_texts(entry, sample_texts(entry)):
        if not is_call(text) or "ddof=" in text:
            continue  # the static check refuses it; of one number there is no such variance
        draws = ("positive",) if has_domain(entry) else ("near", "positive")
        draw = next((d for d in draws if is_finite(Case(text, d), entry)), None)
        assert draw is not None or has_domain(entry) or "int[" in text, text
        if draw is None:
            continue
        for training in (False, True) if "training" in entry.supplied else (False,):
            case = Case(text, draw, training)
            for check in AT_ODD_SHAPES:
                check(case, entry)


@pytest.mark.parametrize("name", [n for n in ENTRIES if promise.windows(ENTRIES[n])])
def test_a_window_may_be_as_large_as_the_image_and_its_stride_larger_than_itself(name: str) -> None:
    odd = promise.odd_texts(ENTRIES[name], sample_texts(ENTRIES[name]))
    assert [t for t in odd if is_call(t) and "=5)" in t]
    assert [t for t in odd if is_call(t) and "stride=3)" in t]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_empty_batch_is_refused_by_name(name: str) -> None:
    for text in sample_texts(ENTRIES[name])[:3]:
        graph = load(text)
        batch = [n for n, i in graph.network.inputs.items() if N in (i.shape or ())]
        if not batch:
            continue
        given = inputs(graph, "near", SIZES, "float64")
        empty = {n: np.zeros([0 if s == N else m for s, m in zip(graph.network.inputs[n].shape or (), v.shape, strict=True)], v.dtype)
                 for n, v in given.items()}  # fmt: skip
        for run in (graph.forward, graph.compile()):
            with pytest.raises(gl.GraphError, match=f"`{batch[0]}` is empty: its dimension `N` is 0"):
                run(empty)
