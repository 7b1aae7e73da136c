"""Brings files and folders to the disk, past the memory of the disk itself."""

from __future__ import annotations

import os
import sys


def to_disk(descriptor: int) -> None:
    """Waits until what is written is on the disk; raises OSError. The fsync of macOS waits only until the
    disk has taken it into its memory, which it may lose."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # a file system, as one on a network, that has fsync alone; or fsync tells the same
            pass
        else:
            return
    os.fsync(descriptor)
