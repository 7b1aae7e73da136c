"""What a backend raises for a primitive that it cannot compute."""

from __future__ import annotations


class NoRule(Exception):
    """A backend cannot compute a primitive; `origin` names the value that it is recorded for."""

    def __init__(self, primitive: str, origin: str, backend: str) -> None:
        super().__init__(f"{backend} has no rule for the primitive `{primitive}`")
        self.primitive = primitive
        self.origin = origin
        self.backend = backend
