"""GL217 to GL224: parts that are taken from values, and statements that lack what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.kinds import Remedy
from graphlang.diagnostics.places import Edit, Span
from graphlang.diagnostics.shapes import Traced


class WrongSubscript(Diagnostic):
    """What stands in the brackets behind a value is no index.

    An index is a whole number, a slice `a:b`, `...`, `none`, or one value or list of whole numbers alone.

        input x: float[N, 4]
        y = x[0.5]

    Fix: write whole numbers; `take(x, ids, axis=1)` takes several along one axis.
    """

    code = "GL217"

    span: Span


class IndexNotWhole(WrongSubscript):
    message = "an index is a whole number, not {what}"

    what: str


class EndNotWhole(WrongSubscript):
    message = "a slice's end is a whole number, not {what}"

    what: str


class DotsTwiceInBrackets(WrongSubscript):
    message = "`...` stands once in brackets: with two, nothing says which axes are which"


class IndicesBesideOthers(WrongSubscript):
    message = "indices, in a list or in a value, stand alone in their brackets"
    help = "take along one axis, then the rest: `take({value}, ids, axis=0)[...]`"

    value: str


class NoSuchItem(WrongSubscript):
    message = "{what} of {length} has no item {item}: they count from 0"

    what: str
    length: int
    item: int


class ItemOfMixedList(WrongSubscript):
    message = "an item of {what} that holds more than numbers is taken by one whole number"

    what: str
    remedy: Remedy

    @property
    def help(self) -> str | None:
        return self.remedy.help


class WrongUnpacking(Diagnostic):
    """A value is taken apart into more or fewer names than it has parts.

        input x: float[3, N]
        a, b = x

    Fix: write as many names as there are slices along the first axis, or values on the right.
    """

    code = "GL218"

    span: Span
    names: int


class ValuesForNames(WrongUnpacking):
    message = "{values} values for {names} names"

    values: int


class SlicesForNames(WrongUnpacking):
    message = "{type} has {slices} slices along its first axis, for {names} names"

    type: str
    slices: str


class NothingToUnpack(WrongUnpacking):
    message = "{what} cannot be taken apart into {names} names"

    what: str


class WrongScan(Traced):
    """The parts of a `scan` do not go together.

    A `scan` goes along axis 1, time. Each value that it carries starts outside, is handed on by one `next`
    in its own shape, and the body ends with one `yield`.

        input xs: float[N, T]
        hs = scan x in xs carry h = zeros(N) {
          h2 = h + x
          yield h2
        }

    Fix: add what the message says, here `next h = h2`.
    """

    code = "GL219"


class NoTimeAxis(WrongScan):
    message = "`scan` goes along axis 1, time, and this is {what}"

    what: str


class CarryOfOtherKind(WrongScan):
    message = "`{name}` starts as no value of the graph"
    help = "start it with `{name} = zeros(...)`"

    name: str


class CarryNotHandedOn(WrongScan):
    message = "`{name}` is carried, but no `next {name} = ...` hands it on"

    name: str


class NextOfOther(WrongScan):
    message = "`{name}` is not carried"
    help = "carried are {carries}"

    name: str
    carries: Sequence[str]


class CarryChanges(WrongScan):
    message = "`{name}` starts as {start}, but `next {name}` is {what}"

    name: str
    start: str
    what: str


class YieldCount(WrongScan):
    help = "end the body with `yield h2`; several values go with commas"


class NoYield(YieldCount):
    message = "a `scan` yields nothing"


class SecondYield(YieldCount):
    message = "a `scan` has one `yield`"


class YieldOfOtherKind(WrongScan):
    message = "`yield` takes values of the graph"


class YieldOfScalar(WrongScan):
    message = "a `scan` yields values with a batch axis, and this is a scalar"


class WrongReturn(Diagnostic):
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

    span: Span


class OutsideItsBlock(WrongReturn):
    message = "`{word}` stands only inside {block}"

    word: str

    @property
    def block(self) -> str:
        return "a `def`" if self.word == "return" else "a `scan`"


class NoReturn(WrongReturn):
    message = "`def {name}` has no `return`"
    help = "end it with `return value`"

    name: str


class SecondReturn(WrongReturn):
    message = "`def {name}` has more than one `return`"
    help = "one `return` at its end gives every result: `return a, b`"

    name: str


class WrongExpectation(Diagnostic):
    """An `expect` compares what cannot be compared, or would change the graph that it looks at.

        input x
        y = x * 2
        expect y ~= "2"

    Fix: compare values and numbers; a layer that an `expect` uses is shared with the network.
    """

    code = "GL221"

    span: Span


class NoTolerance(WrongExpectation):
    message = "a tolerance is a number, as in `within 1e-3`"


class ExpectationOfOther(WrongExpectation):
    message = "`expect` compares values and numbers, and this is {what}"

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


class GradOfOtherKind(WrongGrad):
    message = "`{role}` of `grad(y, x)` is {what}, not a value of the graph"

    role: str
    what: str


class GradOfTensor(WrongGrad):
    message = "`grad` starts from a scalar, and this is {type}"
    help = "sum it first: `grad(sum(y), x)`"

    type: str


class GradToNoFloat(WrongGrad):
    message = "`grad` goes to values of type float, and this is {type}"

    type: str


class GradToLaterValue(WrongGrad):
    message = "`grad` goes back to a value that `y` was computed from, and this one is made on the spot"
    help = "name it, compute `y` from the name, and take that: `h = {span}`, ..., `grad(y, h)`"


class NoListForFor(Diagnostic):
    """A `for` goes through something that is no list.

        input x
        y = x -> for n in 3 { Affine(n) }

    Fix: write a list, as in `for n in [1, 2, 3]`; `repeat 3 { ... }` repeats without counting.
    """

    code = "GL223"

    span: Span


class RangeForList(NoListForFor):
    message = "`for` goes through a list"
    help = "write `{written}`"

    written: str
    call: Span

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.call, self.written)]


class OtherForList(NoListForFor):
    message = "`for` goes through a list, and this is {what}"
    help = "write a list, as in `for c in [16, 32]`"

    what: str
