"""Operators that are written otherwise here, or that stand where no operator can."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Located, Span


class CaretPower(Located):
    """`^` is not an operator; a power is written `**`.

        y = x ^ 2

    Fix: `y = x ** 2`.
    """

    code = "GL118"
    message = "`^` is not an operator"
    label = "a power is written `**`"
    help = "did you mean `**`?"
    replacement = "**"
    sure = True


class NotAnArrow(Located):
    """A pipe is written with another arrow than `->`.

        y = x |> Relu

    Fix: `y = x -> Relu`.
    """

    code = "GL119"
    message = "`{span}` is not an operator"
    label = "a chain is written with `->`"
    help = "did you mean `->`?"
    sure = True

    #: where the same is to be done in the rest of the statement
    more: Sequence[Edit] = ()

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, "->"), *self.more]


class SpelledOperator(Located):
    """A logical operator is written as in C; here it is a word.

        hyper a = true, b = false
        s = x if a && !b else y

    Fix: `s = x if a and not b else y`.
    """

    code = "GL120"
    message = "`{span}` is not an operator"
    label = "written `{word}`"
    help = "write `{word}`"
    sure = True
    words = {"&&": "and", "&": "and", "||": "or", "!": "not", "~": "not"}

    @property
    def word(self) -> str:
        return self.words[self.span.text]

    @property
    def replacement(self) -> str:
        """The word, with a space on each side where it would touch what stands there."""
        text = self.span.source.text
        before = " " if text[: self.span.start][-1:].strip() else ""
        after = " " if text[self.span.end :][:1].strip() else ""
        return f"{before}{self.word}{after}"


class DanglingOperator(Located):
    """Nothing follows an operator or an arrow.

    A line that ends with an operator goes on with the next line.

        y = x -> Affine(10) ->
        output y

    Fix: write what belongs after it, or remove it.
    """

    code = "GL121"
    message = "nothing follows `{span}`"
    label = "{missing} is missing after this"
    help = "write what comes after `{span}`, or remove it"

    @property
    def missing(self) -> str:
        return "a layer" if self.span.text == "->" else "a value"


class DoubleOperator(Located):
    """Two operators stand side by side.

        y = a * / b

    Fix: remove one of them, or write the value between them.
    """

    code = "GL122"
    message = "`{span}` cannot follow `{before}`"
    label = "a value is missing between `{before}` and `{span}`"

    before: Span

    @property
    def together(self) -> str:
        return self.before.text + self.span.text

    @property
    def help(self) -> str:
        if self.together == "**":
            return "a power is written `**`, without a space"
        if self.together == "==":
            return "a comparison is written `==`, without a space; otherwise remove one"
        return "remove one of them, or write the value that belongs between them"

    @property
    def edits(self) -> Sequence[Edit]:
        whole = self.before.to(self.span)
        return [Edit(whole, self.together)] if self.together in ("**", "==") else []


class NothingBefore(Located):
    """An operator has nothing on its left.

        y = * 2

    Fix: write the value that belongs in front of it.
    """

    code = "GL123"
    message = "nothing stands before `{span}`"
    label = "a value is missing in front of this"
    help = "write what `{span}` works on, or remove it"


class ChainedComparison(Located):
    """Comparisons are chained.

        s = x if 0 < n < 10 else y

    Fix: `s = x if 0 < n and n < 10 else y`.
    """

    code = "GL124"
    message = "comparisons cannot be chained"
    label = "the second comparison"
    help = "write `a {first} b and b {span} c`, or use brackets"
    places = {"first": "the first comparison"}

    first: Span


class SideBySide(Located):
    """Two values or two statements stand side by side with nothing between them.

        price = 2 apple

    Fix: write the operator: `price = 2 * apple`; in a list or a call, the `,`; between statements, a new line
    or `;`.
    """

    code = "GL125"
    message = "an operator is missing between `{before:short}` and `{span:short}`"
    label = "does not follow from what is before"

    before: Span

    @property
    def factor(self) -> bool:
        """Whether it is a number before a name: a product, as on paper."""
        number = self.before.text.replace(".", "", 1).isdigit()
        return number and self.span.text.isidentifier() and self.span.text[0] != "_"

    @property
    def help(self) -> str:
        before, after = f"{self.before:short}", f"{self.span:short}"
        if before[:1].isdigit() and after.startswith("_"):
            return f"a number has no `_`: write `{before}{after.replace('_', '')}`"
        if before.replace(".", "").isdigit():
            return f"did you mean `{before} * {after}`?"
        return f"write the operator between them: `{before} * {after}` or `{before} + {after}`"

    @property
    def sure(self) -> bool:
        return self.factor

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.before.end, self.span.start, self.span.source), " * ")] if self.factor else []


class SideBySideInList(SideBySide):
    message = "a `,` or an operator is missing between `{before:short}` and `{span:short}`"
    factor = False

    @property
    def help(self) -> str:
        before, after = f"{self.before:short}", f"{self.span:short}"
        if before[:1].isdigit() and after.startswith("_"):
            return f"a number has no `_`: write `{before}{after.replace('_', '')}`"
        return f"write `{before}, {after}`, or the operator that is meant"


class ColumnOfSeveralWords(SideBySide):
    """The name of a column with spaces in a `data` section."""

    message = "`{whole}` is no name of the language"
    label = "a name ends before this"
    help = "write the column as `{written}`"
    sure = True

    whole: Span
    quoted: str
    #: whether it stands in `field(...)`
    named: bool

    @property
    def written(self) -> str:
        return f"field({self.quoted})"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.whole, self.quoted if self.named else self.written)]


class ColumnsWithoutComma(ColumnOfSeveralWords):
    """Names in a list of columns: several columns without a comma, or one whose name has a blank."""

    message = "a `,` is missing in `{whole}`, or it is the name of one column"
    help = "several columns are `{columns}`; one whose name has a blank is `{written}`"
    sure = False

    columns: str

    @property
    def edits(self) -> Sequence[Edit]:
        return ()


class StatementsSideBySide(SideBySide):
    message = "a new line or `;` is missing between `{before:short}` and `{span:short}`"
    help = "a statement starts on a line of its own, or after `;`"
    sure = True

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.before.end, self.span.start, self.span.source), "; ")]


class ApproxOutsideExpect(Located):
    """`~=` stands outside an `expect` line.

    `~=` is not an operator: it separates the two sides of `expect a ~= b`.

        y = a ~= b

    Fix: `expect a ~= b`, or `==` where a comparison is meant.
    """

    code = "GL126"
    message = "`~=` belongs to `expect a ~= b`"
    label = "not an operator"
    help = "use `==` to compare, or start the line with `expect`"


class ExpectNeedsApprox(Located):
    """An `expect` line has no `~=`.

        price = 143 * 5
        expect price == 715

    Fix: `expect price ~= 715`: equal up to rounding, as `numpy.allclose` decides.
    """

    code = "GL127"
    message = "`expect` needs `~=` between its two sides"
    label = "no `~=` before this"
    help = "write `expect a ~= b`"
    sure = True

    @property
    def edits(self) -> Sequence[Edit]:
        line = self.span.source.text[: self.span.start].rpartition("\n")[2]
        start = self.span.start - len(line) + line.rfind("==")
        return [Edit(Span(start, start + 2, self.span.source), "~=")] if line.count("==") == 1 else []


class MissingElse(Located):
    """A choice has no `else`.

        s = x if stride == 1

    Fix: `s = x if stride == 1 else y`: a value is needed either way.
    """

    code = "GL128"
    message = "`x if c` needs an `else`"
    label = "without `else`"
    help = "write `x if c else y`"
