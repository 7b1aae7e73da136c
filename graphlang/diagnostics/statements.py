"""GL217 to GL224: parts that are taken from values, and statements that lack what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Located, first_of, wording
from graphlang.diagnostics.kinds import Remedy
from graphlang.diagnostics.places import Span
from graphlang.diagnostics.shapes import Traced


class WrongSubscript(Located):
    """What stands in the brackets behind a value is no index.

    An index is a whole number, a slice `a:b`, `...`, `none`, or one value or list of whole numbers alone.

        input x: float[N, 4]
        y = x[0.5]

    Fix: write whole numbers; `take(x, ids, axis=1)` takes several along one axis.
    """

    code = "GL217"

    dots_twice = wording(
        "`...` stands once in brackets: with two, nothing says which axes are which",
        "leave one of them out, and write a `:` for each axis that it stood for",
    )


class NotWhole(WrongSubscript):
    what: str

    index = wording(
        "an index is a whole number, not {what}",
        "write a whole number: 0 is the first one, -1 the last",
    )
    row = wording("an index is a whole number, not {what}", "if two rows are meant, write a `,` between them")
    end = wording(
        "a slice's end is a whole number, not {what}",
        "write a whole number, as in `x[:3]`, or leave it out",
    )


class NoSuchItem(WrongSubscript):
    message = "{what} of {length} has no item {item}: they count from 0"
    help = "count from 0, or from the end with -1"
    what: str
    length: int
    item: int


class ItemOfMixedList(WrongSubscript):
    message = "an item of {what} that holds more than numbers is taken by one whole number"
    help = first_of("{remedy.help}")
    what: str
    remedy: Remedy


class WrongUnpacking(Located):
    """A value is taken apart into more or fewer names than it has parts.

        input x: float[3, N]
        a, b = x

    Fix: write as many names as there are slices along the first axis, or values on the right.
    """

    code = "GL218"

    names: int


class ValuesForNames(WrongUnpacking):
    message = "{values} values for {names} names"
    help = "write as many names on the left as there are values"
    values: int


class SlicesForNames(WrongUnpacking):
    message = "{type} has {slices} slices along its first axis, for {names} names"
    help = "write as many names as there are slices, or take one of them, as in `x[0]`"
    type: str
    slices: str


class NothingToUnpack(WrongUnpacking):
    message = "{what} cannot be taken apart into {names} names"
    help = "give it one name, or write several values on the right, with commas between them"
    what: str


class WrongScan(Traced):
    """The parts of a `scan` do not go together.

    A `scan` goes along axis 1, time, or along `axis`. Each value that it carries starts outside, is handed
    on by one `next` in its own shape, and the body ends with one `yield`, a `last`, or both.

        input xs: float[N, T]
        hs = scan x in xs carry h = zeros(N) {
          h2 = h + x
          yield h2
        }

    Fix: add what the message says, here `next h = h2`.
    """

    code = "GL219"

    yield_of_other_kind = wording(
        "`yield` takes values of the graph",
        "yield a value that the body computes, as in `yield h2`",
    )
    yield_of_scalar = wording(
        "a `scan` yields values with a batch axis, and this is a scalar",
        "keep the axis of the batch, as `sum(h, axis=-1)` does, where `sum(h)` adds up everything",
    )
    wrong_reverse = wording("`reverse` of a `scan` is `true` or `false`", "write `reverse=true`")


class NoTimeAxis(WrongScan):
    message = "`scan` goes along an axis, and this is {what}"
    help = "go over a value with an axis of steps, such as `xs: float[N, T, 4]`"
    what: str


class CountForSequence(NoTimeAxis):
    """`scan i in range(10)`, `scan i in 10`"""

    help = "write `{written}`, a value with that many steps"
    replacement = "{written}"
    written: str


class WrongAxis(WrongScan):
    message = "`axis` of a `scan` is the number of an axis of the sequence, and {type} has {axes}"
    help = "write `axis={steps}`, the axis of its steps"
    type: str
    axes: str
    steps: int


class NoSuchOption(WrongScan):
    message = "a `scan` has no option `{name}`: it has `axis` and `reverse`"
    help = "a carried value stands after `carry`: write ` carry {name}`"
    replacement = " carry {name}"
    replaces = "place"
    name: str
    place: Span


class OptionElsewhere(NoSuchOption):
    """An option by the name that it has in another framework."""

    help = "write `{match}=...`"
    replacement = "{match}"
    match: str


class WrongCarry(WrongScan):
    name: str

    other_kind = wording("`{name}` starts as no value of the graph", "start it with `{name} = zeros(...)`")
    not_handed_on = wording(
        "`{name}` is carried, but no `next {name} = ...` hands it on",
        "write its value for the next step into the body: `next {name} = ...`",
    )


class NextOfOther(WrongScan):
    message = "`{name}` is not carried"
    help = first_of(
        "carried are {carries}", "nothing is carried here: write ` carry {name} = START` in front of the `{{`"
    )
    name: str
    carries: Sequence[str]


class CarryChanges(WrongScan):
    message = "`{name}` starts as {start}, but `next {name}` is {what}"
    help = (
        "start `{name}` as {what}, or have the body give {start}: its type stays the same from step to step"
    )
    name: str
    start: str
    what: str


class YieldCount(WrongScan):
    help = "end the body with `yield h2`, or with `last h`; several values go with commas"

    none = wording("a `scan` yields nothing")
    second = wording("a `scan` has one `yield`, and one `last`")


class WrongReturn(Located):
    """A statement stands outside of the block that it belongs to, or a block lacks its one `return`.

    A `def` in braces ends with one `return`; `next` and `yield` belong in a `scan`.

        input x
        def f(x) {
          y = x * 2
        }
        z = f(x)

    Fix: end the `def` with one `return`, here `return y`; at the top level, name outputs with `output z`.
    """

    code = "GL220"


class OutsideItsBlock(WrongReturn):
    message = "`{word}` stands only inside {block}"
    help = "move it into the braces of {block}"

    word: str

    @property
    def block(self) -> str:
        return "a `def`" if self.word == "return" else "a `scan`"


class ReturnCount(WrongReturn):
    name: str

    none = wording("`def {name}` has no `return`", "end it with `return value`")
    second = wording(
        "`def {name}` has more than one `return`", "one `return` at its end gives every result: `return a, b`"
    )


class WrongExpectation(Located):
    """An `expect` compares what cannot be compared, or would change the graph that it looks at.

        input x
        y = x * 2
        expect y ~= "2"

    Fix: compare values and numbers; a layer that an `expect` uses is shared with the network.
    """

    code = "GL221"

    no_tolerance = wording("a tolerance is a number, as in `within 1e-3`", "write a number after `within`")


class ExpectationOfOther(WrongExpectation):
    message = "`expect` compares values and numbers, and this is {what}"
    help = "write a value of the graph, a number or a list of numbers on each side"
    what: str


class ExpectationMakesParameters(WrongExpectation):
    message = "an `expect` makes no parameters, and `{kind}` here would have its own"
    help = "share one with the network: `layer fc = {kind}(...)`, and `fc(x)` here and there"
    kind: str


class WrongGrad(Traced):
    """`grad(y, x)` is given what has no gradient.

    It goes from a scalar `y` back to an `x` of type float that `y` was computed from.

        input x: float[3]
        g = grad(x * 2, x)

    Fix: sum the value first, as in `grad(sum(y), x)`; name the value that it goes back to.
    """

    code = "GL222"

    to_later_value = wording(
        "`grad` goes back to a value that `y` was computed from, and this one is made on the spot",
        "name it, compute `y` from the name, and take that: `h = {span}`, ..., `grad(y, h)`",
    )


class GradOfOtherKind(WrongGrad):
    message = "`{role}` of `grad(y, x)` is {what}, not a value of the graph"
    help = "write the name of a value of the file, as in `grad(loss, W)`"
    role: str
    what: str

    text = wording(help="write the name of the value without quotes")
    several = wording(help="take `grad` of each value by itself: `grad(y, a)`, `grad(y, b)`")


class GradOfOtherType(WrongGrad):
    type: str

    no_scalar = wording("`grad` starts from a scalar, and this is {type}", "sum it first: `grad(sum(y), x)`")
    no_float = wording(
        "`grad` goes to values of type float, and this is {type}",
        "take the gradient by a float that `y` was computed from, as an input of scores or a parameter",
    )


class NoListForFor(Located):
    """A `for` goes through something that is no list.

        input x
        y = x -> for n in 3 { Affine(n) }

    Fix: write a list, as in `for n in [1, 2, 3]`; `repeat 3 { ... }` repeats without counting.
    """

    code = "GL223"


class RangeForList(NoListForFor):
    message = "`for` goes through a list"
    help = "write `{written}`"
    replacement = "{written}"
    replaces = "call"
    written: str
    call: Span


class ItemsMisfit(NoListForFor):
    message = "`for` takes apart {count} values each time, and an item is {what}"
    help = "give every item {count} values, as in `for c, k in [(16, 3), (32, 5)]`"
    count: int
    what: str


class OtherForList(NoListForFor):
    message = "`for` goes through a list, and this is {what}"
    help = "write a list, as in `for c in [16, 32]`"
    what: str
