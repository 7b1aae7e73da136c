"""Where a spec may read, what `--data` puts in its place, and arrays handed in."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.csv import csv
from graphlang.datasets.idx import idx
from graphlang.datasets.mnist import mnist
from graphlang.datasets.npz import npz
from graphlang.datasets.override import open_override, override_source
from graphlang.datasets.text import text
from graphlang.diagnostics import GraphError


def fault(call, *arguments, **keywords):
    with pytest.raises(GraphError) as caught:
        call(*arguments, **keywords)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help
    return diagnostic


@pytest.fixture
def spec_folder(tmp_path):
    folder = tmp_path / "specs"
    (folder / "data").mkdir(parents=True)
    np.savez(folder / "data" / "a.npz", x=np.zeros((2, 3)))
    np.savez(tmp_path / "private.npz", x=np.zeros((2, 3)))
    return folder


@pytest.mark.parametrize("path", ["data/a.npz", "./data/a.npz", "data/../data/a.npz"])
def test_a_path_below_the_spec_s_folder_is_read(spec_folder, path):
    assert npz(path=path).open(spec_folder).train["x"].shape == (2, 3)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../private.npz", "leads out of the spec's folder"),
        ("data/../../private.npz", "leads out of the spec's folder"),
        ("/etc/passwd", "is absolute"),
        ("C:\\private.npz", "is absolute"),
        ("C:private.npz", "is absolute"),
        ("\\\\server\\share\\a.npz", "is absolute"),
        ("~/private.npz", "is absolute"),
        ("https://example.org/a.npz", "is a URL"),
        ("file:///etc/passwd", "is a URL"),
        ("", "is no file name"),
        ("a\0.npz", "is no file name"),
    ],
)
def test_a_path_that_leaves_the_spec_s_folder_is_refused(spec_folder, path, reason):
    d = fault(npz(path=path).open, spec_folder)
    assert d.code == "GL601"
    assert reason in d.message


def test_a_symbolic_link_out_of_the_spec_s_folder_is_refused(spec_folder):
    try:
        (spec_folder / "link.npz").symlink_to(spec_folder.parent / "private.npz")
        (spec_folder / "loop.npz").symlink_to(spec_folder / "loop.npz")
    except OSError:
        pytest.skip("this file system has no symbolic links")
    assert fault(npz(path="link.npz").open, spec_folder).code == "GL601"
    assert fault(npz(path="loop.npz").open, spec_folder).code in ("GL602", "GL603")


def test_a_spec_s_folder_that_is_itself_a_link_is_fine(spec_folder):
    try:
        (spec_folder.parent / "here").symlink_to(spec_folder, target_is_directory=True)
    except OSError:
        pytest.skip("this file system has no symbolic links")
    npz(path="data/a.npz").open(spec_folder.parent / "here")


def test_a_missing_file_gets_a_suggestion(spec_folder):
    np.savez(spec_folder / "data" / "mnist_12k.npz", x=np.zeros(1))
    d = fault(npz(path="data/mnist_12.npz").open, spec_folder)
    assert d.message == f"there is no file `data/mnist_12.npz`, looked for from the folder `{spec_folder}`"
    assert d.help == "did you mean `mnist_12k.npz`?"


def test_a_folder_is_no_file(spec_folder):
    assert fault(npz(path="data").open, spec_folder).message == "cannot read `data`: it is not a regular file"


def test_an_override_may_be_anywhere_and_keeps_the_options(spec_folder):
    source = npz(path="data/a.npz", flatten=True, normalize=True)
    outside = spec_folder.parent / "b.npz"
    np.savez(outside, x=np.zeros((4, 2, 2), np.uint8))
    assert override_source(source, outside) == npz(path=str(outside), flatten=True, normalize=True)
    x = open_override(source, outside).train["x"]
    assert (x.shape, x.dtype) == ((4, 4), "float")


def write_idx(folder, *names, pack=bytes):
    for name in names:
        shape = (2, 3, 3) if "images" in name else (2,)
        header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        (folder / name).write_bytes(pack(header + bytes(np.prod(shape))))


TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def test_a_folder_of_idx_files_takes_the_place_of_an_npz(tmp_path):
    write_idx(tmp_path, *TRAIN)
    write_idx(tmp_path, *(f"{name}.gz" for name in TEST), pack=gzip.compress)
    data = open_override(npz(path="a.npz", flatten=True, normalize=True), tmp_path)
    assert {split: columns["x"].shape for split, columns in data.splits.items()} == {
        "train": (2, 9),
        "test": (2, 9),
    }
    assert data.train["x"].dtype == "float"
    assert data.train["x"].load().shape == (2, 9)


def test_a_relative_override_starts_at_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    write_idx(tmp_path / "set", *TRAIN)
    monkeypatch.chdir(tmp_path)
    assert open_override(idx(images="a", labels="b"), Path("set")).train["x"].shape == (2, 9)


def test_a_folder_with_the_section_s_own_names_is_taken_before_the_standard_ones(tmp_path):
    write_idx(tmp_path, *TRAIN, "my-images", "my-labels.gz")
    source = override_source(idx(images="data/my-images", labels="data/my-labels", flatten=False), tmp_path)
    assert source == idx(
        images=str(tmp_path / "my-images"), labels=str(tmp_path / "my-labels.gz"), flatten=False
    )


def test_mnist_over_a_folder_stays_mnist_and_stays_checked(tmp_path):
    write_idx(tmp_path, *TRAIN, *TEST)
    assert override_source(mnist(flatten=False), tmp_path) == mnist(flatten=False)
    x = open_override(mnist(), tmp_path).train["x"]
    assert fault(x.load).code == "GL607"


def test_an_override_by_content_turns_mnist_into_npz(tmp_path):
    np.savez(tmp_path / "small.data.npz", x=np.zeros((2, 2)))
    assert override_source(mnist(), tmp_path / "small.data.npz") == npz(
        path=str(tmp_path / "small.data.npz"), flatten=True, normalize=True
    )


def test_a_csv_keeps_its_target_over_another_csv(tmp_path):
    (tmp_path / "b.csv").write_text("a,price\n1,2\n3,4\n")
    source = csv(path="a.csv", target="price", test=0.5, seed=3)
    assert override_source(source, tmp_path / "b.csv") == source.model_copy(
        update={"path": str(tmp_path / "b.csv")}
    )
    assert open_override(source, tmp_path / "b.csv").train["x"].shape == (1, 1)


def test_a_text_keeps_its_window_over_another_text(tmp_path):
    (tmp_path / "b.txt").write_text("abcdefgh")
    data = open_override(text(path="a.txt", window=2, test=0), tmp_path / "b.txt")
    assert data.train["x"].shape == (6, 2)


def test_an_override_that_is_no_data_says_what_would_be(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    d = fault(override_source, mnist(), tmp_path / "photo.jpg")
    assert d.code == "GL617"
    assert "photo.jpg" in d.message


def test_an_override_that_is_not_there_says_so(tmp_path):
    assert fault(override_source, mnist(), tmp_path / "nowhere.npz").code == "GL602"


def test_a_folder_without_idx_files_names_the_files_expected(tmp_path):
    d = fault(override_source, npz(path="a.npz"), tmp_path)
    assert d.code == "GL608"
    assert all(name in d.message for name in (*TRAIN, *TEST))


def test_arrays_are_used_as_they_are():
    x = np.arange(6.0).reshape(3, 2)
    data = from_arrays(x=x, t=[0, 1, 1], validation={"x": x[:1], "t": [0]}, test={"x": x[1:], "t": [0, 1]})
    assert np.shares_memory(data.train["x"].load(), x)
    assert {name: c.dtype for name, c in data.train.items()} == {"x": "float", "t": "int"}
    assert data.splits["validation"]["x"].shape == (1, 2)
    assert data.splits["test"]["x"].shape == (2, 2)
    assert x.flags.writeable


def test_texts_and_dates_are_columns_whose_numbers_are_asked_for_later():
    data = from_arrays(
        kind=["b", None, "a"], day=np.array(["2020-01-31"] * 3, "M8[ns]"), n=["1", "2.5", ""], m=[None, 1, 2]
    )
    assert data.train["kind"].texts() == ["b", "", "a"]
    assert data.train["day"].texts() == ["2020-01-31"] * 3
    np.testing.assert_array_equal(data.train["n"].load(), [1, 2.5, np.nan])
    np.testing.assert_array_equal(data.train["m"].load(), [np.nan, 1, 2])
    assert fault(data.train["kind"].load).code == "GL627"


def test_a_name_that_is_no_identifier_comes_in_a_mapping():
    assert list(from_arrays({"lambda": [1.0], "validation": [2.0]}).train) == ["lambda", "validation"]


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"x": np.zeros((3, 2)), "t": np.zeros(2)}, "GL609"),
        ({"x": [[1, 2], [3]]}, "GL610"),
        ({"x": [["a"], ["b"]]}, "GL610"),
        ({"x": [{}, 1]}, "GL610"),
        ({"x": 3.0}, "GL610"),
        ({"x": []}, "GL611"),
        ({}, "GL611"),
        ({"x": [1.0], "validation": {"x": [[1.0]]}}, "GL618"),
        ({"x": [1.0], "test": {"u": [1.0]}}, "GL618"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, code):
    assert fault(from_arrays, **arrays).code == code


@pytest.mark.parametrize("kind", [csv, idx, mnist, npz, text])
def test_every_source_documents_its_fields_and_splits(kind):
    assert "Fields:" in kind.__doc__
    assert "Splits:" in kind.__doc__
    assert all(field.description for field in kind.model_fields.values())
