"""`docs/examples/serve.py` answers good and hostile requests, and the kernel ends what gets past the limits.

No time is measured here: `python -m tests.service --requests 10000` does that.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip(
        "the service needs a POSIX system, and the measure of its memory Linux", allow_module_level=True
    )

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "hostile"), str(HERE.parents[1] / "docs" / "examples")]

import serve  # noqa: E402
from service_client import Running, fault, post, sent  # noqa: E402
from service_requests import good, hostile, misshapen, posted  # noqa: E402


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """A service whose requests have time enough on a busy machine, and a worker for every connection."""
    with Running("--workers", "4", "--seconds", "30") as running:
        yield running


def asked(service: Running, body: bytes) -> tuple[int, Any]:
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        status, content = post(connection, body)
    return status, json.loads(content)


# ---- answers -------------------------------------------------------------------------------------


def test_a_spec_is_answered_with_values_and_gradients(service: Running) -> None:
    status, told = asked(service, posted("y = x**2 + z", {"x": 3, "z": 1}))
    assert (status, told["outputs"], told["of"]) == (200, {"y": 10}, "y")
    assert told["gradients"] == {"x": 6, "z": 1, "y": 1}


def test_a_mistake_is_answered_with_diagnostics(service: Running) -> None:
    status, told = asked(service, posted("input apple = 1\nprice = aple * 2"))
    (diagnostic,) = told["diagnostics"]
    assert (status, diagnostic["code"], diagnostic["line"], diagnostic["column"]) == (422, "GL201", 2, 9)


def test_numbers_that_json_does_not_have_are_texts_and_large_arrays_are_shapes(service: Running) -> None:
    spec = "input x: float[3] = [0, 1, 2]\ny = log(x)\nz = ones(40, 40)\nw = sum(y) + sum(z)"
    _, told = asked(service, posted(spec))
    assert told["values"]["y"][0] == "-inf"
    assert told["values"]["z"] == {"shape": [40, 40]}


def test_a_spec_reads_no_file(service: Running) -> None:
    status, told = asked(service, posted('import "apple.graph" as a\ninput x = 1\ny = x'))
    assert (status, told["diagnostics"][0]["code"]) == (422, "GL210")
    status, told = asked(
        service, posted('input x: float[N]\ny = sum(x)\ndata { source = csv("a.csv"); x = x }')
    )
    assert (status, told["diagnostics"][0]["message"]) == (422, "missing input: `x`")


def test_good_hostile_and_misshapen_requests_are_answered_as_they_should_be(service: Running) -> None:
    before = service.processes()
    some = (
        [*good()][::3] + [*hostile()][::5] + [r for r in misshapen() if r.name != "a client that goes away"]
    )
    measured = sent(service, some)
    assert measured.faults == []
    assert measured.late == 0
    assert sum(measured.statuses.values()) == len(some)
    assert service.processes() == before  # nothing was left behind, and no worker had to be replaced


# ---- clients -------------------------------------------------------------------------------------


def test_a_connection_is_kept_for_the_next_request(service: Running) -> None:
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        assert post(connection, posted("y = 1 + 1"))[0] == 200
        kept = connection.sock
        assert post(connection, b"[")[0] == 400
        assert post(connection, posted("y = 2 + 1"))[0] == 200
        assert connection.sock is kept


def test_a_client_that_goes_away_leaves_the_service_as_it_was(service: Running) -> None:
    for body in (b"", b"POST / HTT", b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(body)
    assert asked(service, posted("y = 1 + 1"))[0] == 200


def test_a_client_that_sends_byte_by_byte_gets_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    with here, there:
        incoming = serve.UntilDeadline(there)
        incoming.ends = time.monotonic() + 0.2
        here.sendall(b"a")
        assert incoming.readinto(bytearray(1)) == 1
        incoming.ends = time.monotonic()
        with pytest.raises(TimeoutError):
            incoming.readinto(bytearray(1))


def test_a_body_that_is_too_long_is_refused_and_the_client_reads_it(service: Running) -> None:
    status, told = asked(service, b"x" * (serve.MOST_BODY + 1))
    assert (status, told) == (413, {"error": "the body has more than 524,288 bytes"})


def test_more_connections_than_the_service_takes_are_told_to_come_back() -> None:
    class Full(serve.Service):
        def __init__(self) -> None:
            super().__init__(0, workers=None)
            self._places = type(self._places)(1)

    with Full() as full:
        full._places.acquire()
        here, there = socket.socketpair()
        with here:
            full.process_request(there, None)
            assert here.recv(100).startswith(b"HTTP/1.1 503 ")


# ---- what gets past the limits -------------------------------------------------------------------


def _computes_for_ever(body: bytes) -> Any:
    while True:
        pass


def _takes_memory(body: bytes) -> Any:
    return serve.answer(200, len(bytearray(2 * serve.SPACE)))


def _is_killed(body: bytes) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)  # as the system does where memory is short


def _fails(body: bytes) -> Any:
    raise RuntimeError("a fault")


def _answers_at_length(body: bytes) -> Any:
    return serve.answer(200, "x" * serve.MOST_ANSWER)


@pytest.mark.parametrize(
    ("compute", "status", "told"),
    [
        (_computes_for_ever, 422, "it takes longer than 0.2 s"),
        (_takes_memory, 422, "it takes more memory than 512 MiB"),
        (_is_killed, 422, "it takes more memory than 512 MiB"),
        (_fails, 500, "graphlang itself failed"),
        (_answers_at_length, 422, "the answer has more than 1,048,576 bytes"),
        (serve.computed, 200, None),
    ],
)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # others of the suite have threads
def test_the_kernel_ends_what_gets_past_the_limits(compute: Any, status: int, told: str | None) -> None:
    seconds = 0.2 if compute is _computes_for_ever else 60
    made = serve.isolated(compute, posted("y = 2 * 3"), seconds)
    assert made.status == status
    assert json.loads(made.body).get("error") == told


def test_a_worker_that_is_killed_is_replaced() -> None:
    with Running("--workers", "1", "--seconds", "30") as service:
        (worker,) = set(service.processes()) - {service.process.pid}
        os.kill(worker, signal.SIGKILL)
        statuses = [asked(service, posted("y = 1 + 1"))[0]]
        while statuses[-1] == 503:  # until there is another one
            time.sleep(0.1)
            statuses.append(asked(service, posted("y = 1 + 1"))[0])
        assert (statuses[0], statuses[-1]) == (503, 200)
        assert service.end() == ""


def test_the_workers_end_with_the_service() -> None:
    service = Running("--workers", "2")
    processes = service.processes()
    assert len(processes) == 3
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.communicate(timeout=30)
    ends = time.monotonic() + 30
    while any(Path(f"/proc/{p}").exists() for p in processes) and time.monotonic() < ends:
        time.sleep(0.05)
    assert [p for p in processes if Path(f"/proc/{p}").exists()] == []


# ---- the client itself ---------------------------------------------------------------------------


def test_the_client_tells_what_is_wrong_with_an_answer() -> None:
    request = next(good())
    assert fault(request, 200, b'{"outputs": 1, "values": 1, "gradients": 1, "of": 1}') == ""
    assert fault(request, 200, b'{"error": ""}').startswith("the keys")
    assert fault(request, 500, b'{"error": ""}').startswith("status 500")
    assert "shows too much" in fault(request, 200, b'{"error": "Traceback"}')
