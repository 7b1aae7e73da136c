"""What a sweep compares: the numbers of the epoch whose weights a run ends with, and which one decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.catalog.finder import family_member
from graphlang.contracts.monitor import direction_of, split_and_measure
from graphlang.spec.models import TrainSpec

SPLITS = ("train", "validation", "test")


def numbers_of(epoch: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of an epoch by name: `loss`, `train accuracy`, `validation loss`. Arrays are left out."""
    numbers = {"loss": _finite(epoch.get("loss"))}
    for split in SPLITS:
        for name, value in (epoch.get(split) or {}).items():
            if not isinstance(value, list):
                numbers[f"{split} {name}"] = _finite(value)
    return numbers


def criterion_of(section: TrainSpec, numbers: Sequence[str]) -> tuple[str, bool]:
    """The number by which runs are compared, of those that there are, and whether more of it is better.

    It is what the section monitors, else the loss over the rows that are not trained on.
    """
    use = section.keep or section.stop
    model: Any = None if use is None else family_member("monitors", use.name)
    if use is not None and model is not None:
        monitor = model(**use.attributes)
        split, measure = split_and_measure(monitor.monitor)
        places = {"train": ("train", ""), "validation": ("validation", "test"), "test": ("test",)}.get(
            split, ()
        )
        for place in places:
            name = f"{place} {measure}".strip()
            if name in numbers:
                return name, direction_of(monitor.monitor, monitor.mode) < 0
    return next((name for name in ("validation loss", "test loss") if name in numbers), "loss"), False


def ending_numbers(history: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of the epoch whose weights a run ends with, by what `graphlang train --json` prints."""
    epochs = history["epochs"]
    kept = [epoch for epoch in epochs if epoch["epoch"] == history.get("kept")] or epochs
    return numbers_of(kept[-1]) if kept else {}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < float("inf") else None
