"""How often a training reports: after every epoch, or after so many steps."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.spec.models import TrainSpec

LINES = 20
"""How many records a training without epochs makes, unless `log_every` says how often."""
FEW = 10
"""A training of so many passes over its data reports at the ends of passes, where its metrics cost least."""


class Reports(NamedTuple):
    """After how many steps a training makes a record, and what is measured for it."""

    #: the steps of a record
    every: int
    #: whether each record is an epoch: one pass over the data
    by_epochs: bool
    #: so many steps lie at least between two records for which whole splits are measured
    measures_every: int

    def number(self, iteration: int) -> int:
        """The number of the record in which a step is, or that it ends."""
        return -(-iteration // self.every)


def reports_of(section: TrainSpec, per_pass: int | None, total: int) -> Reports:
    """How often a training of `total` steps reports; `per_pass` is how many steps go over the data once, None
    without data."""
    follows = any((section.stop, section.keep, section.schedule.name == "plateau"))
    if section.log_every is not None:
        return Reports(section.log_every, False, 1)
    if per_pass is None:
        return Reports(max(1, -(-total // LINES)), False, 1)
    if section.iterations is None:
        return Reports(per_pass, True, 1)
    if total >= FEW * per_pass:
        passes = -(-total // (LINES * per_pass))
        return Reports(passes * per_pass, passes == 1, 1)
    return Reports(max(1, -(-total // LINES)), False, 1 if follows else per_pass)
