"""The header of an array in the format of `numpy.save`, read strictly: no expression in it is evaluated."""

from __future__ import annotations

import re
from math import prod
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from graphlang.files.unsound import CutOff, OtherVersion, SizeBelowZero, Unsound

MAGIC = b"\x93NUMPY"
MOST_HEADER = 65_535
"""Bytes; the header of an array of numbers has some 100."""
MOST_AXES = 32
MOST_BYTES = 4 * 2**30
"""How large one array may be; a header that announces more is refused before any memory is allocated."""

#: the bytes of the header's length, by the version of the format; 3.0 exists only for structured types
_LENGTHS = {(1, 0): 2, (2, 0): 4}
_ENTRY = re.compile(
    r"""\s*(['"])(?P<key>descr|fortran_order|shape)\1\s*:\s*
    (?:(['"])(?P<text>[^'"\\]*)\3 | (?P<truth>True|False) | \((?P<sizes>[-\d\s,L]*)\) | (?P<list>\[.*\]))
    \s*(?:,|(?=\}))""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_SIZE = re.compile(r"-?\d{1,18}L?", re.ASCII)
_TYPE = re.compile(r"[<>|=]?[?biufcSUVOMm]\d{0,9}(\[\w{1,8}\])?", re.ASCII)
_OBJECT = re.compile(r"""['"][<>|=]?O\d*['"]""")


class ArrayHeader(NamedTuple):
    """What a header says of the array behind it."""

    shape: tuple[int, ...]
    #: None where it is no plain type: `description` says what stands there
    dtype: np.dtype[Any] | None
    description: str
    #: whether elements are Python objects, which only unpickling brings back
    objects: bool
    fortran: bool
    #: bytes before the numbers
    length: int

    @property
    def is_numbers(self) -> bool:
        """Whether it holds real numbers or truth values."""
        return self.dtype is not None and self.dtype.kind in "biuf"

    @property
    def total(self) -> int:
        """The bytes of the header and the numbers."""
        return self.length + prod(self.shape) * self._each

    @property
    def extent(self) -> int:
        """The bytes with every size 0 taken for 1: NumPy multiplies the sizes of empty arrays too."""
        return self.length + prod(max(size, 1) for size in self.shape) * self._each

    @property
    def _each(self) -> int:
        return 1 if self.dtype is None else self.dtype.itemsize


def read_array_header(stream: BinaryIO, name: str) -> ArrayHeader:
    """Reads the header; raises Unsound. `name` is that of the array in messages."""
    start = _exactly(stream, 8, name)
    if start[:6] != MAGIC:
        raise Unsound(f"`{name}` does not start as an array")
    version = (start[6], start[7])
    if version not in _LENGTHS:
        raise OtherVersion(name, *version)
    size = _LENGTHS[version]
    length = int.from_bytes(_exactly(stream, size, name), "little")
    if length > MOST_HEADER:
        raise Unsound(f"the header of `{name}` announces {length:,} bytes")
    text = _exactly(stream, length, name).decode("latin-1")
    return _header(text, name, 8 + size + length)


def _exactly(stream: BinaryIO, count: int, name: str) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise CutOff(f"the header of `{name}`", count, len(content))
    return content


def _header(text: str, name: str, length: int) -> ArrayHeader:
    body, entries = text.strip(), {}
    at = 1
    if body[:1] == "{":
        while entry := _ENTRY.match(body, at):
            if entry["key"] in entries:
                break
            entries[entry["key"]] = entry
            at = entry.end()
    if body[at:].strip() != "}" or len(entries) < 3:
        raise Unsound(f"the header of `{name}` is damaged")
    descr, order, sizes = (entries[key] for key in ("descr", "fortran_order", "shape"))
    if order["truth"] is None or sizes["sizes"] is None or (descr["text"] is None and descr["list"] is None):
        raise Unsound(f"the header of `{name}` is damaged")
    shape = _shape(sizes["sizes"], name)
    dtype = None if descr["text"] is None else _dtype(descr["text"])
    written = descr["text"] or descr["list"] or ""
    description = _short(written) if dtype is None else str(dtype)
    objects = _OBJECT.search(written) is not None if dtype is None else dtype.hasobject
    return ArrayHeader(shape, dtype, description, objects, order["truth"] == "True", length)


def _shape(text: str, name: str) -> tuple[int, ...]:
    *sizes, last = [size.strip() for size in text.split(",")]
    if last and not sizes:  # `(3)` is no tuple
        raise Unsound(f"the header of `{name}` announces an impossible shape")
    sizes += [last] if last else []
    if len(sizes) > MOST_AXES or not all(map(_SIZE.fullmatch, sizes)):
        raise Unsound(f"the header of `{name}` announces an impossible shape")
    shape = tuple(int(size.removesuffix("L")) for size in sizes)
    if any(size < 0 for size in shape):
        raise SizeBelowZero(name, shape)
    return shape


def _dtype(text: str) -> np.dtype[Any] | None:
    """The type; None for one that NumPy does not know, or that is made of several."""
    if not _TYPE.fullmatch(text):
        return None
    try:
        return np.dtype(text)
    except (TypeError, ValueError):
        return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
