"""Writes files: whatever graphlang writes is written here, whole or not at all.

The content goes into a new file in the same folder, whose name nobody can foresee and which is no link. It is
brought to the disk (fsync), takes the place of the file of that name, and then the folder is brought to the
disk. Whoever reads, and whoever looks after a crash, finds the file as it was before or as it is now.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import FolderInPlace, FolderMissing, NoRoom, WritingRefused
from graphlang.files.locks import is_free, lock, unlock
from graphlang.files.regular import refuse_others
from graphlang.files.to_disk import to_disk

PREFIX, SUFFIX = ".graphlang-", ".tmp"
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_FSYNC = {
    getattr(errno, name)
    for name in ("EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EACCES", "EPERM", "EISDIR")
    if hasattr(errno, name)
}
"""What a system says that cannot bring a folder to the disk at all."""
_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO") if hasattr(errno, name)}
"""What a system says of a disk that is full or broken."""

PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Seconds between two attempts to rename a file on Windows."""


@contextmanager
def replaced(path: Path, earlier: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` once all is written; raises GraphError on failure.

    Until then, and where anything fails, a file of that name stays as it was; then it is kept as `earlier`,
    if that is given. A link of that name is replaced by the file; a folder, a device or a pipe is refused.
    """
    if path.is_dir():
        raise GraphError([FolderInPlace(str(path), str(path / "net.npz"))])
    try:
        with written_whole(path, earlier) as file:
            yield file
    except OSError as error:
        if not path.parent.exists():
            raise GraphError([FolderMissing(str(path), str(path.parent))]) from None
        refused = NoRoom if error.errno in _ROOM else WritingRefused
        raise GraphError([refused(str(path), (error.strerror or str(error)).lower())]) from None


@contextmanager
def written_whole(path: Path, earlier: Path | None = None) -> Iterator[BinaryIO]:
    """The same as `replaced`, but failures are OSErrors."""
    temporary, descriptor = _made(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            _finish(file)
        if earlier is not None:
            with suppress(FileNotFoundError):
                _rename(path, earlier)
        _rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Writes a file that must not be there yet, not even as a link; raises OSError."""
    temporary, descriptor = _made(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            _finish(file)
        _named(temporary, path)
    finally:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
    sync_folder(path.parent)


def _named(temporary: Path, path: Path) -> None:
    """Gives a file its name, unless that is taken."""
    try:
        os.link(temporary, path)  # a rename would take the place of what is there
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):  # a file system without links
        os.close(os.open(path, _FLAGS, 0o666))
        _rename(temporary, path)


def _finish(file: BinaryIO) -> None:
    """Brings what is written to the disk, and lets go of the lock."""
    file.flush()
    to_disk(file.fileno())
    unlock(file.fileno())


def _rename(source: Path, target: Path) -> None:
    """Gives a file another name, whose file it replaces. Windows refuses that while a file is open, but a
    virus scanner or a reader soon lets go of it."""
    for pause in PAUSES if sys.platform == "win32" else ():
        try:
            os.replace(source, target)  # noqa: PTH105
        except PermissionError:
            time.sleep(pause)
        else:
            return
    os.replace(source, target)  # noqa: PTH105


def write_text(path: Path, text: str) -> None:
    """Writes a text in UTF-8; raises GraphError on failure."""
    with replaced(path) as file:
        file.write(text.encode())


def sync_folder(folder: Path) -> None:
    """Brings the names in a folder to the disk, where the system can do that; raises OSError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:  # Windows opens no folders; a folder may be written that may not be read
        return
    try:
        to_disk(descriptor)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Removes what writers left in a folder that were killed. A file that is being written is locked, so it
    stays; without locks nothing is removed."""
    for file in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):
            if is_free(file):
                file.unlink()


def _made(path: Path) -> tuple[Path, int]:
    """A new file beside `path`, open and locked."""
    with suppress(FileNotFoundError):
        refuse_others(os.stat(path), str(path))  # noqa: PTH116
    for _ in range(3):
        temporary = path.with_name(f"{PREFIX}{os.urandom(16).hex()}{SUFFIX}")
        descriptor = os.open(temporary, _FLAGS, 0o666)
        lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            break
        unlock(descriptor)
        os.close(descriptor)  # it was taken for a leftover before it was locked
    return temporary, descriptor
