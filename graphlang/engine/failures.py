"""What can go wrong while a graph runs."""

from __future__ import annotations

from graphlang.spec.network import Node


class OperationFailed(Exception):
    """An operation raised an error for these values; the API turns it into a diagnostic."""

    def __init__(self, node: Node, error: Exception, *, backward: bool = False) -> None:
        super().__init__(str(error) or repr(error))
        self.node = node
        self.error = error
        self.backward = backward


class WrongGradients(ValueError):
    """A backward returned gradients that do not fit its arguments."""
