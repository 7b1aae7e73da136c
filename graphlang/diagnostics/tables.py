"""What can be wrong in a table of text: its header, its lines, its cells (GL612 to GL615, GL624)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.spelling import did_you_mean


class WrongHeader(Diagnostic):
    """The first line of a csv does not name its columns.

    Fields are found by name, so the first line holds one name per column, each once.

        5.1, 3.5, 1.4, 0.2

    Write a first line such as `length, width, kind`.
    """

    code = "GL612"

    def __init__(self, path: str, reason: str, *, index: bool = False, help: str | None = None) -> None:
        self.file = self.path = path
        self.reason = reason
        self._help = help
        #: whether the first column alone has no name, as the index that pandas writes
        self.index = index

    @property
    def message(self) -> str:
        return f"the first line of `{self.path}` must name the columns: {self.reason}"

    @property
    def help(self) -> str:
        if self._help is not None:
            return self._help
        if self.index:
            return (
                "give it a name; if it counts the lines, leave it out (in pandas `to_csv(..., index=False)`)"
            )
        return "write one name per column, separated by commas, each name once"


class UnknownColumn(Diagnostic):
    """The target of a csv source is none of its columns.

        data { source = csv("fruit.csv", target=prise); x = x; t = t }

    Name one of the columns of the first line.
    """

    code = "GL613"

    def __init__(self, path: str, name: str, columns: Sequence[str]) -> None:
        self.file = self.path = path
        self.name = name
        self.columns = tuple(columns)

    @property
    def message(self) -> str:
        listed = ", ".join(f"`{n}`" for n in self.columns)
        return f"the target `{self.name}` is no column of `{self.path}`, which has {listed}"

    @property
    def help(self) -> str:
        return did_you_mean(self.name, self.columns) or "name one of these columns as `target`"


class OtherDelimiter(Diagnostic):
    """The cells of a csv are separated by something other than commas.

        apple;orange;price

    Write the table with commas between cells and points in numbers.
    """

    code = "GL624"

    def __init__(self, path: str, called: str, names: str) -> None:
        self.file = self.path = path
        self.between = called
        self.first_line = names

    @property
    def line(self) -> int:
        return 1

    @property
    def message(self) -> str:
        found = f"line 1 is `{_short(self.first_line)}`"
        return f"`{self.path}` has {self.between} between its cells, not commas: {found}"

    @property
    def help(self) -> str:
        return "write it with commas between cells and points in numbers"


class RaggedLine(Diagnostic):
    """A line of a csv has more or fewer cells than its header.

        apple, orange, price
        1, 2

    Complete the line; a comma inside a cell needs quotes around the cell.
    """

    code = "GL614"

    def __init__(self, path: str, line: int, expected: int, cells: Sequence[str], others: int = 0) -> None:
        self.file = self.path = path
        self.row = line
        self.expected = expected
        self.cells = list(cells)
        self.found = len(self.cells)
        #: how many more lines are of a wrong length
        self.others = others

    @property
    def line(self) -> int:
        return self.row

    @property
    def message(self) -> str:
        more = f", and {self.others} more lines do not fit either" if self.others else ""
        if self.others == 1:
            more = ", and one more line does not fit either"
        return (
            f"line {self.row} of `{self.path}` has {self.found} cells, the header has {self.expected}{more}"
        )

    @property
    def help(self) -> str:
        if self.cells[0].lstrip().startswith("#"):
            return "take the line away: a csv has no comments"
        if self.found == self.expected + 1 and not self.cells[-1].strip():
            return "the line ends with a comma: take that away, or name the column in the first line"
        digits = all(re.fullmatch(r"\s*-?\d+\s*", cell) for cell in self.cells)
        if self.found == 2 * self.expected and digits:
            number = f"{self.cells[0].strip()}.{self.cells[1].strip()}"
            return f"if the commas are in numbers, write points: `{number}`; else complete the line"
        return "complete the line; a comma inside a cell needs quotes around the cell"


class BadCell(Diagnostic):
    """Cells of a csv are not finite numbers; the first of a column is named.

    Every column that an input takes holds numbers, and `x` takes all but the target. The target holds
    numbers throughout, or labels throughout (which become class ids in sorted order).

        apple, price
        n/a, 200

    Write a number, or leave the column or the line out.
    """

    code = "GL615"

    def __init__(
        self,
        path: str,
        line: int,
        column: str,
        cell: str,
        count: int = 1,
        of: int = 1,
        *,
        target: bool = False,
    ) -> None:
        self.file = self.path = path
        self.row = line
        self.name = column
        self.cell = cell
        #: how many cells of the column are no numbers, and how many there are
        self.count = count
        self.of = of
        #: whether the column may have been meant for labels
        self.target = target

    @property
    def line(self) -> int:
        return self.row

    @property
    def message(self) -> str:
        found = f"`{_short(self.cell)}` is not a finite number" if self.cell.strip() else "the cell is empty"
        if self.count > 1:
            found += f"; {self.count} of the {self.of} cells of the column are no finite numbers"
        return f"line {self.row}, column `{self.name}` of `{self.path}`: {found}"

    @property
    def help(self) -> str:
        cell = self.cell.strip()
        if self.target and is_missing(cell):
            return "fill the cell, or leave the line out"
        if is_missing(cell):
            return "fill the cell, leave the line out, or take no field of the column (`x` takes all columns)"
        if cell.lower() in _TRUTH:
            return f"write 1 for true and 0 for false, not `{cell}`"
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", cell):
            return f"write `{cell.replace(',', '')}`, or with a point if the comma stands for one"
        if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell):
            return f"write a point for the comma: `{cell.replace(',', '.')}`"
        number = plain_number(cell)
        if number is not None and number != cell:
            return f"write the number alone: `{number}`"
        if self.target:
            return "a target has numbers alone, or labels none of which is a number (`class 1` for `1`)"
        if self.count == self.of:
            one_by_one = "`x` takes every column but the target, so name those that are wanted one by one"
            return f"leave a column of text out: {one_by_one}, as `a = a`"
        return "write a number such as `3` or `-0.5e2`, or leave the column or the line out"


_TRUTH = ("true", "false", "yes", "no")
_MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", "missing")
_BESIDE = re.compile(r"[$€£¥%\s'\u2019]")


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in _MISSING


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
