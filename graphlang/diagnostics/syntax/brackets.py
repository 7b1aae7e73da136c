"""Brackets that are not closed or not opened, and blocks in braces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Located, Span
from graphlang.diagnostics.syntax.general import Rewritable

CLOSING = {"(": ")", "[": "]", "{": "}"}


class UnclosedBracket(Located):
    """A bracket is opened and never closed.

    Inside brackets a line end does not end a statement, so everything after an unclosed bracket is read
    as part of it.

        h = Relu(x @ W + b
        y = h @ V

    Fix: close the bracket where its contents end.
    """

    code = "GL102"
    message = "`{span}` is never closed"
    label = "opened here"
    help = "add the missing `{closing}`"
    places = {"end": "`{closing}` is still missing here"}

    end: Span | None = None
    of_type: bool = False

    @property
    def closing(self) -> str:
        return CLOSING.get(self.span.text, "}")

    @property
    def sure(self) -> bool:
        return self.of_type or self.span.text == "{"

    @property
    def edits(self) -> Sequence[Edit]:
        """The bracket, closed after the code before `end`, or after the last code of the file."""
        text = self.span.source.text
        at = end_of_code(text[: self.end.start if self.end else len(text)])
        return [Edit(Span(at, at, self.span.source), self.closing)]


def end_of_code(text: str) -> int:
    """The end of the last line that is more than a comment, without the comment behind it."""
    end = start = 0
    for line in text.splitlines(keepends=True):
        match = re.match(r'(?:[^"#\n]|"(?:[^"\\\n]|\\.)*"?)*', line)
        code = match[0].rstrip() if match else ""
        end = start + len(code) if code else end
        start += len(line)
    return end


class UnexpectedClosing(Located):
    """A bracket is closed that is not open, or another bracket than the one that is open.

        y = (a + b))

    Fix: remove the bracket, add the one that opens it, or use the one that fits: `(a + b)`.
    """

    code = "GL103"
    message = "`{span}` closes nothing"
    label = "no bracket is open here"
    help = "remove it, or add the bracket that it should close"
    replacement = ""
    sure = True


class WrongClosing(UnexpectedClosing):
    message = "`{span}` closes a `{opened}`"
    label = "does not fit"
    replacement = "{fitting}"
    help = "use the closing bracket that fits the opening one"
    places = {"opened": "this is the bracket that is open"}

    opened: Span

    @property
    def fitting(self) -> str:
        return CLOSING[self.opened.text]


class EmptyBlock(Located):
    """A block holds nothing.

        y = x -> layers { }

    Fix: write what belongs between the braces, or remove the block.
    """

    code = "GL104"
    message = "{block} is empty"
    label = "nothing before this"

    word: str

    @property
    def block(self) -> str:
        return f"the block of `{self.word}`" if self.word else "the block"

    @property
    def help(self) -> str:
        inside = {"def": "end it with `return value`", "scan": "give it `next` and `yield` lines"}
        return inside.get(self.word, "put at least one layer between the braces, or remove the block")


class MissingBlock(Located):
    """A word that needs a block in braces stands without one.

        y = x -> repeat 3 Affine(10)

    Fix: put what belongs to it between `{` and `}`.
    """

    code = "GL105"
    message = "`{word}` needs a block in braces"
    label = "expected `{{`"
    help = "write `{form}`"
    forms = {
        "layers": "layers { Affine(10); Relu }",
        "repeat": "repeat 3 { Affine(10); Relu }",
        "for": "for c in [16, 32] { Conv(c, 3); Relu }",
        "residual": "residual { LayerNorm; Affine(10) }",
        "scan": "scan x in xs carry h = h0 { next h = h + x; yield h }",
        "def": "def f(x) { return x }` or `def f(x) = x",
    }

    word: str

    @property
    def form(self) -> str:
        return self.forms.get(self.word, f"{self.word} {{ name = value }}")


class UnknownBlock(Located):
    """A block in braces belongs to a word that has none.

        optimizer { lr = 0.1 }

    Sections are `data`, `train` and `gradcheck`; in a chain, `layers`, `repeat`, `for` and `residual` have
    blocks; `def` and `scan` have theirs.

    Fix: use one of these words; what belongs to training is a setting of `train`.
    """

    code = "GL149"
    message = "`{span}` has no block"
    label = "unknown word"
    help = "blocks in braces belong to {words:and} here"

    words: Sequence[str]


class TupleForList(Rewritable):
    """Several values stand in round brackets.

        input x: float[N, 1, 28, 28]
        y = x -> Conv(16, (3, 3))

    Fix: a list is written in square brackets: `[3, 3]`.
    """

    code = "GL148"
    message = "round brackets hold one value"
    label = "a second value"
    help = "a list is written in square brackets: `[{values}]`"

    values: str

    @property
    def sure(self) -> bool:
        return bool(self.changes)


class NamesInBrackets(TupleForList):
    """`out, (h, c) = LSTM(x, 8)`"""

    message = "the names on the left of `=` stand side by side, without brackets"
    label = "a bracket"
    help = "write `{values}`"
