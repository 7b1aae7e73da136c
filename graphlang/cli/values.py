"""Values for inputs from outside: `--inputs` as JSON or npz, and `--set name=@file.npy`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import UnreadableFile
from graphlang.diagnostics.settings import UnknownOverride, WrongOverride
from graphlang.syntax.files import refusal, standard_input

if TYPE_CHECKING:
    from graphlang.api import Graph

NPY = "an npy file"
NOT_FINITE = ("nan", "inf", "-inf")
EXPECTED = 'write an object such as {"x": [[1, 2]], "t": [0]}, or save an npz: `numpy.savez(file, x=x, t=t)`'


def given(graph: Graph, files: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every value by the name of its input; `--set` comes before `--inputs`."""
    problems = [_not_an_input(graph, name) for name in files if name not in graph.inputs]
    if problems:
        raise GraphError(problems)
    return {**inputs, **{name: read_array(path) for name, path in files.items()}}


def _not_an_input(graph: Graph, name: str) -> WrongOverride | UnknownOverride:
    if name in graph.spec.hypers or "." in name:
        return WrongOverride(name, "only an input takes its value from a file", "write the number itself")
    return UnknownOverride(name, list(graph.inputs), graph.file)


def read_array(path: str) -> Any:
    """The array of an npy file."""
    if not path:
        raise _unreadable("@", "there is no name after the @", "name an npy file: `--set x=@x.npy`")
    found = _numpy_file(path, NPY)
    if isinstance(found, dict):
        help = "give it with `--inputs FILE`"
        raise _unreadable(path, "this is an archive (npz), not one array (npy)", help)
    return found


def read_inputs(path: str) -> dict[str, Any]:
    """The values by name of a JSON object or an npz; what it is is told by its content."""
    if path == "-":
        return _from_json("<stdin>", standard_input())
    content = _content(path)
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return dict(_numpy_file(path, "an npz file"))
    if content[:6] == b"\x93NUMPY":
        raise _unreadable(path, "this is one array (npy) without a name", f"use `--set NAME=@{path}`")
    return _from_json(path, content)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        help_ = "JSON is read from a file, or with `--inputs -` from stdin" if path.startswith("{") else None
        raise _unreadable(path, "there is no such file", help_) from None
    except OSError as error:
        raise _unreadable(path, refusal(error), None) from None


def _numpy_file(path: str, what: str) -> Any:
    """One array, or the arrays of an archive by name."""
    import numpy as np

    try:
        # NumPy leaves a file open that it cannot read, so it is not given the name.
        with Path(path).open("rb") as stream:
            found = np.load(stream, allow_pickle=False)
            return found if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file", None) from None
    except OSError as error:
        raise _unreadable(path, refusal(error), None) from None
    except Exception:  # noqa: BLE001 - zipfile and zlib raise their own kinds
        message = f"this is not {what} of numbers, or it is damaged"
        how = "numpy.save(file, x)" if what == NPY else "numpy.savez(file, x=x)"
        raise _unreadable(path, message, f"write it with `{how}`") from None


def _from_json(name: str, content: bytes) -> dict[str, Any]:
    def number(text: str) -> float:
        found = float(text)
        if isinf(found):
            message = f"`{text}` is larger than what a float can hold"
            raise _unreadable(name, message, "write `Infinity` where that is meant")
        return found

    def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
            raise _unreadable(name, f"`{twice}` is there twice", "give every input once")
        return found

    try:
        values = json.loads(content, parse_float=number, object_pairs_hook=one_of_each)
    except json.JSONDecodeError as error:
        message = f"this is not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}"
        raise _unreadable(name, message, EXPECTED) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise _unreadable(name, "this is neither JSON nor an npz", EXPECTED) from None
    if not isinstance(values, dict):
        raise _unreadable(name, "this is JSON, but no object with the names of inputs", EXPECTED)
    values = {key: _numbers(value) for key, value in values.items()}
    for key, value in values.items():
        if isinstance(value, str | dict) or value is None:
            what = "a text" if isinstance(value, str) else "null" if value is None else "an object"
            message = f"the value of `{key}` is {what}, not a number or a list of numbers"
            raise _unreadable(name, message, EXPECTED)
    return values


def _numbers(value: Any) -> Any:
    """What JSON has no number for comes as the text that graphlang writes."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return float(value) if value in NOT_FINITE else value


def _unreadable(path: str, message: str, help: str | None) -> GraphError:
    return GraphError([UnreadableFile(path, message, help)])
