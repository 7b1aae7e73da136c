"""How the processes of a training learn that another one has ended or come to a stop, and end too.

JAX's own watch ends a program with a C++ stack trace, and a process that waits for numbers of a dead one may
wait for ever. So each process holds a connection to the first one. When it breaks before a process has said
that it is done, or nothing comes over it for too long, the processes at both of its ends say so and end. They
also agree over it on the step after which all stop.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any, NoReturn

from graphlang.backends.jax.agreed_stop import FIRST, AgreedStop

DONE, ALIVE = "done", "alive"
FAILED = 1
_KEY = "graphlang/companions"
BEAT = 1
"""Every so many seconds a process says that it is alive."""
SILENCE = 20
"""Seconds without a word after which a process has come to a stop. Those in which the listener itself was
stopped do not count."""
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A host that is switched off says nothing: after so many seconds it is asked, so often."""
GO_ON = "`--resume` goes on from the last checkpoint, with any number of processes"
LOST = (
    "error: {who} of this training has ended before the others, and the training with it\n"
    f"help: see what it said; {GO_ON}"
)
SILENT = (
    f"error: {{who}} of this training has given no sign of life for {SILENCE} seconds, so it ends\n"
    f"help: see whether it was stopped, or its host; {GO_ON}"
)


class Companions:
    """The connections of one process to the others."""

    def __init__(self, store: Any, host: str, process: int, processes: int, patience: float) -> None:
        """`store` is the one for keys and values that JAX's processes share; `host` that of the first one."""
        self._open: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        others = range(1, processes) if process == FIRST else [FIRST]
        self.stop = AgreedStop(process, others, self._send)
        if process == FIRST:
            self._accept(store, processes, patience)
        else:
            self._connect(store, host, process, patience)
        for number, connection in self._open.items():
            self._start(self._listen, number, connection)
        self._start(self._speak)

    def done(self) -> None:
        """Says that this process has nothing left to compute: it may go away."""
        for number in self._open:
            self._send(number, DONE)

    # ---- connections ------------------------------------------------------------------------------------

    def _accept(self, store: Any, processes: int, patience: float) -> None:
        token = secrets.token_hex(16)
        with socket.create_server(("", 0)) as server:
            server.settimeout(patience)
            store.key_value_set(_KEY, f"{server.getsockname()[1]} {token}")
            while len(self._open) < processes - 1:
                connection, _ = server.accept()
                greeting = _greeting(connection, patience).split()
                if len(greeting) == 2 and secrets.compare_digest(greeting[0], token.encode()):
                    self._keep(int(greeting[1]), connection)
                else:
                    connection.close()

    def _connect(self, store: Any, host: str, process: int, patience: float) -> None:
        port, token = store.blocking_key_value_get(_KEY, int(patience * 1000)).split()
        connection = socket.create_connection((host, int(port)), timeout=patience)
        connection.sendall(f"{token} {process}\n".encode())
        self._keep(FIRST, connection)

    def _keep(self, number: int, connection: socket.socket) -> None:
        connection.settimeout(BEAT)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._open[number] = connection

    @staticmethod
    def _start(call: Any, *arguments: Any) -> None:
        threading.Thread(target=call, args=arguments, name=f"graphlang{call.__name__}", daemon=True).start()

    # ---- what is said -----------------------------------------------------------------------------------

    def _send(self, number: int, line: str) -> None:
        with suppress(OSError), self._sending:
            self._open[number].sendall(f"{line}\n".encode())

    def _speak(self) -> None:
        """Says from time to time that this process is alive."""
        while True:
            time.sleep(BEAT)
            for number in self._open:
                self._send(number, ALIVE)

    def _listen(self, number: int, connection: socket.socket) -> None:
        """Hears what the other end says, until it is done."""
        who = "process 0 or another one" if number == FIRST else f"process {number}"
        text, silent = b"", 0
        while True:
            try:
                more = connection.recv(4096)
            except TimeoutError:
                silent += 1
                if silent * BEAT >= SILENCE:
                    self._leave(SILENT, who.removesuffix(" or another one"))
                continue
            except OSError:
                more = b""
            if not more:
                self._leave(LOST, who)
            silent = 0
            *lines, text = (text + more).split(b"\n")
            for line in map(bytes.decode, lines):
                if line == DONE:
                    self.stop.ended(number)
                    return
                if line != ALIVE:
                    self.stop.hear(number, line)

    def _leave(self, message: str, who: str) -> NoReturn:
        with self._lock:
            leave(FAILED, message.format(who=who))


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


def _greeting(connection: socket.socket, patience: float) -> bytes:
    """The first line from a connection; what there is of it where the connection ends before."""
    connection.settimeout(patience)
    text = b""
    with suppress(OSError):
        while not text.endswith(b"\n") and len(text) < 100 and (more := connection.recv(1)):
            text += more
    return text
