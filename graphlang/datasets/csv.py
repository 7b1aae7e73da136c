"""The source `csv`: a table in a text file whose first line names the columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graphlang.datasets._tables import _TableSource
from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.csv_table import read_csv
from graphlang.datasets.dataset import check_size
from graphlang.datasets.files import FoundFile
from graphlang.datasets.table import Table
from graphlang.diagnostics.limits import Limits


class csv(_TableSource):
    """A table in a text file: the first line names the columns, each further line is a sample.

    Fields: one for each column, by its name, [N]; `x` is all columns but the target, [N, D], in the file's
            order; `t` is the target, [N]. Without `target` the target is the column called `t`; where there
            is none, `x` is all columns and there is no `t`. Where a column is called `x`, an input of one
            axis takes that column, and one of two axes all but the target; where one is called `t` that is
            not the target, `t` is that column, and the target is known by its own name.
    Splits: train and test. A fraction `test` of the lines is drawn for testing, always the same ones for
            the same `seed` and number of lines; both parts keep the file's order. `test=0` leaves all
            lines for training.
    Types:  a column is int when all its cells are written as integers, else float; `x` is float. A target
            whose cells are filled, and none a number, is a column of labels: its ids count the different
            labels in sorted order (`classes` names them). Only columns that an input takes are read as
            numbers, so text and dates in others do no harm; `x` takes all of them.
            A cell that is one of `missing` (blanks around it aside) is no number: `impute` fills it, and
            any other use of it by an input is an error that names its line.
    Format: UTF-8; `delimiter` between cells and `decimal` in numbers; quotes as in RFC
            4180, also after blanks. Empty lines are skipped. Such a file has no header that gives its
            size, so it is read when it is opened.
    Source: RFC 4180
    """

    delimiter: str = Field(default=",", min_length=1, max_length=1, description="what stands between cells")
    decimal: Literal[".", ","] = Field(default=".", description="the decimal point of numbers")
    missing: tuple[str, ...] = Field(default=(), description="cells that say that there is no value")

    def parsed(self, file: FoundFile, limits: Limits) -> Table:
        form = Form(self.delimiter, self.decimal, frozenset(cell.strip() for cell in self.missing))
        with file.open() as opened:
            check_size(self.path, "the table", opened.size, limits.table_bytes)
            return read_csv(self.path, opened, form, limits.table_cells)
