"""GL619 to GL622, GL625: fields of data that do not fit the inputs that take them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import Diagnostic, filled, first_of, listed, wording
from graphlang.diagnostics.places import Edit, Span
from graphlang.diagnostics.spelling import closest_of


class UnknownField(Diagnostic):
    """An input takes a field that the data does not have.

        data { source = mnist(); x = image; t = t }

    Fix: name one of the fields that the message lists.
    """

    code = "GL619"
    message = "the input `{name}` takes the field `{field}`, which the data ({source}) does not have"
    match = closest_of("field", "all_fields")

    name: str
    field: str
    fields: Sequence[str]
    #: fields that are all columns of a table side by side
    together: Sequence[str]
    source: str
    span: Span | None
    #: whether the data is a file that was named for this command, and whether the field is compared with
    from_file: bool = False
    is_truth: bool = False

    in_expression = wording(
        "the `data` section takes the field `{field}`, which the data ({source}) does not have"
    )

    @property
    def help(self) -> str:
        whole = next((field for field in self.fields if _ONE_COLUMN.search(field)), None)
        if whole is not None:
            return f"the first line is read as one column, `{whole}`: say which `delimiter` the file has"
        match = self.match or self._part_of
        if match is not None:
            return f"did you mean `{as_field(match)}`?"
        if self.from_file:
            return self._of_file
        return filled("its fields are {written}", self) + (
            f"; `{self.together[0]}` is all of them but the target" if self.together else ""
        )

    @property
    def _of_file(self) -> str:
        add = f"give the file the column `{self.field}`"
        if self.is_truth:
            return f"`evaluate` compares with true values: {add}; `predict` needs none"
        return (
            f"{add}; or, where new rows have none, take it out of the `data` section and train again "
            f"(`graphlang new --from` proposes a file without it by `--without {self.field}`)"
        )

    @property
    def all_fields(self) -> Sequence[str]:
        return [*self.fields, *self.together]

    @property
    def written(self) -> Sequence[str]:
        return [as_field(name) for name in self.fields]

    @property
    def _part_of(self) -> str | None:
        """The one name of several words, as `visits per month`, of which the field is one."""
        names = [n for n in self.fields if not n.isidentifier() and self.field in re.findall(r"\w+", n)]
        return names[0] if len(names) == 1 else None


class FieldNotGiven(UnknownField):
    """A column that rows from Python lack."""

    @property
    def help(self) -> str:
        match = f"did you mean it by `{self.match}`? Else " if self.match is not None else ""
        return f"{match}give `{self.field}` too, a value for each row"


def as_field(name: str) -> str:
    """The name of a column as a `data` section writes it."""
    if name.isascii() and name.isidentifier() and name not in _WORDS:
        return name
    return 'field("{}")'.format(name.replace("\\", "\\\\").replace('"', '\\"'))


_WORDS = frozenset("if else and or not true false none for in".split())
_ONE_COLUMN = re.compile(r"\w[,;\t|]\w")


class FieldMismatch(Diagnostic):
    """The data does not have the type that the input declares.

        input x: float[N, 784]
        data { source = mnist(flatten=false); x = x; t = t }

    Fix: change the input's type, or the options of the source (`flatten`, `normalize`).
    """

    code = "GL620"
    message = "the input `{name}` is {declared}, but the data's field `{field}` is {actual}"
    help = "declare `{name}` with the type of the field, or choose a field of the declared type"

    name: str
    declared: str
    field: str
    actual: str
    span: Span | None


class FieldOfOtherType(FieldMismatch):
    dtype: str
    needed: str
    #: whether the field comes from a table of text
    written: bool

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        declare = f"declare it `{self.dtype}[...]`"
        if self.needed == "int" and self.written:
            return f"write whole numbers without a point, or {declare}"
        if self.needed == "int":
            return f"store whole numbers, as `{self.field}.astype(int)`, or {declare}"
        if self.needed == "bool" and self.dtype == "int":
            return f"store truth values, as `{self.field} != 0`, or {declare}"
        return f"{declare}, or choose another field"


class FieldOfOtherRank(FieldMismatch):
    help = "declare it `{name}: {fitting}`"
    fitting: str

    one_column = wording(help="store it with one axis, as `{field}[:, 0]`, or declare it `{name}: {fitting}`")
    scores_for_labels = wording(
        help="declare it `{name}: {fitting}`, or give labels: `{field}.argmax(axis=-1)`"
    )


class FieldWithoutLastAxis(FieldOfOtherRank):
    """A field that lacks the last axis of 1 that its input declares."""

    #: the field as it is meant
    meant: str
    #: its place in the `data` section; None where it is an array from Python
    place: Span | None
    #: whether the input names the size of the axis, so that none may be meant
    named: bool

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        written = f"`{self.name} = {self.meant}`" if self.place is not None else f"`{self.meant}`"
        kind = "a list of one column" if self.meant.startswith("[") else "which has a last axis of 1"
        declared = f"; or declare it `{self.name}: {self.fitting}`" if self.named else ""
        return f"{'write' if self.place is not None else 'give'} {written}, {kind}{declared}"

    @property
    def edits(self) -> Sequence[Edit]:
        return () if self.place is None or self.named else (Edit(self.place, self.meant),)


class FieldOfOtherSize(FieldMismatch):
    help = first_of(
        "write `one_hot({numbered})`, a column for each class: in one column the numbers of the classes "
        "count as quantities. Else declare it `{name}: {fitting}`",
        "declare it `{name}: {fitting}`, or choose other columns: nothing takes {written:and}",
        "declare it `{name}: {fitting}`, or choose other columns",
    )
    fitting: str
    #: the size that the input declares
    size: int = 0
    #: fields of a table that nothing takes, where the input has room for more
    unused: Sequence[str] = ()
    #: a `category(...)` among its columns
    numbered: str | None = None

    @property
    def written(self) -> Sequence[str]:
        return [as_field(name) for name in self.unused]

    other_length = wording(help="declare it `{name}: {fitting}`, or write `length={size}`")


class IdsBeyondRows(FieldMismatch):
    message = "`{field}` gives numbers from 0 to {last}, and what looks up `{name}` has {bound} rows"

    most: int
    bound: int

    @property
    def last(self) -> str:
        return f"{self.most - 1:,}"

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        keep = f"keep fewer words, by `most={self.bound}`, or " if self.bound > 2 else ""
        return f"{keep}give the `Embedding` {self.most} rows"


class FieldToFlatten(FieldOfOtherRank):
    help = "give the source `flatten={flatten}`, or declare it `{name}: {fitting}`"
    flatten: Literal["true", "false"]


class BatchOfFixedSize(FieldMismatch):
    help = "the first dimension is the batch: name it, as in `N`, instead of {size}"
    size: int


class SizeOfAnotherInput(FieldMismatch):
    help = "`{dimension}` is {size} in another input"
    dimension: str
    size: int


class NoFieldFor(Diagnostic):
    """An input that training needs takes no field of the data, and has no default.

        data { source = mnist(); x = x }        # and the labels `t`?

    Fix: add the input to the section, as `t = t`, or give it a default.
    """

    code = "GL621"
    message = "the input `{name}` takes nothing from the data"
    help = first_of(
        "add `{name} = FIELD` to the `data` section: nothing takes {untaken:and} yet; there are {written}",
        "add `{name} = FIELD` to the `data` section; the fields are {written}",
    )

    @property
    def written(self) -> Sequence[str]:
        return [as_field(name) for name in self.fields]

    @property
    def untaken(self) -> Sequence[str]:
        few = 0 < len(self.unused) < len(self.fields) and len(self.unused) <= 6
        return [as_field(name) for name in self.unused] if few else ()

    name: str
    span: Span | None
    fields: Sequence[str]
    #: those that no input takes
    unused: Sequence[str] = ()


class BeyondPrecision(Diagnostic):
    """The data holds a number that is larger than what the run can compute with.

        1e300 in an array of float64, and `dtype = float32`

    A float32 goes up to 3.4e38, a float64 up to 1.8e308, an int up to 9223372036854775807.

    Fix: mend the number in the row named, or train with `dtype = float64`.
    """

    code = "GL622"
    message = "the data's field `{field}` holds {value} in {place}, more than {holder} can hold"

    field: str
    value: float
    row: int
    dtype: str
    span: Span | None
    #: the place as a reader finds it, where that is not the row: `line 5 of d.csv`
    origin: str | None = None

    @property
    def place(self) -> str:
        return self.origin or f"row {self.row}"

    @property
    def holder(self) -> str:
        return "an int" if self.dtype == "int64" else self.dtype

    @property
    def help(self) -> str:
        counted = "; rows count from 0" if self.place.startswith("row") else ""
        other = ", or train with `dtype = float64`" if self.dtype == "float32" else ""
        return f"mend it{other}{counted}"


class NumberNotFinite(Diagnostic):
    """The data holds a number that is not finite: nan, inf or -inf.

    Every loss that depends on it is not finite either, in training and in the test split.

        x = np.array([[1.0, 2.0], [3.0, np.nan]])

    Fix: mend the number in the row named, or leave the row out.
    """

    code = "GL625"
    message = "the data's field `{field}` holds {value:g} in {origin}"

    field: str
    value: float
    #: the place as a reader finds it: `line 5 of d.csv`
    origin: str
    span: Span | None
    #: whether it is what the graph learns to answer
    target: bool = False

    @property
    def help(self) -> str:
        if self.target and self.value != self.value:
            return "take the row away: it has no answer to learn from"
        fill = "; a gap in a table is filled by `impute(column, mean)`" if self.value != self.value else ""
        return f"mend it, or leave that row out{fill}"


class GapInColumn(NumberNotFinite):
    message = "the column `{field}` has no value in {origin}"

    #: all columns with gaps that the field takes as they are
    columns: Sequence[str] = ()

    @property
    def help(self) -> str:
        if self.target:
            return "take the row away: it has no answer to learn from"
        fills = [f"`impute({as_field(name)}, median)`" for name in self.columns]
        if len(fills) == 1:
            return f"write {fills[0]} for it, or leave such rows out"
        return f"write {listed(fills, 'and')} for the columns with gaps, or leave such rows out"


class ComputedNotFinite(NumberNotFinite):
    """A number that is not finite, which the expression of a field makes of finite ones."""

    message = "the data's field `{field}` holds {value:g} in {origin}: {made}"

    #: the name of the function, or the sign of the operator
    function: str = ""
    #: the call as the `data` section writes it
    call: str = ""
    #: what it is given, as text and number
    arguments: Sequence[tuple[str, float]] = ()

    @property
    def made(self) -> str:
        named = [(text, number) for text, number in self.arguments if not re.fullmatch(r"[\d.e-]+", text)]
        given = " and ".join(f"{text} = {number:g}" for text, number in named)
        return f"`{self.call}` for {given}"

    @property
    def help(self) -> str:
        first, last = self.arguments[0][0], self.arguments[-1][0]
        bounded = {
            "log": f"`{self.function}` takes numbers above 0: `{self.function}(maximum({first}, 1e-6))`, or "
            f"`log1p({first})` of numbers from 0 on",
            "sqrt": f"`sqrt` takes numbers from 0 on: `sqrt(maximum({first}, 0))`",
            "/": f"nothing divides by 0: `maximum({last}, 1e-6)` keeps a divisor above it",
            "arc": f"`{self.function}` takes numbers from -1 to 1: `clip({first}, -1, 1)`",
            "large": f"the result is too large for a number: `minimum({first}, ...)` bounds it, or scale it "
            f"before, `standardize({first})`",
        }
        return f"{bounded[_KINDS.get(self.function, 'large')]}; or leave that row out"


_KINDS = {
    **dict.fromkeys(("log", "log2", "log10", "log1p"), "log"),
    "sqrt": "sqrt",
    **dict.fromkeys(("/", "//", "%", "reciprocal"), "/"),
    **dict.fromkeys(("arcsin", "arccos"), "arc"),
}
"""What limits the numbers that a function takes."""
