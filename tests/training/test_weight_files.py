"""Files of weights: npz and safetensors, what they must hold, and what is refused before numbers are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.files.array_archive import ArrayArchive
from graphlang.files.write_archive import write_archive

SPEC = "input x: float[N, 3]\ny = x -> Affine(2)\noutput y"


def net(seed: int = 0) -> gl.Graph:
    return gl.loads(SPEC, seed=seed)


def message(path: Path, graph: gl.Graph | None = None) -> str:
    """The messages of refusing a file; the parameters stay what they were."""
    graph = graph or net()
    before = {name: np.array(array) for name, array in graph.params.items()}
    with pytest.raises(gl.GraphError) as caught:
        graph.load_weights(path)
    assert all(np.array_equal(before[name], array) for name, array in graph.params.items())
    return str(caught.value)


def tensors(path: Path, header: dict[str, Any] | bytes, data: bytes) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_what_is_saved_is_read_again_and_by_numpy(tmp_path):
    graph = net(1)
    graph.save(tmp_path / "net.npz")
    other = net(2)
    other.load_weights(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as archive:
        assert set(archive.files) == set(graph.params)
        for name, array in graph.params.items():
            assert np.array_equal(archive[name], array)
            assert np.array_equal(other.params[name], array)


def test_the_same_weights_are_the_same_bytes(tmp_path, monkeypatch):
    net().save(tmp_path / "a.npz")
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 0, 0))
    net().save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_every_name_of_a_parameter_can_be_written(tmp_path):
    arrays = {"file": np.ones(2), "allow_pickle": np.ones(3), "args": np.ones(())}
    with (tmp_path / "a.npz").open("wb") as file:
        write_archive(file, arrays)
    with np.load(tmp_path / "a.npz") as archive:
        assert {name: archive[name].shape for name in archive.files} == {
            name: array.shape for name, array in arrays.items()
        }


def test_weights_that_do_not_fit_are_refused_before_a_number_is_read(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", **{"Affine1.W": np.zeros((3, 5)), "Affine1.b": np.zeros(2)})
    monkeypatch.setattr(ArrayArchive, "read", lambda *_: pytest.fail("numbers were read"))
    assert "`Affine1.W` is [3, 5] in the weights and [3, 2] in the graph" in message(tmp_path / "a.npz")


def test_of_very_many_arrays_that_do_not_fit_eight_are_named_and_the_rest_counted(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        write_archive(file, {f"a{'b' * 500}{n}": np.zeros(1) for n in range(1000)})
    graph = net()
    with pytest.raises(gl.GraphError) as caught:
        graph.load_weights(tmp_path / "a.npz")
    assert len(caught.value.diagnostics) == 9
    assert caught.value.diagnostics[-1].message == "the file holds 992 more arrays, which are not compared"


@pytest.mark.parametrize(
    ("arrays", "part"),
    [
        ({"Affine1.W": np.array([["a"] * 2] * 3)}, "`Affine1.W` holds <U1"),
        ({"Affine1.W": np.zeros((3, 2), complex)}, "`Affine1.W` holds complex128"),
        ({"Affine1.W": np.zeros((3, 2))}, "the weights lack `Affine1.b`"),
        ({"Affine1.w": np.zeros((3, 2))}, "the graph has `Affine1.W`"),
    ],
)
def test_every_mismatch_names_the_parameter(tmp_path, arrays, part):
    np.savez(tmp_path / "a.npz", **arrays)
    assert part in message(tmp_path / "a.npz")


def test_python_objects_are_refused_unread(tmp_path):
    np.savez(tmp_path / "a.npz", allow_pickle=True, **{"Affine1.W": np.array([[None] * 2] * 3)})
    assert "holds object, which is no type of weights" in message(tmp_path / "a.npz")


# ---- safetensors ----------------------------------------------------------------------------------------


def test_safetensors_bring_back_the_same_parameters(tmp_path):
    pytest.importorskip("safetensors")
    from safetensors.numpy import load_file

    graph = net(1)
    graph.save(tmp_path / "net.safetensors")
    other = net(2)
    other.load_weights(tmp_path / "net.safetensors")
    arrays = load_file(tmp_path / "net.safetensors")
    for name, array in graph.params.items():
        assert np.array_equal(arrays[name], array)
        assert np.array_equal(other.params[name], array)


@pytest.mark.parametrize("dtype", ["F16", "F32", "F64", "I8", "I32", "BF16"])
def test_safetensors_of_every_type_of_numbers_are_converted(tmp_path, dtype):
    pytest.importorskip("safetensors")
    values = np.arange(6).reshape(3, 2)
    if dtype == "BF16":  # the upper half of a float32
        data = (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    else:
        data = values.astype({"F": "<f", "I": "<i"}[dtype[0]] + str(int(dtype[1:]) // 8)).tobytes()
    header = {
        "Affine1.W": entry(dtype, [3, 2], 0, len(data)),
        "Affine1.b": entry("F32", [2], len(data), len(data) + 8),
        "__metadata__": {"format": "np"},
    }
    graph = net()
    graph.load_weights(tensors(tmp_path / "a.safetensors", header, data + bytes(8)))
    assert np.array_equal(graph.params["Affine1.W"], values)


def test_a_type_that_numpy_lacks_names_the_parameter(tmp_path):
    header = {"Affine1.W": entry("F8_E4M3", [3, 2], 0, 6), "Affine1.b": entry("F32", [2], 6, 14)}
    text = message(tensors(tmp_path / "a.safetensors", header, bytes(14)))
    assert "`Affine1.W` holds F8_E4M3, which is no type of weights" in text


def test_safetensors_that_do_not_fit_are_refused_by_their_header(tmp_path):
    header = {"Affine1.W": entry("F32", [2, 2], 0, 16), "c": entry("F32", [2], 16, 24)}
    text = message(tensors(tmp_path / "a.safetensors", header, bytes(24)))
    assert "`Affine1.W` is [2, 2] in the weights and [3, 2] in the graph" in text
    assert "the weights hold `c`, which the graph does not have" in text


@pytest.mark.parametrize(
    ("header", "data", "part"),
    [
        (b'{"a": 1', b"", "its header is not sound JSON"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", b"", "more than 64 brackets are open"),
        (b'{"a": {}, "a": {}}', b"", "the key `a` is there twice"),
        (b"[1]       ", b"", "its header is not a JSON object"),
        ({"a": [1]}, b"", "does not describe `a` as a tensor"),
        ({"a": entry("F32", [True, 3], 0, 12)}, bytes(12), "impossible shape"),
        ({"a": entry("F32", [-1], 0, 4)}, bytes(4), "impossible shape"),
        ({"a": entry("F32", [2], 8, 0)}, bytes(8), "impossible place"),
        ({"a": entry("F32", [2], 0, 4)}, bytes(4), "`a` announces 8 bytes, found 4"),
        ({"a": entry("F32", [2**40], 0, 2**42)}, bytes(4), "more than the limit of 4,294,967,296"),
        ({"a": entry("F32", [1], 0, 4)}, bytes(5), "announces 4 bytes, found 5"),
        ({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 0, 4)}, bytes(4), "overlaps another"),
        ({"a": entry("F32", [1], 4, 8)}, bytes(8), "something before `a`"),
    ],
)
def test_a_header_of_safetensors_that_lies_is_refused(tmp_path, header, data, part):
    assert part in message(tensors(tmp_path / "a.safetensors", header, data))


def test_a_length_of_the_header_beyond_the_file_is_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    assert "the header announces" in message(tmp_path / "a.safetensors")


def test_without_the_package_the_answer_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(gl.GraphError, match="needs the package `safetensors`"):
        net().save(tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())
    header = {"Affine1.W": entry("F32", [3, 2], 0, 24), "Affine1.b": entry("F32", [2], 24, 32)}
    assert "needs the package `safetensors`" in message(tensors(tmp_path / "a", header, bytes(32)))
