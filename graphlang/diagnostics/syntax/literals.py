"""Strings, numbers and constants that are not written as they are here."""

from __future__ import annotations

from graphlang.diagnostics.base import Located, wording
from graphlang.diagnostics.syntax.general import Rewritable

# ---- strings -------------------------------------------------------------------------------------------


class UnterminatedString(Located):
    """A string has no closing `"` on its line.

        data { source = npz("data/mnist.npz) }

    Fix: add the closing `"`. A string ends on the line where it starts.
    """

    code = "GL113"
    message = "the string is not closed on its line"
    label = "starts here"
    help = 'add the closing `"`'


class SingleQuotes(Located):
    """A string stands in single quotes.

        data { source = npz('data/mnist.npz') }

    Fix: use double quotes: `"data/mnist.npz"`.
    """

    code = "GL114"
    message = "strings are written in double quotes"
    help = "write `{replacement}`"
    sure = True

    @property
    def replacement(self) -> str:
        inside = self.span.text[1:-1].replace('"', '\\"')
        return f'"{inside}"'


class UnknownEscape(Located):
    r"""A backslash in a string is followed by something that has no meaning.

        data { source = npz("data\mnist.npz") }

    Known are `\"`, `\\`, `\n` and `\t`.

    Fix: write `\\` for a backslash; paths are written with `/` on every system.
    """

    code = "GL115"
    message = "unknown escape `{span}` in a string"
    label = r"known are `\"`, `\\`, `\n`, `\t`"
    help = r"write `/` in a path, or `\\` for a backslash"


# ---- constants -----------------------------------------------------------------------------------------


class PythonConstant(Located):
    """`True`, `False` and `None` are written small in this language.

        input x: float[N, 3]
        y = x -> Affine(10, bias=False)

    Fix: write `true`, `false` or `none`.
    """

    code = "GL117"
    message = "`{span}` is written `{replacement}`"
    label = "written small here"
    help = "write `{replacement}`"
    sure = True

    @property
    def replacement(self) -> str:
        return self.span.text.lower()


# ---- numbers -------------------------------------------------------------------------------------------


class NumberTooLarge(Located):
    """A number is larger than a float can hold (about 1.8e308).

        y = x * 1e999

    Fix: check the exponent.
    """

    code = "GL116"
    message = "the number is too large"
    label = "more than 1.8e308"
    help = "check the exponent; scores that stand for minus infinity work with `-1e30`"


class ForeignNumber(Rewritable):
    """A number is not written as numbers are here.

        a = 0x10
        b = 1,000
        c = 1e

    A number has digits from 0 to 9, at most one point, and at most one exponent that has digits: `1000`,
    `0.5`, `1e-6`. It has no `_`, no suffix for its type and no `%`, its digits are not grouped, and there are
    no complex numbers.

    Fix: write it that way.
    """

    code = "GL152"

    several_points = wording("a number has one point", "write it with one point, as in `0.5`")
    empty_exponent = wording("`{span}` lacks the digits of its exponent", "write them, as in `1e6`")
    complex_number = wording("there are no complex numbers", "write the real and the imaginary part apart")


class RewrittenNumber(ForeignNumber):
    written: str

    underscore = wording("a number has no `_`")
    suffix = wording("a number has no suffix")
    grouped_digits = wording("the digits of a number are not grouped")
    decimal_comma = wording("a number has a decimal point")
    other_base = wording("numbers are decimal")
    per_cent = wording("`%` is the remainder of a division")


class WrongDigitsOfBase(ForeignNumber):
    message = "numbers are decimal"
    help = "there are no {base} numbers"
    base: str
