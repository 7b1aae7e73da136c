"""All works, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import kernels, lessons, limits, loading, mnist_training, networks, scalars, tables, vectors
from benchmarks.work import Work


def works(*, of_lessons: bool = False) -> list[Work]:
    """The works of the table; or the steps of the lessons."""
    modules = (limits, networks, vectors, scalars, mnist_training, loading, tables, kernels)
    return lessons.WORKS if of_lessons else [work for module in modules for work in module.WORKS]


def find(name: str) -> Work:
    return next(work for work in (*works(), *works(of_lessons=True)) if work.name == name)


def chosen(parts: Sequence[str], quick: bool, *, of_lessons: bool = False) -> list[Work]:
    """The works whose name contains one of the parts; without parts all. `quick` leaves out the long ones."""
    all_works = works(of_lessons=of_lessons)
    matching = [w for w in all_works if not parts or any(part in w.name for part in parts)]
    return [w for w in matching if not (quick and w.long)]
