"""Files of the format safetensors: the header is checked here, the package `safetensors` reads the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from graphlang.files.array_header import MOST_AXES, MOST_BYTES
from graphlang.files.json_text import UnsoundJson, parsed
from graphlang.files.regular import RegularFile
from graphlang.files.unsound import Announces, CutOff, Unsound
from graphlang.files.zip_directory import shown_member

MOST_HEADER = 16 * 2**20
MOST_TENSORS = 30_000
"""The most of one file, each of which is checked; files of large models have some thousands."""
_LENGTH = 8

_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<f4",
    "I64": "<i8",
    "U64": "<u8",
    "I32": "<i4",
    "U32": "<u4",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
"""The types that are read, and as what; BF16 is the upper half of a float32."""
_BF16 = "BF16"


class StoredTensor(NamedTuple):
    """One tensor as the header describes it."""

    shape: tuple[int, ...]
    #: as it is read; None for a type that NumPy does not have
    dtype: np.dtype[Any] | None
    #: the name of the type in the format
    description: str
    start: int
    end: int


class TensorFile:
    """An open file; its header is checked when it is made."""

    def __init__(self, file: RegularFile) -> None:
        self._file = file
        self.arrays: Mapping[str, StoredTensor] = _header(file)

    def read(self, names: Sequence[str]) -> dict[str, Any]:
        """Tensors by name; raises Unsound, or ImportError where `safetensors` is not installed."""
        from safetensors import SafetensorError, deserialize

        self._file.stream.seek(0)
        content = self._file.content(self._file.size)
        try:
            tensors = dict(deserialize(content))
        except SafetensorError as error:
            raise Unsound(_first_line(str(error))) from None
        if any(name not in tensors for name in names):
            raise Unsound("its header is read in two ways")
        return {name: _array(self.arrays[name], tensors[name]["data"]) for name in names}


def looks_like_tensors(start: bytes, size: int) -> bool:
    """Whether a file of so many bytes that starts like this is of the format."""
    length = int.from_bytes(start[:_LENGTH], "little")
    return start[_LENGTH : _LENGTH + 1] == b"{" and 2 <= length <= size - _LENGTH


def write_tensors(stream: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name; raises ImportError where `safetensors` is not installed."""
    from safetensors.numpy import save

    stream.write(save({name: np.asarray(array, order="C") for name, array in arrays.items()}))


def _header(file: RegularFile) -> dict[str, StoredTensor]:
    start = file.stream.read(_LENGTH)
    length = int.from_bytes(start, "little")
    if len(start) < _LENGTH or length > file.size - _LENGTH:
        raise CutOff("the header", _LENGTH + length, file.size)
    if length > MOST_HEADER:
        raise Announces("the header", length, MOST_HEADER)
    try:
        entries = parsed(file.stream.read(length))
    except UnsoundJson as error:
        raise Unsound(f"its header is not sound JSON: {error}") from None
    if not isinstance(entries, dict):
        raise Unsound("its header is not a JSON object")
    if len(entries) > MOST_TENSORS:
        raise Unsound(f"it holds {len(entries):,} tensors, more than {MOST_TENSORS:,}")
    tensors = {name: _tensor(name, of) for name, of in entries.items() if name != "__metadata__"}
    _check_places(tensors, file.size - _LENGTH - length)
    return tensors


def _tensor(name: str, entry: Any) -> StoredTensor:
    shown = shown_member(name)
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Unsound(f"the header does not describe `{shown}` as a tensor")
    shape, offsets, kind = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not _are_sizes(shape) or len(shape) > MOST_AXES or not isinstance(kind, str):
        raise Unsound(f"the header announces an impossible shape or type of `{shown}`")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise Unsound(f"the header announces an impossible place of `{shown}`")
    dtype = np.dtype(_TYPES[kind]) if kind in _TYPES else None
    tensor = StoredTensor(tuple(shape), dtype, shown_member(kind), *offsets)
    if dtype is not None:
        each = 2 if kind == _BF16 else dtype.itemsize
        if prod(max(size, 1) for size in shape) * each > MOST_BYTES:
            raise Announces(f"`{shown}`", prod(shape) * each, MOST_BYTES)
        if prod(shape) * each != tensor.end - tensor.start:
            raise CutOff(f"`{shown}`", prod(shape) * each, tensor.end - tensor.start)
    return tensor


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 2**63 for size in value)


def _check_places(tensors: Mapping[str, StoredTensor], size: int) -> None:
    """Checks that the tensors fill the file and share nothing."""
    position = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1][-2:]):
        if tensor.start != position:
            raise Unsound(f"there is something before `{shown_member(name)}`, or it overlaps another tensor")
        position = tensor.end
    if position != size:
        raise CutOff("the header", position, size)


def _array(tensor: StoredTensor, data: Any) -> Any:
    if tensor.description == _BF16:
        halves = np.frombuffer(data, "<u2").astype("<u4")
        return (halves << 16).view("<f4").reshape(tensor.shape)
    return np.frombuffer(data, tensor.dtype).reshape(tensor.shape)


def _first_line(text: str) -> str:
    return shown_member(text.splitlines()[0] if text else "it is damaged")
