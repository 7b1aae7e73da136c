"""The source `json_lines`: a table with an object of JSON on each line."""

from __future__ import annotations

from typing import Any

from graphlang.datasets._tables import MOST_CELLS, _TableSource
from graphlang.datasets.csv_table import Form, Table
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NoData, TooManyCells
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

    def parsed(self, content: bytes) -> Table:
        if not content.strip():
            raise GraphError([NoData.empty_file(self.path)])
        lines = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
        texts = content.split(b"\n")
        rows = [self._row(number, texts[number - 1]) for number in lines]
        names = list(dict.fromkeys(name for row in rows for name in row))
        if len(names) * len(rows) > MOST_CELLS:
            raise GraphError([TooManyCells(self.path, len(names) * len(rows), MOST_CELLS)])
        cells = {name: tuple(row.get(name, "") for row in rows) for name in names}
        return Table(self.path, names, cells, lines, _FORM)

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
