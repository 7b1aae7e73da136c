"""The slots of a scene: every number once, by what it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.view.scene import Slot, SlotContent, SlotKey, Tensor

Summary = Callable[[SlotKey, Any], Tensor]
"""What shortens an array, which a slot holds."""


class Slots:
    """The contents of the slots in order, and which slot holds what."""

    def __init__(self, summary: Summary) -> None:
        self.contents: list[SlotContent] = []
        #: what each slot holds
        self.numbers: dict[SlotKey, Slot] = {}
        self._summary = summary

    def add(self, key: SlotKey, value: Any) -> Slot:
        """The slot for a value, which is new unless there is one already."""
        slot = self.numbers.get(key)
        if slot is None:
            slot = self.numbers[key] = len(self.contents)
            self.contents.append(self._content(key, value))
        return slot

    def share(self, key: SlotKey, slot: Slot) -> Slot:
        """Lets a key have the slot of another that is the same by definition."""
        return self.numbers.setdefault(key, slot)

    def _content(self, key: SlotKey, value: Any) -> SlotContent:
        if np.ndim(value):
            return self._summary(key, value)
        return number(value.item() if hasattr(value, "item") else value)


def number(value: Any) -> float | bool | str:
    """A single number for JSON, which has no nan and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value  # type: ignore[no-any-return]
