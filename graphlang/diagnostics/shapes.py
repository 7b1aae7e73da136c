"""GL3xx: shapes, sizes and types that do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Located, first_of, wording
from graphlang.diagnostics.places import Edit, Related, Span


class Traced(Located):
    """A mistake that is seen best where its values come from."""

    #: where each of the values comes from, and its type there
    origins: Sequence[Related]

    @property
    def also(self) -> Sequence[Related]:
        return self.origins


class WrongShape(Traced):
    """Shapes do not fit together: those of an operation's operands, or two sizes of one dimension.

        input x: float[N, 784]
        param W: float[50, 10]
        y = x @ W

    Fix: follow the sizes from where each operand comes; the message names both shapes.
    """

    code = "GL301"


class OperandsMisfit(WrongShape):
    """What an operation says of the shapes of its operands."""

    message = "{subject}{reason}"
    help = first_of("{own_help}")

    #: the operation, and what stands between it and the reason
    subject: str
    reason: str
    #: what the operation advises
    own_help: str | None = None
    #: the same as changes of the text, where one way alone makes the operands fit
    changes: Sequence[Edit] = ()

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class ResidualMisfit(WrongShape):
    message = "`residual` adds what goes in, {x}, and what comes out, {y}"
    help = first_of(
        "end it with a layer that gives the shape of what goes in, as `Affine({width})` does",
        "end it with a layer that gives the shape of what goes in",
    )
    x: str
    y: str
    #: the size of the last axis, where the others agree
    width: int | None = None


class SharedOtherwise(WrongShape):
    """A shared layer whose parameters another use gave another shape."""

    message = "`{name}` is shared and has the shape [{shape}], but this use wants [{needed}]"
    help = "send values of one width into it, or make a layer for each"

    name: str
    shape: str
    needed: str


class DefaultsDiffer(WrongShape):
    message = "the defaults of `{first}` and `{name}` give `{dimension}` two sizes, {first_size} and {size}"
    help = "give both defaults one size, or one of the inputs a dimension with another name"
    first: str
    name: str
    dimension: str
    first_size: int
    size: int


class SidesMisfit(WrongShape):
    message = "`expect` compares number by number, but the sides are {left} and {right}"
    help = "bring both to one shape"
    left: str
    right: str


class AmbiguousBroadcast(Traced):
    """Both operands would be stretched, each along another axis: the classic silent bug.

    `(N,) - (N, 1)` gives N x N numbers, where N were meant.

        input y: float[N, 1], t: float[N]
        d = y - t

    Fix: bring both to one shape, or write `reshape` where the outer combination is meant.
    """

    code = "GL302"


class SidesBroadcast(AmbiguousBroadcast):
    message = "`expect` compares number by number, but the sides are {left} and {right}"
    help = "bring both to one shape"
    left: str
    right: str


class OperandsBroadcast(AmbiguousBroadcast):
    message = "`{operator}` would stretch both operands: {x} and {y} give ({result})"

    operator: str
    x: str
    y: str
    result: str
    #: one operand in the shape that every combination takes
    every: str
    #: the longer operand in the shape of the other, where both have the same numbers
    same: str | None

    @property
    def help(self) -> str:
        reshaped = f": {self.same}" if self.same else ""
        return f"bring both to one shape{reshaped}; where every combination is meant, say so: {self.every}"


class UnknownDimension(Located):
    """A size in brackets is not known there.

    A bare new name in an `input` or in a `def`'s formal makes a dimension; anywhere else, and in an
    expression, it must be known.

        input x: float[N, 784]
        param W: float[D, 50]

    Fix: write the number, or name the dimension in an input.
    """

    code = "GL303"
    message = "unknown dimension `{name}`"
    replacement = first_of("{match}")
    help = first_of(
        "did you mean `{match}`?",
        "in a `def` a new dimension is named in the head: `{head}`",
        "a new dimension is named in an `input`; elsewhere write a number or a known dimension",
    )

    name: str
    match: str | None = None
    #: the head of the `def` around it, with a formal of that dimension
    head: str | None = None


class NotANumberYet(Traced):
    """A parameter's shape depends on a dimension that is only known when data arrives.

        input x: float[N, D]
        y = x -> Affine(10)

    Fix: write the size in the input's type, here `float[N, 784]`.
    """

    code = "GL304"
    message = "the parameter `{name}` would have the shape [{shape}], which is not known before running"
    help = "a parameter's shape must be a number: write the size in the type of the input"

    name: str
    shape: str


class WrongType(Traced):
    """A value has another type, shape or rank than is asked for.

        def f(x: float[N, D]) = sum(x)
        input a: float[N]
        y = f(a)

    Fix: give a value of the type that the message names.
    """

    code = "GL305"


class TypeMisfit(WrongType):
    message = "{subject} is {actual}, but {type} is asked for"

    subject: str
    actual: str
    type: Span
    #: what the names in the type stand for here
    names: Sequence[str] = ()

    @property
    def help(self) -> str | None:
        if self.names:
            return f"{' and '.join(self.names)} here"
        if self.actual.startswith("int") and self.type.text.startswith("float"):
            return "`1.0 * x` makes floats of whole numbers, and a formal without a type takes both"
        if "[" in self.actual and self.actual.partition("[")[0] == self.type.text.partition("[")[0]:
            declared = f"give it another value, or declare it `{self.actual}`"
            numbers = any(map(str.isdigit, self.type.text))
            return f"{declared}; a name in place of a number, as `D`, takes any size" if numbers else declared
        return None


class TransposedVector(WrongType):
    message = "`.T` swaps the last two axes, and this is {type}"
    help = (
        "leave `.T` out, or make a vector a row first, `expand_dims(v, 0)`, or a column, `expand_dims(v, 1)`"
    )
    type: str


class DefaultMisfit(WrongType):
    message = "the default of `{name}` is {actual}, but {type} is declared"
    help = "write a default of the declared type, or declare the type that the default has"
    name: str
    actual: str
    type: Span

    number_for_large_array = wording(
        help="a default has the shape of its input; leave it out, and give the value when the graph is run"
    )


class NumberForArray(DefaultMisfit):
    """One number for every element of a small array."""

    help = "write every number: `{written}`"

    written: str


class DefaultWithoutNumber(WrongType):
    message = "the default of `{name}` is {what}, not a number"
    help = "write a number, or leave the default out"
    name: str
    what: str


class StartOfOtherType(WrongType):
    message = "`{name}` is {type} and cannot start as {what}"
    help = "write a start of the declared type, or declare the type that the start has"
    name: str
    type: Span
    what: str


class WrongSize(Located):
    """A size is not what a size can be: negative, a fraction, or not a number at all.

        input x: float[N, -3]

    Fix: a size is a positive whole number or an expression over dimensions that gives one; `...` stands once,
    in the types of a `def`.
    """

    code = "GL306"

    dots_twice = wording(
        "`...` stands once in a type: with two, nothing says which axes are which",
        "name the axes between, or leave one `...` out",
    )
    dots_outside_def = wording(
        "`...` stands only in the types of a `def`",
        "write every axis, with a name for a size that is not known before, as in `float[N, 4]`",
    )


class NotASize(WrongSize):
    message = "a size is a positive whole number, not {what}"
    help = "write a number such as 3, or a name for a size that is not known before"
    what: str


class SizeWithoutNumber(NotASize):
    name: str

    in_quotes = wording(help="write `{name}`: the name of a size needs no quotes", replacement="{name}")
    not_given = wording(
        help="a size that is not known before has a name: write `{name}`", replacement="{name}"
    )


class Hint(Located):
    """Allowed, but probably not meant.

        input x: float[N, 1, 28, 28]
        y = x -> Affine(10)

    `Affine` acts on the last axis alone; most who write this mean `x -> Flatten -> Affine(10)`. A loss over
    classes, as `SoftmaxWithLoss`, of one column of scores is another such case.
    """

    code = "GL307"
    severity = "warning"
    message = "`{operation}` on {types} is allowed, but probably not meant"
    help = "{hint}"

    operation: str
    types: str
    #: what the layer says of such operands
    hint: str


class IndexOutside(Traced):
    """An index that is written out lies outside of what it counts.

        input x: float[N, 3]
        y = take(x, [0, 5], axis=1)

    Fix: count from 0; -1 is the last one, where it is an index and not a label.
    """

    code = "GL308"
    message = "`{operation}`: index {index} lies outside of {lowest}..{highest}"
    help = "count from 0: what is there has the indices {lowest} to {highest}"

    operation: str
    index: int
    lowest: int
    highest: int


class RaggedList(Located):
    """The rows of a list have different lengths, so it is no array.

        input x
        y = x + [[1, 2], [3]]

    Fix: give every row as many numbers.
    """

    code = "GL309"
    message = "the rows of this list differ in length"
    help = "give every row as many numbers"
