"""Notation of mathematics and of other languages, with what stands for it here."""

from __future__ import annotations

from graphlang.diagnostics.base import wording
from graphlang.diagnostics.syntax.general import Rewritable


class ForeignNotation(Rewritable):
    """A notation of mathematics or of another language has no meaning here.

        y = sin x
        z = |x|
        c = x > 2 ? 1 : 0

    Functions are called with brackets, and every operation has a name: `sqrt(x)`, `abs(x)`,
    `where(c, a, b)`. Operators have the signs of Python: `==`, `!=`, `**`, `%`, `//`, `@`.

    Fix: write what the message names: `sin(x)`, `abs(x)`, `where(x > 2, 1, 0)`.
    """

    code = "GL150"

    factorial = wording("there is no factorial", "multiply the numbers: `prod([1, 2, 3])` is 3!")
    arrow_left = wording("a value gets its name with `=`", written="=")
    transpose_quote = wording(
        "a transpose is written `.T`, and a derivative `grad(y, x)`",
        "write `.T`, or `grad(y, x)` for the derivative of `y`",
        label="starts a text here",
        written=".T",
        sure=False,
    )
    infinity = wording("there is no number for infinity", "write a large one, such as `1e30`")
    derivative_sign = wording("a derivative is written `grad(y, x)`", written="grad(y, x)")
    elif_ = wording("there is no `elif`: a choice has one `else`", "write `a if c else b if d else e`")
    if_before_value = wording(
        "a choice starts with its value", "write `a if c else b`; at run time, `where(c, a, b)` chooses"
    )
    loop_in_list = wording(
        "a loop stands here where none can", "a list that a loop makes is `[x -> Affine(n) for n in [8, 4]]`"
    )
    f_string = wording(
        "there are no f-strings: a text has no values in it", "write out the text, without `f`"
    )
    prefixed_text = wording(
        "a text has no letter in front of its quotes: there are no f-strings", "leave the letter out"
    )
    lambda_ = wording("a function has a name", "write `def f(x) = value`, and call `f(x)`")


# ---- operators -------------------------------------------------------------------------------------------


class WrittenOtherwise(ForeignNotation):
    message = "`{span}` is written `{written}`"
    written: str

    symbol = wording(label="not a symbol here")
    elementwise = wording(help="write `{written}`: it works number by number")
    power_of_product = wording("a power is written `**`, and a product `*`")
    call_without_brackets = wording("a function is called with brackets", label="not called")


class RaisedPower(ForeignNotation):
    message = "a power is written `**`"
    label = "not a digit of a name"
    help = "write `** {power}`"
    power: str


class EqualsForLabel(ForeignNotation):
    message = "a layer gets its label with `:`"
    help = "write `{name}: ...`"
    name: str


# ---- signs that a function stands for --------------------------------------------------------------------


class SignOfFunction(ForeignNotation):
    message = "{operation} is written `{name}(x)`"
    label = "not a symbol here"
    help = "write `{name}(...)`"
    operation: str
    name: str


class SignsAround(ForeignNotation):
    message = "{operation} is not written with `{span}`"
    label = "not an operator"
    operation: str
    written: str


class Rounding(ForeignNotation):
    message = "rounding {direction} is written `{written}`"
    direction: str
    written: str


# ---- choices, loops, functions ---------------------------------------------------------------------------


class QuestionMark(ForeignNotation):
    message = "`c ? a : b` is not an expression here"
    label = "not an operator"
    help = "a choice is `where(c, a, b)`, or `a if c else b` where `c` is known before running"


class ConditionalOperator(QuestionMark):
    help = (
        "write `where({condition}, {yes}, {no})`; where that is known before running, "
        "`{yes} if {condition} else {no}`"
    )
    condition: str
    yes: str
    no: str


# ---- comments --------------------------------------------------------------------------------------------


class ForeignComment(Rewritable):
    """A comment is written as in another language.

        y = x * 2  // twice

    Here `//` divides and rounds down. A comment starts with `#` and ends with its line; a longer one
    has a `#` on each line.

    Fix: `y = x * 2  # twice`.
    """

    code = "GL151"
    message = "a comment starts with `#`"
    label = "{meaning}"
    written = "#"
    meanings = {
        "//": "here `//` divides and rounds down",
        "--": "here `-` subtracts, twice",
        "%": "here `%` is the remainder of a division",
        "/*": "here these are operators",
    }

    block = wording(
        "a comment starts with `#` and ends with its line", "write `#` in front of each line of it"
    )

    @property
    def meaning(self) -> str:
        return self.meanings.get(self.span.text, "here this is a text")
