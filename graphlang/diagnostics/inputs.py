"""GL701 to GL703, GL711, GL718 and GL719: values that do not fit the inputs that they are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import Diagnostic, filled, first_of, wording
from graphlang.diagnostics.data import SAME_LENGTH
from graphlang.diagnostics.places import Span
from graphlang.diagnostics.spelling import closest_of


class MissingInputs(Diagnostic):
    """Inputs without a default were given no value.

        graphlang run price.graph --set apple=100

    Fix: give each, with `--set NAME=VALUE` or `--inputs FILE`, or write a default in the file.
    """

    code = "GL701"
    message = "missing input{plural}: {names}"

    names: Sequence[str]
    types: Sequence[str]
    file: str | None
    #: whether the `data` section of the file says what inputs are of a row
    rows: bool = False
    #: a file of rows that the command takes, where it takes one
    rows_from: str | None = None
    #: a value that could be asked for in place of the outputs, and does without them
    computable: str | None = None

    @property
    def plural(self) -> str:
        return "s" if len(self.names) > 1 else ""

    @property
    def help(self) -> str:
        if self.computable is None:
            return self._how_to_give
        listed = " and ".join(f"`{n}`" for n in self.names)
        output = f"write `output {self.computable}` in the file to get it"
        return f"`{self.computable}` does without {listed}: {output}; or {self._how_to_give}"

    @property
    def _how_to_give(self) -> str:
        scalars = all(t == "float" for t in self.types)
        if not self.shell:
            types = [""] * len(self.names) if scalars else [f" ({t})" for t in self.types]
            listed = ", ".join(f"`{n}=...`{t}" for n, t in zip(self.names, types, strict=True))
            rows = ", or columns of rows, as the `data` section takes them" if self.rows else ""
            return f"give each a value by keyword, or all in one mapping: {listed}{rows}"
        if self.rows_from is not None:
            listed = " and ".join(f"`{n}`" for n in self.names)
            return f"rows of a table go with `--data {self.rows_from}`, {listed} alone with `--inputs FILE`"
        if scalars:
            return "give each a value: " + " ".join(f"--set {n}=..." for n in self.names)
        typed = ", ".join(f"{n}: {t}" for n, t in zip(self.names, self.types, strict=True))
        return f"give {typed} with `--inputs FILE`, JSON or npz"


class UnknownInput(Diagnostic):
    """A value is given for an input that the graph does not have.

        graphlang run price.graph --inputs prices.json      # with "aple": 100

    Fix: give it the name that the file declares.
    """

    code = "GL702"
    message = "there is no input `{name}`"
    match = closest_of("name", "inputs")

    name: str
    inputs: Sequence[str]
    file: str | None = None
    #: what `set` calls the `hyper` or the setting of that name, if there is one
    key: str | None = None

    @property
    def help(self) -> str | None:
        if self.key is not None and (self.key == self.name or not self.match):
            loading = f'`gl.load(file, set={{"{self.key}": ...}})`, or `--set {self.key}=...`'
            return f"a value of the file is given on loading: {loading}"
        if self.match:
            return f"did you mean `{self.match}`?"
        return filled("the inputs are {inputs}", self) if self.inputs else None


class UnknownGivenColumn(UnknownInput):
    """A column of raw rows from Python that the source does not have."""

    message = "rows have no column `{name}`"
    help = first_of("did you mean `{match}`?", "leave it out: the columns are {inputs}")


# ---- GL703 ------------------------------------------------------------------------------------------


class WrongInput(Diagnostic):
    """The value of an input does not have the type that the file declares.

        input x: float[N, 784]

    and then a value of shape (100, 28, 28), one without a number, or one whose numbers are larger than the
    type can hold.

    Fix: give a value of the type that the message names, or change the type in the file.
    """

    code = "GL703"

    name: str
    span: Span | None

    ragged = wording("`{name}` is a list whose rows differ in length", SAME_LENGTH)


class MaskedInput(WrongInput):
    message = "`{name}` is a masked array without a number{at}"
    help = "fill it, as `x.filled(0)`, or leave those rows out"
    at: str


class InputTooLarge(WrongInput):
    message = "`{name}` {holds}larger than what {holder} can hold"
    help = "the largest {type} is {bound}"

    at: str
    type: str
    bound: str

    @property
    def holds(self) -> str:
        return f"holds a number{self.at} that is " if self.at else "is "

    @property
    def holder(self) -> str:
        return "an int" if self.type.startswith("int") else "a float"


class EmptyInput(WrongInput):
    message = "`{name}` is empty: it has the shape {shape}"
    help = "give at least one number"
    shape: str


class EmptyDimension(WrongInput):
    message = "`{name}` is empty: its dimension `{dimension}` is 0"
    help = "give at least one"
    dimension: str


class TwoSizes(WrongInput):
    """A dimension that two inputs give two sizes."""

    message = "`{dimension}` is {first_size} in `{first}` and {size} in `{name}`{where}"
    help = "give both the same size, or let the types name two dimensions"
    places = {"first_span": "`{dimension}` = {first_size} here"}

    dimension: str
    size: int
    first: str
    first_size: int
    first_span: Span | None
    #: of which arrays, where that does not go without saying
    where: str = ""


class InputOfOtherType(WrongInput):
    message = "`{name}` is {actual}, but the file declares {declared}"
    help = "give it a value of the declared type, or declare the type that the value has"
    actual: str
    declared: str

    rows_to_flatten = wording(help="flatten it: `{name}.reshape(len({name}), -1)`")


class ObjectInInput(InputOfOtherType):
    """An array of Python's objects, of which one is no number."""

    help = "what stands{place} is {kind}: give a number"

    at: str
    type: str | None

    @property
    def place(self) -> str:
        return self.at or " there"

    @property
    def kind(self) -> str:
        return "nothing (null, None)" if self.type is None else f"of the type {self.type}"


class FractionForInt(InputOfOtherType):
    help = "{value:g} is no whole number"
    value: float


class SampleForBatch(InputOfOtherType):
    """One sample, where the input takes a batch of them."""

    #: its numbers, where they are few enough to be written out
    numbers: Sequence[float] | None

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        if not self.shell:
            return f"a batch of one is `{self.name}[None]`"
        if self.numbers is None:
            return f"a batch of one has one axis more: save `{self.name}[None]`"
        written = ",".join(f"{number:g}" for number in self.numbers)
        return f"a batch of one has one more pair of brackets: `--set {self.name}=[[{written}]]`"


class InputWithoutLastAxis(InputOfOtherType):
    """A number for each row, where the input takes a row of one number for each."""

    axes: int

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        column = f"{self.name}[:, None]" if self.axes == 2 else f"{self.name}[..., None]"
        return f"`{column}` has a last axis of 1{': save that' if self.shell else ''}"


class ComputedSize(InputOfOtherType):
    """A size such as `3*D` that has another value here."""

    help = "`{expression}` is {size} here"

    expression: str
    size: int


# ---- the others -------------------------------------------------------------------------------------


class WrongIndex(Diagnostic):
    """A label or an id is outside of what the layer that uses it allows.

        t = 12, where the scores are for the ten classes 0..9

    Fix: labels and ids count from 0 and stay below the number of classes.
    """

    code = "GL711"
    message = "`{name}` holds {value}{at}, but only 0 to {largest}{beside} are allowed"

    name: str
    value: float
    place: tuple[int, ...]
    bound: int
    span: Span | None
    ignored: int | None = None
    #: what the numbers are, and of which operation, where that is one thing
    role: Literal["lengths", "ids", "labels"] | None = None
    operation: str = ""
    #: the place for a reader, where the indices alone do not tell it: ` in line 5 of d.csv`
    where: str | None = None

    @property
    def help(self) -> str:
        if self.role == "lengths":
            most = self.largest
            return f"lengths count the steps of a sequence, at most {most}: give {most} where one was cut"
        if self.value < 0:
            return "labels and ids count from 0"
        if self.role == "ids":
            return f"ids count from 0; for more of them give `{self.operation}` a larger `vocab`"
        more = "give the last layer before the loss more units"
        if self.role == "labels":
            return f"labels count from 0; for more classes {more}"
        ids = "for more ids the `Embedding` a larger `vocab`"
        return f"labels and ids count from 0; for more classes {more}, {ids}"

    @property
    def at(self) -> str:
        return self.where or (f" at [{', '.join(map(str, self.place))}]" if self.place else "")

    @property
    def largest(self) -> int:
        return self.bound - 1

    @property
    def beside(self) -> str:
        apart = self.ignored is not None and not 0 <= self.ignored < self.bound
        return f", and {self.ignored}, which is ignored," if apart else ""


class NoSizeOfInput(Diagnostic):
    """A size that an input depends on has no value for the other inputs.

    A size may be an expression, such as `D // H`, and a bound of indices too. What is divided by, or what is
    subtracted, comes with the values.

        input x: float[N, D], w: float[D // (N - 3)]

    and then an `x` of three rows.

    Fix: give values whose sizes make sense of the expression; the message says which size has none.
    """

    code = "GL718"

    name: str
    reason: str
    span: Span | None

    size_unknown = wording("the size of `{name}` cannot be told: {reason}", "give it a value")
    index_bound_unknown = wording(
        "the largest index in `{name}` cannot be told: {reason}",
        "write the size that it counts as a number",
    )
    nothing_to_draw = wording("no value can be drawn for `{name}`: {reason}", "give it a value")


class NotAsTrained(Diagnostic):
    """The images that are given are not scaled as those that were trained on.

    With `normalize` the data is brought to 0..1 by what it holds. Whole numbers are divided by the same
    number as in training, which the folder of the run keeps; floats must lie between 0 and 1 already.

        graphlang predict lesson:two_layer_net --weights net.npz --inputs x.npz   # with floats up to 255

    Fix: give whole numbers in the range of the data, or floats from 0 to 1.
    """

    code = "GL719"

    name: str
    span: Span | None

    unknown_scale = wording(
        "`{name}` holds whole numbers, and what `normalize` divided by in training is not known",
        "give the folder of the run as --weights, or floats from 0 to 1",
    )


class NotScaled(NotAsTrained):
    message = "`{name}` holds {value:g}, but what was trained on goes from 0 to 1, by `normalize`"

    value: float
    largest: float | None

    @property
    def help(self) -> str:
        images = "images as whole numbers"
        raw = images if self.largest is None else f"whole numbers from 0 to {self.largest:g}"
        return f"give {raw}, or floats from 0 to 1"


class NoBinaryLabel(WrongIndex):
    """A target that a metric of one score per row compares with yes and no, and that is neither."""

    message = "`{name}` holds {value:g}{at}, but `{operation}` of one score per row takes 0 and 1 alone"

    @property
    def help(self) -> str:
        return "for a number to be met take `mae`, `rmse` or `r2`; for more classes give a score for each"
