"""Damaged arrays, archives, tensors and JSON never end in anything but a refusal."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.files.array_archive import ArrayArchive
from graphlang.files.array_file import read_array_file
from graphlang.files.json_text import DEPTH, UnsoundJson, parsed
from graphlang.files.regular import ChangedFile, RegularFile, open_regular
from graphlang.files.tensor_file import TensorFile
from graphlang.files.unsound import Unsound
from graphlang.files.write_archive import write_archive

ARRAYS = {"x": np.arange(12.0).reshape(3, 4), "t": np.arange(3), "k": np.array([True, False])}


def archive(file: RegularFile) -> None:
    read = ArrayArchive(file)
    read.check()
    for name in read.members:
        read.read(name)


def compressed() -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **ARRAYS)
    return out.getvalue()


def stored() -> bytes:
    out = io.BytesIO()
    write_archive(out, ARRAYS)
    return out.getvalue()


def one_array() -> bytes:
    out = io.BytesIO()
    np.save(out, ARRAYS["x"])
    return out.getvalue()


def tensors() -> bytes:
    header = {
        "x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "t": {"dtype": "I8", "shape": [3], "data_offsets": [16, 19]},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(19)


def mutations(good: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Contents with a few bytes changed, or cut off."""
    draw = random.Random(seed)
    for _ in range(count):
        bad = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            bad[draw.randrange(len(bad))] = draw.choice([0, 1, 0x7F, 0xFF, draw.randrange(256)])
        yield bytes(bad[: draw.choice([len(bad), len(bad), draw.randrange(len(bad))])])


@pytest.mark.parametrize(
    ("good", "read"),
    [
        (compressed(), archive),
        (stored(), archive),
        (one_array(), lambda file: read_array_file(file, "x")),
        (tensors(), TensorFile),
    ],
    ids=["compressed", "stored", "one array", "tensors"],
)
def test_damaged_files_are_refused_or_read(
    tmp_path: Path, good: bytes, read: Callable[[RegularFile], Any]
) -> None:
    place = tmp_path / "a"
    place.write_bytes(good)
    with open_regular(place) as file:
        read(file)
    refused = 0
    for content in mutations(good, 300, 0):
        place.write_bytes(content)
        with open_regular(place) as file:
            try:
                read(file)
            except (Unsound, ChangedFile):
                refused += 1
    assert refused > 100


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "|i1", "|b1", "<u8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_arrays_come_back_as_numpy_wrote_them(
    tmp_path: Path, method: int, dtype: str, shape: tuple[int, ...]
) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    with zipfile.ZipFile(tmp_path / "a", "w", method) as out:
        for name, order in (("c", "C"), ("f", "F")):
            with out.open(f"{name}.npy", "w") as member:
                np.save(member, np.asarray(array, order=order))
    with open_regular(tmp_path / "a") as file:
        read = ArrayArchive(file)
        for name in "cf":
            back = read.read(name)
            assert (back.dtype, back.shape) == (array.dtype, array.shape)
            assert np.array_equal(back, array)


def test_an_archive_that_was_written_to_a_pipe_is_read(tmp_path: Path) -> None:
    """What cannot be sought back in has sizes behind its members, not in front of them."""

    class Pipe(io.RawIOBase):
        content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as out:
        for name in ("x", "y"):
            out.writestr(f"{name}.npy", one_array())
    (tmp_path / "a").write_bytes(pipe.content)
    with open_regular(tmp_path / "a") as file:
        read = ArrayArchive(file)
        assert np.array_equal(read.read("x"), ARRAYS["x"])
        assert np.array_equal(read.read("y"), ARRAYS["x"])


def test_brackets_within_texts_are_none() -> None:
    text = json.dumps({"x": "[" * 1000 + '\\"' + "{" * 1000, "y": [[1.5]]})
    assert parsed(text.encode()) == json.loads(text)


def test_json_goes_as_deep_as_it_says() -> None:
    assert parsed(("[" * DEPTH + "]" * DEPTH).encode()) is not None
    with pytest.raises(UnsoundJson, match="64 brackets"):
        parsed(("[" * (DEPTH + 1) + "]" * (DEPTH + 1)).encode())


@pytest.mark.parametrize(
    ("text", "finite"),
    [('{"x": NaN}', True), ('{"x": -Infinity}', True), ("[1e400]", False), (f"[{'9' * 400}.5]", False)],
)
def test_numbers_that_are_not_finite_are_refused(text: str, finite: bool) -> None:
    with pytest.raises(UnsoundJson):
        parsed(text.encode(), finite=finite)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_read_in_its_encodings(encoding: str) -> None:
    assert parsed('{"é": [1, 2.5]}'.encode(encoding)) == {"é": [1, 2.5]}
