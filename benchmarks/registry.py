"""All works, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import kernels, limits, loading, mnist_training, networks, scalars, vectors
from benchmarks.work import Work


def works() -> list[Work]:
    modules = (limits, networks, vectors, scalars, mnist_training, loading, kernels)
    return [work for module in modules for work in module.WORKS]


def find(name: str) -> Work:
    return next(work for work in works() if work.name == name)


def chosen(parts: Sequence[str], quick: bool) -> list[Work]:
    """The works whose name contains one of the parts; without parts all. `quick` leaves out the long ones."""
    matching = [w for w in works() if not parts or any(part in w.name for part in parts)]
    return [w for w in matching if not (quick and w.long)]
