"""GL4xx: calls with arguments that do not fit the operation, and constants that have no value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphlang.diagnostics.base import Diagnostic, Located, first_of, wording
from graphlang.diagnostics.places import Edit, Span
from graphlang.diagnostics.spelling import closest_of


class Requirement(NamedTuple):
    """What a field asks of its value, as it stands behind the field's name."""

    #: what it must be, and what it is, where that can be shown; else what is wrong in a sentence
    needed: str | None
    actual: str | None
    complaint: str

    def __str__(self) -> str:
        if self.needed is None:
            return f": {self.complaint}"
        return f" must be {self.needed}" + (f", but it is {self.actual}" if self.actual else "")

    @property
    def unquoted(self) -> str | None:
        """The number that stands in quotes, where a number is asked for."""
        text = re.fullmatch(r'the text "([-+.\deE_]+)"', self.actual or "")
        return text[1] if text and self.needed in ("a number", "a whole number") else None

    @property
    def named(self) -> str | None:
        """The name that stands in quotes, where a number is asked for."""
        text = re.fullmatch(r'the text "([^\W\d]\w*)"', self.actual or "")
        return text[1] if text and self.needed in ("a number", "a whole number") else None


class UnknownAttribute(Located):
    """An operation is given an attribute that it does not have.

        y = x -> Affine(50, biass=false)

    Fix: correct the spelling; the message lists what there is.
    """

    code = "GL401"
    message = "`{operation}` has no attribute `{name}`"
    replacement = first_of("{match}")
    help = first_of(
        "did you mean `{match}`?",
        "{catalog_note}",
        "`{operation}` knows {attributes}",
        "`{operation}` takes no attributes",
    )

    operation: str
    name: str
    attributes: Sequence[str]
    #: the attribute that another framework calls so
    foreign: str | None = None
    #: what the catalog says of one that is written in another way here
    catalog_note: str | None = None

    _closest = closest_of("name", "attributes")

    @property
    def match(self) -> str | None:
        found: str | None = self._closest
        return self.foreign if self.foreign in self.attributes else found


class SettingAsAttribute(UnknownAttribute):
    """A setting of a section, as `test`, that is given to a source or an optimizer which does not take it."""

    help = "{place}"

    place: object = None

    @property
    def match(self) -> str | None:
        return None


class WrongAttribute(Located):
    """An attribute has a value that it cannot have.

        y = x -> Affine(-50)

    Fix: the message says what is allowed; `graphlang layers NAME` shows the whole signature.
    """

    code = "GL402"
    help = "`graphlang layers {operation}` shows its signature"

    operation: str


class AttributeRefused(WrongAttribute):
    message = "{subject}{requirement}"
    help = first_of(
        "write it without quotes: `{requirement.unquoted}`",
        "a name of the file stands without quotes: `{requirement.named}`",
        "`graphlang layers {operation}` shows its signature",
    )

    #: the attribute, or the operation where the mistake is in several of them
    subject: str
    requirement: Requirement


class NoPositiveSize(WrongAttribute):
    message = "`{name}` of `{operation}` is {what}, and a size is a positive whole number"
    name: str
    what: str


class NoWord(WrongAttribute):
    message = "`{name}` of `{operation}` must be {words:or}, but it is `{span}`"
    help = "write {words:or}"
    name: str
    words: Sequence[str]


class NumberInQuotes(WrongAttribute):
    message = "`{name}` of `{operation}` is a text, {text}, where a number or a truth value is asked for"
    help = first_of("write it without quotes: `{unquoted}`", "define it without quotes")
    replacement = first_of("{unquoted}")
    name: str
    text: str
    #: what stands in the quotes, where they stand here
    unquoted: str | None


class NoSizeArgument(WrongAttribute):
    message = "{what} is not a size"
    what: str


class MissingArgument(Located):
    """A call lacks an argument that has no default.

        y = x -> Affine

    Fix: give it: `x -> Affine(50)`.
    """

    code = "GL403"
    message = "`{operation}` needs {missing:and}"

    operation: str
    missing: Sequence[str]

    of_member = wording(help="`graphlang layers {operation}` shows its signature")


class MissingOfSignature(MissingArgument):
    help = "its signature is `{signature}`"
    signature: str


class NothingToWorkOn(Located):
    """A layer stands alone, where it has no value to work on.

        h = Affine(50)

    Fix: send a value into it: `h = x -> Affine(50)`.
    """

    code = "GL404"
    message = "`{operation}` has no value to work on"
    help = "send a value into it, `x -> {text}`, or share one instance: `layer name = {text}`"

    operation: str
    text: str


class TooManyArguments(Located):
    """A call has more arguments than the operation takes.

        y = exp(a, b)

    Fix: remove it; the message shows the signature.
    """

    code = "GL405"
    message = "one argument too many for `{operation}`"
    help = "its signature is `{signature}`"

    operation: str
    signature: str


class SizeOfInput(TooManyArguments):
    """The size of what comes in is given too, as other frameworks ask for it; the other is a start."""

    message = "`{operation}` takes the size of what comes out alone; `{span}` would be taken for `{name}`"
    help = "write `{operation}({span})`; where `{name}` is meant, say so: `{name}={span}`"

    name: str
    #: from the first size to the second
    surplus: Span

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.surplus, "")]


class ArgumentTwice(Located):
    """An argument is given twice: by position and by name, or twice by name.

        y = x -> Affine(50, units=60)

    Fix: keep one of the two.
    """

    code = "GL406"
    message = "`{name}` of `{operation}` is given twice"
    help = "keep one of the two"
    places = {"first": "first given here"}

    operation: str
    name: str
    first: Span | None


class NotKnownBefore(Located):
    """An attribute, a size or a condition depends on a value that is only known when the graph runs.

        input x: float[N, 4], n
        y = x -> Affine(n)

    Fix: use a number, a `hyper` or a dimension; `where(c, a, b)` chooses at run time.
    """

    code = "GL407"
    message = "{subject} must be known before running, but this is a value of the graph"
    help = "use a number, a `hyper` or a dimension"
    places = {"place": "this is a value of the graph"}

    subject: str
    place: Span | None

    attribute = wording(help="use a number, a `hyper` or a dimension")
    condition = wording(help="`where(c, a, b)` chooses at run time")


class OperandForAttribute(NotKnownBefore):
    """`max(a, b)`, as the larger of two values is written elsewhere."""

    help = "`{operation}` is over the elements of one value; of two values it is `{pairwise}(a, b)`"

    operation: str
    pairwise: str


class CannotCompute(Located):
    """A constant expression has no value, or one that cannot stand there.

        hyper n = 10 // 0

    It divides by zero, gives a number that is too large, has a text in a sum, or is no condition or count.

    Fix: the message says what has no value.
    """

    code = "GL408"

    division_by_zero = wording("division by zero", "divide by a number other than 0")
    zero_with_negative_power = wording(
        "zero has no negative power",
        "a negative power divides: take it of a number other than 0",
    )
    result_too_large = wording(
        "the result is too large",
        "write smaller numbers: the largest is about 1.8e308",
    )
    size_too_long = wording(
        "the formula of sizes has too many terms",
        "give the sizes numbers, or names of their own",
    )
    no_whole_result = wording(
        "the result is too large for a whole number",
        "write a smaller number, or leave the rounding out",
    )
    product_of_numbers = wording(
        "`@` multiplies matrices, and this is a number; `*` multiplies numbers",
        "write `*`",
    )


class PowerOfNumbers(CannotCompute):
    base: object
    exponent: object

    too_large = wording(
        "{base} ** {exponent} is too large",
        "write a smaller base or exponent: the largest number is about 1.8e308",
    )
    not_real = wording(
        "{base} ** {exponent} is not a real number",
        "take a whole power, or one of a positive number",
    )


class NoFunctionOf(CannotCompute):
    message = "before running, `{name}` has no value for {what}"
    help = "`{name}` takes {takes}"
    name: str
    what: str
    takes: str


class BetweenOthers(CannotCompute):
    message = "`{operator}` stands between {needed}, not {left} and {right}"
    help = "write {needed} on both sides"
    operator: str
    needed: str
    left: str
    right: str


class BeforeOther(CannotCompute):
    message = "`{operator}` stands before {needed}, not {what}"
    help = "write {needed} after it"
    operator: str
    needed: str
    what: str


class NotComparable(CannotCompute):
    message = "{left} and {right} cannot be compared before running"
    help = "compare what is known before running; `where(a < b, x, y)` chooses when the graph runs"
    left: str
    right: str


class SizeNotComparable(NotComparable):
    help = "`{size}` comes with the data; write a number in the type of the input"
    size: str


class ListTooDeep(CannotCompute):
    message = "lists nest at most {limit} deep, as the axes of an array do"
    help = "write a flatter list, and `reshape` it"
    limit: int


class NoCondition(CannotCompute):
    message = "the condition of `if` is {what}, neither true nor false"
    help = "write a comparison, as in `n > 0`, or `true` or `false`"
    what: str


class NoCount(CannotCompute):
    message = "`repeat` needs a whole number of times, not {what}"
    help = "write how many times, from 0 on: `repeat 3 {{ ... }}`"
    what: str

    fraction = wording(help="`/` gives a fraction; `//` divides whole numbers")


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

    span: Span | None
    #: the operation, and what it is called in the graph
    subject: str


class NotRecorded(LayerFailed):
    message = "{subject} uses `{function}`, which cannot be recorded"
    help = first_of("{own_help}")
    function: str
    #: what may be called in its place
    own_help: str | None


class NumberAskedFor(LayerFailed):
    message = "{subject} asks for a number that is not known before running: {reason}"
    help = (
        "a layer works on whole arrays, without a Python loop over their elements: "
        "`np.sum(x, axis=0)`, `np.where(c, a, b)`, `np.maximum(x, 0)`"
    )
    reason: str


class WrongResult(LayerFailed):
    """`forward` returns, or is declared to have, what does not fit the contract of an operation."""

    message = "{subject} {reason}"
    help = first_of("{own_help}")

    reason: str
    own_help: str | None


class WrongBackward(LayerFailed):
    message = "{subject} is wrong: {reason}"
    help = "give one of each argument's shape"
    reason: str


class LayerRaised(LayerFailed):
    message = "{subject} failed on {types}: {exception}: {reason}"
    help = first_of(
        "did you mean `{meant}`?", "correct the code of {subject}, or give it values of a type that it takes"
    )
    types: str
    exception: str
    reason: str
    #: the name that an unknown one in the code may be meant for
    meant: str | None = None
