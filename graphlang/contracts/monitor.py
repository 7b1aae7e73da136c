"""The contract of what looks at a number from epoch to epoch: which number, and when it is better."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from graphlang.contracts.fields import Fields

MORE_IS_BETTER = frozenset({"accuracy", "top_k", "precision", "recall", "f1", "auc", "r2"})
"""Metrics of which the largest value is the best; of all else it is the smallest."""

Mode = Literal["auto", "min", "max"]


class Monitor(Fields):
    """The base class of every monitor: a number of the record of each epoch, and when it is the best."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    monitor: str = Field(
        default="validation.loss",
        min_length=1,
        description="`validation.loss` or `validation.accuracy`; `loss` or `accuracy` of the training split",
    )
    mode: Mode = Field(default="auto", description="whether the smallest or the largest value is the best")


def split_and_measure(monitor: str) -> tuple[str, str]:
    """The split and the metric of a monitor's name."""
    split, _, measure = monitor.rpartition(".")
    return split or "train", measure


def direction_of(monitor: str, mode: Mode) -> int:
    """-1 where more is better, else 1."""
    if mode == "auto":
        return -1 if split_and_measure(monitor)[1] in MORE_IS_BETTER else 1
    return -1 if mode == "max" else 1
