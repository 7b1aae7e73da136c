"""GL626 to GL628: fields that the `data` section computes from those of the source."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, first_of, wording
from graphlang.diagnostics.data_fields import as_field
from graphlang.diagnostics.places import Span
from graphlang.diagnostics.spelling import closest_of
from graphlang.diagnostics.tables import is_running_text, words_of_field


class WrongFieldExpression(Diagnostic):
    """A field of the `data` section is computed by something that it does not know, or is given wrongly.

        input x: float[N]
        y = mean(x)
        data { source = csv("houses.csv"); x = standardise(area) }

    A field is computed from names of the source's fields (`field("x 1")` where that is no name), numbers,
    operators, lists of fields side by side, functions element by element such as `log`, and what learns from
    the training split: `standardize`, `minmax`, `impute(field, mean)`, `category`, `one_hot`.
    """

    code = "GL626"

    span: Span | None

    no_field = wording(
        "`{span}` is no field of the source, and is not computed from any",
        'write the name of a field, or `field("...")` where the name has other characters',
    )
    no_columns = wording(
        "the list `{span}` is empty, and a field has columns",
        "write names of fields in it, as `[a, b]`, or take it away",
    )
    no_name = wording(
        '`{span}` does not name a field: `field` takes a text, as in `field("x 1")`',
        "write the name in quotes",
    )


class UnknownPreparation(WrongFieldExpression):
    message = "no function of fields is called `{name}`"
    help = first_of(
        "write {instead}",
        "did you mean `{match}`?",
        "there are {names}; a column of that name is written `{as_column}`",
        "there are {names}",
    )
    match = closest_of("name", "names")

    name: str
    #: those that learn first
    names: Sequence[str]
    #: how it is written here, where another tool has that name
    instead: str | None
    #: where it could be the name of a column
    as_column: str | None


class PreparationMisused(WrongFieldExpression):
    message = "`{span}` is not how `{name}` is written"
    help = "write `{form}`"

    name: str
    form: str


class DeepFieldExpression(WrongFieldExpression):
    message = "this field has more than {most} operations within one another"
    help = "list its columns, as `[a, b, c]`, and compute with them in the graph: `sum(x, axis=1)`"

    most: int


class ColumnsMisfit(WrongFieldExpression):
    message = "`{text}` takes {counts} element by element, which do not go together"
    help = "give both sides equally many columns, or one of them a single one"

    text: str
    counts: str


class SeveralColumns(WrongFieldExpression):
    message = "`{text}` takes one column, but the field `{field}` has {columns}"
    help = "name the one column that is meant"

    text: str
    field: str
    columns: str


class Unprepared(Diagnostic):
    """A row does not fit what the training split taught: a class that it never saw, or cells without a value.

        graphlang evaluate houses.graph --weights runs/houses-1 --data other.csv

    Fix: take the row out, or give unknown classes a number that no class has: `category(kind, unknown=-1)` is
    a row of zeros in `one_hot`. Weights keep
    what was learned in their run folder, or in a JSON file beside them.
    """

    code = "GL627"

    field: str


class UnseenClass(Unprepared):
    message = "`{name}`, {place}, is no class of `{field}`: the training split has {classes}"
    help = (
        "take the row away, or give such classes a number of their own: `category({field}, unknown={count})` "
        "with one row more in an `Embedding`, or `unknown=-1`, a row of zeros in `one_hot`"
    )

    name: str
    place: str
    classes: Sequence[str]

    texts = wording(
        "`{name}`, {place}, is no class of `{field}`: the training split has {count:,}, and they are texts",
        "{words}",
    )

    @property
    def count(self) -> int:
        return len(self.classes)

    @property
    def words(self) -> str:
        return words_of_field(as_field(self.field))

    @classmethod
    def of(cls, field: str, name: str, place: str, classes: Sequence[str]) -> UnseenClass:
        """The diagnostic, in the words for texts where most of the classes have several words."""
        texts = 2 * sum(map(is_running_text, classes)) > len(classes)
        return (cls.texts if texts else cls)(field, name, place, classes)


class UnseenTarget(UnseenClass):
    help = (
        "take the row away, or have such rows in the training split too: else their answer is never learned"
    )


class TextForNumber(Unprepared):
    message = "`{text}`, {place}, is no number of `{field}`"
    text: str
    place: str

    @property
    def help(self) -> str:
        field = as_field(self.field)
        if is_running_text(self.text):
            return words_of_field(field)
        return f"give numbers, or number the texts in the `data` section: `category({field})`"


class CellWithoutClass(Unprepared):
    message = "`{field}` has no value, {place}"
    help = "write `category(impute({field}, mode))`, or a class in place of `mode`; or take the row away"

    place: str


class TargetWithoutClass(CellWithoutClass):
    message = "`{field}`, which is what to answer, has no value, {place}"
    help = "take the row away: a row without its answer teaches nothing"


class OtherFill(Unprepared):
    message = "`{field}` fills with `{fill}`, but the cells of the field are {kind}"
    help = "give a class of the same kind, or `mode` for the most frequent one"

    fill: str
    kind: str


class NoDate(Unprepared):
    message = "`{text}`, {place}, is no date of `{field}`"
    help = "write dates as year, month and day: `2021-12-31`"

    text: str
    place: str


class NoTexts(Unprepared):
    message = "`{field}` is read as numbers alone, and `{function}` takes texts{such_as}"
    help = "give a column of texts"

    function: str

    @property
    def such_as(self) -> str:
        return " such as `2021-12-31`" if self.function == "date" else ""


class TooManyIds(Unprepared):
    message = "`{field}` gives {count:,} numbers, more than the limit of {limit:,}"
    help = "take a smaller `length`, or raise the limit `table_cells`"

    count: int
    limit: int


class TooManyDifferent(Unprepared):
    message = "`{field}` has more than {limit:,} different words in the training split"
    help = "take a column of texts in a language, or a smaller `length`"

    limit: int


class LongVocabulary(Unprepared):
    message = "the {count:,} words of `{field}` take {size:,} bytes, and {limit:,} are kept with the weights"
    help = "keep fewer of them: a smaller `most`"

    count: int
    size: int
    limit: int


class NothingKnown(Unprepared):
    message = "no row of the training split has a value of `{field}`, so there is nothing to learn from"
    help = "take another field"


class NotLearned(Unprepared):
    message = "what `{field}` {learned}"

    @property
    def learned(self) -> str:
        if self.shell:
            return "learned from the training split is not kept with these weights"
        return "learns from the training split is not known"

    @property
    def help(self) -> str:
        if self.shell:
            return "give the run folder as `--weights`: what was learned is kept there"
        return 'train with `fit`, or take what a training learned: `graph.load_weights("runs/NAME")`'


class DamagedLearned(Unprepared):
    message = "what `{field}` learned is damaged where it is kept beside the weights"
    help = "take a copy of the run folder, or train again"


class WrongDivision(Diagnostic):
    """`validation` or `test` in the `data` section does not say which rows they are.

        input x: float[N]
        y = mean(x)
        data { source = csv("a.csv"); validation = 2; x = a }

    Write a share such as `0.1`, another source such as `csv("b.csv")`, or, for `validation`, a field whose
    cells are `train`, `validation` or `test`.
    """

    code = "GL628"


class NoDivision(WrongDivision):
    message = "`{setting}` is neither a share, from 0 to below 1, nor a source of its own"
    help = 'write a share such as `{setting} = 0.1`, or a source such as `{setting} = csv("{setting}.csv")`'

    setting: str
    span: Span | None = None


class NoSampling(WrongDivision):
    message = "`sample` is `balanced` of an input of labels, which are int"
    help = "write `sample = balanced(t)`, where `t` is the input of the labels"

    span: Span | None = None


class TooFewRows(WrongDivision):
    message = "the training split of {file} has {rows} rows: a share of them for {split} leaves none"
    help = "take a smaller share, or more rows"

    file: str
    rows: int
    split: str


class NoSplit(WrongDivision):
    message = "`{text}`, {place}, is no split: the cells of `{field}` are `train`, `validation` or `test`"
    help = "write one of the three names"

    field: str
    text: str
    place: str


class SplitFieldWithoutTexts(WrongDivision):
    message = (
        "`{field}` is read as numbers, and a field of splits has the texts `train`, `validation`, `test`"
    )
    help = "give a share, as `validation = 0.1`, or another source"

    field: str


class OtherLabels(WrongDivision):
    message = (
        "the labels of `{field}` in {file} and in {other} are not the same, and so are not their numbers"
    )
    help = "write `category({field})`, which numbers both by the classes of the training split"

    field: str
    file: str
    other: str
