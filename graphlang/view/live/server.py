"""The server of a live page: on this machine alone, for who has the address with its token."""

from __future__ import annotations

import contextlib
import secrets
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphlang.view.live.problems import plain_problem, problems_of
from graphlang.view.live.published import Seen, encoded
from graphlang.view.live.requests import LARGEST, Refused, change_in, fields_of, text_in
from graphlang.view.live.session import Session
from graphlang.view.live.trainer import ACTIONS
from graphlang.view.page import live_page

HOST = "127.0.0.1"
BEAT = 10.0
"""Seconds after which a page that has no news gets a sign of life, so that one that has gone is noticed."""
PATIENCE = 20.0
"""Seconds that a page may take to send a request, or to take what is sent to it."""


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1; `address` opens the page."""

    daemon_threads = True
    block_on_close = True
    allow_reuse_address = sys.platform != "win32"  # where two servers would share one port

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(18)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="graphlang live server", daemon=True)
        super().__init__((HOST, port), Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(
            self
        )  # not that of HTTPServer, which asks a name server for the name
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> set[str]:
        """What a browser calls this server. Another name that leads here is an attempt by another page."""
        return {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends all connections and threads, and frees the port."""
        self.shutdown()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join(5)

    def _serve(self) -> None:
        self.serve_forever(poll_interval=0.05)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a browser that closes a connection is no error, and faults are answered as such."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "graphlang", ""
    timeout = PATIENCE
    server: Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Logs nothing."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what is no HTTP, and methods that nobody knows, at whose token nobody looks."""
        unknown = code == HTTPStatus.NOT_IMPLEMENTED
        self._refuse(HTTPStatus.FORBIDDEN if unknown else HTTPStatus(code), "this is no request of the page")

    def version_string(self) -> str:
        return self.server_version

    def do_GET(self) -> None:
        self._guarded({"": self._page, "events": self._events}.get)

    def do_POST(self) -> None:
        answers = {"change": self._change, "inside": self._inside, "train": self._train}
        self._guarded(lambda path: (lambda: self._post(answers[path])) if path in answers else None)

    def _other(self) -> None:
        self._guarded(lambda _: self._refuse_method)

    def _refuse_method(self) -> None:
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "GET and POST alone")

    # ---- who may ask ------------------------------------------------------------------------------------

    def _guarded(self, answer: Callable[[str], Callable[[], None] | None]) -> None:
        """Answers a request that may be answered."""
        split = urlsplit(self.path)
        _, _, rest = split.path.partition("/")
        token, slash, path = rest.partition("/")
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            self._refuse(HTTPStatus.FORBIDDEN, "the Host is not that of this page")
        elif not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "the token is wrong: open the address that was printed")
        elif not slash or (reply := answer(path)) is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        else:
            reply()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True  # a body that nobody reads may follow
        self._answer(status, {"diagnostics": [plain_problem(message)]})

    # ---- the page ---------------------------------------------------------------------------------------

    def _page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        shown = self.server.session.published.shown
        text = live_page(shown.scene, {"revision": shown.revision, "drawing": shown.drawing}, nonce)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; "
            "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"}
        self._send(HTTPStatus.OK, text.encode(), headers)

    def _events(self) -> None:
        """Sends what is new, as long as the page is open."""
        query = parse_qs(urlsplit(self.path).query)
        seen = Seen(*(_whole(query.get(name, [""])[0]) for name in ("revision", "drawing")))
        published = self.server.session.published
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self._common_headers({"Content-Type": "text/event-stream", "Connection": "close"})
        self.end_headers()
        with published.page():
            while not published.closed:
                events = published.news(seen, BEAT)
                sent = b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), data) for name, data in events)
                self.wfile.write(sent or b": alive\n\n")
                self.wfile.flush()

    # ---- requests of the page ---------------------------------------------------------------------------

    def _post(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        origins = [[f"http://{host}"] for host in self.server.hosts]
        if self.headers.get_all("Origin", []) not in origins:
            self._refuse(HTTPStatus.FORBIDDEN, "the Origin is not this page")
            return
        try:
            result = answer(fields_of(self._body(), self.headers.get_content_type()))
        except Refused as refused:
            self._refuse(refused.status, refused.message)
        except Exception as error:  # noqa: BLE001 - a page gets sentences, never a traceback
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"diagnostics": problems_of(error)})
        else:
            self._answer(HTTPStatus.OK, result)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "a request says how long it is")
        if len(length) > 12 or int(length) > LARGEST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {LARGEST:,} bytes")
        return self.rfile.read(int(length))

    def _change(self, fields: dict[str, Any]) -> dict[str, Any]:
        revision = self.server.session.change(change_in(fields)).result()
        return {"revision": revision, "overtaken": revision is None}

    def _inside(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"revision": self.server.session.unfold(text_in(fields, "node")).result()}

    def _train(self, fields: dict[str, Any]) -> dict[str, Any]:
        action = text_in(fields, "action")
        chosen = next((each for each in ACTIONS if each == action), None)
        if chosen is None:
            raise Refused(HTTPStatus.BAD_REQUEST, f"`action` is one of {', '.join(ACTIONS)}")
        self.server.session.train(chosen).result()
        return {}

    # ---- sending ----------------------------------------------------------------------------------------

    def _answer(self, status: HTTPStatus, data: Any) -> None:
        headers = {"Content-Type": "application/json", "Content-Security-Policy": "default-src 'none'"}
        self._send(status, b"" if self.command == "HEAD" else encoded(data), headers)

    def _send(self, status: HTTPStatus, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        length = {"Content-Length": str(len(content))}
        closing = {"Connection": "close"} if self.close_connection else {}
        self._common_headers({**headers, **length, **closing})
        self.end_headers()
        self.wfile.write(content)

    def _common_headers(self, headers: dict[str, str]) -> None:
        common = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        for name, value in {**common, **headers}.items():
            self.send_header(name, value)


for _method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
    setattr(Handler, f"do_{_method}", Handler._other)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
