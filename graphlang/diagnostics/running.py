"""GL7xx: what goes wrong with a sound spec when it runs: inputs, weights, numbers that are not finite."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, Related, Span
from graphlang.diagnostics.spelling import closest


class MissingInputs(Diagnostic):
    """Inputs without a default were given no value.

        graphlang run price.graph --set apple=100

    Fix: give each, with `--set NAME=VALUE` or `--inputs FILE`, or write a default in the file.
    """

    code = "GL701"

    def __init__(
        self, names: Sequence[str], types: Sequence[str], file: str | None, span: Span | None = None
    ) -> None:
        self.names = list(names)
        self.types = list(types)
        self.file = file
        self.span = span
        #: a value that could be asked for instead, which does without them
        self.instead: str | None = None

    @property
    def message(self) -> str:
        listed = ", ".join(f"`{n}`" for n in self.names)
        return f"missing inputs: {listed}" if len(self.names) > 1 else f"missing input: {listed}"

    @property
    def help(self) -> str | None:
        if self.instead is None:
            return self._how_to_give
        listed = " and ".join(f"`{n}`" for n in self.names)
        output = (
            f"`{self.instead}` does without {listed}: write `output {self.instead}` in the file to get it"
        )
        return f"{output}; or {self._how_to_give}"

    @property
    def _how_to_give(self) -> str:
        scalars = all(t == "float" for t in self.types)
        if not self.shell:
            types = [""] * len(self.names) if scalars else [f" ({t})" for t in self.types]
            listed = ", ".join(f"`{n}=...`{t}" for n, t in zip(self.names, types, strict=True))
            return f"give each a value by keyword, or all in one mapping: {listed}"
        if scalars:
            return "give each a value: " + " ".join(f"--set {n}=..." for n in self.names)
        wanted = ", ".join(f"{n}: {t}" for n, t in zip(self.names, self.types, strict=True))
        return f"give {wanted} with `--inputs FILE`, JSON or npz"


class UnknownInput(Diagnostic):
    """A value is given for an input that the graph does not have.

        graphlang run price.graph --inputs prices.json      # with "aple": 100

    Fix: give it the name that the file declares.
    """

    code = "GL702"

    def __init__(self, name: str, known: Sequence[str], file: str | None = None) -> None:
        self.name = name
        self.known = list(known)
        self.file = file

    @property
    def message(self) -> str:
        return f"there is no input `{self.name}`"

    @property
    def help(self) -> str | None:
        match = closest(self.name, self.known)
        if match:
            return f"did you mean `{match}`?"
        return "the inputs are " + ", ".join(f"`{k}`" for k in self.known) if self.known else None


class WrongInput(Diagnostic):
    """The value of an input does not have the type that the file declares.

        input x: float[N, 784]

    and then a value of shape (100, 28, 28).
    """

    code = "GL703"

    def __init__(
        self,
        name: str,
        message: str,
        span: Span | None,
        help: str | None = None,
        related: Sequence[Related] = (),
        shell_help: str | None = None,
    ) -> None:
        self.name = name
        self._message = message
        self.span = span
        self._help = help
        self._shell_help = shell_help
        self._related = related

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._shell_help or self._help if self.shell else self._help

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class UnknownValue(Diagnostic):
    """`--of`, `of=` or a gradient names a value that the graph does not have.

        graphlang run price.graph --of prise

    Fix: name an input, a parameter, or a value that the file names; `graphlang summary` lists them.
    """

    code = "GL705"

    def __init__(self, name: str, known: Sequence[str], file: str | None = None) -> None:
        self.name = name
        self.known = list(known)
        self.file = file

    @property
    def message(self) -> str:
        return f"the graph has no value `{self.name}`"

    @property
    def help(self) -> str | None:
        match = closest(self.name, self.known)
        return f"did you mean `{match}`?" if match else "`graphlang summary` lists every value"


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

    def __init__(self, outputs: Sequence[str], file: str | None) -> None:
        self.outputs = list(outputs)
        self.file = file

    @property
    def message(self) -> str:
        if not self.outputs:
            return "the file has no output to start backward from"
        return "the file has several outputs to start backward from: " + ", ".join(
            f"`{o}`" for o in self.outputs
        )

    @property
    def help(self) -> str | None:
        option = "--of NAME" if self.shell else f'of="{self.outputs[0] if self.outputs else "NAME"}"'
        return f"choose one with `{option}`, or name it in the file with `output`"


class WrongSeed(Diagnostic):
    """The gradient that backward starts from does not have the shape or the type of the value.

        graphlang run price.graph --seed-gradient [1,2]

    A gradient has the shape of its value, and only a float has one.

    Fix: give a number, or as many as the value has; start from a value of type float.
    """

    code = "GL707"

    def __init__(self, message: str, file: str | None = None) -> None:
        self._message = message
        self.file = file

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return "give a number, or an array of the value's shape"


class MissingSection(Diagnostic):
    """A command needs a section that the file does not have: `train` needs `train` and `data`.

        graphlang train price.graph

    Fix: add the section; the message shows one that can be adapted.
    """

    code = "GL708"

    def __init__(self, command: str, section: str, file: str | None, example: str) -> None:
        self.command = command
        self.section = section
        self.file = file
        self.example = example

    @property
    def message(self) -> str:
        return f"`{self.command}` needs a `{self.section}` section"

    @property
    def help(self) -> str | None:
        return f"add to the file: {self.example}"


class WrongWeights(Diagnostic):
    """A weights file that cannot be read or does not belong to this graph.

    The names and the shapes of all parameters must agree, so weights go with the spec, and the `--set`s,
    that they were trained with.

        graphlang evaluate net.graph --set hidden=100 --weights runs/net-1     # trained with hidden = 50

    Fix: name the right file (an npz, or the folder of a run), and give the same `--set`s.
    """

    code = "GL709"

    def __init__(self, file: str, message: str, help: str | None = None) -> None:
        self.file = file
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help


class BadSpec(Diagnostic):
    """A spec that came as JSON or as a model names what does not exist or goes in a circle.

        gl.Graph.from_spec({"nodes": [{"name": "y", "operation": "Afine", "operands": ["x"]}]})

    Fix: take the JSON as `spec.model_dump_json()` wrote it, or correct what the message names.
    """

    code = "GL710"

    def __init__(self, message: str) -> None:
        self._message = message

    @property
    def message(self) -> str:
        return f"the spec is not sound: {self._message}"


class WrongIndex(Diagnostic):
    """A label or an id is outside of what the layer that uses it allows.

        t = 12, where the scores are for the ten classes 0..9

    Fix: labels and ids count from 0 and stay below the number of classes.
    """

    code = "GL711"

    def __init__(
        self,
        name: str,
        value: int,
        place: tuple[int, ...],
        bound: int,
        span: Span | None,
        ignored: int | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.place = place
        self.bound = bound
        self.span = span
        self.ignored = ignored
        #: the place for a reader, where the indices alone do not tell it: ` in line 5 of d.csv`
        self.where: str | None = None

    @property
    def message(self) -> str:
        at = ", ".join(map(str, self.place))
        where = self.where or (f" at [{at}]" if self.place else "")
        apart = self.ignored is not None and not 0 <= self.ignored < self.bound
        beside = f", and {self.ignored}, which is ignored," if apart else ""
        return f"`{self.name}` holds {self.value}{where}, but only 0 to {self.bound - 1}{beside} are allowed"

    @property
    def help(self) -> str | None:
        return "labels and ids count from 0"


class CannotRun(Diagnostic):
    """An operation cannot be computed for the values that were given.

    Shapes are checked before anything runs, but an input without a type may be given any array.

        graphlang run sum.graph --set x=[1,2] --set y=[1,2,3]

    Fix: give values that fit, or declare the inputs' types in the file to hear of it earlier.
    """

    code = "GL712"

    def __init__(self, message: str, span: Span | None, help: str | None = None) -> None:
        self._message = message
        self.span = span
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help


class UnreadableFile(Diagnostic):
    """A file that was named cannot be read.

        graphlang run aple.graph

    Fix: correct the path. Specs are text in UTF-8; inputs are a JSON object or an npz.
    """

    code = "GL713"

    def __init__(self, file: str, message: str, help: str | None = None) -> None:
        self.file = file
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help


class UnwritableFile(Diagnostic):
    """A file cannot be written where it was named.

        graphlang predict net.graph --weights net.npz --inputs x.npz -o nowhere/y.npz

    Fix: make the folder, or name a file that you may write.
    """

    code = "GL716"

    def __init__(self, file: str, message: str, help: str | None = None) -> None:
        self.file = file
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return f"`{self.file}` cannot be written: {self._message}"

    @property
    def help(self) -> str | None:
        return self._help


class NoTextModel(Diagnostic):
    """A text is to be continued by a graph that is no model of a text.

    To go on with a text, graphlang asks for the next character again and again. So the file takes its data
    from `text(...)`, an input takes the characters, and the one output has scores [N, T, characters].

        graphlang predict specs/two_layer_net.graph --weights net.npz --text "Once upon"

    Fix: give `--inputs` instead of `--text`, or train a model such as specs/transformer.graph.
    """

    code = "GL714"

    def __init__(self, file: str | None, reason: str) -> None:
        self.file = file
        self.reason = reason

    @property
    def message(self) -> str:
        return f"this graph cannot continue a text: {self.reason}"

    @property
    def help(self) -> str | None:
        return 'such a file has `data { source = text("book.txt", window=64); x = x; t = t }`'


class UnknownCharacter(Diagnostic):
    """A text to go on with is empty, or has a character that the model has never seen.

    A model of characters knows those of the text that it learned, and no others.

        graphlang predict specs/transformer.graph --weights runs/transformer-1 --text "Été"

    Fix: write the text with the characters that the message lists.
    """

    code = "GL715"

    def __init__(self, character: str, place: int, vocab: Sequence[str]) -> None:
        self.character = character
        self.place = place
        self.vocab = tuple(vocab)

    @property
    def message(self) -> str:
        if not self.character:
            return "the text to go on with is empty"
        return f"the model does not know {self.character!r}, character {self.place + 1} of the text"

    @property
    def help(self) -> str | None:
        listed = "".join(c for c in self.vocab if c.isprintable())
        return f"it knows these: {listed}"
