"""Why the content of a file of arrays is refused."""

from __future__ import annotations

from typing import Literal

Bound = Literal["", "at most ", "more than "]


class Unsound(Exception):
    """The content breaks the rules of its format; the text of the exception says how."""


class CutOff(Unsound):
    """A part has not the size that it announces."""

    def __init__(self, part: str, announced: int, size: int, bound: Bound = "") -> None:
        super().__init__(f"{part} announces {announced:,} bytes, found {bound}{size:,}")
        self.part, self.announced, self.size = part, announced, size
        self.bound: Bound = bound


class Announces(Unsound):
    """A part announces more bytes than a limit."""

    def __init__(self, part: str, announced: int, limit: int) -> None:
        super().__init__(f"{part} announces {announced:,} bytes, more than the limit of {limit:,}")
        self.part, self.announced, self.limit = part, announced, limit


class Inflated(Unsound):
    """Compressed content would become far larger than its file."""

    def __init__(self, announced: int, size: int) -> None:
        super().__init__(f"it would become {announced:,} bytes, and the file has {size:,}")
        self.announced, self.size = announced, size


class OtherVersion(Unsound):
    """An array is in a version of its format that is not read."""

    def __init__(self, name: str, major: int, minor: int) -> None:
        super().__init__(f"`{name}` has the format version {major}.{minor}")
        self.name, self.major, self.minor = name, major, minor


class SizeBelowZero(Unsound):
    """An array announces a negative size."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        super().__init__(f"`{name}` announces a negative shape, [{', '.join(map(str, shape))}]")
        self.name, self.shape = name, shape


INFLATED_TO, INFLATED_TIMES = 256 * 2**20, 100
"""Up to so many bytes anything may be inflated; beyond them to so many times the bytes of the file."""

DEFLATE = 1040
"""Deflate shrinks at most 1032 times: compressed content that announces more is damaged or forged."""


def check_inflation(announced: int, size: int) -> None:
    """Raises Inflated for a file of so many bytes whose content announces so many."""
    if announced > max(INFLATED_TO, INFLATED_TIMES * size):
        raise Inflated(announced, size)
