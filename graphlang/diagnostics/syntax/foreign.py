"""Notation of mathematics and of other languages, with what stands for it here."""

from __future__ import annotations

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


# ---- operators -------------------------------------------------------------------------------------------


class OtherOperator(ForeignNotation):
    message = "`{span}` is written `{written}`"

    written: str


class OtherSymbol(OtherOperator):
    label = "not a symbol here"


class ElementwiseOperator(OtherOperator):
    help = "write `{written}`: it works number by number"


class NotAFactorial(ForeignNotation):
    message = "there is no factorial"
    help = "multiply the numbers: `prod([1, 2, 3])` is 3!"


class RaisedPower(ForeignNotation):
    message = "a power is written `**`"
    label = "not a digit of a name"
    help = "write `** {power}`"

    power: str


class RaisedPowerOfProduct(ForeignNotation):
    message = "a power is written `**`, and a product `*`"

    written: str


class ArrowLeft(ForeignNotation):
    message = "a value gets its name with `=`"
    written = "="


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


class TransposeQuote(ForeignNotation):
    message = "a transpose is written `.T`"
    label = "starts a text here"
    written = ".T"
    sure = False


class Infinity(ForeignNotation):
    message = "there is no number for infinity"
    help = "write a large one, such as `1e30`"


class DerivativeSign(ForeignNotation):
    message = "a derivative is written `grad(y, x)`"
    written = "grad(y, x)"


class CallWithoutBrackets(ForeignNotation):
    message = "a function is called with brackets"
    label = "not called"

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


class Elif(ForeignNotation):
    message = "there is no `elif`: a choice has one `else`"
    help = "write `a if c else b if d else e`"


class IfBeforeValue(ForeignNotation):
    message = "a choice starts with its value"
    help = "write `a if c else b`; at run time, `where(c, a, b)` chooses"


class LoopInList(ForeignNotation):
    message = "a list is not made by a loop"
    help = "write its items out, or use `arange` and whole arrays"


class Lambda(ForeignNotation):
    message = "a function has a name"
    help = "write `def f(x) = value`, and call `f(x)`"


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

    @property
    def meaning(self) -> str:
        return self.meanings.get(self.span.text, "here this is a text")


class ForeignBlockComment(ForeignComment):
    message = "a comment starts with `#` and ends with its line"
    help = "write `#` in front of each line of it"
