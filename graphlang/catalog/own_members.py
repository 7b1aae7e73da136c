"""Optimizers, schedules, initializers and data sources of one's own: which family, and whether they fit."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_NEEDED = {
    "optimizers": ("optimizer", "formula(self, W, dW, slots, lr, t)"),
    "schedules": ("schedule", "factor(self, t, total)"),
    "initializers": ("initializer", "draw(self, rng, shape, fan_in, fan_out)"),
    "datasets": ("data source", "read(self, files)"),
}
"""What one member of each family is called, and the method that it has to have."""


def own_family(target: Any) -> str | None:
    """The family of a class, which its base class names; None for what belongs to none."""
    if not isinstance(target, type) or not issubclass(target, BaseModel):
        return None
    family = getattr(target, "family", None)
    return family if family in _NEEDED else None


def check_member(member: type[BaseModel], family: str) -> None:
    """Raises TypeError where a class lacks the method of its family, or has an `__init__`."""
    kind, signature = _NEEDED[family]
    method = signature.partition("(")[0]
    base = next(c for c in reversed(member.__mro__) if "family" in vars(c))
    if getattr(member, method) is getattr(base, method):
        raise TypeError(f"the {kind} {member.__name__} needs a method `{signature}`")
    if vars(member).get("__init__") is not None:
        raise TypeError(
            f"the {kind} {member.__name__} has an `__init__`: its attributes are fields of the class, "
            "as `n: int = 3`"
        )
