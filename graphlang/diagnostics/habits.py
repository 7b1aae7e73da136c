"""GL15x: notation of mathematics and of other languages, with what stands for it here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Span
from graphlang.diagnostics.syntax import SyntaxMistake


class Told(SyntaxMistake):
    """A mistake whose words come with it."""

    sure = True

    def __init__(
        self, span: Span, message: str, help: str, edits: Sequence[Edit] = (), label: str = ""
    ) -> None:
        super().__init__(span)
        self._message = message
        self._help = help
        self._edits = list(edits)
        self._label = label

    @property
    def message(self) -> str:
        return self._message

    @property
    def label(self) -> str:
        return self._label

    @property
    def help(self) -> str:
        return self._help

    @property
    def edits(self) -> Sequence[Edit]:
        return self._edits


class ForeignNotation(Told):
    """A notation of mathematics or of another language has no meaning here.

        y = sin x
        z = |x|
        c = x > 2 ? 1 : 0

    Functions are called with brackets, and every operation has a name: `sqrt(x)`, `abs(x)`,
    `where(c, a, b)`.

    Fix: write what the message names: `sin(x)`, `abs(x)`, `where(x > 2, 1, 0)`.
    """

    code = "GL150"


class ForeignComment(Told):
    """A comment is written as in another language.

        y = x * 2  // twice

    Here `//` divides and rounds down. A comment starts with `#` and ends with its line.

    Fix: `y = x * 2  # twice`.
    """

    code = "GL151"


class WrongNumber(Told):
    """A number is not written as numbers are here.

        a = 0x10
        b = 1,000
        c = 1e

    A number has digits from 0 to 9, at most one point, and at most one exponent that has digits: `1000`,
    `0.5`, `1e-6`.

    Fix: write it that way.
    """

    code = "GL152"


class MissingComma(SyntaxMistake):
    """Two names, or a name and its type, stand side by side without a `,` or `:`.

        input y, z
        output y z

    Fix: `output y, z`; `input x: float[N]`.
    """

    code = "GL153"
    sure = True

    def __init__(self, span: Span, before: Span, sign: str = ",") -> None:
        super().__init__(span)
        self.before = before
        self.sign = sign

    @property
    def message(self) -> str:
        return f"a `{self.sign}` is missing between `{self.before.text}` and `{self.span.text}`"

    @property
    def label(self) -> str:
        return f"expected `{self.sign}`"

    @property
    def help(self) -> str:
        return f"write `{self.before.text}{self.sign} {self.span.text}`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.before.end, self.before.end, self.span.source), self.sign)]


def free_size(span: Span) -> str:
    """A name for a size that stands at a place: `N` for the first of a shape, as of a batch."""
    text = span.source.text
    if text[: span.start].rstrip().endswith("["):
        return "N"
    used = set(re.findall(r"[^\W\d]\w*", text))
    return next((n for n in "DTKLMHWC" if n not in used), "D1")


class WrongForm(Told):
    """A declaration, a definition, a section or a chain stands in the form that another language gives it.

        input x: float(N, 3)
        y = x -> Affine 4

    Sizes stand in square brackets, what a layer takes in round ones, and blocks in braces.

    Fix: write it as the message says: `float[N, 3]`, `Affine(4)`.
    """

    code = "GL154"
