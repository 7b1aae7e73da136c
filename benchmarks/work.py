"""What is measured: works, each done by several contenders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Skip(Exception):  # noqa: N818 - it is no error
    """Raised by a contender that cannot do its work here; the text says why."""


@dataclass(frozen=True)
class Step:
    """A call to measure, with a `finish` that waits for work that the call has started in the background."""

    call: Callable[[], Any]
    finish: Callable[[], Any]

    def __call__(self) -> Any:
        return self.call()


@dataclass(frozen=True)
class Measured:
    """Returned by a step that measures itself: seconds in all, and per stage."""

    seconds: float
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A process to measure from start to end; it runs in an empty folder."""

    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """The largest acceptable ratio with one thread, with two, and with more."""

    one: float
    two: float
    more: float

    def at(self, threads: int) -> float:
        return self.one if threads == 1 else self.two if threads == 2 else self.more


def goal_at(goal: Goal | float | None, threads: int) -> float | None:
    """A goal with so many threads; a number is the same for all."""
    return goal.at(threads) if isinstance(goal, Goal) else goal


Contender = Callable[[], Any]
"""Prepares the work and returns the step to measure, or a Command. Raises Skip, or ImportError if a library
is not installed."""


@dataclass(frozen=True)
class Work:
    """A row of the table. The first contender is graphlang; `targets` are the largest acceptable ratios of
    its time to that of another."""

    name: str
    title: str
    contenders: Mapping[str, Contender]
    targets: Mapping[str, Goal | float] = field(default_factory=dict)
    #: the same for peak memory
    memory_targets: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 7
    #: seconds after which no further round is begun
    limit: float = 15.0
    #: whether unmeasured calls come first
    warm_up: bool = True
    processes: bool = False
    #: whether all contenders must compute the same first value
    same_value: bool = True
    #: contenders that must, where not all do
    alike: tuple[str, ...] = ()
    #: left out by --quick
    long: bool = False
    #: whether it may use several threads; if not, it is measured with the most alone
    parallel: bool = True
    #: printed under the row
    note: str = ""
    #: for a row that measures the machine itself: what a call moves or computes, and the unit of the rate
    amount: float | None = None
    unit: str = ""

    @property
    def subject(self) -> str:
        """The name of the contender that the others are compared with."""
        return next(iter(self.contenders))
