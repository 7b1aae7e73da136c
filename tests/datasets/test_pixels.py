"""`normalize` divides images by what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.datasets.dataset import Dataset
from graphlang.datasets.idx import idx
from graphlang.datasets.npz import npz
from graphlang.diagnostics import GraphError

WHOLE = ["uint8", "uint16", "uint32", "uint64", "int16", "int32", "int64"]


def opened(folder: Path, test: Any = None, **arrays: Any) -> Dataset:
    more = {} if test is None else {"x_test": test}
    np.savez(folder / "a.npz", x_train=arrays["x"], **more)
    return npz(path="a.npz", normalize=True).open(folder)


def images(largest: float, dtype: str) -> Any:
    return np.linspace(0, largest, 24).astype(dtype).reshape(4, 2, 3)


@pytest.mark.parametrize("dtype", [*WHOLE, "float32", "float64"])
def test_images_of_eight_bits_are_divided_by_255_whatever_holds_them(tmp_path: Path, dtype: str) -> None:
    data = opened(tmp_path, x=images(254, dtype))
    np.testing.assert_allclose(data.train["x"].take(slice(None)), images(254, dtype) / 255, rtol=1e-6)
    assert data.notes == (
        [] if dtype == "uint8" else [f"`x` is {dtype} and goes up to 254, so `normalize` divides it by 255"]
    )


def test_a_note_says_where_eight_bits_are_hardly_used(tmp_path: Path) -> None:
    (note,) = opened(tmp_path, x=images(16, "uint8")).notes
    assert note == (
        "`x` is uint8 and goes up to 16, so `normalize` divides it by 255; "
        "`x / 16` instead of `normalize` brings it to 0..1"
    )


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "int32", "int64", "float32"])
def test_images_of_sixteen_bits_are_divided_by_65535(tmp_path: Path, dtype: str) -> None:
    data = opened(tmp_path, x=images(4095, dtype))
    np.testing.assert_allclose(data.train["x"].take(slice(None)), images(4095, dtype) / 65535, rtol=1e-6)
    assert bool(data.notes) == (dtype != "uint16")


@pytest.mark.parametrize(
    ("dtype", "largest"), [("int16", 2**15 - 1), ("uint32", 2**32 - 1), ("int32", 2**31 - 1)]
)
def test_larger_ones_are_divided_by_the_largest_value_of_their_type(
    tmp_path: Path, dtype: str, largest: int
) -> None:
    x = np.full((2, 3), largest, dtype)
    assert opened(tmp_path, x=x).train["x"].take(slice(None)) == pytest.approx(np.ones((2, 3)))


@pytest.mark.parametrize("dtype", [*WHOLE, "float32", "bool"])
def test_masks_of_zeros_and_ones_stay_what_they_are(tmp_path: Path, dtype: str) -> None:
    x = (np.arange(12).reshape(4, 3) % 2).astype(dtype)
    data = opened(tmp_path, x=x)
    np.testing.assert_array_equal(data.train["x"].take(slice(None), np.float32), x)
    assert bool(data.notes) == (dtype in WHOLE)


def test_floats_up_to_one_stay_what_they_are(tmp_path: Path) -> None:
    data = opened(tmp_path, x=images(0.9, "float64"))
    np.testing.assert_array_equal(data.train["x"].take(slice(None)), images(0.9, "float64"))
    assert data.notes == []


def test_the_training_split_decides_for_the_other(tmp_path: Path) -> None:
    data = opened(tmp_path, x=images(200, "int64"), test=images(1, "int64"))
    assert data.test is not None
    assert data.test["x"].scale == data.train["x"].scale == 1 / 255


@pytest.mark.parametrize(("value", "dtype"), [(-1, "int64"), (-0.5, "float32"), (1e6, "float64")])
def test_what_is_no_pixel_is_refused_with_its_row(tmp_path: Path, value: float, dtype: str) -> None:
    x = np.ones((4, 3), dtype)
    x[2, 1] = value
    with pytest.raises(GraphError) as caught:
        opened(tmp_path, x=x).notes  # noqa: B018
    (problem,) = caught.value.diagnostics
    assert problem.message.startswith(f"`x` of `a.npz` holds {value:g} in row 2, which is no pixel")


def test_idx_files_are_read_by_the_same_rule(tmp_path: Path) -> None:
    x = images(250, ">i4")
    (tmp_path / "images").write_bytes(b"\0\0\x0c\x03" + np.array(x.shape, ">u4").tobytes() + x.tobytes())
    (tmp_path / "labels").write_bytes(b"\0\0\x08\x01" + np.array([4], ">u4").tobytes() + bytes(4))
    data = idx(images="images", labels="labels").open(tmp_path)
    np.testing.assert_allclose(data.train["x"].take(slice(None)), x.reshape(4, 6) / 255)
