"""When a run is saved: as often as the user says, or so that it costs little."""

from __future__ import annotations

import pytest

from graphlang.training.saving_times import SECONDS, SHARE, Interval, SavingTimes


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def saved(times: SavingTimes, clock: Clock, seconds: float) -> None:
    """A save that takes so long."""
    with times.writing():
        clock.now += seconds


def test_by_default_every_epoch_is_saved_where_that_costs_little() -> None:
    clock = Clock()
    times = SavingTimes(None, clock=clock)
    assert times.after_epoch(1)
    saved(times, clock, 0.5)
    clock.now += SHARE * 0.5 - 0.01
    assert not times.after_epoch(2)
    assert not times.pays()
    clock.now += 0.02
    assert times.after_epoch(3)
    assert times.pays()


def test_a_long_epoch_is_saved_in_between() -> None:
    clock = Clock()
    times = SavingTimes(None, clock=clock)
    clock.now += SECONDS - 0.01
    assert not times.after_step()
    clock.now += 0.02
    assert times.after_step()
    saved(times, clock, 3.0)
    clock.now += SECONDS + 1
    assert not times.after_step()
    clock.now += SHARE * 3.0
    assert times.after_step()


def test_a_number_of_epochs_is_kept_to_whatever_it_costs() -> None:
    clock = Clock()
    times = SavingTimes(Interval(epochs=2), clock=clock)
    saved(times, clock, 100.0)
    assert [epoch for epoch in range(1, 7) if times.after_epoch(epoch)] == [2, 4, 6]
    clock.now += 10**6
    assert not times.after_step()


def test_a_time_holds_between_steps_and_at_the_end_of_an_epoch() -> None:
    clock = Clock()
    times = SavingTimes(Interval(seconds=30), clock=clock)
    assert not times.after_epoch(1)
    clock.now += 29.9
    assert not times.after_step()
    clock.now += 0.2
    assert times.after_step()
    assert times.after_epoch(2)


@pytest.mark.parametrize(
    ("interval", "epochs"),
    [(None, [1, 2, 3, 4]), (Interval(epochs=2), [2, 4]), (Interval(seconds=1), [1, 2, 3, 4])],
)
def test_processes_that_train_together_save_at_the_same_epochs(
    interval: Interval | None, epochs: list[int]
) -> None:
    clock = Clock()
    times = SavingTimes(interval, together=True, clock=clock)
    saved(times, clock, 1000.0)
    assert [epoch for epoch in range(1, 5) if times.after_epoch(epoch)] == epochs
    clock.now += 10**6
    assert not times.after_step()
    assert not times.alone
