"""GL4xx: calls with arguments that do not fit the operation."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.spelling import closest


class UnknownAttribute(Diagnostic):
    """An operation is given an attribute that it does not have.

        y = x -> Affine(50, biass=false)

    Fix: correct the spelling; the message lists what there is.
    """

    code = "GL401"

    def __init__(
        self, span: Span, operation: str, name: str, known: Sequence[str], foreign: str | None = None
    ) -> None:
        self.span = span
        self.operation = operation
        self.name = name
        self.known = list(known)
        self.match = foreign if foreign in self.known else closest(name, known)

    @property
    def message(self) -> str:
        return f"`{self.operation}` has no attribute `{self.name}`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, self.match)] if self.span and self.match else []

    @property
    def help(self) -> str | None:
        if self.match:
            return f"did you mean `{self.match}`?"
        if self.known:
            return f"`{self.operation}` knows " + ", ".join(f"`{k}`" for k in self.known)
        return f"`{self.operation}` takes no attributes"


class WrongAttribute(Diagnostic):
    """An attribute has a value that it cannot have.

        y = x -> Affine(-50)

    Fix: the message says what is allowed; `graphlang layers NAME` shows the whole signature.
    """

    code = "GL402"

    def __init__(self, span: Span, operation: str, message: str, help: str | None = None) -> None:
        self.span = span
        self.operation = operation
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help or f"`graphlang layers {self.operation}` shows its signature"


class MissingArgument(Diagnostic):
    """A call lacks an argument that has no default.

        y = x -> Affine

    Fix: give it: `x -> Affine(50)`.
    """

    code = "GL403"

    def __init__(self, span: Span, operation: str, missing: Sequence[str], signature: str) -> None:
        self.span = span
        self.operation = operation
        self.missing = list(missing)
        self.signature = signature

    @property
    def message(self) -> str:
        names = " and ".join(f"`{m}`" for m in self.missing)
        return f"`{self.operation}` needs {names}"

    @property
    def help(self) -> str | None:
        return f"its signature is `{self.signature}`"


class NothingToWorkOn(Diagnostic):
    """A layer stands alone, where it has no value to work on.

        h = Affine(50)

    Fix: send a value into it: `h = x -> Affine(50)`.
    """

    code = "GL404"

    def __init__(self, span: Span, operation: str, text: str) -> None:
        self.span = span
        self.operation = operation
        self.text = text

    @property
    def message(self) -> str:
        return f"`{self.operation}` has no value to work on"

    @property
    def help(self) -> str | None:
        return f"send a value into it, `x -> {self.text}`, or share one instance: `layer name = {self.text}`"


class TooManyArguments(Diagnostic):
    """A call has more arguments than the operation takes.

        y = exp(a, b)

    Fix: remove it; the message shows the signature.
    """

    code = "GL405"

    def __init__(self, span: Span, operation: str, signature: str) -> None:
        self.span = span
        self.operation = operation
        self.signature = signature

    @property
    def message(self) -> str:
        return f"one argument too many for `{self.operation}`"

    @property
    def help(self) -> str | None:
        return f"its signature is `{self.signature}`"


class ArgumentTwice(Diagnostic):
    """An argument is given twice: by position and by name, or twice by name.

        y = x -> Affine(50, units=60)

    Fix: keep one of the two.
    """

    code = "GL406"

    def __init__(self, span: Span, operation: str, name: str, first: Span | None) -> None:
        self.span = span
        self.operation = operation
        self.name = name
        self.first = first

    @property
    def message(self) -> str:
        return f"`{self.name}` of `{self.operation}` is given twice"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.first, "first given here")] if self.first else []


class NotKnownBefore(Diagnostic):
    """An attribute, a size or a condition depends on a value that is only known when the graph runs.

        input x: float[N, 4], n
        y = x -> Affine(n)

    Fix: use a number, a `hyper` or a dimension; `where(c, a, b)` chooses at run time.
    """

    code = "GL407"

    def __init__(
        self, span: Span, what: str, help: str | None = None, related: Sequence[Related] = ()
    ) -> None:
        self.span = span
        self.what = what
        self._help = help
        self._related = related

    @property
    def message(self) -> str:
        return f"{self.what} must be known before running, but this is a value of the graph"

    @property
    def help(self) -> str | None:
        return self._help or "use a number, a `hyper` or a dimension"

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class CannotCompute(Diagnostic):
    """A constant expression has no value: a division by zero, a number too large, text in a sum.

        hyper n = 10 // 0

    Fix: the message says what has no value.
    """

    code = "GL408"

    def __init__(self, span: Span, message: str, help: str | None = None) -> None:
        self.span = span
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help


class LayerFailed(Diagnostic):
    """The Python code of a layer failed, or uses a NumPy function that cannot be recorded.

    A layer's `forward` and `backward` run on symbolic arrays first, so they may only call NumPy
    functions that are recorded, on whole arrays:

        def forward(self, x):
            x[x < 0] = 0
            return x

    Fix: nothing is written into an array, and no Python loop or `if` looks at its elements. Choose with
    `np.where(x < 0, 0, x)` or `np.maximum(x, 0)`; add up with `np.sum(x, axis=0)`.
    """

    code = "GL409"

    def __init__(
        self,
        span: Span | None,
        message: str,
        help: str | None = None,
        cause: BaseException | None = None,
    ) -> None:
        self.span = span
        self._message = message
        self._help = help
        self.cause = cause

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help
