"""A live page under test: a folder with a spec, the session and the server behind it, and requests to it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphlang.cli.view import parser
from graphlang.cli.view_live import FileSubject
from graphlang.view.live.server import Server
from graphlang.view.live.session import Session

PATIENCE = 60.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first result of a condition that is true; the test fails where none comes."""
    until = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.005)
    return result


class LiveSession:
    """A spec that is served."""

    def __init__(self, folder: Path, text: str, *options: str) -> None:
        self.spec = folder / "net.graph"
        self.spec.write_text(text, encoding="utf-8")
        words = ["view", str(self.spec), "--live", *options]
        arguments = parser().parse_args(words[1:])
        arguments.words = words
        self.session = Session(FileSubject(arguments))
        self.server = Server(self.session)
        self.session.start()
        self.server.start()
        self.path = f"/{self.server.token}/"
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.session.close()
        self.server.close()

    # ---- requests -----------------------------------------------------------------------------------------

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=PATIENCE)

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content of an answer."""
        connection = self.connection()
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def post(self, path: str, data: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of the answer to what the page would ask."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        sent = {"Origin": self.origin, "Content_Type": "application/json", **headers}
        status, _, content = self.request("POST", self.path + path, body, **sent)
        return status, json.loads(content)

    # ---- what is shown ------------------------------------------------------------------------------------

    @property
    def scene(self) -> Any:
        return self.session.published.shown.scene

    @property
    def training(self) -> Any:
        return json.loads(self.session.published._training[1])

    def number(self, name: str, slot: str = "v") -> Any:
        """The value of a node, or with "g" its gradient."""
        scene = self.scene
        node = next((each for each in scene["nodes"] if each["id"] == name), None)
        return None if node is None else scene["slots"][node[slot]]

    def save(self, text: str) -> None:
        """Saves as an editor does that writes a new file and gives it the old name."""
        new = self.spec.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self.spec)


@contextmanager
def live(folder: Path, text: str, *options: str) -> Iterator[LiveSession]:
    served = LiveSession(folder, text, *options)
    try:
        yield served
    finally:
        served.close()
