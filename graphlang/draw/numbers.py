"""Formats numbers and arrays for a reader."""

from __future__ import annotations

import math
from typing import Any

DIGITS = 10
ELEMENT_DIGITS = 6
"""The digits of an element of an array, which is read rather than copied."""
FULL = 8
"""The largest array in elements that is written out on one line."""
BLOCK = 8
"""The rows and columns of the largest matrix that is written out row by row."""

_DIGITS_OF_DTYPE = {"float16": 3, "float32": 7}


def short(value: Any, digits: int = DIGITS) -> str:
    """A number without the noise of its last bits: 715, 2.2, 1e-09; an array in full or in summary."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    dtype = str(getattr(value, "dtype", ""))
    digits = min(digits, _DIGITS_OF_DTYPE.get(dtype, digits))
    if getattr(value, "shape", ()) != ():
        return _array(value, digits)
    return _scalar(value.item() if dtype else value, digits)


def _scalar(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, complex):
        return str(value)
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < 1e15 and digits >= DIGITS:
        return str(int(value))
    text = repr(float(f"{value:.{digits}g}")).removesuffix(".0")
    return "0" if text == "-0" else text


def _array(array: Any, digits: int) -> str:
    return (
        _elements(array.tolist(), min(digits, ELEMENT_DIGITS)) if 0 < array.size <= FULL else _summary(array)
    )


def _elements(value: Any, digits: int) -> str:
    # The recursion is shallow: NumPy allows at most 64 axes.
    if isinstance(value, list):
        return f"[{', '.join(_elements(element, digits) for element in value)}]"
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return _scalar(int(value) if whole else value, digits)


def _summary(array: Any) -> str:
    shape = f"[{', '.join(map(str, array.shape))}]"
    if not array.size:
        return f"{shape}  empty"
    if array.dtype.kind == "b":
        return f"{shape}  true {int(array.sum())} of {array.size}"
    if array.dtype.kind not in "iuf":
        return f"{shape}  {array.dtype}"
    finite, strange = _finite_part(array)
    if not finite.size:
        return f"{shape}{strange}"
    # In float64, because a sum of many float16 overflows.
    figures = (("mean", finite.mean(dtype="float64")), ("min", finite.min()), ("max", finite.max()))
    return shape + "".join(f"  {name} {short(float(number), 4)}" for name, number in figures) + strange


def _finite_part(array: Any) -> tuple[Any, str]:
    """The finite elements, and the counts of nan and infinities as text."""
    if array.dtype.kind != "f":
        return array, ""
    nans = int((array != array).sum())  # noqa: PLR0124 - nan differs from itself
    infinities = int((abs(array) == math.inf).sum())
    counts = "".join(f"  {count} {name}" for count, name in ((nans, "nan"), (infinities, "inf")) if count)
    return (array[abs(array) < math.inf] if counts else array), counts


def is_block(value: Any) -> bool:
    """Whether an array is too long for one line, but small enough to be written row by row."""
    shape = getattr(value, "shape", ())
    if not shape or value.size <= FULL:
        return False
    return bool(
        value.size <= 2 * BLOCK if len(shape) == 1 else max(shape[-1], value.size // shape[-1]) <= BLOCK
    )


def rows(array: Any, digits: int = ELEMENT_DIGITS, width: int = 10**6, most: int | None = None) -> list[str]:
    """All numbers of an array with at least one axis, in aligned columns.

    A row that is too wide, or has more than `most` numbers, continues on the next line.
    """
    digits = min(digits, _DIGITS_OF_DTYPE.get(str(array.dtype), digits))
    if not array.size:
        return [f"empty, of shape {list(array.shape)}"]
    depth = array.ndim
    across = array.shape[-1]
    texts = [_elements(element, digits) for element in array.reshape(-1).tolist()]
    columns = [max(map(len, texts[c::across])) for c in range(across)]
    fits = across
    if sum(columns) + 2 * across + 2 * depth > width or across > (most or across):
        columns = [max(columns)] * across  # the lines of one row are aligned
        fits = min(max(1, (width - 2 * depth) // (columns[0] + 2)), most or across)
    outer = array.shape[:-1]
    lines: list[str] = []
    for number, start in enumerate(range(0, len(texts), across)):
        cells = [text.rjust(size) for text, size in zip(texts[start : start + across], columns, strict=True)]
        opened, closed = _brackets(number, outer)
        parts = [", ".join(cells[at : at + fits]) for at in range(0, across, fits)]
        head = " " * (depth - opened) + "[" * opened
        indent = f",\n{' ' * depth}"
        row = head + indent.join(parts) + "]" * closed
        lines += (row + ("," if closed < depth else "")).split("\n")
    return lines


def _brackets(row: int, outer: tuple[int, ...]) -> tuple[int, int]:
    """The numbers of brackets that open before a row and close after it."""
    opened = closed = 1
    before, behind = row, row + 1
    for size in reversed(outer):
        if before % size:
            break
        opened += 1
        before //= size
    for size in reversed(outer):
        if behind % size:
            break
        closed += 1
        behind //= size
    return opened, closed
