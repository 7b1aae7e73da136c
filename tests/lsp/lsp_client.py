"""A client of the language server that speaks JSON-RPC with a real process, as an editor does."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 120


class Refused(Exception):
    """The error of a response."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.data = error.get("data")


class Client:
    """One session; `messages` is what the server sent by itself, in order."""

    def __init__(
        self, *, encodings: list[str] | None = None, refresh: bool = False, folder: Path | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "graphlang", "lsp", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.number = 0
        self.versions: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.messages: list[dict[str, Any]] = []
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        general = {"positionEncodings": encodings} if encodings else {}
        workspace = {"inlayHint": {"refreshSupport": True}} if refresh else {}
        capabilities = {"general": general, "workspace": workspace}
        root = None if folder is None else uri_of(folder)
        params = {"processId": None, "rootUri": root, "capabilities": capabilities}
        self.capabilities = self.request("initialize", params)["capabilities"]
        self.notify("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process.poll() is None and kind is None:
                status, told = self.end()
                assert status == 0, told
        finally:
            self.process.kill()
            self.process.wait(PATIENCE)
            self._close()

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def end(self) -> tuple[int, str]:
        """Shuts the server down; its exit status, and what it wrote to stderr."""
        self.request("shutdown", None)
        self.notify("exit", None)
        status = self.process.wait(PATIENCE)
        assert self.process.stderr is not None
        return status, self.process.stderr.read().decode()

    # ---- messages -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        out = self.process.stdout
        assert out is not None
        while True:
            length = 0
            while (line := out.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                assert name in (b"Content-Length", b"Content-Type"), line  # nothing but the protocol
                length = int(value) if name == b"Content-Length" else length
            if not length:
                self._inbox.put(None)
                return
            self._inbox.put(json.loads(out.read(length)))

    def send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        stream.flush()

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """The result of a request; raises Refused."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        number = self.number
        message = self._next(lambda m: m.get("id") == number and "method" not in m)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def _next(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = self._inbox.get(timeout=PATIENCE)
            assert message is not None, "the server has ended"
            if "id" in message and "method" in message:  # a request of the server
                self.send({"id": message["id"], "result": None})
            self.messages.append(message)
            if wanted(message):
                return message

    # ---- documents ----------------------------------------------------------------------------------------

    def open(self, uri: str, text: str) -> None:
        self.versions[uri], self.texts[uri] = 1, text
        item = {"uri": uri, "languageId": "graphlang", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, *changes: dict[str, Any]) -> None:
        self.versions[uri] = self.versions.get(uri, 0) + 1
        identifier = {"uri": uri, "version": self.versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": list(changes)})

    def type(self, uri: str, line: int, character: int, text: str) -> None:
        """Types a text, one character after the other."""
        for typed in text:
            place = {"line": line, "character": character}
            self.change(uri, {"range": {"start": place, "end": place}, "text": typed})
            line, character = (line + 1, 0) if typed == "\n" else (line, character + 1)

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The diagnostics of the newest version of a document."""
        version = self.versions[uri]

        def current(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            is_theirs = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return bool(is_theirs and params.get("version") == version)

        known = [m for m in self.messages if current(m)]
        message = known[-1] if known else self._next(current)
        result: list[dict[str, Any]] = message["params"]["diagnostics"]
        return result

    def at(self, method: str, uri: str, line: int, character: int, **more: Any) -> Any:
        """Asks about a place."""
        position = {"line": line, "character": character}
        return self.request(
            f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position, **more}
        )

    def of(self, method: str, uri: str, **more: Any) -> Any:
        """Asks about a document."""
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, **more})


def uri_of(path: Path) -> str:
    return path.as_uri()
