"""Opens regular files and nothing else: no pipe, device, socket or folder is opened, and no open waits.

Every refusal is an OSError, with its reason in `strerror`.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

#: Without O_NONBLOCK, opening a pipe that took the place of a file waits for a writer.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_WALKS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and bool(_NO_LINK)
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a symbolic link",
}


class NotRegular(OSError):
    """What has this name is no regular file."""


class FileTooLarge(OSError):
    """The file is larger than its reader takes."""

    def __init__(self, size: int, most: int, name: str) -> None:
        text = f"it has {size:,} bytes, more than the limit of {most:,}"
        super().__init__(errno.EFBIG, text, name)
        self.size = size


class ChangedFile(OSError):
    """The file became longer or shorter while it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EAGAIN, "it changed while it was read", name)


class RegularFile:
    """An open regular file: its bytes as a stream, and its size when it was opened."""

    def __init__(self, descriptor: int, name: str) -> None:
        try:
            status = os.fstat(descriptor)
            refuse_others(status, name)  # it may have changed since it was looked at
            self.stream: BinaryIO = os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
        self.name = name
        self.size = status.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()

    def content(self, most: int) -> bytes:
        """All bytes; raises FileTooLarge before reading for more than `most`."""
        if self.size > most:
            raise FileTooLarge(self.size, most, self.name)
        content = self.stream.read(self.size + 1)
        if len(content) != self.size:
            raise ChangedFile(self.name)
        return content


def open_regular(path: str | os.PathLike[str]) -> RegularFile:
    """Opens a file that the user named; links are followed. Raises OSError."""
    name = os.fspath(path)
    if "\0" in name:
        raise OSError(errno.EINVAL, "its name has a null character", name)
    refuse_others(os.stat(name), name)  # noqa: PTH116
    return RegularFile(os.open(name, _FLAGS), name)


def open_below(folder: Path, place: Path) -> RegularFile:
    """Opens a file at a resolved place below a folder; follows no link that appeared since it was resolved.

    Raises OSError.
    """
    root = folder.resolve()
    if not _WALKS:
        return open_regular(place)
    *folders, name = place.relative_to(root).parts
    at = os.open(root, _FOLDER)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER | _NO_LINK, dir_fd=at)
            os.close(at)
            at = inner
        refuse_others(os.stat(name, dir_fd=at, follow_symlinks=False), str(place))
        return RegularFile(os.open(name, _FLAGS | _NO_LINK, dir_fd=at), str(place))
    finally:
        os.close(at)


def resolved_below(folder: Path, path: str) -> Path | None:
    """Where a relative path leads once links are resolved; None if that is not below the folder.

    Opens nothing. Raises OSError for a loop of links.
    """
    try:
        root, place = folder.resolve(), (folder / path).resolve()
    except RuntimeError:  # Python 3.12 and earlier, for a loop of links
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path) from None
    except ValueError:  # a null character
        return None
    return place if place != root and place.is_relative_to(root) else None


def read_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """The bytes of a regular file that the user named; raises OSError, for more than `most` unread."""
    with open_regular(path) as file:
        return file.content(most)


def is_regular(path: str | os.PathLike[str]) -> bool:
    """Whether a name is that of a regular file, or of a link to one; opens nothing."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def refuse_others(status: os.stat_result, name: str) -> None:
    """Raises OSError unless the status is that of a regular file."""
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFREG:
        return
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", name)
    raise NotRegular(errno.EINVAL, f"it is {_KINDS.get(kind, 'something else')}, not a regular file", name)
