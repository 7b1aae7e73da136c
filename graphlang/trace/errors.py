"""What can go wrong while a calculation is recorded."""

from __future__ import annotations

from collections.abc import Mapping


class TraceError(Exception):
    """The base of what recording refuses; `message` is prose, `help` says what to do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class ShapeError(TraceError):
    """Shapes that do not fit; `operands` are the positions of those at fault."""

    def __init__(self, message: str, operands: tuple[int, ...] = (0,), help: str | None = None) -> None:
        super().__init__(message, help)
        self.operands = operands


class NoSize(TraceError):
    """A formula of sizes that has no value for the sizes of a run, as one that divides by 0."""

    def __init__(self, formula: str, sizes: Mapping[str, int], why: Exception) -> None:
        reason = "it divides by 0" if isinstance(why, ZeroDivisionError) else str(why)
        super().__init__(f"`{formula}` has no value for {_given(sizes)}: {reason}")


class NegativeSize(TraceError):
    """A formula of sizes that stands for an axis and is below 0 for the sizes of a run."""

    def __init__(self, formula: str, value: int, sizes: Mapping[str, int]) -> None:
        super().__init__(f"the size `{formula}` is {value} for {_given(sizes)}")


def _given(sizes: Mapping[str, int]) -> str:
    return " and ".join(f"{name} = {size}" for name, size in sizes.items())


class UndecidedError(TypeError):
    """A question about a symbolic size that has different answers for different sizes."""


class DtypeError(ShapeError):
    """Element types that an operation does not take."""


class SizeTooLong(ShapeError):
    """A formula of sizes with more terms than anybody writes."""

    def __init__(self) -> None:
        super().__init__(
            "a formula of sizes is too long", (), "give the sizes numbers, or names of their own"
        )


class TooLarge(TraceError):
    """A value, or a program, that takes more memory than is allowed; `origin` is that of its largest step."""

    def __init__(self, size: int, limit: int, origin: str = "") -> None:
        super().__init__(f"it takes {size:,} bytes, and the limit is {limit:,}")
        self.size = size
        self.limit = limit
        self.origin = origin


class Unrecorded(TraceError):
    """A NumPy function, or a way of calling one, that cannot be recorded."""

    def __init__(self, function: str, help: str | None = None) -> None:
        help = help or "write it with functions that can, or as a kernel"
        super().__init__(f"`{function}` cannot be recorded", help)
        self.function = function


class NoGradient(TraceError):
    """A primitive whose gradient (or gradient's gradient) is not defined."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` has no gradient")
        self.name = name
