"""Start values of another initializer with one row of zeros."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class zero_row(Initializer):
    """W as the initializer `of` draws it, and W[row] = 0"""

    row: int = Field(ge=0, description="the row of zeros")
    of: str = Field("normal", description="the initializer of the other rows, by its name")
    attributes: dict[str, Any] = Field({"std": 0.01}, description="what that initializer is given")

    @field_validator("of")
    @classmethod
    def _is_an_initializer(cls, name: str) -> str:
        if name not in {path.stem for path in Path(__file__).parent.glob("[a-z]*.py")}:
            raise ValueError(f"there is no initializer `{name}`")
        return name

    @classmethod
    def like(cls, row: int, init: Initializer) -> Initializer:
        """The rows of another initializer, except for one."""
        attributes = init.model_dump(exclude_unset=True, by_alias=True)
        return cls(row=row, of=type(init).__name__, attributes=attributes)

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        own = getattr(import_module(f"graphlang.initializers.{self.of}"), self.of)(**self.attributes)
        W: Drawn = own.draw(rng, shape, fan_in, fan_out)
        W[self.row] = 0
        return W
