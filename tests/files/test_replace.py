"""Files are written whole or not at all, under names that nobody can foresee, and brought to the disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import graphlang as gl
from graphlang.files import replace
from graphlang.files.locks import TAKEN, lock
from graphlang.files.replace import PREFIX, SUFFIX, remove_leftovers, replaced, write_new, write_text

posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with replaced(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def write_half(path: Path, error: type[BaseException]) -> None:
    with replaced(path) as file:
        file.write(b"ne")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_an_error_while_writing_leaves_the_file_as_it_was_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_earlier_file_is_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    path, earlier = tmp_path / "a", tmp_path / "before"
    for text in (b"1", b"2", b"3"):
        with replaced(path, earlier) as file:
            file.write(text)
    assert (path.read_bytes(), earlier.read_bytes()) == (b"3", b"2")


@posix
def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "a").symlink_to(target)
    (tmp_path / "a.tmp").symlink_to(target)
    write_text(tmp_path / "a", "new")
    assert target.read_text() == "mine"
    assert (tmp_path / "a").read_text() == "new"
    assert not (tmp_path / "a").is_symlink()


@posix
def test_a_pipe_or_a_device_is_neither_opened_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to(os.devnull)
    for name in ("pipe", "null"):
        with pytest.raises(gl.GraphError, match=r"GL716(.|\n)*not a regular file"):
            write_text(tmp_path / name, "x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "null").is_symlink()
    assert names(tmp_path) == ["null", "pipe"]


def test_the_name_that_is_written_to_is_another_one_every_time_and_follows_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []

    def noted(path: Any, flags: int, *more: Any, **options: Any) -> int:
        opened.append((Path(path).name, flags))
        return before(path, flags, *more, **options)

    before = os.open
    monkeypatch.setattr(replace.os, "open", noted)
    for _ in range(3):
        write_text(tmp_path / "a", "x")
    written = [(name, flags) for name, flags in opened if flags & os.O_CREAT]
    assert len({name for name, _ in written}) == 3
    for name, flags in written:
        assert len(name) >= len(PREFIX + SUFFIX) + 32
        assert flags & os.O_EXCL
        assert flags & getattr(os, "O_NOFOLLOW", os.O_EXCL)


@posix
def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, renamed = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        kind = os.fstat(descriptor).st_mode
        calls.append("folder" if stat.S_ISDIR(kind) else "file")
        fsync(descriptor)

    def noted_rename(source: Any, target: Any) -> None:
        assert Path(source).read_text() == "text"
        calls.append("rename")
        renamed(source, target)

    monkeypatch.setattr(replace.os, "fsync", noted_fsync)
    monkeypatch.setattr(replace.os, "replace", noted_rename)
    write_text(tmp_path / "a", "text")
    assert calls == ["file", "rename", "folder"]


def failing(error: int, kind: Any) -> Any:
    """An fsync that fails for files or for folders."""

    def fsync(descriptor: int) -> None:
        if kind(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))

    return fsync


def test_where_a_file_cannot_be_brought_to_the_disk_the_one_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_text(path, "old")
    monkeypatch.setattr(replace.os, "fsync", failing(errno.EIO, stat.S_ISREG))
    with pytest.raises(gl.GraphError, match=r"GL716(.|\n)*cannot be written: (.|\n)*make room there"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


@posix
def test_a_folder_that_cannot_be_brought_to_the_disk_at_all_is_no_error_and_a_broken_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replace.os, "fsync", failing(errno.EINVAL, stat.S_ISDIR))
    write_text(tmp_path / "a", "1")
    monkeypatch.setattr(replace.os, "fsync", failing(errno.EIO, stat.S_ISDIR))
    with pytest.raises(gl.GraphError, match="GL716"):
        write_text(tmp_path / "a", "2")
    assert (tmp_path / "a").read_text() == "2"
    assert names(tmp_path) == ["a"]


@posix
def test_the_rights_of_a_file_are_those_that_the_user_gives_to_new_ones(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@posix
def test_leftovers_are_removed_but_what_is_being_written_and_all_else_stay(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}dead{SUFFIX}").write_text("half")
    (tmp_path / f"{PREFIX}alive{SUFFIX}").write_text("half")
    (tmp_path / "mine.tmp").write_text("mine")
    (tmp_path / "target").write_text("mine")
    (tmp_path / f"{PREFIX}link{SUFFIX}").symlink_to(tmp_path / "target")
    descriptor = os.open(tmp_path / f"{PREFIX}alive{SUFFIX}", os.O_RDWR)
    try:
        assert lock(descriptor) == TAKEN
        remove_leftovers(tmp_path)
    finally:
        os.close(descriptor)
    assert names(tmp_path) == sorted(
        [f"{PREFIX}alive{SUFFIX}", f"{PREFIX}link{SUFFIX}", "mine.tmp", "target"]
    )
    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_takes_no_place_of_one_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(replace.os, "link", refused)
    write_new(tmp_path / "a", b"new")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "mine", b"other")
    assert names(tmp_path) == ["a", "mine"]
    assert ((tmp_path / "a").read_text(), (tmp_path / "mine").read_text()) == ("new", "mine")


@posix
def test_a_new_file_takes_no_place_of_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "link", b"new")
    assert names(tmp_path) == ["link"]


def test_where_a_new_file_finds_no_room_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replace.os, "fsync", failing(errno.ENOSPC, stat.S_ISREG))
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "a", b"new")
    assert names(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(gl.GraphError, match="there is no folder"):
        write_text(tmp_path / "nowhere" / "a", "x")
