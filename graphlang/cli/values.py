"""Values for inputs from the command line: `--inputs` as JSON, npz or csv, and `--set name=@file.npy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from graphlang.cli import console
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.base import elided
from graphlang.diagnostics.files import (
    ColumnsOfNoInputs,
    DamagedArrays,
    InputTwice,
    JsonNumberTooLarge,
    LongJson,
    NoInputsObject,
    NoJson,
    NoNumbers,
    NoSuchFile,
    OtherJson,
    WrongInputsFile,
    unreadable,
)
from graphlang.diagnostics.inputs import UnknownInput
from graphlang.diagnostics.settings import UnknownOverride, WrongOverride
from graphlang.files.regular import RegularFile, open_regular
from graphlang.files.unsound import Unsound
from graphlang.syntax.files import standard_input

if TYPE_CHECKING:
    from graphlang.api import Graph

NOT_FINITE = ("nan", "inf", "-inf")


def input_values(graph: Graph, files: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the names of inputs; `--set` overrides `--inputs`."""
    problems = [_not_an_input(graph, name) for name in files if name not in graph.inputs]
    if problems:
        raise GraphError(problems)
    arrays = {name: read_array(path) for name, path in files.items()}
    for name, path in files.items():
        note_what_is_not_finite(path, {name: arrays[name]})
    return {**inputs, **arrays}


def _not_an_input(graph: Graph, name: str) -> WrongOverride | UnknownOverride:
    if name in graph.spec.hypers or "." in name:
        return WrongOverride.file_for_number(name)
    return UnknownOverride(name, list(graph.inputs), graph.file)


def read_array(path: str) -> Any:
    """The array of an npy file."""
    from graphlang.files.array_file import read_array_file

    if not path:
        raise GraphError([WrongInputsFile.nothing_after_at("@")])
    with _opened(path) as file:
        if _start(file)[:2] == b"PK":
            raise GraphError([WrongInputsFile.archive_for_array(path)])
        try:
            return read_array_file(file, "the array")
        except Unsound as error:
            raise GraphError([DamagedArrays(path, "an npy file", str(error))]) from None


def read_inputs(path: str, inputs: Sequence[str] | None = None, *, table: bool = False) -> dict[str, Any]:
    """The values by name in a JSON object or an npz, by the content, or in the columns of a `.csv`.

    With `inputs`, the names that columns may have; `table` says that the command takes rows by `--data`.
    """
    from graphlang.files.json_text import MOST_BYTES

    if path == "-":
        return _from_json("<stdin>", standard_input(MOST_BYTES))
    with _opened(path) as file:
        start = _start(file)
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return _archive(path, file)
        if start == b"\x93NUMPY":
            raise GraphError([WrongInputsFile.array_without_name(path)])
        if path.lower().endswith(".csv"):
            return _columns(path, file, inputs, table)
        if file.size > MOST_BYTES:
            raise GraphError([LongJson(path, file.size, MOST_BYTES)])
        return _from_json(path, file.content(MOST_BYTES))


def note_what_is_not_finite(path: str, values: Mapping[str, Any]) -> None:
    """Names what is not finite among the values of a file: it is computed with, for `-inf` may be meant."""
    import numpy as np

    from graphlang.datasets.number_checks import not_finite, place_text

    for name, value in values.items():
        try:
            array = np.asarray(value)
        except ValueError:  # rows of different lengths, which the run refuses
            continue
        place = not_finite(array)
        if place is not None:
            source = "standard input" if path == "-" else f"`{console.file_name(path)}`"
            console.note(f"`{elided(name)}` in {source} holds {array[place]}{place_text(place)}")


@contextmanager
def _opened(path: str) -> Iterator[RegularFile]:
    """A regular file; raises GraphError where it cannot be opened or read."""
    try:
        with open_regular(path) as file:
            yield file
    except FileNotFoundError:
        raise GraphError([(NoSuchFile.json_for_file if path.startswith("{") else NoSuchFile)(path)]) from None
    except OSError as error:
        raise GraphError([unreadable(path, error)]) from None


def _start(file: RegularFile) -> bytes:
    start = file.stream.read(6)
    file.stream.seek(0)
    return start


def _archive(path: str, file: RegularFile) -> dict[str, Any]:
    """The arrays of an npz by name; the headers of all are checked before one is read."""
    from graphlang.files.array_archive import ArrayArchive

    try:
        archive = ArrayArchive(file)
        archive.check()
        return {name: archive.read(name) for name in archive.members}
    except Unsound as error:
        raise GraphError([DamagedArrays(path, "an npz file", str(error))]) from None


def _columns(path: str, file: RegularFile, inputs: Sequence[str] | None, rows: bool) -> dict[str, Any]:
    """The columns of a csv, each for the input of its name."""
    from graphlang.datasets.csv_blocks import Form
    from graphlang.datasets.csv_table import read_csv
    from graphlang.datasets.dataset import check_size
    from graphlang.datasets.table import NumberColumns
    from graphlang.diagnostics.limits import DEFAULT

    check_size(path, "the table", file.size, DEFAULT.table_bytes)
    table = read_csv(path, file, Form(), DEFAULT.table_cells)
    unknown = [] if inputs is None else [name for name in table.names if name not in inputs]
    if inputs is not None and unknown and len(unknown) == len(table.names):
        wording = ColumnsOfNoInputs.rows if rows else ColumnsOfNoInputs
        raise GraphError([wording(path, table.names, inputs)])
    if inputs is not None and unknown:
        raise GraphError([UnknownInput(name, inputs, path) for name in unknown])
    numbers = NumberColumns(table, table.names)
    return {name: numbers.of(name) for name in table.names}


def _from_json(name: str, content: bytes) -> dict[str, Any]:
    from graphlang.files.json_text import (
        MOST_BYTES,
        HugeNumber,
        KeyTwice,
        MalformedJson,
        UnsoundJson,
        parsed,
    )

    if len(content) > MOST_BYTES:  # from standard input, whose size is not known before
        raise GraphError([LongJson(name, len(content), MOST_BYTES)])
    try:
        values = parsed(content, finite=False)
    except MalformedJson as error:
        raise GraphError([NoJson(name, error.problem, error.row, error.column)]) from None
    except HugeNumber as error:
        raise GraphError([JsonNumberTooLarge(name, error.text)]) from None
    except KeyTwice as error:
        raise GraphError([InputTwice(name, error.key)]) from None
    except UnsoundJson as error:
        raise GraphError([OtherJson(name, str(error))]) from None
    if not isinstance(values, dict):
        raise GraphError([NoInputsObject.json_without_names(name)])
    values = {key: _numbers(value) for key, value in values.items()}
    for key, value in values.items():
        if isinstance(value, str | dict) or value is None:
            kind: Literal["a text", "null", "an object"] = "null" if value is None else "an object"
            raise GraphError([NoNumbers(name, key, "a text" if isinstance(value, str) else kind)])
    return values


def _numbers(value: Any) -> Any:
    """Converts the texts `nan`, `inf` and `-inf`, for which JSON has no numbers."""
    if isinstance(value, list):
        return [_numbers(item) if isinstance(item, list | str) else item for item in value]
    return float(value) if value in NOT_FINITE else value
