"""How the processes of a training learn that another one has ended, and end too.

JAX's own watch ends a program with a C++ stack trace, and a process that waits for numbers of a dead one may
wait for ever. So each process holds a connection to the first one: when it breaks before a process has said
that it is done, the processes at both of its ends say so and end.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

DONE = b"done\n"
FAILED, INTERRUPTED = 1, 130
_KEY = "graphlang/companions"
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A host that is switched off says nothing: after so many seconds it is asked, so often."""
LOST = (
    "error: {who} of this training has ended before the others, and the training with it\n"
    "help: see what it said; `--resume` goes on from the last checkpoint, with any number of processes"
)


class Companions:
    """The connections of one process to the others."""

    def __init__(self, store: Any, host: str, process: int, processes: int, patience: float) -> None:
        """`store` is the one for keys and values that JAX's processes share; `host` that of the first one."""
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        if process == 0:
            self._accept(store, processes, patience)
        else:
            self._connect(store, host, process, patience)

    def done(self) -> None:
        """Says that this process has nothing left to compute: it may go away."""
        for connection in self._open:
            with suppress(OSError):
                connection.sendall(DONE)

    def _accept(self, store: Any, processes: int, patience: float) -> None:
        token = secrets.token_hex(16)
        with socket.create_server(("", 0)) as server:
            server.settimeout(patience)
            store.key_value_set(_KEY, f"{server.getsockname()[1]} {token}")
            while len(self._open) < processes - 1:
                connection, _ = server.accept()
                greeting = _line(connection, patience).split()
                if len(greeting) == 2 and secrets.compare_digest(greeting[0], token.encode()):
                    self._watch(connection, f"process {int(greeting[1])}")
                else:
                    connection.close()

    def _connect(self, store: Any, host: str, process: int, patience: float) -> None:
        port, token = store.blocking_key_value_get(_KEY, int(patience * 1000)).split()
        connection = socket.create_connection((host, int(port)), timeout=patience)
        connection.sendall(f"{token} {process}\n".encode())
        self._watch(connection, "process 0 or another one")

    def _watch(self, connection: socket.socket, who: str) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._open.append(connection)
        threading.Thread(
            target=self._wait, args=(connection, who), name=f"graphlang {who}", daemon=True
        ).start()

    def _wait(self, connection: socket.socket, who: str) -> None:
        """Reads what the other end says, which is nothing until it is done."""
        if _line(connection) != DONE:
            with self._lock:
                leave(FAILED, LOST.format(who=who))


def leave(status: int, message: str | None = None) -> NoReturn:
    """Ends this process at once: the usual end would wait for the others."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        if message is not None:
            sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
    os._exit(status)


def own_streams() -> None:
    """Leaves the streams to Python alone. What libraries write to them past Python, as gloo's greetings and
    the stack traces of JAX's own watch, goes nowhere."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name)
        before.flush()
        copy = os.fdopen(
            os.dup(number),
            "w",
            encoding=before.encoding,
            errors="backslashreplace",
            buffering=1,
            newline=None,
        )
        setattr(sys, name, copy)
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, number)
        os.close(sink)


def _line(connection: socket.socket, patience: float | None = None) -> bytes:
    """A line from a connection; what there is of it where the connection ends before."""
    connection.settimeout(patience)
    text = b""
    with suppress(OSError):
        while not text.endswith(b"\n") and len(text) < 100 and (more := connection.recv(1)):
            text += more
    return text
