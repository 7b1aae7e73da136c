"""One run of a sweep, a process of its own: a command of graphlang that ends when its sweep does.

The sweep holds the other end of its standard input, so that it closes however the sweep ends.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from typing import NoReturn

BEGIN = "import sys; sys.path.append(sys.argv.pop(1)); from graphlang.cli.sweep_worker import begin; begin()"
"""What Python runs with `-c`; the first argument is the folder of the package."""


def begin() -> NoReturn:
    """Runs the command that the arguments are."""
    from graphlang.cli import main

    threading.Thread(target=_watch, daemon=True).start()
    sys.exit(main(sys.argv[1:]))


def _watch() -> None:
    """Asks this process to save and end once nobody holds the other end."""
    while os.read(0, 1024):
        pass
    if sys.platform != "win32":
        os.kill(os.getpid(), signal.SIGTERM)
    elif signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        os._exit(128 + signal.SIGTERM)
    else:  # `os.kill` of Windows ends a process at once
        _thread.interrupt_main(signal.SIGTERM)
