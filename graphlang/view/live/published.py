"""What the pages show now: the newest scene and how training goes, for as many pages as look.

There is no queue. A page that is slow gets the newest state when it is ready for it, and misses those
between.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graphlang.draw.width import without_hidden_marks
from graphlang.lazy import lazy


def encoded(data: Any) -> bytes:
    """Data as JSON in one line."""
    return without_hidden_marks(
        json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    ).encode()


@dataclass(frozen=True)
class ShownScene:
    """A scene with its number; `drawing` is the number of the first scene that differs in slots alone."""

    scene: Any
    revision: int
    drawing: int

    @lazy
    def whole(self) -> bytes:
        """All of it."""
        return encoded({"revision": self.revision, "drawing": self.drawing, "scene": self.scene})

    @lazy
    def numbers(self) -> bytes:
        """The slots, for a page that has the rest."""
        return encoded({"revision": self.revision, "slots": self.scene["slots"]})


@dataclass
class Seen:
    """What one page has been sent."""

    revision: int = -1
    drawing: int = -1
    training: int = -1


Event = tuple[str, bytes]
"""The name of an event, and its data in one line."""


class Published:
    """The newest state; one thread writes it, and each page's thread waits for news."""

    def __init__(self, scene: Any) -> None:
        self._news = threading.Condition()
        self._shown = ShownScene(scene, 0, 0)
        self._training: tuple[int, bytes] = (0, encoded(None))
        self._closed = False
        #: pages that look at it now
        self.pages = 0

    @property
    def shown(self) -> ShownScene:
        return self._shown

    @property
    def closed(self) -> bool:
        return self._closed

    def show(self, scene: Any) -> int:
        """Replaces the scene, and returns its number."""
        before = self._shown
        revision = before.revision + 1
        same = _without_slots(scene) == _without_slots(before.scene)
        with self._news:
            self._shown = ShownScene(scene, revision, before.drawing if same else revision)
            self._news.notify_all()
        return revision

    def show_training(self, state: Any) -> None:
        """Replaces what is said about training."""
        data = encoded(state)
        with self._news:
            if data == self._training[1]:
                return
            self._training = (self._training[0] + 1, data)
            self._news.notify_all()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Counts a page while it is open."""
        with self._news:
            self.pages += 1
        try:
            yield
        finally:
            with self._news:
                self.pages -= 1

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()

    def news(self, seen: Seen, timeout: float) -> list[Event]:
        """What a page has not seen; empty where nothing came in time. Notes in `seen` that it has it now."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._is_news(seen), timeout)
            shown, (number, training) = self._shown, self._training
        events: list[Event] = []
        if shown.revision != seen.revision:
            events.append(
                ("numbers", shown.numbers) if shown.drawing == seen.drawing else ("scene", shown.whole)
            )
            seen.revision, seen.drawing = shown.revision, shown.drawing
        if number != seen.training:
            events.append(("training", training))
            seen.training = number
        return events

    def _is_news(self, seen: Seen) -> bool:
        return self._shown.revision != seen.revision or self._training[0] != seen.training


def _without_slots(scene: Any) -> Any:
    return {name: part for name, part in scene.items() if name != "slots"}
