"""The source `parquet`: a table in a file of Apache Parquet, read by Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from graphlang.datasets._tables import _TableSource
from graphlang.datasets.dataset import Array, check_size
from graphlang.datasets.files import FoundFile
from graphlang.datasets.table import Columns
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.data import (
    ArrayOfOthers,
    DamagedParquet,
    DataInflated,
    FileUnreadable,
    NoData,
    TooManyCells,
)
from graphlang.diagnostics.files import PackageMissing
from graphlang.diagnostics.limits import Limits
from graphlang.files.unsound import Inflated, check_inflation

_LONGEST = 2**24
"""Bytes of a text in the description of a file, and how many parts a list there may have."""


class parquet(_TableSource):
    """A table in a file of Apache Parquet.

    Fields: as those of `csv`; the columns are those of the file that hold numbers, truth values, texts, dates
            or times.
    Splits: as those of `csv`.
    Types:  as they are stored: int, float or bool; decimals are floats. A target of texts is a column of
            labels, as in `csv`. null is no value, which `impute` fills. Dates and times are texts, of which
            `date` makes days.
    Format: Parquet, read by `pyarrow` (`pip install "graphlang-dsl[parquet]"`). When the file is opened its
            description alone is read, and of the columns those that are used.
    Source: parquet.apache.org
    """

    def parsed(self, file: FoundFile, limits: Limits) -> Columns:
        return ParquetTable(file, limits)


class ParquetTable(Columns):
    """The columns of a Parquet file, read when they are asked for."""

    def __init__(self, file: FoundFile, limits: Limits) -> None:
        self.path = file.path
        self._file = file
        self._limits = limits
        with self._opened() as (opened, size):
            check_size(self.path, "the table", size, limits.table_bytes)
            self._size = size
            self.rows = opened.metadata.num_rows
            self._types = {field.name: field.type for field in opened.schema_arrow}
            self._announced = self._sizes(opened.metadata)
        self.names = list(self._types)
        if not self.names or self.rows < 1:
            raise GraphError([NoData.empty_file(self.path)])

    @contextmanager
    def _opened(self, texts: Sequence[str] = ()) -> Iterator[tuple[Any, int]]:
        """The file, and its size; raises GraphError for what Arrow does not read.

        Of a column of `texts`, equal ones are read as one.
        """
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise GraphError([PackageMissing.to_read(self.path, "pyarrow")]) from None
        with self._file.open() as file:
            try:
                limits = {"thrift_string_size_limit": _LONGEST, "thrift_container_size_limit": _LONGEST}
                with parquet.ParquetFile(file.stream, read_dictionary=texts, **limits) as opened:
                    yield opened, file.size
            except (pyarrow.ArrowException, OSError, MemoryError, ValueError, OverflowError) as error:
                problem = str(error).strip().split("\n")[0][:200].rstrip(". ")
                raise GraphError([DamagedParquet(self.path, problem or "it is damaged")]) from None

    def _sizes(self, metadata: Any) -> dict[str, int]:
        """How many bytes the description says that each column has when it is unpacked."""
        sizes: dict[str, int] = {}
        for group in range(metadata.num_row_groups):
            of_group = metadata.row_group(group)
            for number in range(of_group.num_columns):
                column = of_group.column(number)
                name = column.path_in_schema.split(".")[0]
                sizes[name] = sizes.get(name, 0) + max(0, column.total_uncompressed_size)
        return sizes

    # ---- columns ---------------------------------------------------------------------------------------

    def _read(self, names: Sequence[str], texts: Sequence[str] = ()) -> Any:
        """Some columns; raises GraphError before that where they would take too much memory."""
        cells = self.rows * len(names)
        if cells > self._limits.table_cells:
            raise GraphError([TooManyCells(self.path, cells, self._limits.table_cells)])
        announced = sum(self._announced.get(name, 0) for name in names)
        try:
            check_inflation(announced, self._size)
        except Inflated as error:
            raise GraphError([DataInflated(self.path, error.announced, error.size)]) from None
        with self._opened(texts) as (opened, size):
            if size != self._size or opened.metadata.num_rows != self.rows:
                raise GraphError([FileUnreadable.changed(self.path)])
            table = opened.read(columns=list(names), use_threads=True)
        if table.num_rows != self.rows:
            raise GraphError([DamagedParquet(self.path, "its columns have other numbers of rows")])
        return table

    def numbers(self, likely: Sequence[str], target: str | None) -> Callable[[str], Array]:
        return self._numbers

    def _numbers(self, name: str) -> Array:
        problem = self._problem(name)
        if problem is not None:
            raise GraphError([problem])
        return self._array(self._read([name]).column(0))

    def matrix(self, names: Sequence[str]) -> Array:
        problems = [problem for name in names if (problem := self._problem(name)) is not None]
        if problems:
            raise GraphError(problems)
        table = self._read(names)
        matrix = np.empty((self.rows, len(names)), np.float64)
        for i in range(len(names)):
            matrix[:, i] = self._array(table.column(i))
        return matrix

    def _problem(self, name: str) -> Diagnostic | None:
        kind = self._types[name]
        return None if _are_numbers(kind) else ArrayOfOthers(self.path, name, str(kind))

    def _array(self, column: Any) -> Array:
        """A column as an array, with nan for null."""
        import pyarrow

        kind = column.type
        if pyarrow.types.is_decimal(kind) or (column.null_count and not pyarrow.types.is_floating(kind)):
            column = column.cast(pyarrow.float64(), safe=False)
        array: Array = column.to_numpy()
        return array

    def has_texts(self, name: str) -> bool:
        return not _are_numbers(self._types[name])

    def texts(self, name: str) -> list[str]:
        import pyarrow

        kind = self._types[name]
        types = pyarrow.types
        kinds = (types.is_string, types.is_large_string, types.is_temporal, types.is_null)
        value = kind.value_type if types.is_dictionary(kind) else kind
        if not any(is_kind(value) for is_kind in kinds):
            raise GraphError([ArrayOfOthers(self.path, name, str(kind))])
        column = self._read([name], [name]).column(0)
        if not types.is_dictionary(column.type):
            column = column.cast(pyarrow.string()).dictionary_encode()
        cells: list[str] = []
        for chunk in column.chunks:
            different = [(text or "").strip() for text in chunk.dictionary.to_pylist()]
            places = chunk.indices.fill_null(len(different)).to_pylist()
            different.append("")
            cells += [different[place] for place in places]
        return cells

    def holds_labels(self, name: str) -> bool:
        return self.has_texts(name) and "" not in self.texts(name)


def _are_numbers(kind: Any) -> bool:
    import pyarrow

    types = pyarrow.types
    kinds = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(is_kind(kind) for is_kind in kinds)
