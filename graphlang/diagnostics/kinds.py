"""GL207 and GL211 to GL216: something stands where something of another kind is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphlang.diagnostics.base import Diagnostic
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


class NoValueHere(Diagnostic):
    """Something is used as a value of the graph that is none: a function, a layer, a type, a text, a list.

        input x
        y = sigmoid + x

    Fix: call the function, as in `sigmoid(x) + x`.
    """

    code = "GL207"

    span: Span


class LayerAsValue(NoValueHere):
    message = "`{name}` is a layer, not a value"
    help = "send a value into it: `{name}(x)`"

    name: str


class OperationAsValue(NoValueHere):
    message = "`{name}` is an operation, not a value"
    help = "call it, as in `{name}(x)`, or write `x -> {name}`"

    name: str


class OperationAsInput(OperationAsValue):
    """The same in an open formula, where a name that nothing defines is an input."""

    help = (
        "call it, as in `{name}(x)`, or write `x -> {name}`; "
        "if it is meant as an input, declare it: `input {name}`"
    )


class ImportedOperationAsValue(NoValueHere):
    message = "`{name}` is an operation, not a value"
    help = "call it, as in `{name}(x)`"

    name: str


class TypeAsValue(NoValueHere):
    message = "`{name}` is a type, not a value"
    help = "a type stands behind a `:`, as in `input x: {name}[N, 3]`"

    name: str


class InnerLayerAsValue(NoValueHere):
    message = "`{span}` is a layer, not a value"

    parameters: Sequence[str]

    @property
    def help(self) -> str | None:
        listed = ", ".join(f"`{name}`" for name in self.parameters)
        return f"its parameters are {listed}" if listed else None


class WrongOperand(NoValueHere):
    message = "`{operator}` cannot work on {what}"

    operator: str
    what: str
    remedy: Remedy

    @property
    def help(self) -> str | None:
        return self.remedy.help


class WrongArgument(NoValueHere):
    message = "`{operation}` works on values, not on {what}"

    operation: str
    what: str
    remedy: Remedy = Remedy()

    @property
    def help(self) -> str | None:
        return self.remedy.help


class WrongOutput(NoValueHere):
    message = "`{name}` is {what}, not a value of the graph"
    places = {"place": "`{name}` is defined here"}

    name: str
    what: str
    remedy: Remedy
    place: Span | None

    @property
    def help(self) -> str | None:
        return self.remedy.help


class WholeWithoutParts(NoValueHere):
    message = "{what} has no parts to take"

    what: str


# ---- no operation -----------------------------------------------------------------------------------


class NoOperation(Diagnostic):
    """What is called, what a value is sent into, or what `layer` shares, is no operation.

        input x, y
        z = x(y)

    Fix: call a layer, a function or a `def`; a product has its sign, as in `x * (y)`.
    """

    code = "GL211"

    span: Span


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


class CalledMethod(NoOperation):
    message = "a value has no methods"
    help = "call the function: `{written}`"

    written: str
    #: the call, where the text can take its place
    call: Span | None

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.call, self.written)] if self.call else []


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
}


class CalledImport(NoOperation):
    message = "`{name}` is an imported file; call one of its `def`s"

    name: str


class ValueInChain(NoOperation):
    message = "a chain goes through operations, and this is a value"


class NoLayerToShare(NoOperation):
    message = "`layer` makes one instance of a layer or a `def`"


class SharedAlready(NoLayerToShare):
    help = "`{span}` is shared already: use it as it is"


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


class WrongBrackets(Diagnostic):
    """What belongs to a layer stands in brackets of another kind.

    Arguments stand in round brackets, the layers of a block in braces; square brackets make a list, or take
    a part of a value.

        input x: float[N, 4]
        y = x -> Affine[3]

    Fix: write `Affine(3)`, or `layers { Affine(3); Relu }`.
    """

    code = "GL212"

    span: Span
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

    arguments: str
    #: the square brackets
    brackets: Span

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.brackets, f"({self.arguments})")]


class NoSuchModule(Diagnostic):
    """The name before a point is no file that was imported, such as the module of another language.

        input x
        y = np.exp(x)

    Fix: call functions by their name alone, and import files of your own.
    """

    code = "GL213"

    span: Span
    name: str


class NotImported(NoSuchModule):
    message = "`{name}` is no imported file"
    help = 'import it: `import "{name}.graph" as {name}`'


class PrefixOfFunction(NoSuchModule):
    message = "there is no `{name}` in this language"
    help = "functions need no prefix: write `{function}`"
    replacement = "{function}"

    function: str


class PrefixOfValue(NoSuchModule):
    message = "there is no `{name}` in this language"

    written: str | None
    catalog_note: str | None

    @property
    def replacement(self) -> str | None:
        return self.written

    @property
    def help(self) -> str:
        return f"write `{self.written}`" if self.written else self.catalog_note or "functions need no prefix"


class WrongMember(Diagnostic):
    """An initialiser, an optimizer, a schedule or a source is not written as one.

    Each is a name, with its arguments in round brackets; only the path of a file is a text.

        input x: float[N, 4]
        y = x -> Affine(3, init="he")

    Fix: write it as the help says; `graphlang layers` lists what there is.
    """

    code = "GL214"

    span: Span


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


class QuotedMember(WrittenMember):
    message = "one of the {family} is written without quotes"

    family: str


class SourceWithoutReader(WrittenMember):
    message = "a source says how the file is read"


class InitialiserWithShape(WrittenMember):
    message = "`{written}` fills the parameter, whose shape its type says"


class NormalWithMean(WrittenMember):
    message = "`normal` has the mean 0, and takes the standard deviation alone"


class BarePath(WrittenMember):
    message = "a path is a text"


class NoParameterYet(Diagnostic):
    """A parameter of a layer is read before the layer has one, or by a name that it does not have yet.

        layer fc = Affine(3)
        y = sum(fc.W)

    The shapes of parameters come from what is sent into the layer; and layers without a name are counted
    when all of them are made, so only `expect` can read `Affine1.W`.

    Fix: use the layer, or give it a name of its own.
    """

    code = "GL215"

    span: Span


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


class NoConstant(Diagnostic):
    """A value of the graph stands where only constants can: in a `hyper`, or in the default of a formal.

        input x
        hyper n = x + 1

    Fix: use numbers and other `hyper`s.
    """

    code = "GL216"

    span: Span


class ValueInHyper(NoConstant):
    message = "a `hyper` is a constant, and `{span}` is a value of the graph"


class ValueAmongConstants(NoConstant):
    message = "`{name}` is a value of the graph, and here only what is known before running can stand"
    help = "use numbers and `hyper`s"
    places = {"place": "`{name}` is defined here"}

    name: str
    place: Span
