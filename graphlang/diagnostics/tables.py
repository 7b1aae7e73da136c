"""What can be wrong in a table of text: its header, its lines, its cells (GL612 to GL615, GL624)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics.base import OfFile, first_of, wording
from graphlang.diagnostics.data_fields import as_field
from graphlang.diagnostics.spelling import closest_of


class WrongHeader(OfFile):
    """The first line of a csv does not name its columns.

    Fields are found by name, so the first line holds one name per column, each once.

        5.1, 3.5, 1.4, 0.2

    Write a first line such as `length, width, kind`.
    """

    code = "GL612"
    help = "write one name per column, separated by commas, each name once"

    nameless_index = wording(
        "the first line of `{file}` must name the columns: column 1 has no name",
        "give it a name; if it counts the lines, leave it out (in pandas `to_csv(..., index=False)`)",
    )


class CommentForHeader(WrongHeader):
    message = "the first line of `{file}` must name the columns: found the comment `{header}`"
    help = "take the line away: a csv has no comments"
    header: str


class SpreadsheetInstruction(WrongHeader):
    message = (
        "the first line of `{file}` must name the columns: "
        "found `{instruction}`, an instruction to a spreadsheet"
    )
    instruction: str


class NoColumnNames(WrongHeader):
    name: str

    number = wording("the first line of `{file}` must name the columns: found the number `{name}`")
    sample = wording(
        "the first line of `{file}` must name the columns: found what stands below it too, `{name}`"
    )


class WrongColumn(WrongHeader):
    number: int

    empty = wording(
        "the first line of `{file}` must name the columns: column {number} has no name and no cells",
        "every line ends with a comma: take it away",
    )
    nameless = wording("the first line of `{file}` must name the columns: column {number} has no name")


class ColumnTwice(WrongHeader):
    message = (
        "the first line of `{file}` must name the columns: "
        "`{name}` is there twice, as columns {first:bare and}{more}"
    )
    name: str
    numbers: Sequence[int]

    @property
    def first(self) -> Sequence[int]:
        return self.numbers[:3]

    @property
    def more(self) -> str:
        return f", and {len(self.numbers) - 3:,} more" if len(self.numbers) > 3 else ""


class UnknownColumn(OfFile):
    """The target of a csv source is none of its columns.

        data { source = csv("fruit.csv", target=prise); x = x; t = t }

    Name one of the columns of the first line.
    """

    code = "GL613"
    message = "the target `{name}` is no column of `{file}`, which has {columns}"
    help = first_of("did you mean `{match}`?", "name one of these columns as `target`")
    match = closest_of("name", "columns")

    name: str
    columns: Sequence[str]

    to_leave_out = wording(
        "`--without {name}` names no column of `{file}`, which has {columns}",
    )


class OtherDelimiter(OfFile):
    """The cells of a csv are separated by something other than commas.

        apple;orange;price

    Write the table with commas between cells and points in numbers.
    """

    code = "GL624"
    message = "`{file}` has {separators} between its cells, not {expected}: line 1 is `{start}`"

    separators: str
    header: str
    #: what the source says stands there, in words
    expected: str = "commas"
    #: the options of the source that would read it; nothing where none would
    options: Sequence[str] = ()

    @property
    def help(self) -> str:
        if not self.options:
            return "write it with commas between its cells"
        arguments = ", ".join([f'"{self.file}"', *self.options])
        return f"say so in the source: `csv({arguments})`"

    @property
    def line(self) -> int:
        return 1

    @property
    def start(self) -> str:
        return _short(self.header)


class RaggedLine(OfFile):
    """A line of a csv has more or fewer cells than its header.

        apple, orange, price
        1, 2

    Complete the line; a comma inside a cell needs quotes around the cell.
    """

    code = "GL614"
    message = "line {row} of `{file}` has {size} cells, the header has {expected}{more}"

    row: int
    expected: int
    cells: Sequence[str]
    #: how many more lines are of a wrong length
    others: int = 0

    @property
    def line(self) -> int:
        return self.row

    @property
    def size(self) -> int:
        return len(self.cells)

    @property
    def more(self) -> str:
        if self.others == 1:
            return ", and one more line does not fit either"
        return f", and {self.others} more lines do not fit either" if self.others else ""

    @property
    def help(self) -> str:
        if self.cells[0].lstrip().startswith("#"):
            return "take the line away: a csv has no comments"
        if self.size == self.expected + 1 and not self.cells[-1].strip():
            return "the line ends with a comma: take that away, or name the column in the first line"
        digits = all(re.fullmatch(r"\s*-?\d+\s*", cell) for cell in self.cells)
        if self.size == 2 * self.expected and digits:
            number = f"{self.cells[0].strip()}.{self.cells[1].strip()}"
            return f"if the commas are in numbers, write points: `{number}`; else complete the line"
        return "complete the line; a comma inside a cell needs quotes around the cell"


class WrongJsonLine(OfFile):
    """A line of a file of JSON objects is something else.

        graphlang train net.graph --data rows.jsonl

    Fix: each line is an object of numbers, texts, true, false and null, as `{"size": 1.5, "kind": "pear"}`.
    """

    code = "GL629"
    message = "line {row} of `{file}` is not JSON: {what}"
    help = "write an object on each line, with its keys and texts in double quotes"

    row: int
    what: str

    no_object = wording("line {row} of `{file}` is not an object with a value for each column")
    nested = wording(
        "line {row} of `{file}`: `{what}` is a list or an object, and a cell holds one value",
        "give each number a key of its own, or write arrays into an npz",
    )

    @property
    def line(self) -> int:
        return self.row


class BadCell(OfFile):
    """Cells of a csv are not finite numbers; the first of a column is named.

    Every column that an input takes holds numbers, and `x` takes all but the target. The target holds
    numbers throughout, or labels throughout (which become class ids in sorted order).

        apple, price
        n/a, 200

    Write a number, or leave the column or the line out.
    """

    code = "GL615"
    message = "line {row}, column `{name}` of `{file}`: {problem}{more}"

    row: int
    name: str
    cell: str
    #: how many cells of the column are no numbers, and how many there are
    count: int = 1
    of: int = 1
    #: whether the column may have been meant for labels
    target: bool = False
    #: whether the column has texts and no numbers, and whether it has cells without a value besides
    texts: bool = False
    gaps: bool = False

    @property
    def line(self) -> int:
        return self.row

    @property
    def problem(self) -> str:
        return f"`{_short(self.cell)}` is not a finite number" if self.cell.strip() else "the cell is empty"

    @property
    def more(self) -> str:
        if self.count == 1:
            return ""
        return f"; {self.count} of the {self.of} cells of the column are no finite numbers"

    @property
    def help(self) -> str:
        cell = self.cell.strip()
        if self.target and is_missing(cell):
            return "fill the cell, or leave the line out: a row without its answer teaches nothing"
        if is_missing(cell) and self.texts:
            return self._as_classes
        if is_missing(cell):
            return (
                "fill the cell, leave the line out, or take no field of the column (`x` takes all columns); "
                f"or say {self._marks} in the source and `impute({as_field(self.name)}, mean)`"
            )
        if cell.lower() in _TRUTH:
            return f"write 1 for true and 0 for false, not `{cell}`"
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", cell):
            return f"write `{cell.replace(',', '')}`, or with a point if the comma stands for one"
        if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell):
            return f'write a point for the comma, `{cell.replace(",", ".")}`, or `decimal=","` in the source'
        number = plain_number(cell)
        if number is not None and number != cell:
            return f"write the number alone: `{number}`"
        if self.target:
            return "a target has numbers alone, or labels none of which is a number (`class 1` for `1`)"
        if self.texts or self.count == self.of:
            return self._as_classes
        return "write a number such as `3` or `-0.5e2`, or leave the column or the line out"

    @property
    def _marks(self) -> str:
        mark = self.cell.strip() if is_missing(self.cell) else ""
        return f'`missing=["", "{mark}"]`' if mark else '`missing=[""]`'

    @property
    def _as_classes(self) -> str:
        name = as_field(self.name)
        if is_running_text(self.cell):
            return words_of_field(name) + f"; of texts that are names of classes, `category({name})`"
        field = f"impute({name}, mode)" if self.gaps else name
        filled = (
            f" (with {self._marks} in the source, for cells without a value)" if is_missing(self.cell) else ""
        )
        return (
            f"texts become numbers by `category({field})`{filled}, or one column for each by "
            f"`one_hot(category({field}))`; to leave the column out, name the others one by one "
            "(the field `x` takes every column but the target)"
        )


_TRUTH = ("true", "false", "yes", "no")
_MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", "missing")
_BESIDE = re.compile(r"[$€£¥%\s'\u2019]")


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in _MISSING


def is_running_text(cell: str) -> bool:
    """Whether a cell has several words, more than names of classes usually have."""
    return sum(map(str.isalpha, (word[0] for word in cell.split()))) >= 4


def words_of_field(name: str) -> str:
    """How the words of a column become numbers, by its name as a `data` section writes it."""
    return (
        f"the words of texts become numbers by `words({name}, length=20)`, which an `Embedding` takes, and "
        f"`word_count({name}, length=20)` is their number, as `lengths` of an `LSTM`"
    )


def plain_number(cell: str) -> str | None:
    """The number that a cell means which is written as people do: `1,5`, `$3`, `1 000`, `20%`, `−2`."""
    text = _BESIDE.sub("", cell).replace("\u2212", "-")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text, re.ASCII):
        return text.replace(",", "")
    if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", text, re.ASCII):
        return text.replace(",", ".")
    return text if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
