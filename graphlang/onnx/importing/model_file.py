"""Reads an ONNX file: its size first, then its message; numbers in other files only below its folder."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_files import OnnxFileUnsound, OnnxMissing
from graphlang.files.regular import open_below, open_regular, resolved_below
from graphlang.onnx.importing.refusals import NotImported

if TYPE_CHECKING:
    import onnx

MOST_BYTES = 2**31
"""A message of protobuf is never longer."""


def read_model(path: str | os.PathLike[str]) -> onnx.ModelProto:
    """The model of a file; raises GraphError."""
    file = os.fspath(path)
    try:
        import onnx
    except ImportError:
        raise GraphError([OnnxMissing(file)]) from None
    try:
        with open_regular(path) as opened:
            content = opened.content(MOST_BYTES)
    except OSError as error:
        raise GraphError([OnnxFileUnsound(file, _reason(error))]) from None
    if not content:
        raise GraphError([OnnxFileUnsound(file, "it is empty")])
    return _parsed(onnx.ModelProto(), content, file)


def _parsed(model: onnx.ModelProto, content: bytes, file: str) -> onnx.ModelProto:
    try:
        model.ParseFromString(content)
    except Exception:  # noqa: BLE001 - protobuf raises DecodeError, by way of the package that it comes with
        raise GraphError([OnnxFileUnsound(file, "it is no message of ONNX, or is cut off")]) from None
    if not model.HasField("graph") or not model.opset_import:
        raise GraphError([OnnxFileUnsound(file, "it holds no model: a graph or the version is missing")])
    return model


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


def external_reader(file: str) -> Callable[[Any], bytes]:
    """Reads the numbers that a tensor keeps in another file, which lies below the folder of the model."""
    folder = Path(file).parent

    def read(tensor: Any) -> bytes:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError:
            raise NotImported("where its numbers lie in another file is no number") from None
        wanted = _bytes_of(tensor)
        if offset < 0 or length not in (-1, wanted):
            raise NotImported(f"its numbers take {wanted:,} bytes, and the other file has {length:,} for it")
        location = entries.get("location", "")
        try:
            place = resolved_below(folder, location)
            if place is None:
                raise NotImported(f"`{location[:100]}` does not lie below the folder of the model")
            with open_below(folder, place) as opened:
                if opened.size < offset + wanted:
                    raise NotImported(f"`{location[:100]}` ends before its numbers do")
                opened.stream.seek(offset)
                return bytes(opened.stream.read(wanted))
        except (OSError, ValueError) as error:
            reason = _reason(error) if isinstance(error, OSError) else str(error)
            raise NotImported(f"`{location[:100]}` cannot be read: {reason}") from None

    return read


def _bytes_of(tensor: Any) -> int:
    from onnx import helper

    size: int = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return int(math.prod(tensor.dims)) * size
