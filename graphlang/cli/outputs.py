"""Writes outputs to a file, as npz, npy, csv, json or jsonl by its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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


def write(path: Path, outputs: Mapping[str, Any], classes: Sequence[str] = ()) -> None:
    """Writes outputs by name, in texts with the names of `classes`; raises GraphError if the format cannot
    hold them."""
    suffix = path.suffix.lower()
    named = outputs if suffix in _NUMBERS else ids_named(outputs, classes)
    WRITERS[suffix](path, _by_class(named, classes) if suffix in _TABLES else named)


def ids_named(outputs: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """The outputs with names in place of the numbers of classes."""
    import numpy as np

    from graphlang.training.class_names import are_ids

    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    return {
        name: np.array(classes)[array] if are_ids(array, len(classes)) else outputs[name]
        for name, array in arrays.items()
    }


def json_of(value: Any) -> Any:
    """An output for JSON: numbers, or names of classes."""
    from graphlang.engine.result import json_value

    is_text = hasattr(value, "dtype") and value.dtype.kind == "U"
    return value.tolist() if is_text else json_value(value)


def _by_class(outputs: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Where an output has a number for each class, the name of the largest, and a column for each class."""
    import numpy as np

    from graphlang.training.class_names import are_scores

    columns: dict[str, Any] = {}
    for name, value in outputs.items():
        array = np.asarray(value)
        if are_scores(array, len(classes)):
            columns[name] = np.array(classes)[np.argmax(array, axis=1)]
            columns.update({f"{name}_{label}": array[:, i] for i, label in enumerate(classes)})
        else:
            columns[name] = value
    return columns


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
    from graphlang.files.replace import write_text

    text = json.dumps({n: json_of(v) for n, v in outputs.items()}, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def _jsonl(path: Path, outputs: Mapping[str, Any]) -> None:
    """An object for each sample, on a line of its own."""
    from graphlang.files.replace import write_text

    write_text(path, _jsonl_rows(path, outputs, first=True))


def _jsonl_rows(path: Path, outputs: Mapping[str, Any], *, first: bool) -> str:
    import numpy as np

    arrays = {name: np.atleast_1d(value) for name, value in outputs.items()}
    if len({len(array) for array in arrays.values()}) > 1:
        raise GraphError([FormatTooSmall.rows_differ(str(path), _as_npz(path))])
    rows = zip(*[json_of(array) for array in arrays.values()], strict=True)
    lines = [
        json.dumps(dict(zip(arrays, row, strict=True)), ensure_ascii=False, allow_nan=False) for row in rows
    ]
    return "".join(f"{line}\n" for line in lines)


def _csv(path: Path, outputs: Mapping[str, Any]) -> None:
    """A row per sample: a column for one number a row, columns `y_0`, `y_1`, ... for several."""
    from graphlang.files.replace import write_text

    write_text(path, _csv_rows(path, outputs, first=True))


def _csv_rows(path: Path, outputs: Mapping[str, Any], *, first: bool) -> str:
    """The lines of a csv, with the names of the columns before the first."""
    import csv
    import io

    import numpy as np

    columns: dict[str, Any] = {}
    for name, value in outputs.items():
        array = np.asarray(value)
        if array.ndim > 2:
            raise GraphError([TooManyAxes(str(path), _as_npz(path), name, array.shape)])
        if array.ndim < 2 or array.shape[1] == 1:
            columns[name] = array.reshape(-1)
        else:
            columns.update({f"{name}_{i}": array[:, i] for i in range(array.shape[1])})
    rows = {column.shape[0] for column in columns.values()}
    if len(rows) > 1:
        raise GraphError([FormatTooSmall.rows_differ(str(path), _as_npz(path))])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if first:
        writer.writerow(columns)
    writer.writerows(zip(*[map(_cell, column) for column in columns.values()], strict=True))
    return text.getvalue()


def writes_rows(path: Path) -> bool:
    """Whether the format has a line for each row."""
    return path.suffix.lower() in _TABLES


def write_blocks(path: Path, blocks: Iterable[Mapping[str, Any]], classes: Sequence[str] = ()) -> None:
    """Writes the outputs of block after block of rows to a csv or a jsonl; raises GraphError as `write`."""
    from graphlang.files.replace import replaced

    rows = _csv_rows if path.suffix.lower() == ".csv" else _jsonl_rows
    with replaced(path) as file:
        first = True
        for outputs in blocks:
            file.write(rows(path, _by_class(ids_named(outputs, classes), classes), first=first).encode())
            first = False


def put_together(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The outputs of all rows."""
    import numpy as np

    parts: dict[str, list[Any]] = {}
    for outputs in blocks:
        for name, value in outputs.items():
            parts.setdefault(name, []).append(value)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _cell(value: Any) -> str:
    """The shortest text that reads back as the same number in its precision."""
    return str(value).lower() if value.dtype.kind == "b" else str(value)


def _as_npz(path: Path) -> str:
    return str(path.with_suffix(".npz"))


_TABLES, _NUMBERS = (".csv", ".jsonl"), (".npz", ".npy")
"""The formats with a line for each sample, and those of numbers alone."""
WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _jsonl,
}
