"""The base of mistakes that a rule mends, and the one that is reported where no other fits."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Located, listed, wording


class Rewritable(Located):
    """A mistake whose edits depend on the text around it, so that whoever finds it makes them."""

    help = "write `{written}`"

    changes: Sequence[Edit]

    @property
    def sure(self) -> bool:
        return True

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class UnexpectedSyntax(Located):
    """Something stands where the language has no place for it, or the file or a line ends too early.

    The message says what stands there and what could stand there instead.

        def 3(x) = x

    Fix: the caret shows the first word that does not fit; the mistake is there or just before it.
    """

    code = "GL101"
    message = "{word} cannot stand here, {construct}"

    word: str
    expected: Sequence[str]
    #: where in the grammar that is: `in the call of `f``
    construct: str
    #: how that is written
    form: str

    too_early = wording("{word} comes too early, {construct}")
    several_values = wording(
        "one `=` has one value on its right",
        "give each name its value in a statement of its own: `a = 1; b = 2`",
    )

    @property
    def label(self) -> str:
        return f"expected {listed(self.expected)}" if self.expected else ""

    @property
    def help(self) -> str:
        if list(self.expected) == ["the end of the line"]:
            return "the statement is whole before this: remove it, or put it on a line of its own"
        if self.expected:
            return f"write {listed(self.expected)} here, or look just before, as in `{self.form}`"
        return f"look for the mistake just before this place, as in `{self.form}`"
