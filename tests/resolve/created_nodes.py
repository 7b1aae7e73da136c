"""Counts what a file makes, before it is unrolled and while it is."""

from __future__ import annotations

from typing import Any

import pytest

import graphlang as gl
from graphlang.resolve import file
from graphlang.resolve.call_counts import CallCounts
from graphlang.resolve.context import Context
from graphlang.resolve.least_nodes import Least, LeastNodes
from graphlang.resolve.trials import Trial


class _Irregular(CallCounts):
    """As if an `if` decided in each `def`, so that every file is counted."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.regular = {}


def least_and_created(text: str, **options: Any) -> tuple[int, int]:
    """The least number of nodes that is counted for a text, and the number of values that it creates."""
    least, created = 0, 0
    of_statement, add = LeastNodes.of_statement, Context.add

    def counted(self: Any, *arguments: Any) -> Least:
        nonlocal least
        made = of_statement(self, *arguments)
        least += made.nodes
        return made

    def noted(self: Any, value: Any) -> Any:
        nonlocal created
        created += not isinstance(self, Trial) and not self.probing
        return add(self, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "CallCounts", _Irregular)
        patch.setattr(LeastNodes, "of_statement", counted)
        patch.setattr(Context, "add", noted)
        gl.loads(text, **options)
    return least, created
