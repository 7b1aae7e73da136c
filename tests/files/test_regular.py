"""Opening regular files: what is refused unopened, and what is noticed while reading."""

from __future__ import annotations

import os
import socket

import pytest

from graphlang.files import regular
from graphlang.files.regular import (
    ChangedFile,
    FileTooLarge,
    NotRegular,
    open_below,
    open_regular,
    read_bytes,
    resolved_below,
)

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and links are those of POSIX")


def never(*_: object, **__: object) -> None:
    pytest.fail("it was opened")


def test_a_regular_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a", 3) == b"abc"


def test_a_larger_file_than_the_limit_is_refused_unread(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with (
        open_regular(tmp_path / "a") as file,
        pytest.raises(FileTooLarge, match="3 bytes, more than the limit of 2"),
    ):
        file.content(2)
    with open_regular(tmp_path / "a") as file:
        assert file.stream.tell() == 0


@posix
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder", "link to a device"])
def test_what_is_no_regular_file_is_refused_without_being_opened(tmp_path, monkeypatch, kind):
    place = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "socket":
            monkeypatch.chdir(tmp_path)
            listening.bind("x")
        elif kind == "folder":
            place.mkdir()
        elif kind == "link to a device":
            place.symlink_to("/dev/zero")
        else:
            place = "/dev/zero"
        monkeypatch.setattr(os, "open", never)
        with pytest.raises((NotRegular, IsADirectoryError)) as caught:
            open_regular(place)
    assert kind.rpartition(" ")[2] in str(caught.value.strerror)


@posix
def test_a_pipe_that_takes_the_place_of_a_file_after_it_was_looked_at_is_refused_and_nobody_waits(
    tmp_path, monkeypatch
):
    (tmp_path / "a").write_bytes(b"abc")
    look = os.stat

    def replaced(path, **options):
        status = look(path, **options)
        (tmp_path / "a").unlink()
        os.mkfifo(tmp_path / "a")
        return status

    monkeypatch.setattr(regular.os, "stat", replaced)
    with pytest.raises(NotRegular):
        open_regular(tmp_path / "a")


@pytest.mark.parametrize("after", [b"ab", b"abcd"])
def test_a_file_that_shrinks_or_grows_while_it_is_read_is_refused(tmp_path, after):
    (tmp_path / "a").write_bytes(b"abc")
    with open_regular(tmp_path / "a") as file:
        (tmp_path / "a").write_bytes(after)
        with pytest.raises(ChangedFile):
            file.content(100)


@posix
def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (inner / "link").symlink_to("../secret")
    (inner / "up").symlink_to("..", target_is_directory=True)
    assert resolved_below(inner, "link") is None
    assert resolved_below(inner, "up/secret") is None
    assert resolved_below(inner, "../secret") is None
    assert resolved_below(inner, ".") is None


@posix
def test_a_link_within_the_folder_is_followed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("data/a")
    place = resolved_below(tmp_path, "link")
    assert place is not None
    with open_below(tmp_path, place) as file:
        assert file.content(3) == b"abc"


@posix
@pytest.mark.parametrize("swapped", ["data", "data/a"])
def test_a_link_that_takes_the_place_of_a_file_or_folder_once_it_is_resolved_is_not_followed(
    tmp_path, swapped
):
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder in (inner / "data", outer):
        folder.mkdir(parents=True)
        (folder / "a").write_bytes(b"abc")
    place = resolved_below(inner, "data/a")
    assert place is not None
    (inner / swapped).rename(tmp_path / "moved")
    (inner / swapped).symlink_to(outer if swapped == "data" else outer / "a")
    with pytest.raises(OSError):
        open_below(inner, place)


@posix
def test_a_loop_of_links_is_an_error_of_the_system(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError):
        open_below(tmp_path, resolved_below(tmp_path, "loop"))


def test_a_name_with_a_null_character_is_an_error_of_the_system():
    with pytest.raises(OSError, match="null character"):
        open_regular("a\0b")
