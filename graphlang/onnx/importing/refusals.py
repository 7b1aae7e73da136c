"""Why a node cannot be imported; the place is added by whoever has the node."""

from __future__ import annotations


class NotImported(Exception):  # noqa: N818
    """A node that has no counterpart, with the reason."""


class ValueWanted(NotImported):
    """An input whose numbers are needed before running, and are not in the file."""

    def __init__(self, position: int) -> None:
        super().__init__(f"input {position} is needed before running, and is not a constant of the file")
        self.position = position
