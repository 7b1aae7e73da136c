"""Values for inputs from the command line: `--inputs` as JSON or npz, and `--set name=@file.npy`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import (
    DamagedArrays,
    InputTwice,
    JsonNumberTooLarge,
    NoInputsObject,
    NoJson,
    NoNumbers,
    NoSuchFile,
    WrongInputsFile,
    unreadable,
)
from graphlang.diagnostics.settings import UnknownOverride, WrongOverride
from graphlang.syntax.files import standard_input

if TYPE_CHECKING:
    from graphlang.api import Graph

NOT_FINITE = ("nan", "inf", "-inf")


def input_values(graph: Graph, files: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the names of inputs; `--set` overrides `--inputs`."""
    problems = [_not_an_input(graph, name) for name in files if name not in graph.inputs]
    if problems:
        raise GraphError(problems)
    return {**inputs, **{name: read_array(path) for name, path in files.items()}}


def _not_an_input(graph: Graph, name: str) -> WrongOverride | UnknownOverride:
    if name in graph.spec.hypers or "." in name:
        return WrongOverride.file_for_number(name)
    return UnknownOverride(name, list(graph.inputs), graph.file)


def read_array(path: str) -> Any:
    """The array of an npy file."""
    if not path:
        raise GraphError([WrongInputsFile.nothing_after_at("@")])
    array = _numpy_file(path, "an npy file")
    if isinstance(array, dict):
        raise GraphError([WrongInputsFile.archive_for_array(path)])
    return array


def read_inputs(path: str) -> dict[str, Any]:
    """The values by name in a JSON object or an npz, distinguished by the content."""
    if path == "-":
        return _from_json("<stdin>", standard_input())
    content = _content(path)
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return dict(_numpy_file(path, "an npz file"))
    if content[:6] == b"\x93NUMPY":
        raise GraphError([WrongInputsFile.array_without_name(path)])
    return _from_json(path, content)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise GraphError([(NoSuchFile.json_for_file if path.startswith("{") else NoSuchFile)(path)]) from None
    except OSError as error:
        raise GraphError([unreadable(path, error)]) from None


def _numpy_file(path: str, format: Literal["an npy file", "an npz file"]) -> Any:
    """An array, or the arrays of an archive by name."""
    import numpy as np

    try:
        # Given a name, NumPy would leave the file open after an error.
        with Path(path).open("rb") as stream:
            contents = np.load(stream, allow_pickle=False)
            return contents if isinstance(contents, np.ndarray) else {n: contents[n] for n in contents.files}
    except FileNotFoundError:
        raise GraphError([NoSuchFile(path)]) from None
    except OSError as error:
        raise GraphError([unreadable(path, error)]) from None
    except Exception:  # noqa: BLE001 - zipfile and zlib raise their own exceptions
        raise GraphError([DamagedArrays(path, format)]) from None


def _from_json(name: str, content: bytes) -> dict[str, Any]:
    def number(text: str) -> float:
        value = float(text)
        if isinf(value):
            raise GraphError([JsonNumberTooLarge(name, text)])
        return value

    def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values_by_name = dict(pairs)
        if len(values_by_name) < len(pairs):
            twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
            raise GraphError([InputTwice(name, twice)])
        return values_by_name

    try:
        values = json.loads(content, parse_float=number, object_pairs_hook=one_of_each)
    except json.JSONDecodeError as error:
        raise GraphError([NoJson(name, error.msg.lower(), error.lineno, error.colno)]) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise GraphError([NoInputsObject.neither_format(name)]) from None
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
        return [_numbers(item) for item in value]
    return float(value) if value in NOT_FINITE else value
