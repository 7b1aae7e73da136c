"""What was measured: a row of the table, its contenders at every number of threads."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NEVER_SLOWER = 1.05
"""graphlang with more threads over graphlang with fewer: a goal of every row."""


@dataclass
class Entry:
    """The measurements of one contender: the seconds of every round, or the reason why there are none."""

    contender: str
    threads: int = 1
    #: the largest acceptable ratio of the subject's time to that of this contender
    goal: float | None = None
    seconds: list[float] = field(default_factory=list)
    first: float | None = None
    peak_mib: float | None = None
    value: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    #: wall time of all turns, and the processor seconds that other programs used meanwhile
    wall: float = 0.0
    others: float = 0.0
    skipped: str | None = None
    #: the interpreter that runs it, where it is another one than runs the benchmark
    python: str | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def spread(self) -> float | None:
        """Half the interquartile range, relative to the median."""
        if len(self.seconds) < 4:
            return None
        low, middle, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / middle


@dataclass
class Outcome:
    """A measured row: the entries in the order of the work, graphlang's first."""

    name: str
    title: str
    entries: list[Entry]
    memory_targets: dict[str, float] = field(default_factory=dict)
    note: str = ""
    #: what a call moves or computes, and in which unit: for rows that measure the machine itself
    amount: float | None = None
    unit: str = ""

    @property
    def subject(self) -> str:
        return self.entries[0].contender

    @property
    def contenders(self) -> list[str]:
        return list(dict.fromkeys(e.contender for e in self.entries))

    @property
    def threads(self) -> list[int]:
        """The numbers of threads that it was measured at."""
        return sorted({e.threads for e in self.entries})

    def entry(self, contender: str, threads: int) -> Entry | None:
        entries = (e for e in self.entries if (e.contender, e.threads) == (contender, threads))
        return next(entries, None)

    def ratio(self, entry: Entry) -> float | None:
        """The subject's median over that of an entry with the same threads, where both were measured."""
        mine, other = self.entry(self.subject, entry.threads), entry.median
        return mine.median / other if mine is not None and mine.median is not None and other else None

    def memory_ratio(self, peer: str) -> float | None:
        """The subject's peak memory over the peer's, with the most threads."""
        mine, other = (self.entry(c, self.threads[-1]) for c in (self.subject, peer))
        if mine is None or other is None or not (mine.peak_mib and other.peak_mib):
            return None
        return mine.peak_mib / other.peak_mib

    @property
    def scaling(self) -> dict[int, float]:
        """The subject's median with more threads over that with the fewest."""
        return self.scaling_of(self.subject)

    @property
    def scaled(self) -> list[str]:
        """The contenders that are compared with themselves: the subject, on every interpreter."""
        return list(
            dict.fromkeys(e.contender for e in self.entries if e.python or e.contender == self.subject)
        )

    def scaling_of(self, contender: str) -> dict[int, float]:
        medians = {e.threads: e.median for e in self.entries if e.contender == contender and e.median}
        base = medians.get(self.threads[0])
        return {n: m / base for n, m in sorted(medians.items()) if base and m and n != self.threads[0]}

    @property
    def disturbance(self) -> float:
        """The average number of cores that other programs kept busy while this row was measured."""
        wall = sum(e.wall for e in self.entries)
        return max(0.0, sum(e.others for e in self.entries) / wall) if wall else 0.0

    def disagreeing(self, tolerance: float = 1e-3) -> list[str]:
        """The contenders whose first value differs from the median, so that comparing their times means
        nothing."""
        values = [(e.contender, e.value) for e in self.entries if e.value is not None]
        if not values:
            return []
        middle = statistics.median_low(v for _, v in values)
        allowed = tolerance * max(abs(middle), 1e-3)
        return list(dict.fromkeys(c for c, v in values if abs(v - middle) > allowed))


def as_data(outcomes: Iterable[Outcome], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `--json`: every round of every contender, and the machine."""
    rows = []
    for outcome in outcomes:
        row = asdict(outcome)
        for entry, data in zip(outcome.entries, row["entries"], strict=True):
            data["median"] = entry.median
            data["ratio"] = outcome.ratio(entry)
        row["scaling"] = {str(n): ratio for n, ratio in outcome.scaling.items()}
        rows.append(row)
    return {"machine": dict(machine), "rows": rows}


def from_data(data: Mapping[str, Any]) -> list[Outcome]:
    """The rows of data from `as_data`."""
    outcomes = []
    for row in data["rows"]:
        entries = [
            Entry(**{k: v for k, v in e.items() if k not in ("median", "ratio")}) for e in row["entries"]
        ]
        fields = {k: v for k, v in row.items() if k != "scaling"}
        outcomes.append(Outcome(**{**fields, "entries": entries}))
    return outcomes
