"""Reads the numbers of a piece of a csv by Arrow, where that is installed: the same ones, in less time.

Arrow gets the pieces, and so neither decides what is a record nor what is an error: where it refuses a cell,
or takes one that is no number here, the piece is read by the package itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.dataset import Array
from graphlang.datasets.decimal_cells import Decimals
from graphlang.datasets.table_pieces import TablePiece
from graphlang.lazy import made_once

_MOST_WHOLE = 10**18
"""Whole numbers from here on are floats."""
WORTH = 2_000_000
"""With fewer numbers than this, importing Arrow takes longer than it saves."""
_REFUSALS = 3
"""After so many pieces that Arrow does not read, it is asked no more."""


@made_once
def _arrow() -> Any:
    """The modules `pyarrow` and `pyarrow.csv`; None where they are not installed."""
    try:
        import pyarrow
        import pyarrow.csv
    except ImportError:
        return None
    return pyarrow, pyarrow.csv


class ArrowReader:
    """Reads some columns of a table, whose kinds follow from the pieces that are read without it."""

    def __init__(self, form: Form, width: int, columns: Sequence[int], rows: int) -> None:
        self._pays = rows * len(columns) >= WORTH
        self._form = form
        self._width = width
        self._columns = list(columns)
        self._whole: list[bool] | None = None
        self._refusals = 0

    def learn(self, whole: Sequence[bool]) -> None:
        """Takes over which columns of a piece have whole numbers alone."""
        before = self._whole or [True] * len(whole)
        self._whole = [a and b for a, b in zip(before, whole, strict=True)]

    def decimals(self, piece: TablePiece, rows: int) -> Decimals | None:
        """The numbers in a piece of so many rows; None where Arrow is not sure to read them alike."""
        whole = self._whole
        if not self._pays or whole is None or self._refusals >= _REFUSALS or self._width < 2:
            return None
        modules = _arrow()
        if modules is None:
            return None
        if any(whole) and _is_odd(piece.text):
            return None
        try:
            table = self._table(modules, piece, whole)
        except modules[0].ArrowInvalid:
            table = None
        decimals = None if table is None or table.num_rows != rows else self._taken(table, rows, whole)
        self._refusals += decimals is None
        return decimals

    def _table(self, modules: Any, piece: TablePiece, whole: Sequence[bool]) -> Any:
        arrow, csv = modules
        names = [str(i) for i in range(self._width)]
        kinds = {
            names[i]: arrow.int64() if is_whole else arrow.float64()
            for i, is_whole in zip(self._columns, whole, strict=True)
        }
        size = len(piece.text) + 1
        return csv.read_csv(
            arrow.BufferReader(piece.text),
            csv.ReadOptions(use_threads=False, block_size=size, column_names=names),
            csv.ParseOptions(delimiter=self._form.delimiter, newlines_in_values=piece.is_quoted),
            csv.ConvertOptions(
                check_utf8=False,
                column_types=kinds,
                include_columns=list(kinds),
                null_values=sorted(self._form.missing),
                decimal_point=self._form.decimal,
            ),
        )

    def _taken(self, table: Any, rows: int, whole: Sequence[bool]) -> Decimals | None:
        """The columns side by side; None where one holds what is no finite number here."""
        shape = (rows, len(self._columns))
        ints = np.zeros(shape, np.int64) if any(whole) else np.broadcast_to(np.int64(0), shape)
        floats = np.empty(shape, np.float64)
        are_whole = np.empty(shape, bool)
        for i, is_whole in enumerate(whole):
            column = table.column(i)
            values: Array = column.to_numpy()  # with nan for cells without a value
            absent = column.null_count
            are_whole[:, i] = is_whole and not absent
            if is_whole and not absent:
                if values.size and max(int(values.max()), -int(values.min())) >= _MOST_WHOLE:
                    return None
                ints[:, i] = values
            elif np.count_nonzero(np.isfinite(values)) != rows - absent:
                return None
            np.add(values, 0.0, out=floats[:, i])  # -0 is 0
        return Decimals(np.ones(shape, bool), are_whole, ints, floats)


def _is_odd(text: bytes) -> bool:
    """Whether whole numbers may be written as Arrow reads them and this package does not."""
    return b"0x" in text or b"0X" in text or b"0" * 16 in text
