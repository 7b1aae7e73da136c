"""Starts `docs/examples/serve.py`, sends requests over several connections, and measures."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Self

from service_requests import Request

ROOT = Path(__file__).parents[2]
CONNECTIONS = 4


@dataclass
class Measured:
    """What came of the requests: statuses, the slowest answers, and what is wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[tuple[float, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: good requests that were ended for their time: the machine had others to compute
    late: int = 0

    @property
    def slowest(self) -> tuple[float, str]:
        return max(self.seconds)


class Running:
    """The service as a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, str(ROOT / "docs" / "examples" / "serve.py"), "--port", "0", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip().removeprefix("http://")
        self.port = int(self.address.rpartition(":")[2])

    def memory(self) -> int:
        """The bytes of memory that the service and its workers have."""
        return sum(_resident(process) for process in self.processes())

    def processes(self) -> list[int]:
        """The process and all below it."""
        parents = {int(p.name): _parent(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
        tree = [self.process.pid]
        for process in tree:
            tree += [child for child, parent in parents.items() if parent == process]
        return tree

    def end(self) -> str:
        """Ends the service and returns what it has written to stderr."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.end()


def _parent(folder: Path) -> int:
    with suppress(OSError):
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _resident(process: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def sent(service: Running, requests: Sequence[Request]) -> Measured:
    """Sends requests over `CONNECTIONS` connections at once; a connection is used as long as it is open."""
    waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
    for request in requests:
        waiting.put(request)
    measured, lock, first = Measured(), threading.Lock(), {}  # type: ignore[var-annotated]

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=60)
        while True:
            try:
                request = waiting.get_nowait()
            except queue.Empty:
                return connection.close()
            start = time.monotonic()
            status, body = raw(service.port, request) if request.raw else post(connection, request.body)
            took = time.monotonic() - start
            with lock:
                measured.statuses[status] += 1
                measured.seconds.append((took, request.name))
                late = request.statuses == {200} and status == 422 and b"it takes longer" in body
                measured.late += late
                told = "" if late else fault(request, status, body)
                if status == 200 and first.setdefault(request.name, body) != body:
                    told = "another answer than before"
                if told:
                    measured.faults.append(f"{request.name}: {told}")

    threads = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured


def post(connection: HTTPConnection, body: bytes) -> tuple[int, bytes]:
    try:
        connection.request("POST", "/", body)
        response = connection.getresponse()
        return response.status, response.read()
    except (HTTPException, OSError) as error:
        connection.close()
        return 0, repr(error).encode()


def raw(port: int, request: Request) -> tuple[int, bytes]:
    """Sends bytes as they are, and no more after them: the service sees the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            connection.sendall(request.body)
            connection.shutdown(socket.SHUT_WR)
            response = HTTPResponse(connection)
            response.begin()
            return response.status, response.read()
        except (HTTPException, OSError) as error:
            return 0, repr(error).encode()


def fault(request: Request, status: int, body: bytes) -> str:
    """What is wrong with an answer; empty where nothing is."""
    if status not in request.statuses:
        return f"status {status}: {body[:200]!r}"
    if status == 0:
        return ""
    if b"Traceback" in body or not body.isascii():
        return f"an answer that shows too much: {body[:200]!r}"
    keys = set(json.loads(body))
    wanted = {"outputs", "values", "gradients", "of"} if status == 200 else keys & {"error", "diagnostics"}
    return "" if wanted and keys == wanted else f"the keys {sorted(keys)}"
