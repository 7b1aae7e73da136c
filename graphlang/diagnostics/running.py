"""GL705 to GL717: what goes wrong with a sound spec when it is asked for values, gradients or text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import Diagnostic, first_of, wording
from graphlang.diagnostics.places import Span
from graphlang.diagnostics.spelling import closest_of


class UnknownValue(Diagnostic):
    """`--of`, `of=` or a gradient names a value that the graph does not have.

        graphlang run price.graph --of prise

    Fix: name an input, a parameter, or a value that the file names; `graphlang summary` lists them.
    """

    code = "GL705"
    message = "the graph has no value `{name}`"
    help = first_of("did you mean `{match}`?", "`graphlang summary` lists every value")
    match = closest_of("name", "values")

    name: str
    values: Sequence[str]
    file: str | None = None


class NothingToStartFrom(Diagnostic):
    """Backward has no place to start: the file has several outputs and no `train` section.

        a = x**2
        b = x**3
        output a, b

    Gradients are those of one value. Where the file does not say which (one output, or what `train`
    minimizes), you do.

    Fix: choose one with `--of a`, from Python with `of="a"`, or name one `output`.
    """

    code = "GL706"

    outputs: Sequence[str]
    file: str | None

    no_output = wording("the file has no output to start backward from")
    several_outputs = wording("the file has several outputs to start backward from: {outputs}")

    @property
    def help(self) -> str:
        option = "--of NAME" if self.shell else f'of="{self.outputs[0] if self.outputs else "NAME"}"'
        return f"choose one with `{option}`, or name it in the file with `output`"


class WrongSeed(Diagnostic):
    """The gradient that backward starts from does not have the shape or the type of the value.

        graphlang run price.graph --seed-gradient [1,2]

    A gradient has the shape of its value, its numbers are floats, and only a float has one.

    Fix: give a number, or as many as the value has; start from a value of type float.
    """

    code = "GL707"
    help = "give a number, or an array of the value's shape"

    name: str
    file: str | None

    no_float = wording("`{name}` is not of type float, so it has no gradient")
    too_large = wording("the gradient of `{name}` is larger than what a float can hold")


class SeedOfOtherShape(WrongSeed):
    message = "the gradient of `{name}` has the shape [{shape:bare}], not {actual}"
    shape: Sequence[int]
    #: the shape that was given, or the text that is no number
    actual: str
    #: the value that the text names
    meant: str | None = None

    help = first_of(
        'name the value that is differentiated by `of`: `backward(of="{meant}")`',
        "give a number, or an array of the value's shape",
    )


class MissingSection(Diagnostic):
    """A command needs a section that the file does not have: `train` needs `train` and `data`.

        graphlang train price.graph

    Fix: add the section; the message shows one that can be adapted.
    """

    code = "GL708"
    message = "`{command}` needs a `{section}` section"
    help = "add to the file: {example} (`graphlang new NAME --template mlp` writes a whole file to look at)"

    command: str
    section: Literal["data", "train"]
    file: str | None

    @property
    def example(self) -> str:
        return _SECTIONS[self.section]


_SECTIONS = {
    "data": 'data { source = npz("data.npz"); x = x; t = t }',
    "train": "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 100; epochs = 5 }",
}


class BadSpec(Diagnostic):
    """A spec that came as JSON or as a model names what does not exist, goes in a circle, or lacks a part.

        gl.Graph.from_spec({"nodes": [{"name": "y", "operation": "Afine", "operands": ["x"]}]})

    Fix: take the JSON as `spec.model_dump_json()` wrote it, or correct what the message names.
    """

    code = "GL710"
    help = "take the JSON as `spec.model_dump_json()` wrote it, or correct what is named here"

    same_name = wording("the spec is not sound: two values have the same name")


class MisshapenSpec(BadSpec):
    """What Pydantic says of data that is no spec."""

    message = "the spec is not sound: {place}{problem}"

    keys: Sequence[str | int]
    problem: str

    @property
    def place(self) -> str:
        return f"{'.'.join(map(str, self.keys))}: " if self.keys else ""


class UnknownOperand(BadSpec):
    message = "the spec is not sound: `{node}` uses `{operand}`, which is not in the spec"
    node: str
    operand: str


class UnknownResult(BadSpec):
    """A part of the spec beside its nodes names a value that it does not have."""

    message = "the spec is not sound: {part} names `{name}`, which is not in the spec"
    part: str
    name: str


class WrongGradNode(BadSpec):
    message = "the spec is not sound: `{node}` is a `grad`, whose operands are two values"
    node: str


class WrongScanNode(BadSpec):
    node: str

    without_body = wording("the spec is not sound: `{node}` is a scan without a body for its operands")
    body_without_result = wording(
        "the spec is not sound: the body of `{node}` lacks a value that it hands on"
    )


class NoSuchOperation(BadSpec):
    message = "the spec is not sound: there is no operation `{name}`"
    name: str


class NoSuchMember(BadSpec):
    message = "the spec is not sound: there is no `{name}` among the {family}"
    name: str
    family: str


class WrongAttributesInSpec(BadSpec):
    message = "the spec is not sound: `{node}`: {problem}"
    node: str
    problem: str


class NodesInCycle(BadSpec):
    message = "the spec is not sound: the nodes form a cycle: {path}"

    nodes: Sequence[str]

    @property
    def path(self) -> str:
        return " -> ".join(self.nodes)


class CannotRun(Diagnostic):
    """An operation cannot be computed for the values that were given.

    Shapes are checked before anything runs, but an input without a type may be given any array.

        graphlang run sum.graph --set x=[1,2] --set y=[1,2,3]

    Fix: give values that fit, or declare the inputs' types in the file to hear of it earlier.
    """

    code = "GL712"
    message = "{subject} cannot be computed: {reason}"

    #: the graph, the metrics, the training step, or an operation of them
    subject: str
    reason: str
    span: Span | None = None

    for_inputs = wording("{subject} cannot be computed for these inputs: {reason}")

    @property
    def help(self) -> str | None:
        if "singular" in self.reason or "positive definite" in self.reason:
            return "a matrix that depends on few rows often is; `m + 1e-6 * eye(n)` has an inverse"
        return None


class NoTextModel(Diagnostic):
    """A text is to be continued by a graph that is no model of a text.

    To go on with a text, graphlang asks for the next character again and again. So the file takes its data
    from `text(...)`, an input takes the characters, and the one output has scores [N, T, characters].

        graphlang predict lesson:two_layer_net --weights net.npz --text "Once upon"

    Fix: give `--inputs` instead of `--text`, or train a model such as lesson:transformer.
    """

    code = "GL714"
    message = "this graph cannot continue a text: {reason}"
    help = 'such a file has `data {{ source = text("book.txt", window=64); x = x; t = t }}`'

    file: str | None
    reason: Literal[
        "its data is no `text(...)`",
        "it needs an input `x = x` and one output, the scores",
        "its output has not the shape [N, T, characters]",
    ]


class UnknownCharacter(Diagnostic):
    """A text to go on with is empty, or has a character that the model has never seen.

    A model of characters knows those of the text that it learned, and no others.

        graphlang predict lesson:transformer --weights runs/transformer-1 --text "Été"

    Fix: write the text with the characters that the message lists.
    """

    code = "GL715"
    vocab: Sequence[str]

    empty_text = wording("the text to go on with is empty")

    @property
    def help(self) -> str:
        return f"it knows these: {''.join(c for c in self.vocab if c.isprintable())}"


class CharacterNotLearnt(UnknownCharacter):
    message = "the model does not know {character!r}, character {number} of the text"
    character: str
    number: int
