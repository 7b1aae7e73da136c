"""The open documents, and the analysis of the newest text of each.

A text is examined in a thread of its own: at once, or a moment after a change that follows on another. When
another text comes, that thread stops at its next step and nobody gets what it made.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from graphlang.diagnostics.limits import Limits
from graphlang.engine.garbage import collection_paused
from graphlang.lsp.analysis import EDITOR_LIMITS, Analysis, Cancelled, importer_with, prepare_for_mistakes
from graphlang.lsp.closed_files import importers_of
from graphlang.lsp.garbage import Garbage
from graphlang.lsp.lines import Encoding, TextLines
from graphlang.lsp.runs import Ran, is_small, run_file

DEBOUNCE = 0.01
"""Changes within so many seconds of each other belong together; the text is examined after the last one."""
PATIENCE = 2.0
"""Seconds that a request waits for types and shapes; then it is answered from the text alone."""
T = TypeVar("T")


def in_thread(work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Does something in a thread that does not keep the server from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(method: str, value: Any) -> None:
        if not future.done():
            getattr(future, method)(value)

    def target() -> None:
        try:
            outcome: tuple[str, Any] = "set_result", work(*arguments)
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is awaited
            outcome = "set_exception", error
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:
            return  # the server has ended

    threading.Thread(target=target, daemon=True).start()
    return future


class Document:
    """One open document."""

    def __init__(self, uri: str, path: Path | None, text: str, version: int | None) -> None:
        self.uri = uri
        self.path = path
        self.version = version
        #: the newest analysis, perhaps of an older text
        self.analysis: Analysis | None = None
        self.ran: Ran | None = None
        self.cancelled = threading.Event()
        self.job: asyncio.Task[Analysis | None] | None = None
        #: when it was to be examined last, by the clock of the loop
        self.asked = float("-inf")
        self.text = ""
        self.set_text(text)

    @property
    def name(self) -> str:
        """How messages and imports call it."""
        return self.uri if self.path is None else str(self.path)

    def set_text(self, text: str) -> None:
        """Takes another text; a mark of the byte order counts as a blank, so that all offsets stay."""
        self.text = f" {text[1:]}" if text.startswith("\ufeff") else text

    def change(self, start: tuple[int, int], end: tuple[int, int], new: str, encoding: Encoding) -> None:
        """Puts other text between two places."""
        lines = TextLines(self.text, encoding)
        first, last = sorted((lines.offset(*start), lines.offset(*end)))
        self.set_text(self.text[:first] + new + self.text[last:])

    @property
    def current(self) -> Analysis | None:
        """The analysis of the text as it is now, if there is one."""
        analysis = self.analysis
        return analysis if analysis is not None and analysis.text == self.text else None


class Documents:
    """All open documents; `publish` is called with each whose analysis is new."""

    def __init__(self, publish: Callable[[Document], None], limits: Limits = EDITOR_LIMITS) -> None:
        self.publish = publish
        self.limits = limits
        self.encoding: Encoding = "utf-16"
        self.by_uri: dict[str, Document] = {}
        #: the folders that the editor has opened
        self.folders: list[Path] = []
        self.garbage = Garbage()
        self._prepared = False

    def open(self, uri: str, path: Path | None, text: str, version: int | None) -> None:
        """Enters a document and examines it."""
        self.close(uri)
        document = self.by_uri[uri] = Document(uri, path, text, version)
        self.examine(document)
        self._examine_importers(document)

    def close(self, uri: str) -> None:
        """Forgets a document."""
        document = self.by_uri.pop(uri, None)
        if document is not None:
            document.cancelled.set()
            self._examine_importers(document)

    def changed(self, document: Document) -> None:
        """Examines a document anew, and those that import it."""
        document.ran = None
        self.examine(document)
        self._examine_importers(document)

    def _examine_importers(self, changed: Document) -> None:
        for document in list(self.by_uri.values()):
            if document is changed or document.analysis is None:
                continue
            if changed.name in document.analysis.imported or self._lacks_an_import(document.analysis):
                document.analysis = None
                self.examine(document)

    def _lacks_an_import(self, analysis: Analysis) -> bool:
        return any(b.kind == "import" and b.name not in analysis.modules for b in analysis.names.bindings)

    def text_at(self, path: str) -> str | None:
        """The text of the open document at a path."""
        opened = list(self.by_uri.values())  # this is another thread, too
        return next((d.text for d in opened if d.path is not None and str(d.path) == path), None)

    def others(self, document: Document, home: str | None) -> list[Analysis]:
        """The analyses of the other documents, and of the closed files that import the one called `home`."""
        opened = [d.analysis for d in list(self.by_uri.values()) if d is not document]
        closed = () if home is None else importers_of(home, self.folders, self.text_at)
        return [*(a for a in opened if a is not None), *closed]

    # ---- examining ----------------------------------------------------------------------------------------

    def examine(self, document: Document) -> asyncio.Task[Analysis | None]:
        """Starts to examine the newest text of a document, and stops what was under way."""
        document.cancelled.set()
        document.cancelled = threading.Event()
        loop = asyncio.get_running_loop()
        before, document.asked = document.asked, loop.time()
        delay = 0 if document.asked - before > DEBOUNCE else DEBOUNCE
        document.job = loop.create_task(self._examine(document, document.cancelled, delay))
        return document.job

    async def _examine(self, document: Document, cancelled: threading.Event, delay: float) -> Analysis | None:
        await asyncio.sleep(delay)
        if cancelled.is_set():
            return None
        try:
            analysis = await in_thread(self._examined, document.name, document.path, document.text, cancelled)
        except Cancelled:
            return None
        if cancelled.is_set() or analysis.text != document.text:
            return None
        document.analysis = analysis
        self.publish(document)
        self._sent()
        if document.ran is None and is_small(analysis):
            await self.run(document, analysis)
        return analysis

    def _sent(self) -> None:
        """Does what nobody has to wait for, once diagnostics have been sent."""
        if not self._prepared:
            self._prepared = True
            in_thread(prepare_for_mistakes)
        self.garbage.sent()

    async def run(self, document: Document, analysis: Analysis, settings: Any = None) -> Ran:
        """Runs a file and keeps the values while its text stays the same."""
        folder = document.path.parent if document.path is not None else None
        ran = await in_thread(run_file, analysis, folder, settings)
        if document.text == analysis.text:
            document.ran = ran
            self.publish(document)
        return ran

    def _examined(self, name: str, path: Path | None, text: str, cancelled: threading.Event) -> Analysis:
        with collection_paused():
            return self._read(name, path, text, cancelled).examine()

    def _read(self, name: str, path: Path | None, text: str, cancelled: threading.Event) -> Analysis:
        importer = None if path is None else importer_with(path.parent, self.text_at, self.limits)
        return Analysis(text, name, importer, self.limits, cancelled)

    async def analysis(self, uri: str) -> Analysis | None:
        """The analysis of the newest text of a document; None for one that is not open."""
        document = self.by_uri.get(uri)
        if document is None:
            return None
        if document.current is None:
            job = document.job
            if job is None or job.done():
                job = self.examine(document)
            await asyncio.wait([job], timeout=PATIENCE)
        text = document.text
        if document.current is not None:
            return document.current
        return await in_thread(self._read, document.name, document.path, text, threading.Event())

    def end(self) -> None:
        """Stops everything that is under way."""
        for document in list(self.by_uri.values()):
            document.cancelled.set()
