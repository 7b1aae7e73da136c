"""Groups of parameters by patterns over their names, as `train` has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ParameterGroup(BaseModel):
    """Parameters whose names match a pattern, and what is different for them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    patterns: tuple[str, ...] = Field(min_length=1, description="globs such as `enc.*`")
    freeze: bool = Field(False, description="whether they stay as they are")
    attributes: dict[str, Any] = Field({}, description="of the optimizer")

    def has(self, name: str) -> bool:
        """Whether a parameter's name matches."""
        return any(fnmatchcase(name, pattern) for pattern in self.patterns)


def group_of(name: str, groups: Sequence[ParameterGroup]) -> ParameterGroup | None:
    """The first group that a parameter belongs to."""
    return next((group for group in groups if group.has(name)), None)


def unmatched(patterns: Iterable[str], names: Sequence[str]) -> list[str]:
    """The patterns that no name matches."""
    return [p for p in patterns if not any(fnmatchcase(name, p) for name in names)]
