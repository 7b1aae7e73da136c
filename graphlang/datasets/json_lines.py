"""The source `json_lines`: a table with an object of JSON on each line."""

from __future__ import annotations

from typing import Any

from graphlang.datasets._tables import _TableSource
from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.dataset import check_size
from graphlang.datasets.files import FoundFile
from graphlang.datasets.table import CellTable, Table
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NoData, TooManyCells
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.tables import WrongJsonLine
from graphlang.files.json_text import UnsoundJson, parsed

_FORM = Form(missing=frozenset([""]))


class json_lines(_TableSource):
    """A table in a text file with an object on each line, as `{"size": 1.5, "kind": "pear"}`.

    Fields: as those of `csv`; the columns are the keys of all lines, in the order in which they come.
    Splits: as those of `csv`.
    Types:  as those of `csv`; true and false are 1 and 0. A key that a line does not have, null and an empty
            text are no value, which `impute` fills.
    Format: UTF-8; an object holds numbers, texts, true, false and null. Empty lines are skipped.
    Source: jsonlines.org
    """

    def parsed(self, file: FoundFile, limits: Limits) -> Table:
        # Texts and objects of Python take some five times the memory of the numbers of a csv.
        with file.open() as opened:
            check_size(self.path, "the table", opened.size, limits.table_bytes // 4)
            content = opened.content(opened.size)
        most_cells = limits.table_cells // 5
        cells: dict[str, list[str]] = {}
        lines: list[int] = []
        for number, text in enumerate(content.split(b"\n"), 1):
            if not text.strip():
                continue
            row = self._row(number, text)
            for name in row:
                cells.setdefault(name, [""] * len(lines))
            for name, column in cells.items():
                column.append(row.get(name, ""))
            lines.append(number)
            if len(cells) * len(lines) > most_cells:
                raise GraphError([TooManyCells(self.path, len(cells) * len(lines), most_cells)])
        if not lines:
            raise GraphError([NoData.empty_file(self.path)])
        return CellTable(self.path, cells, lines, _FORM)

    def _row(self, number: int, text: bytes) -> dict[str, str]:
        try:
            row = parsed(text.removeprefix(b"\xef\xbb\xbf"))
        except UnsoundJson as error:
            raise GraphError([WrongJsonLine(self.path, number, str(error))]) from None
        if not isinstance(row, dict) or not row:
            raise GraphError([WrongJsonLine.no_object(self.path, number, "")])
        return {name: self._cell(number, name, value) for name, value in row.items()}

    def _cell(self, number: int, name: str, value: Any) -> str:
        if isinstance(value, dict | list):
            raise GraphError([WrongJsonLine.nested(self.path, number, name)])
        if value is None:
            return ""
        return str(int(value)) if isinstance(value, bool) else str(value)
