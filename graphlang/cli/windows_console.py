"""The console of Windows, which obeys escape sequences (colours, moving up) only once it is told to."""

from __future__ import annotations

import sys
from typing import TextIO

ENABLE_VIRTUAL_TERMINAL_PROCESSING = 4


def obeys_escapes(stream: TextIO) -> bool:
    """Tells the console behind a stream to obey escape sequences; whether it does from now on."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt
    from ctypes import wintypes

    try:
        console = wintypes.HANDLE(msvcrt.get_osfhandle(stream.fileno()))
    except (OSError, ValueError):  # a terminal that is none of the system's
        return True
    kernel = ctypes.windll.kernel32
    mode = wintypes.DWORD()
    if not kernel.GetConsoleMode(console, ctypes.byref(mode)):
        return False
    wanted = mode.value | ENABLE_VIRTUAL_TERMINAL_PROCESSING
    return mode.value == wanted or bool(kernel.SetConsoleMode(console, wintypes.DWORD(wanted)))
