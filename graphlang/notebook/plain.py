"""What the records of a training and of a check of gradients are as plain text, as the commands show them."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from graphlang.checks.gradcheck import Report
from graphlang.training.record import Epoch


@singledispatch
def printed(shown: Any) -> str:
    """An object as it is printed."""
    return repr(shown)


@printed.register
def _epoch(epoch: Epoch) -> str:
    from graphlang.cli.training_progress import summary

    return f"epoch {epoch.epoch}, iteration {epoch.iteration}: {summary(epoch)}"


@printed.register
def _report(report: Report) -> str:
    from graphlang.cli.gradcheck import columns_of_report, verdict
    from graphlang.draw.table import table

    told = verdict(report).replace("`", "")
    return f"{table(*columns_of_report(report), 10**6, False)}\n\n{told}" if report.rows else told
