"""GL207 and GL211 to GL216: something stands where something of another kind is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphlang.diagnostics.base import Located, first_of, wording
from graphlang.diagnostics.places import Edit, Span


class Remedy(NamedTuple):
    """How to make a value of the graph from something that is none."""

    #: how many values a name is needed for each of
    unnamed: int = 0
    #: the text of a list of values, which can be joined
    joined: str | None = None

    @property
    def help(self) -> str | None:
        if self.unnamed:
            return f"give each a name first: `{', '.join('abcdefgh'[: self.unnamed])} = ...`"
        return f"join values into one: `stack({self.joined})`, or `concat`" if self.joined else None


# ---- no value ---------------------------------------------------------------------------------------


class NoValueHere(Located):
    """Something is used as a value of the graph that is none: a function, a layer, a type, a text, a list.

        input x
        y = sigmoid + x

    Fix: call the function, as in `sigmoid(x) + x`.
    """

    code = "GL207"


class NameAsValue(NoValueHere):
    name: str
    arguments: str = "x"

    layer = wording("`{name}` is a layer, not a value", "send a value into it: `{name}(x)`")
    operation = wording(
        "`{name}` is an operation, not a value",
        "call it, as in `{name}({arguments})`, or write `x -> {name}`",
    )
    operation_or_input = wording(
        "`{name}` is an operation, not a value",
        "call it, as in `{name}(x)`, or write `x -> {name}`; "
        "if it is meant as an input, declare it: `input {name}`",
    )
    imported_operation = wording("`{name}` is an operation, not a value", "call it, as in `{name}(x)`")
    type = wording(
        "`{name}` is a type, not a value", "a type stands behind a `:`, as in `input x: {name}[N, 3]`"
    )


class InnerLayerAsValue(NoValueHere):
    message = "`{span}` is a layer, not a value"
    help = first_of("its parameters are {parameters}")
    parameters: Sequence[str]


class WrongOperand(NoValueHere):
    message = "`{operator}` cannot work on {what}"
    help = first_of("{remedy.help}")
    operator: str
    what: str
    remedy: Remedy


class WrongArgument(NoValueHere):
    message = "`{operation}` works on values, not on {what}"
    help = first_of("{remedy.help}")
    operation: str
    what: str
    remedy: Remedy = Remedy()


class WrongOutput(NoValueHere):
    message = "`{name}` is {what}, not a value of the graph"
    help = first_of("{remedy.help}")
    places = {"place": "`{name}` is defined here"}
    name: str
    what: str
    remedy: Remedy
    place: Span | None


class WholeWithoutParts(NoValueHere):
    message = "{what} has no parts to take"
    help = "brackets take parts of arrays and lists; write it without them"
    what: str


# ---- no operation -----------------------------------------------------------------------------------


class NoOperation(Located):
    """What is called, what a value is sent into, or what `layer` shares, is no operation.

        input x, y
        z = x(y)

    Fix: call a layer, a function or a `def`; a product has its sign, as in `x * (y)`.
    """

    code = "GL211"

    value_in_chain = wording(
        "a chain goes through operations, and this is a value",
        "send it into a layer or a function, as in `x -> Relu`; two values take an operator, as in `x + y`",
    )


class CalledValue(NoOperation):
    message = "this is a value, and a value cannot be called"

    #: the text as a product, and where its sign is put in
    product: tuple[str, Span] | None

    @property
    def help(self) -> str | None:
        return f"did you mean `{self.product[0]}`?" if self.product else None

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.product[1], " * ")] if self.product else []


class CalledName(CalledValue):
    message = "`{name}` is a value, and a value cannot be called"
    places = {"place": "`{name}` is defined here"}
    name: str
    place: Span


class CalledLayers(NoOperation):
    message = "a list of layers cannot be called"
    help = "send the value through them: `{value} -> layers {{ Affine(50); Relu }}`"
    value: str


class CalledLayer(NoOperation):
    """`Affine(3)(x)`, as Keras and PyTorch have it."""

    message = "`{name}(...)` takes its value at once, not in a second call"
    help = "send the value into it: `{written}`"

    name: str
    #: the whole call, where the text can take its place
    call: Span | None
    written: str

    known = wording(help="write `{written}`", replacement="{written}", replaces="call")


class CalledMethod(NoOperation):
    message = "a value has no methods"
    help = "call the function: `{written}`"
    replacement = "{written}"
    replaces = "call"
    written: str
    #: the call, where the text can take its place
    call: Span | None


class CalledMember(NoOperation):
    message = "`{name}` is one of the {family}; it belongs in a setting or an `init`"

    name: str
    family: str
    written: str

    @property
    def help(self) -> str:
        return _HOMES[self.family].format(self.written)


_HOMES = {
    "initializers": "write `param W: float[3, 4] = {0}`, or `Affine(4, init={0})`",
    "optimizers": "write `train {{ minimize = loss; optimizer = {}; batch = 100; epochs = 5 }}`",
    "datasets": "write `data {{ source = {}; x = x; t = t }}`",
    "schedules": "write `train {{ schedule = {}; ... }}`",
    "monitors": "write `train {{ stop = early(validation.loss); keep = best(validation.loss); ... }}`",
}


class CalledImport(NoOperation):
    message = "`{name}` is an imported file; call one of its `def`s"
    help = "write `{name}.NAME(...)` with the name of a `def` of that file"
    name: str


class NoLayerToShare(NoOperation):
    message = "`layer` makes one instance of a layer or a `def`"
    help = "write a layer or a call of one, as in `layer fc = Affine(50)`"

    shared_already = wording(help="`{span}` is shared already: use it as it is")


class LayersToShare(NoLayerToShare):
    """A list of layers, which becomes one in a `def`."""

    help = "make a `def` of it: `def {definition}(x) = x -> {layers}`, then `layer {name} = {definition}`"

    name: str
    definition: str
    #: where the `def` can be written; nowhere inside another one
    start: Span | None

    @property
    def layers(self) -> str:
        return self.span.text if "\n" not in self.span.text else "..."

    @property
    def edits(self) -> Sequence[Edit]:
        if self.start is None:
            return []
        definition = f"def {self.definition}(x) = x -> {self.span.text}\n"
        return [Edit(self.start, definition), Edit(self.span, self.definition)]


class WrongBrackets(Located):
    """What belongs to a layer stands in brackets of another kind.

    Arguments stand in round brackets, the layers of a block in braces; square brackets make a list, or take
    a part of a value.

        input x: float[N, 4]
        y = x -> Affine[3]

    Fix: write `Affine(3)`, or `layers { Affine(3); Relu }`.
    """

    code = "GL212"

    name: str


class LayersWithoutBraces(WrongBrackets):
    message = "the layers of `{name}` stand in a block in braces"
    help = "write `x -> {name} {{ Affine(50); Relu }}`"

    braces: Sequence[Edit]

    @property
    def edits(self) -> Sequence[Edit]:
        return self.braces


class SquareArguments(WrongBrackets):
    message = "what `{name}` takes stands in round brackets"
    help = "write `{name}({arguments})`"
    replacement = "({arguments})"
    replaces = "brackets"
    arguments: str
    #: the square brackets
    brackets: Span


class NoSuchModule(Located):
    """The name before a point is no file that was imported, such as the module of another language.

        input x
        y = np.exp(x)

    Fix: call functions by their name alone, and import files of your own.
    """

    code = "GL213"

    name: str

    not_imported = wording("`{name}` is no imported file", 'import it: `import "{name}.graph" as {name}`')


class PrefixOfFunction(NoSuchModule):
    message = "there is no `{name}` in this language"
    help = "functions need no prefix: write `{function}`"
    replacement = "{function}"
    function: str


class PrefixOfValue(NoSuchModule):
    message = "there is no `{name}` in this language"
    replacement = first_of("{written}")
    help = first_of("write `{written}`", "{catalog_note}", "functions need no prefix")
    written: str | None
    catalog_note: str | None


class WrongMember(Located):
    """An initialiser, an optimizer, a schedule or a source is not written as one.

    Each is a name, with its arguments in round brackets; only the path of a file is a text.

        input x: float[N, 4]
        y = x -> Affine(3, init="he")

    Fix: write it as the help says; `graphlang layers` lists what there is.
    """

    code = "GL214"


class MemberNeeded(WrongMember):
    message = "one of the {family} is needed here"
    help = "there are {members}"
    family: str
    members: Sequence[str]


class WrittenMember(WrongMember):
    """One of which it is certain what to write."""

    help = "write `{written}`"
    replacement = "{written}"

    written: str

    source_without_reader = wording("a source says how the file is read")
    initialiser_with_shape = wording("`{written}` fills the parameter, whose shape its type says")
    normal_with_mean = wording("`normal` has the mean 0, and takes the standard deviation alone")
    drawn_array = wording("a start says how its numbers are drawn; their shape is that of the type")
    optimizer_of_parameters = wording("an optimizer is not given what it trains: that is every `param`")
    bare_path = wording("a path is a text")
    name_of_module = wording("there are no modules here: an optimizer or a schedule has its name alone")


class QuotedMember(WrittenMember):
    message = "one of the {family} is written without quotes"
    family: str


class NoParameterYet(Located):
    """A parameter of a layer is read before the layer has one, or by a name that it does not have yet.

        layer fc = Affine(3)
        y = sum(fc.W)

    The shapes of parameters come from what is sent into the layer; and layers without a name are counted
    when all of them are made, so only `expect` can read `Affine1.W`.

    Fix: use the layer, or give it a name of its own.
    """

    code = "GL215"


class NothingSentIn(NoParameterYet):
    message = "`{name}` has no parameters yet: nothing is sent into it"
    help = "use it somewhere: `{name}(x)`"
    name: str


class CountedName(NoParameterYet):
    message = "`{name}` is what counting calls a layer once all are made, so only `expect` can read it"
    help = "give it a name of its own: a label, `fc1: {kind}(...)`, or `layer fc1 = {kind}(...)`"

    name: str

    @property
    def kind(self) -> str:
        return self.name.rstrip("0123456789")


class NoConstant(Located):
    """A value of the graph stands where only constants can: in a `hyper`, or in the default of a formal.

        input x
        hyper n = x + 1

    Fix: use numbers and other `hyper`s.
    """

    code = "GL216"

    in_hyper = wording(
        "a `hyper` is a constant, and `{span}` is a value of the graph",
        "use numbers and other `hyper`s; a value of the graph is defined without the word `hyper`",
    )


class ValueAmongConstants(NoConstant):
    message = "`{name}` is a value of the graph, and here only what is known before running can stand"
    help = "use numbers and `hyper`s"
    places = {"place": "`{name}` is defined here"}
    name: str
    place: Span


class ProbabilitiesForScores(Located):
    """A loss that has softmax or sigmoid in it gets what has gone through it already.

        input x: float[N, 4], t: int[N]
        p = x -> Affine(3) -> Softmax
        loss = SoftmaxWithLoss(p, t)

    That trains, but slowly: the second softmax makes all classes nearly alike.

    Fix: give the loss the scores, and make the probabilities beside it: `p = softmax(y)`.
    """

    code = "GL224"
    severity = "note"
    message = (
        "`{loss}` takes scores and has `{function}` in it, which these numbers have gone through already"
    )
    help = "give it what stands before the {function}; `p = {function}(y)` beside it makes the probabilities"
    places = {"place": "probabilities from here"}

    loss: str
    function: str
    place: Span | None


class GradientApart(Located):
    """A gradient by a value that nothing is computed from: it is 0 everywhere.

        input x: float[N, 4]
        rows = 2 * x
        y = tanh(x)
        expect grad(sum(y), rows) ~= 0

    That is allowed, and a test of it always passes.

    Fix: compute the one from the other, `y = tanh(rows)`, or take the gradient by what it is computed from.
    """

    code = "GL225"
    severity = "note"
    message = "nothing is computed from `{x}`, so this gradient is 0 everywhere"
    help = "compute `{y}` from it, or take the gradient by a value that `{y}` is computed from"

    y: str
    x: str
