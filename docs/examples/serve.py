"""A service that computes specs of strangers: one POST with a spec, values and gradients as JSON.

    python docs/examples/serve.py --port 8000
    curl -d '{"spec": "y = x**2", "inputs": {"x": 3}}' http://127.0.0.1:8000

The body is an object: `spec` is the text, `inputs` (if any) are values by name. The answer is

    200  {"outputs": {"y": 9.0}, "values": ..., "gradients": {"x": 6.0, ...}, "of": "y"}
    422  {"diagnostics": [{"code": "GL201", "message": ..., "line": 1, ...}]}, or {"error": ...} where a limit
         of the process ended it
    4xx  {"error": ...} for what is no such request, 503 where all workers are busy

A spec has no folder here, so it imports nothing and reads no file. `gl.Limits` refuses what would take too
much before it is done. Should something get past them, the process ends it: every request is computed in a
process of its own, forked from a worker that has everything imported and has never seen a stranger's spec.
The kernel ends it after `SECONDS`, gives it no more memory than `SPACE`, and takes all of it back. Threads
would be simpler, but nothing ends a thread or bounds its memory, and what one request leaves behind stays;
a process that serves many requests can be ended, but then has to be started anew, which takes fifty times as
long as to fork.

For a network put a proxy in front of it, with TLS and a limit for each client. It needs a POSIX system.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import queue
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

import graphlang as gl

LIMITS = gl.Limits(
    source_bytes=2**18, tokens=50_000, nodes=20_000, memory=2**28, gradients=50_000, scanned=200_000
)
SECONDS = 1.4
"""How long one request may compute: with the wait for a worker, every answer comes within two seconds."""
SPACE = 2**29
"""The most memory that one request may take, in bytes beyond what a worker has."""
MOST_BODY, MOST_ANSWER = 2**19, 2**20
"""How long a request and an answer may be, in bytes."""
MOST_NUMBERS = 1_000
"""How large an array may be whose numbers are in an answer."""
PATIENCE = 10.0
"""Seconds that a client has to send a request, and to take the answer."""
MOST_CONNECTIONS = 64
WORKERS = 4
WAITING = 0.3
"""Seconds that a request waits for a worker before it is told to come back."""

FAULT, NO_MEMORY = 1, 2
"""How a process ends that has no answer, where the kernel did not end it."""
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_HEAD = struct.Struct("!HI")


class Answer(NamedTuple):
    """A status of HTTP and a JSON text."""

    status: int
    body: bytes


def answer(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value, allow_nan=False).encode())


# ---- computing a request -------------------------------------------------------------------------


def computed(body: bytes) -> Answer:
    """What a graph makes of a request."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return answer(400, {"error": "the body is no JSON"})
    spec = request.get("spec") if isinstance(request, dict) else None
    inputs = request.get("inputs", {}) if isinstance(request, dict) else None
    if not isinstance(spec, str) or not isinstance(inputs, dict):
        return answer(
            400, {"error": 'the body is an object such as {"spec": "y = x**2", "inputs": {"x": 3}}'}
        )
    try:
        return answer(200, plain(gl.loads(spec, name="spec", limits=LIMITS, threads=1).run(inputs).to_dict()))
    except gl.GraphError as error:
        return answer(422, {"diagnostics": [diagnostic.as_json() for diagnostic in error.diagnostics]})
    except (TypeError, ValueError) as error:  # a name of a file in place of a text
        return answer(400, {"error": str(error)})


def plain(value: Any) -> Any:
    """A result as JSON has it; of a large array the shape alone, for nobody reads its numbers in a form."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if value is None or isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.size > MOST_NUMBERS:
        return {"shape": list(array.shape)}
    finite = np.isfinite(array)
    return (array if finite.all() else np.where(finite, array.astype(object), array.astype(str))).tolist()


def isolated(compute: Callable[[bytes], Answer], body: bytes, seconds: float = SECONDS) -> Answer:
    """Computes an answer in a process of its own, which the kernel ends at the limits."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _bound_this_process(seconds)
        _answer_in_child(compute, body, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        content = stream.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended == 0:
        status, _ = _HEAD.unpack(content[: _HEAD.size])
        return Answer(status, content[_HEAD.size :])
    if ended == FAULT:
        return answer(500, {"error": "graphlang itself failed"})
    if ended == -signal.SIGALRM:
        return answer(422, {"error": f"it takes longer than {seconds:g} s"})
    return answer(422, {"error": f"it takes more memory than {SPACE // 2**20} MiB"})


def _bound_this_process(seconds: float) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)  # no spec can stop it, and no Python has to run for it
    space = _address_space() + SPACE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    """The bytes of address space of this process; where the system does not tell, 4 GiB."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 2**32
    return int(pages) * resource.getpagesize()


def _answer_in_child(compute: Callable[[bytes], Answer], body: bytes, writer: int) -> None:
    """Writes the answer, and ends the process: it must not return into the worker that it is a copy of."""
    status = FAULT
    try:
        made = compute(body)
        if len(made.body) > MOST_ANSWER:
            made = answer(422, {"error": f"the answer has more than {MOST_ANSWER:,} bytes"})
        with os.fdopen(writer, "wb") as stream:
            stream.write(_HEAD.pack(made.status, len(made.body)) + made.body)
        status = 0
    except MemoryError:
        status = NO_MEMORY
    finally:
        os._exit(status)


# ---- workers -------------------------------------------------------------------------------------


def work(requests: BinaryIO, answers: BinaryIO, seconds: float) -> None:
    """The loop of a worker, until its standard input ends: that of the service has ended."""
    computed(b'{"spec": "input x: float[N, 3] = [[1, 2, 3]]\\ny = sum(x -> Affine(2) -> Relu)\\nz = y y"}')
    computed(b'{"spec": "input x = 1\\ny = exp(-x) + x * 2 ** 3"}')
    gc.collect()
    gc.freeze()  # a child that collects garbage copies no pages of the worker
    answers.write(b"!")
    answers.flush()
    while head := requests.read(_HEAD.size):
        _, length = _HEAD.unpack(head)
        made = isolated(computed, requests.read(length), seconds)
        answers.write(_HEAD.pack(made.status, len(made.body)) + made.body)
        answers.flush()


class Worker:
    """A process that forks another one for each request."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        command = [sys.executable, str(Path(__file__).resolve()), "--worker", "--seconds", str(seconds)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "GRAPHLANG_CALIBRATION": "off"}
        self.process = subprocess.Popen(  # noqa: S603 - this file
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment
        )

    def ask(self, body: bytes) -> Answer:
        """Raises OSError where the worker has ended or does not answer."""
        assert self.process.stdin is not None
        frame = memoryview(_HEAD.pack(0, len(body)) + body)
        while frame:
            frame = frame[self.process.stdin.write(frame) :]
        status, length = _HEAD.unpack(self._read(_HEAD.size, 2 * self._seconds))
        return Answer(status, self._read(length, self._seconds))

    def ready(self) -> None:
        """Waits until the worker has imported everything. Raises OSError."""
        self._read(1, seconds=60)

    def _read(self, length: int, seconds: float) -> bytes:
        assert self.process.stdout is not None
        content, ends = b"", time.monotonic() + seconds
        while len(content) < length:
            if not select.select([self.process.stdout], [], [], max(ends - time.monotonic(), 0))[0]:
                raise TimeoutError("the worker does not answer")
            part = self.process.stdout.read(length - len(content))
            if not part:
                raise ConnectionError("the worker has ended")
            content += part
        return content

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


class Workers:
    """As many workers as may compute at once; one that fails is replaced."""

    def __init__(self, count: int, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free: queue.Queue[Worker] = queue.Queue()
        started = [Worker(seconds) for _ in range(count)]
        for worker in started:
            worker.ready()
            self._free.put(worker)

    def answered(self, body: bytes) -> Answer:
        try:
            worker = self._free.get(timeout=WAITING)
        except queue.Empty:
            return answer(503, {"error": "all workers are busy"})
        try:
            made = worker.ask(body)
        except OSError:
            worker.end()
            threading.Thread(target=self._replace, daemon=True).start()
            return answer(503, {"error": "the worker failed"})
        self._free.put(worker)
        return made

    def _replace(self) -> None:
        worker = Worker(self._seconds)
        worker.ready()
        self._free.put(worker)

    def close(self) -> None:
        while not self._free.empty():
            self._free.get().end()


# ---- HTTP ----------------------------------------------------------------------------------------


class UntilDeadline(io.RawIOBase):
    """The bytes of a connection until a moment: a client that sends one byte a second gets no more time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.ends = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(max(self.ends - time.monotonic(), 0.001))
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = default_request_version = "HTTP/1.1"
    server: Service

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._incoming = UntilDeadline(self.connection)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        self._incoming.ends = time.monotonic() + PATIENCE
        super().handle_one_request()

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server looks for
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return self.send_error(411, "the length of the body is not given")
        if len(length) > 9 or int(length) > MOST_BODY:
            self.send_error(413, f"the body has more than {MOST_BODY:,} bytes")
            return self._take_the_rest()
        body = self.rfile.read(int(length))
        if len(body) == int(length):  # else the client has gone
            self._send(self.server.workers.answered(body))
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers with JSON, where http.server would with a page, and closes the connection."""
        self.close_connection = True
        self._send(answer(code, {"error": message or self.responses[code][0]}))

    def _send(self, made: Answer) -> None:
        self.connection.settimeout(PATIENCE)
        self.send_response(made.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(made.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(made.body)

    def _take_the_rest(self) -> None:
        """Takes what the client is still sending, for a while: it reads the answer afterwards."""
        self._incoming.ends = time.monotonic() + 1
        with contextlib.suppress(OSError):
            while self.rfile.read1(2**16):
                pass

    def version_string(self) -> str:
        return "graphlang"

    def log_message(self, format: str, *args: Any) -> None:
        """Writes nothing: what a stranger sends is not for a log that is read in a terminal."""


class Service(ThreadingHTTPServer):
    """The service on this machine alone; a thread for each connection, workers for what is computed."""

    request_queue_size = 128

    def __init__(self, port: int, workers: Workers) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.workers = workers
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            request.settimeout(0)
            with contextlib.suppress(OSError):
                request.send(BUSY)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that has gone away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def main() -> None:
    parser = argparse.ArgumentParser(description="Computes specs that are posted to this machine.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=WORKERS, help="how many requests are computed at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long one request may compute")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service ends it
        return work(sys.stdin.buffer, sys.stdout.buffer, arguments.seconds)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    workers = Workers(arguments.workers, arguments.seconds)
    try:
        with Service(arguments.port, workers) as service:
            print(f"http://127.0.0.1:{service.server_port}", flush=True)
            service.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        workers.close()
    return None


if __name__ == "__main__":
    main()
