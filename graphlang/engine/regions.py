"""Groups steps into units: single calls, and fused regions that run block by block in cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.trace import Step, SymbolicArray

FUSE_FROM = 2**16
"""Elements from which on a region pays: smaller arrays stay in cache anyway."""
BLOCK = 2**16
"""Bytes of one operand in a block, so that the handful that a region touches stays in the L2 cache."""


class Unit:
    """One step, or the steps of a fused region over one frame: a shape that blocks of rows are cut from."""

    __slots__ = ("frame", "steps")

    def __init__(self, steps: list[Step], frame: tuple[int, ...] | None) -> None:
        self.steps = steps
        self.frame = frame

    @property
    def fused(self) -> bool:
        return self.frame is not None


def size(shape: Sequence[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def column(frame: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one number per row of a frame."""
    return (*frame[:-1], 1)


def frame_of(step: Step) -> tuple[int, ...] | None:
    """The frame in which a step can be fused; None where it cannot, or does not pay."""
    if step.primitive.kind == "elementwise":
        shape = step.output.shape
        if size(shape) >= FUSE_FROM and shape[-1] > 1:
            return shape
        return None
    if _last_axis_reduction(step):
        shape = step.operands[0].shape
        if size(shape) >= FUSE_FROM and 1 < shape[-1] <= FUSE_FROM // 4:
            return shape  # type: ignore[no-any-return]
    return None


def _last_axis_reduction(step: Step) -> bool:
    if step.primitive.kind != "reduction" or not hasattr(step.primitive, "reduce"):
        return False
    x = step.operands[0]
    return bool(
        x.__class__ is SymbolicArray
        and x.ndim >= 1
        and step.params.get("keepdims")
        and step.params["axis"] == (x.ndim - 1,)
    )


def fits_frame(step: Step, frame: tuple[int, ...]) -> bool:
    """Whether a step can run block by block within a frame."""
    if _last_axis_reduction(step):
        return bool(step.operands[0].shape == frame)
    if step.primitive.kind != "elementwise" or step.output.shape not in (frame, column(frame)):
        return False
    return all(_sliceable(x, frame) for x in step.operands)


def _sliceable(x: Any, frame: tuple[int, ...]) -> bool:
    """Whether blocks of rows can be cut from an operand: it has every row, one row, or is a scalar."""
    shape = getattr(x, "shape", ())
    if not shape or shape in (frame, column(frame)):
        return True
    return size(shape) == shape[-1] and shape[-1] in (1, frame[-1])


def units(steps: Sequence[Step], *, fuse: bool = True) -> list[Unit]:
    """The steps as units, in an order that keeps every dependence.

    A fusable step joins the latest region of its frame, if everything it needs is there by then.
    """
    found: list[Unit] = []
    made_in: dict[int, int] = {}
    latest: dict[tuple[int, ...], int] = {}
    for step in steps:
        frame = _frame_to_join(step, latest) if fuse else None
        place = len(found)
        if frame is not None:
            region = latest.get(frame)
            ready = max((made_in.get(x.number, -1) for x in step.operands if x.__class__ is SymbolicArray), default=-1)
            if region is not None and ready <= region:
                found[region].steps.append(step)
                made_in[step.output.number] = region
                continue
            latest[frame] = place
        found.append(Unit([step], frame))
        made_in[step.output.number] = place
    return [_single_if_small(u) for u in found]


def _frame_to_join(step: Step, latest: dict[tuple[int, ...], int]) -> tuple[int, ...] | None:
    frame = frame_of(step)
    if frame is not None:
        return frame if fits_frame(step, frame) else None
    shape = step.output.shape
    if step.primitive.kind == "elementwise" and shape and shape[-1] == 1:
        # A number per row, between a reduction and what uses it.
        for known in reversed(latest):
            if column(known) == shape and fits_frame(step, known):
                return known
    return None


def _single_if_small(unit: Unit) -> Unit:
    """A region that holds no step of the full frame's size is no region."""
    if unit.frame is None or any(s.output.shape == unit.frame or _last_axis_reduction(s) for s in unit.steps):
        return unit
    return Unit(unit.steps, None) if len(unit.steps) == 1 else unit
