"""What is measured: a piece of work, and those who do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Skip(Exception):  # noqa: N818 - it is no error
    """This contender cannot do this work here; the text says why."""


@dataclass(frozen=True)
class Step:
    """A call to measure, with a `finish` that waits for what the call may have left running."""

    call: Callable[[], Any]
    finish: Callable[[], Any]

    def __call__(self) -> Any:
        return self.call()


@dataclass(frozen=True)
class Measured:
    """What a step returns that took its own time: seconds, and the stages that they were spent in."""

    seconds: float
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A whole process to measure, from its start to its end, run in an empty folder."""

    arguments: tuple[str, ...]


Contender = Callable[[], Any]
"""Prepares the work and returns the step to measure (or a Command); raises Skip, or ImportError for a peer
that is not installed. Each runs in a process of its own."""


@dataclass(frozen=True)
class Work:
    """A row of the table: the first contender is graphlang, `targets` the ratios to stay within."""

    name: str
    title: str
    contenders: Mapping[str, Contender]
    targets: Mapping[str, float] = field(default_factory=dict)
    #: the same for peak memory
    memory_targets: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 7
    #: seconds after which no further round is begun
    limit: float = 20.0
    #: whether calls go before those that are measured
    warm_up: bool = True
    processes: bool = False
    #: whether every contender must come to the same first value
    same_value: bool = True
    #: left out by --quick
    long: bool = False
    #: said under the row
    note: str = ""

    @property
    def subject(self) -> str:
        """The contender that the others are compared with."""
        return next(iter(self.contenders))
