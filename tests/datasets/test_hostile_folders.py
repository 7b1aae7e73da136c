"""The source folder meets links, bombs, other files and damaged images: none is opened, or each is refused."""

import os
import struct
import zlib

import numpy as np
import pytest

from graphlang.datasets import folder as module
from graphlang.datasets.folder import folder
from graphlang.diagnostics import GraphError

image = pytest.importorskip("PIL.Image")


def write(place, size=(4, 4)):
    place.parent.mkdir(parents=True, exist_ok=True)
    image.fromarray(np.full((*size, 3), 100, np.uint8)).save(place)


def png(width, height, data=b"", more=()):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks)


def read(place):
    return folder(path="images", size=(2, 2), test=0).open(place).train["x"].load()


def refusal(place):
    with pytest.raises(GraphError) as caught:
        read(place)
    (problem,) = caught.value.diagnostics
    return problem.code, problem.message


def test_links_are_left_alone(tmp_path):
    write(tmp_path / "outside" / "secret" / "a.png")
    write(tmp_path / "images" / "cat" / "a.png")
    (tmp_path / "images" / "dog").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "images" / "cat" / "b.png").symlink_to(tmp_path / "outside" / "secret" / "a.png")
    data = folder(path="images", size=(2, 2), test=0).open(tmp_path)
    assert data.classes["t"] == ("cat",)
    assert data.train["x"].load().shape == (1, 3, 2, 2)


def test_a_link_that_takes_the_place_of_an_image_later_is_refused(tmp_path):
    write(tmp_path / "outside.png")
    write(tmp_path / "images" / "cat" / "a.png")
    column = folder(path="images", size=(2, 2), test=0).open(tmp_path).train["x"]
    (tmp_path / "images" / "cat" / "a.png").unlink()
    (tmp_path / "images" / "cat" / "a.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(GraphError) as caught:
        column.load()
    assert [d.code for d in caught.value.diagnostics] == ["GL603"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_among_the_images_is_not_opened(tmp_path):
    write(tmp_path / "images" / "cat" / "a.png")
    os.mkfifo(tmp_path / "images" / "cat" / "b.png")
    assert read(tmp_path).shape[0] == 1


@pytest.mark.parametrize("size", [(2**15, 2**15), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_an_image_of_too_many_pixels_is_refused_by_its_header(tmp_path, size):
    write(tmp_path / "images" / "cat" / "a.png")
    (tmp_path / "images" / "cat" / "b.png").write_bytes(png(*size))
    code, message = refusal(tmp_path)
    assert code == "GL631"
    assert "cat/b.png" in message


def test_pixels_that_unpack_to_more_than_the_header_says_are_not_kept(tmp_path):
    write(tmp_path / "images" / "cat" / "a.png")
    (tmp_path / "images" / "cat" / "b.png").write_bytes(png(2, 2, bytes(50_000_000)))
    assert read(tmp_path).shape == (2, 3, 2, 2)


def test_a_text_in_an_image_that_unpacks_to_gigabytes_is_refused_or_left_out(tmp_path):
    bomb = b"a\0\0" + zlib.compress(bytes(100_000_000))
    write(tmp_path / "images" / "cat" / "a.png")
    (tmp_path / "images" / "cat" / "b.png").write_bytes(png(2, 2, bytes(14), [(b"zTXt", bomb)]))
    try:
        assert read(tmp_path).shape == (2, 3, 2, 2)
    except GraphError as error:
        codes = [d.code for d in error.diagnostics]
    else:
        codes = ["GL631"]
    assert codes == ["GL631"]


def test_what_is_no_image_is_refused_whatever_its_name(tmp_path):
    write(tmp_path / "images" / "cat" / "a.png")
    for content in (
        b"%!PS-Adobe",
        b"GIF89a" + bytes(20),
        b"<svg/>",
        b"\0" * 100,
        b"II*\0" + bytes(50),
        b"RIFF\0\0\0\0WEBP",
    ):
        (tmp_path / "images" / "cat" / "b.jpg").write_bytes(content)
        assert refusal(tmp_path)[0] == "GL631"


def test_damaged_images_are_refused_or_read_but_never_a_fault(tmp_path):
    rng = np.random.default_rng(0)
    codes = set()
    for suffix in ("png", "jpg", "ppm"):
        place = tmp_path / "images" / "cat" / f"a.{suffix}"
        write(place, (8, 8))
        whole = place.read_bytes()
        for _ in range(25):
            content = bytearray(whole)
            for at in rng.integers(0, len(whole), 4).tolist():
                content[at] = int(rng.integers(256))
            place.write_bytes(content if rng.random() < 0.7 else content[: rng.integers(len(whole))])
            try:
                assert read(tmp_path).shape == (1, 3, 2, 2)
            except GraphError as error:
                codes |= {d.code for d in error.diagnostics}
        place.unlink()
    assert codes == {"GL631"}


def test_more_images_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_IMAGES", 2)
    for name in "abc":
        write(tmp_path / "images" / "cat" / f"{name}.png")
    assert refusal(tmp_path)[0] == "GL631"


def test_images_that_would_take_too_much_memory_are_refused_before_one_is_opened(tmp_path):
    write(tmp_path / "images" / "cat" / "a.png")
    with pytest.raises(GraphError) as caught:
        folder(path="images", size=(50_000, 50_000), test=0).open(tmp_path)
    assert [d.code for d in caught.value.diagnostics] == ["GL606"]
