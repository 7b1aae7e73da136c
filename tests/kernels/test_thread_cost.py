"""The estimate of what work takes on several threads, and the number of threads that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlang.kernels.parallel import parallel, worker_threads
from graphlang.kernels.thread_cost import (
    PAYS,
    Prices,
    Work,
    prices,
    seconds_on,
    set_prices,
    threads_that_pay,
)

LARGE = Work(flops=1e10)
amounts = st.floats(0, 1e12)
works = st.builds(Work, amounts, amounts, amounts, st.floats(1, 1e6))


@pytest.fixture
def own_prices() -> Iterator[None]:
    """The prices that a test sets are forgotten after it."""
    before = prices()
    yield
    set_prices(before)


def test_large_work_is_divided_over_all_threads_and_small_work_over_none() -> None:
    assert threads_that_pay(LARGE, 8, 1000) == 8
    assert threads_that_pay(Work(flops=1e5), 8, 1000) == 1


def test_work_is_not_divided_over_more_threads_than_it_has_parts() -> None:
    assert threads_that_pay(LARGE, 64, 3) == 3
    assert threads_that_pay(LARGE, 64, 1) == 1


def test_five_parts_are_not_divided_over_four_threads_since_one_of_them_would_do_two() -> None:
    assert threads_that_pay(LARGE, 4, 5) == 3


@pytest.mark.usefixtures("own_prices")
def test_many_short_calls_are_not_divided_over_many_threads_which_would_wait_for_the_lock() -> None:
    set_prices(Prices(locked=True))
    short, long = Work(flops=1e9, calls=1e5), Work(flops=1e9, calls=100)
    assert threads_that_pay(short, 64, 64) < threads_that_pay(long, 64, 64)


@pytest.mark.usefixtures("own_prices")
def test_without_a_lock_short_calls_are_divided_as_long_ones_are() -> None:
    set_prices(Prices(locked=False))
    short, long = Work(flops=1e9, calls=1e5), Work(flops=1e9, calls=100)
    assert threads_that_pay(short, 64, 64) >= threads_that_pay(long, 64, 64) > 1


@given(works, st.integers(1, 64), st.integers(1, 10_000))
def test_the_chosen_number_is_possible_and_never_slower_than_one_thread(
    work: Work, limit: int, parts: int
) -> None:
    count = threads_that_pay(work, limit, parts)
    assert 1 <= count <= min(limit, parts)
    assert count == 1 or seconds_on(work, count, parts) < PAYS * seconds_on(work, 1, parts)


@given(works, st.integers(2, 63), st.integers(2, 10_000))
def test_with_one_more_thread_at_hand_the_estimated_time_is_never_longer(
    work: Work, limit: int, parts: int
) -> None:
    fewer, more = (threads_that_pay(work, n, parts) for n in (limit, limit + 1))
    assert seconds_on(work, more, parts) <= seconds_on(work, fewer, parts) / PAYS


@pytest.mark.usefixtures("own_prices")
def test_where_handing_over_a_job_takes_longer_fewer_threads_pay() -> None:
    work = Work(flops=1e7)
    at_once = threads_that_pay(work, 8, 8)
    set_prices(Prices(handover=1e-3, job=1e-4))
    assert threads_that_pay(work, 8, 8) < at_once


@pytest.mark.parametrize(("n", "grain"), [(100, 1), (100, 7), (7, 7), (6, 7), (1, 1), (64, 16)])
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_ranges_cover_everything_in_order_and_begin_at_multiples_of_the_grain(
    n: int, grain: int, threads: int
) -> None:
    def one_after_the_other(jobs: Sequence[Callable[[], None]]) -> None:
        for job in jobs:
            job()

    with worker_threads(threads, one_after_the_other):
        parts = parallel(lambda start, stop: (start, stop), n, lambda: LARGE, grain)
    assert [start for start, _ in parts] == [0, *[stop for _, stop in parts[:-1]]]
    assert parts[-1][1] == n
    assert all(start % grain == 0 for start, _ in parts)
    assert len(parts) <= threads
