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
    targets: Mapping[str, float] = field(default_factory=dict)
    #: the same for peak memory
    memory_targets: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 7
    #: seconds after which no further round is begun
    limit: float = 20.0
    #: whether unmeasured calls come first
    warm_up: bool = True
    processes: bool = False
    #: whether all contenders must compute the same first value
    same_value: bool = True
    #: left out by --quick
    long: bool = False
    #: printed under the row
    note: str = ""

    @property
    def subject(self) -> str:
        """The name of the contender that the others are compared with."""
        return next(iter(self.contenders))
