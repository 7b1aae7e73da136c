"""Brings files and folders to the disk, past the memory of the disk itself."""

from __future__ import annotations

import errno
import os
import sys

_NO_FULL_FSYNC = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY)
"""What macOS says of a file system, such as one on a network, that has the plain fsync alone."""


def to_disk(descriptor: int) -> None:
    """Waits until what is written is on the disk; raises OSError. The fsync of macOS waits only until the
    disk has taken it into its memory, which it may lose."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in _NO_FULL_FSYNC:
                raise
        else:
            return
    os.fsync(descriptor)
