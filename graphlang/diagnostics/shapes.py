"""GL3xx: shapes, sizes and types that do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, Edit, Related, Span


class WrongShape(Diagnostic):
    """The shapes of an operation's operands do not fit together.

        input x: float[N, 784]
        param W: float[50, 10]
        y = x @ W

    Fix: follow the sizes from where each operand comes; the message names both shapes.
    """

    code = "GL301"

    def __init__(
        self, span: Span, message: str, help: str | None = None, related: Sequence[Related] = ()
    ) -> None:
        self.span = span
        self._message = message
        self._help = help
        self._related = related

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class AmbiguousBroadcast(WrongShape):
    """Both operands would be stretched, each along another axis: the classic silent bug.

    `(N,) - (N, 1)` gives N x N numbers, where N were meant.

        input y: float[N, 1], t: float[N]
        d = y - t

    Fix: bring both to one shape, or write `reshape` where the outer combination is meant.
    """

    code = "GL302"


class UnknownDimension(Diagnostic):
    """A size in brackets is not known there.

    A bare new name in an `input` or in a `def`'s formal makes a dimension; anywhere else, and in an
    expression, it must be known.

        input x: float[N, 784]
        param W: float[D, 50]

    Fix: write the number, or name the dimension in an input.
    """

    code = "GL303"

    def __init__(self, span: Span, name: str, match: str | None = None) -> None:
        self.span = span
        self.name = name
        self.match = match

    @property
    def message(self) -> str:
        return f"unknown dimension `{self.name}`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, self.match)] if self.span and self.match else []

    @property
    def help(self) -> str | None:
        if self.match:
            return f"did you mean `{self.match}`?"
        return "a new dimension is named in an `input`; elsewhere write a number or a known dimension"


class NotANumberYet(Diagnostic):
    """A parameter's shape depends on a dimension that is only known when data arrives.

        input x: float[N, D]
        y = x -> Affine(10)

    Fix: write the size in the input's type, here `float[N, 784]`.
    """

    code = "GL304"

    def __init__(self, span: Span, name: str, shape: str, related: Sequence[Related] = ()) -> None:
        self.span = span
        self.name = name
        self.shape = shape
        self._related = related

    @property
    def message(self) -> str:
        shape = f"the shape [{self.shape}], which is not known before running"
        return f"the parameter `{self.name}` would have {shape}"

    @property
    def help(self) -> str | None:
        return "a parameter's shape must be a number: write the size in the type of the input"

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class WrongType(WrongShape):
    """A value has another type or rank than is asked for.

        def f(x: float[N, D]) = sum(x)
        input a: float[N]
        y = f(a)

    Fix: give a value of the type that the message names.
    """

    code = "GL305"


class WrongSize(WrongShape):
    """A size is not what a size can be: negative, a fraction, or not a number at all.

        input x: float[N, -3]

    Fix: a size is a positive whole number or an expression over dimensions that gives one.
    """

    code = "GL306"

    def __init__(self, span: Span, message: str, help: str | None = None, instead: str | None = None) -> None:
        super().__init__(span, message, help)
        self.instead = instead

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, self.instead)] if self.span and self.instead else []


class Hint(WrongShape):
    """Allowed, but probably not meant.

        input x: float[N, 1, 28, 28]
        y = x -> Affine(10)

    `Affine` acts on the last axis alone; most who write this mean `x -> Flatten -> Affine(10)`.
    """

    code = "GL307"
    severity = "warning"
