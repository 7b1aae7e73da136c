"""The source npz: fields, splits, lazy reading, and forged archives."""

import contextlib
import io
import random
import zipfile

import numpy as np
import pytest
from helpers import read_all

from graphlang.datasets.npz import npz
from graphlang.diagnostics import GraphError
from graphlang.files.array_archive import ArrayArchive
from graphlang.files.array_header import MOST_BYTES


@pytest.fixture
def digits(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (12, 4, 4), dtype=np.uint8),
        "t_train": np.arange(12, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (5, 4, 4), dtype=np.uint8),
        "t_test": np.arange(5, dtype=np.uint8),
    }
    np.savez_compressed(tmp_path / "digits.npz", **arrays)
    return tmp_path, arrays


def fault(folder, path="a.npz", **options):
    """The one diagnostic of opening and reading an archive."""
    with pytest.raises(GraphError) as caught:
        read_all(npz(path=path, **options).open(folder))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help
    return diagnostic


def npy(array=None, header=None, version=(1, 0)):
    """The bytes of one array, or of a header alone."""
    out = io.BytesIO()
    if array is not None:
        np.lib.format.write_array(out, array, allow_pickle=True)
    else:
        write = {(1, 0): np.lib.format.write_array_header_1_0, (2, 0): np.lib.format.write_array_header_2_0}
        write[version](out, header)
    return out.getvalue()


def archive(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


def test_train_and_test_arrays_are_fields_of_two_splits(digits):
    folder, arrays = digits
    data = npz(path="digits.npz").open(folder)
    assert {split: list(columns) for split, columns in data.splits.items()} == {
        "train": ["x", "t"],
        "test": ["x", "t"],
    }
    assert data.splits["train"]["x"].shape == (12, 4, 4)
    assert data.splits["test"]["t"].shape == (5,)
    np.testing.assert_array_equal(data.splits["test"]["x"].load(), arrays["x_test"])
    assert data.files == (folder / "digits.npz",)


def test_other_names_are_fields_of_the_one_split(tmp_path):
    np.savez(tmp_path / "a.npz", height=np.zeros(3), age_test=np.ones(3, int), kind=np.ones(3, bool))
    data = npz(path="a.npz").open(tmp_path)
    assert list(data.splits) == ["train"]
    assert {name: c.dtype for name, c in data.train.items()} == {
        "height": "float",
        "age_test": "int",
        "kind": "bool",
    }


def test_opening_reads_headers_only(digits, monkeypatch):
    folder, _ = digits
    monkeypatch.setattr(ArrayArchive, "read", lambda *_, **__: pytest.fail("an array was read"))
    npz(path="digits.npz").open(folder)


def test_a_column_is_read_once(digits):
    column = npz(path="digits.npz").open(digits[0]).train["x"]
    assert column.load() is column.load()
    assert not column.load().flags.writeable


def test_flatten_and_normalize_are_for_images_and_leave_labels_alone(digits):
    folder, arrays = digits
    train = npz(path="digits.npz", flatten=True, normalize=True).open(folder).train
    x, t = train["x"], train["t"]
    assert (x.shape, x.dtype, x.load().dtype) == ((12, 16), "float", np.uint8)
    assert (t.shape, t.dtype, t.scale) == ((12,), "int", None)
    batch = x.take(np.array([3, 0]), np.float32)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, arrays["x_train"].reshape(12, 16)[[3, 0]] / 255, rtol=1e-6)


def test_without_normalize_images_are_integers(digits):
    x = npz(path="digits.npz").open(digits[0]).train["x"]
    assert (x.dtype, x.scale, x.take(slice(0, 2)).dtype) == ("int", None, np.uint8)


@pytest.mark.parametrize(("dtype", "largest"), [(np.uint8, 255), (np.int16, 32767), (np.uint16, 65535)])
def test_normalize_divides_by_the_largest_value_of_the_type(tmp_path, dtype, largest):
    np.savez(tmp_path / "a.npz", x=np.full((2, 3), largest, dtype))
    x = npz(path="a.npz", normalize=True).open(tmp_path).train["x"]
    np.testing.assert_allclose(x.take(slice(None)), np.ones((2, 3)), rtol=1e-15)


def test_floats_are_not_scaled(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.full((2, 3), 0.5, np.float32))
    x = npz(path="a.npz", normalize=True).open(tmp_path).train["x"]
    assert (x.scale, x.take([1]).dtype) == (None, np.float32)


def test_rows_are_gathered_into_a_buffer_of_the_stored_type(digits):
    folder, arrays = digits
    x = npz(path="digits.npz", flatten=True, normalize=True).open(folder).train["x"]
    buffer = np.zeros((2, 16), x.storage)
    assert x.gather(np.array([5, 5]), out=buffer) is buffer
    np.testing.assert_array_equal(buffer[0], arrays["x_train"][5].ravel())
    assert x.gather(slice(0, 2), out=buffer) is buffer
    np.testing.assert_array_equal(buffer[1], arrays["x_train"][1].ravel())


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">i2", "|b1", "<f2"])
def test_values_come_in_this_machine_s_byte_order(tmp_path, dtype):
    values = np.array([[1, 0], [3, 1]]).astype(dtype)
    np.savez(tmp_path / "a.npz", x=values)
    x = npz(path="a.npz").open(tmp_path).train["x"].load()
    assert x.dtype.isnative
    np.testing.assert_array_equal(x, values)


def test_fortran_order_and_format_version_2_are_read(tmp_path):
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    header = {"descr": "<f8", "fortran_order": True, "shape": (2, 3)}
    archive(tmp_path / "a.npz", x=npy(header=header, version=(2, 0)) + values.tobytes(order="F"))
    np.testing.assert_array_equal(npz(path="a.npz").open(tmp_path).train["x"].load(), values)


def test_a_different_number_of_samples_names_both_fields(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((100, 4)), t=np.zeros(99))
    d = fault(tmp_path)
    assert d.code == "GL609"
    assert d.message == "in the train split of `a.npz` `x` has 100 samples and `t` has 99"


def test_splits_of_different_shapes_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.zeros((10, 4)), x_test=np.zeros((3, 5)))
    d = fault(tmp_path)
    assert d.message == "a sample of `x` in `a.npz` has the shape [4] for training and [5] for testing"


def test_a_test_field_that_training_lacks_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.zeros((10, 4)), x_test=np.zeros((3, 4)), t_test=np.zeros(3))
    assert "field `t` that the train split lacks" in fault(tmp_path).message


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.array([{}, None]), "holds Python objects, which are never unpickled"),
        (np.array(["apple", "orange"]), "not numbers"),
        (np.zeros(3, complex), "holds `complex128`, not numbers"),
        (np.zeros(3, "datetime64[s]"), "not numbers"),
        (np.zeros(3, [("a", "f4")]), "not numbers"),
        (np.float64(1), "without a first axis"),
    ],
)
def test_what_cannot_be_a_field_is_refused(tmp_path, array, part):
    archive(tmp_path / "a.npz", x=npy(np.asarray(array)))
    d = fault(tmp_path)
    assert d.code == "GL610"
    assert part in d.message


def test_no_samples_are_no_data(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((0, 4)))
    assert fault(tmp_path).code == "GL611"


def test_an_archive_without_arrays_is_no_data(tmp_path):
    archive(tmp_path / "a.npz")
    assert fault(tmp_path).message == "`a.npz` holds no data: the archive has no arrays"


def test_a_header_that_announces_more_than_the_limit_is_refused(tmp_path):
    archive(
        tmp_path / "a.npz", x=npy(header={"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    )
    d = fault(tmp_path)
    assert d.code == "GL606"
    assert "announces 8,000,000,000,128 bytes, more than the limit of 4,294,967,296" in d.message


@pytest.mark.parametrize("shape", [(100,), (2,)])
def test_a_header_that_disagrees_with_its_member_is_refused(tmp_path, shape):
    header = npy(header={"descr": "<f8", "fortran_order": False, "shape": shape})
    archive(tmp_path / "a.npz", x=header + bytes(8 * 50))
    d = fault(tmp_path)
    assert d.code == "GL605"
    assert d.message == f"`x` in `a.npz` announces {128 + 8 * shape[0]} bytes, found 528"


def test_a_claim_that_compression_cannot_explain_is_refused(tmp_path):
    """A directory entry may lie as well: 1 GB out of some 130 bytes."""
    header = npy(header={"descr": "|u1", "fortran_order": False, "shape": (2**30 - 128,)})
    archive(tmp_path / "a.npz", x=header)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (2**30).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(content)
    assert "found at most" in fault(tmp_path).message


def test_a_negative_shape_is_refused(tmp_path):
    archive(tmp_path / "a.npz", x=npy(header={"descr": "<f8", "fortran_order": False, "shape": (-1, 4)}))
    assert "negative" in fault(tmp_path).message


def test_a_damaged_member_is_found_when_it_is_read(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(1000.0))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[4000] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    d = fault(tmp_path)
    assert d.code == "GL604"
    assert "bad CRC-32" in d.message


def test_a_file_that_is_no_archive_says_so(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"<html>not found</html>")
    assert fault(tmp_path).message == "`a.npz` is not a sound npz archive: file is not a zip file"


def test_a_file_replaced_between_opening_and_reading_is_noticed(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)))
    x = npz(path="a.npz").open(tmp_path).train["x"]
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 3)))
    with pytest.raises(GraphError) as caught:
        x.load()
    assert "it changed since it was opened" in caught.value.diagnostics[0].message


def test_damaged_archives_never_end_in_anything_but_a_diagnostic(tmp_path):
    """400 archives with a few bytes changed, or cut off."""
    np.savez_compressed(tmp_path / "good.npz", x=np.arange(40.0).reshape(10, 4), t=np.arange(10))
    good, rng = (tmp_path / "good.npz").read_bytes(), random.Random(0)
    for _ in range(400):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        (tmp_path / "a.npz").write_bytes(bad[: rng.choice([len(bad), rng.randrange(len(bad))])])
        with contextlib.suppress(GraphError):
            read_all(npz(path="a.npz").open(tmp_path))


def test_the_limit_on_the_size_of_an_array_is_4_gib():
    assert MOST_BYTES == 4 * 2**30


@pytest.mark.parametrize(
    "extra",
    [
        {"note": np.array("hello")},
        {"names": np.array(["a", None, {}], dtype=object)},
        {"labels": np.array(["a", "b", "c"])},
        {"when": np.zeros(3, "datetime64[s]")},
        {"mean": np.zeros(12), "scale": np.float64(2)},
        {"nothing": np.zeros((0, 3))},
        {"note_test": np.zeros(7)},
    ],
)
def test_arrays_that_the_spec_does_not_use_may_hold_anything(tmp_path, extra):
    x, t = np.arange(6.0).reshape(3, 2), np.arange(3)
    np.savez(tmp_path / "one.npz", x=x, t=t, **extra)
    np.savez(tmp_path / "two.npz", x_train=x, t_train=t, x_test=x, t_test=t, **extra)
    for path in ("one.npz", "two.npz"):
        data = npz(path=path).open(tmp_path, fields=["x", "t"])
        assert np.array_equal(data.train["x"].load(), x)
        assert np.array_equal(data.train["t"].load(), t)


def test_arrays_that_the_spec_uses_must_fit_each_other(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 2)), t=np.arange(2), u=np.arange(3))
    with pytest.raises(GraphError, match="`x` has 3 samples and `t` has 2"):
        npz(path="a.npz").open(tmp_path, fields=["x", "t"])
    assert set(npz(path="a.npz").open(tmp_path, fields=["x", "u"]).train) == {"x", "u"}
