"""Writes outputs to a file, as npz, npy, csv or json by its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphlang.cli.options import Usage
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import FormatTooSmall, SeveralArrays, TooManyAxes


def check_suffix(path: Path) -> None:
    """Raises Usage unless the suffix of the file names a format."""
    if path.suffix.lower() not in WRITERS:
        suffixes = ", ".join(WRITERS)
        wrong = f"`{path.suffix}` is not one of them" if path.suffix else f"`{path.name}` has none"
        raise Usage(f"the suffix of --output decides the format, {suffixes}: {wrong}")


def write(path: Path, outputs: Mapping[str, Any]) -> None:
    """Writes outputs by name; raises GraphError if the format cannot hold them."""
    WRITERS[path.suffix.lower()](path, outputs)


def _npz(path: Path, outputs: Mapping[str, Any]) -> None:
    from graphlang.training.weight_files import save

    save(path, outputs)


def _npy(path: Path, outputs: Mapping[str, Any]) -> None:
    import numpy as np

    from graphlang.files.replace import replaced

    if len(outputs) != 1:
        raise GraphError([SeveralArrays(str(path), _as_npz(path), list(outputs))])
    with replaced(path) as file:
        np.save(file, next(iter(outputs.values())), allow_pickle=False)


def _json(path: Path, outputs: Mapping[str, Any]) -> None:
    from graphlang.engine.result import json_value
    from graphlang.files.replace import write_text

    text = json.dumps({n: json_value(v) for n, v in outputs.items()}, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def _csv(path: Path, outputs: Mapping[str, Any]) -> None:
    """A row per sample: a column for a scalar or a vector, columns `y_0`, `y_1`, ... for a matrix."""
    import csv
    import io

    import numpy as np

    from graphlang.files.replace import write_text

    columns: dict[str, Any] = {}
    for name, value in outputs.items():
        array = np.asarray(value)
        if array.ndim > 2:
            raise GraphError([TooManyAxes(str(path), _as_npz(path), name, array.shape)])
        if array.ndim < 2:
            columns[name] = array.reshape(-1)
        else:
            columns.update({f"{name}_{i}": array[:, i] for i in range(array.shape[1])})
    rows = {column.shape[0] for column in columns.values()}
    if len(rows) > 1:
        raise GraphError([FormatTooSmall.rows_differ(str(path), _as_npz(path))])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*[map(_cell, column) for column in columns.values()], strict=True))
    write_text(path, text.getvalue())


def _cell(value: Any) -> str:
    """The shortest text that reads back as the same number in its precision."""
    return str(value).lower() if value.dtype.kind == "b" else str(value)


def _as_npz(path: Path) -> str:
    return str(path.with_suffix(".npz"))


WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _csv,
    ".json": _json,
}
