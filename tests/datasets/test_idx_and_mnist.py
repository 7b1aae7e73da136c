"""The sources idx and mnist: the file format, plain and gzipped, sizes, checksums and places."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from helpers import read_all
from pydantic import ValidationError

from graphlang.datasets import mnist as module
from graphlang.datasets.data_folders import data_folders, folders_from
from graphlang.datasets.idx import idx
from graphlang.datasets.mnist import mnist
from graphlang.datasets.override import open_override
from graphlang.diagnostics import GraphError

IMAGES = (np.arange(6 * 4 * 3) % 256).astype(np.uint8).reshape(6, 4, 3)
LABELS = np.array([3, 1, 4, 1, 5, 9], np.uint8)


def content(array, code=0x08):
    """An IDX file as its description has it: magic, big-endian sizes, numbers."""
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").write_bytes(content(IMAGES))
    (tmp_path / "labels").write_bytes(content(LABELS))
    return tmp_path


def fault(source, *arguments, override=None, **keywords):
    """The one diagnostic of opening a source, or an override in its place, and reading its columns."""

    def opened():
        return source.open(*arguments, **keywords) if override is None else open_override(source, override)

    with pytest.raises(GraphError) as caught:
        read_all(opened())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help
    return diagnostic


SOURCE = idx(images="images", labels="labels")


def test_images_are_rows_of_numbers_between_0_and_1(folder):
    train = SOURCE.open(folder).train
    assert (train["x"].shape, train["x"].dtype) == ((6, 12), "float")
    assert (train["t"].shape, train["t"].dtype) == ((6,), "int")
    np.testing.assert_allclose(train["x"].take([2]), IMAGES[2].reshape(1, 12) / 255, rtol=1e-15)
    np.testing.assert_array_equal(train["t"].load(), LABELS)


def test_images_keep_their_axes_and_get_a_channel(folder):
    x = idx(images="images", labels="labels", flatten=False, normalize=False).open(folder).train["x"]
    assert (x.shape, x.dtype) == ((6, 1, 4, 3), "int")
    np.testing.assert_array_equal(x.load()[:, 0], IMAGES)


def test_images_stay_uint8_in_memory(folder):
    assert SOURCE.open(folder).train["x"].load().dtype == np.uint8


def test_a_test_split_needs_both_files(folder):
    data = SOURCE.model_copy(update={"test_images": "images", "test_labels": "labels"}).open(folder)
    assert list(data.splits) == ["train", "test"]
    with pytest.raises(ValidationError, match="together or not at all"):
        idx(images="images", labels="labels", test_images="images")


def test_gzipped_files_are_known_by_content_not_by_name(folder):
    (folder / "images").write_bytes(gzip.compress(content(IMAGES)))
    np.testing.assert_array_equal(SOURCE.open(folder).train["x"].load(), IMAGES.reshape(6, 12))


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
def test_every_type_of_the_format_is_read(folder, code, dtype):
    values = np.array([[1, 2], [3, -4]]).astype(dtype)
    (folder / "images").write_bytes(content(values, code))
    (folder / "labels").write_bytes(content(LABELS[:2]))
    x = idx(images="images", labels="labels", normalize=False).open(folder).train["x"].load()
    assert x.dtype.isnative
    np.testing.assert_array_equal(x, values)


@pytest.mark.parametrize(("change", "found"), [(lambda b: b[:-1], "87"), (lambda b: b + b"x", "89")])
def test_a_wrong_size_says_what_was_expected_and_found(folder, change, found):
    (folder / "images").write_bytes(change(content(IMAGES)))
    d = fault(SOURCE, folder)
    assert d.code == "GL605"
    assert d.message == f"the header in `images` announces 88 bytes, found {found}"


@pytest.mark.parametrize(
    ("change", "found"), [(lambda b: b[:-1], "87"), (lambda b: b + b"x", "more than 88")]
)
def test_a_wrong_size_is_found_behind_gzip_too(folder, change, found):
    (folder / "images").write_bytes(gzip.compress(change(content(IMAGES))))
    assert fault(SOURCE, folder).message == f"the header in `images` announces 88 bytes, found {found}"


@pytest.mark.parametrize("keep", [-1, -8, -20, 12])
def test_a_gzipped_file_that_was_cut_off_is_a_diagnostic(folder, keep):
    (folder / "images").write_bytes(gzip.compress(content(IMAGES))[:keep])
    assert fault(SOURCE, folder).code in ("GL604", "GL605")


def test_a_damaged_gzip_checksum_is_a_diagnostic(folder):
    bad = bytearray(gzip.compress(content(IMAGES)))
    bad[-6] ^= 1
    (folder / "images").write_bytes(bad)
    assert "crc check failed" in fault(SOURCE, folder).message.lower()


@pytest.mark.parametrize(
    ("start", "found"), [(b"\x89PNG", "89 50 4e 47"), (b"", "it is empty"), (b"\0\0\x08\0", "00 00 08 00")]
)
def test_a_file_of_another_format_shows_its_first_bytes(folder, start, found):
    (folder / "images").write_bytes(start)
    d = fault(SOURCE, folder)
    assert d.code == "GL604"
    assert found in d.message


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_that_announces_terabytes_is_refused(folder, pack):
    (folder / "images").write_bytes(pack(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**10, 2**10)))
    assert fault(SOURCE, folder).code == "GL606"


def test_a_gzipped_header_that_its_file_cannot_hold_is_refused(folder):
    (folder / "images").write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 2**30)))
    assert "found at most" in fault(SOURCE, folder).message


def test_images_without_as_many_labels_are_refused(folder):
    (folder / "labels").write_bytes(content(LABELS[:5]))
    assert fault(SOURCE, folder).message == "in the train split of `images` `x` has 6 samples and `t` has 5"


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A folder with the four names over small files whose digests are the pinned ones."""
    files = {name: content(IMAGES if "images" in name else LABELS) for name in module.DIGESTS}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(module, "DIGESTS", digests)
    place = tmp_path / "set"
    place.mkdir()
    for name, data in files.items():
        (place / name).write_bytes(data)
    return place


@pytest.mark.parametrize("below", [False, True])
def test_mnist_is_found_in_a_searched_folder_or_in_mnist_below_it(small_mnist, tmp_path, below):
    if below:
        (tmp_path / "cache").mkdir()
        small_mnist.rename(tmp_path / "cache" / "mnist")
    root = tmp_path / "cache" if below else small_mnist
    data = mnist().open(tmp_path, search=(tmp_path / "nowhere", root))
    assert data.splits["train"]["x"].load().shape == (6, 12)
    assert data.splits["test"]["t"].load().shape == (6,)


def test_mnist_takes_plain_and_gzipped_files_side_by_side(small_mnist):
    name = "t10k-images-idx3-ubyte"
    (small_mnist / f"{name}.gz").write_bytes(gzip.compress((small_mnist / name).read_bytes(), 1))
    (small_mnist / name).unlink()
    x = open_override(mnist(flatten=False), small_mnist).splits["test"]["x"]
    assert x.load().shape == (6, 1, 4, 3)


def test_a_named_folder_is_the_only_one_searched(small_mnist, tmp_path):
    (tmp_path / "empty").mkdir()
    d = fault(mnist(), override=tmp_path / "empty")
    assert d.code == "GL608"
    assert str(small_mnist) not in d.message


def test_missing_files_are_named_with_every_folder_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    d = fault(mnist(), tmp_path, search=(Path("a"), Path("b")))
    message = d.message
    assert all(name in message for name in module.DIGESTS)
    assert all(f"`{Path(place)}`" in message for place in ("a", "a/mnist", "b", "b/mnist"))
    assert "gzipped (`.gz`) or plain" in d.help
    assert "GRAPHLANG_DATA" in d.help


def test_a_wrong_checksum_names_the_file_and_both_digests(small_mnist):
    other = content(LABELS[::-1])
    (small_mnist / "train-labels-idx1-ubyte").write_bytes(other)
    d = fault(mnist(), override=small_mnist)
    assert d.code == "GL607"
    assert "train-labels-idx1-ubyte" in d.message
    assert hashlib.sha256(other).hexdigest() in d.message
    assert module.DIGESTS["train-labels-idx1-ubyte"] in d.message


def test_opening_mnist_reads_no_images(small_mnist):
    """A wrong label file is not noticed before it is read."""
    (small_mnist / "train-labels-idx1-ubyte").write_bytes(content(LABELS[::-1]))
    open_override(mnist(), small_mnist)


def test_the_published_set_passes_its_checksums():
    try:
        data = mnist().open(Path(), search=data_folders())
    except GraphError:
        pytest.skip("the files of MNIST are not on this machine")
    shapes = {
        split: {name: c.load().shape for name, c in columns.items()} for split, columns in data.splits.items()
    }
    assert shapes == {"train": {"x": (60000, 784), "t": (60000,)}, "test": {"x": (10000, 784), "t": (10000,)}}
    assert data.train["x"].load().nbytes == 47_040_000
    assert data.train["t"].load()[:5].tolist() == [5, 0, 4, 1, 9]  # the first digits that the book shows
    assert data.train["x"].load()[0].sum() == 27525  # of the first image, known from every tutorial


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", ["/home/ada/.cache/graphlang"]),
        ({"XDG_CACHE_HOME": "/var/cache/ada"}, "linux", ["/var/cache/ada/graphlang"]),
        ({"XDG_CACHE_HOME": "relative"}, "linux", ["/home/ada/.cache/graphlang"]),
        ({"GRAPHLANG_DATA": "/data", "XDG_CACHE_HOME": "/c"}, "linux", ["/data", "/c/graphlang"]),
        ({"GRAPHLANG_DATA": ""}, "darwin", ["/home/ada/Library/Caches/graphlang"]),
        ({"LOCALAPPDATA": "C:/Users/ada/Local"}, "win32", ["C:/Users/ada/Local/graphlang"]),
        ({}, "win32", ["/home/ada/AppData/Local/graphlang"]),
    ],
)
def test_the_folders_follow_the_platform_s_habits(environ, platform, expected):
    assert [f.as_posix() for f in folders_from(environ, platform, Path("/home/ada"))] == expected


def test_a_user_without_a_home_has_only_the_named_folder():
    assert folders_from({"GRAPHLANG_DATA": "/data"}, "linux", None) == (Path("/data"),)
    assert folders_from({}, "linux", None) == ()
