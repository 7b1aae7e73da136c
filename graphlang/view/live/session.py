"""One file under `graphlang view --live`: its picture, its training and its watcher, behind one engine."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future

from graphlang.view.live.engine import Engine
from graphlang.view.live.picture import Change, LivePicture, empty_scene
from graphlang.view.live.published import Published
from graphlang.view.live.subject import Subject
from graphlang.view.live.trainer import Action, Trainer
from graphlang.view.live.watcher import Watcher

SAVED = "The file was saved: training has stopped, and the parameters start anew."
SET = "A hyper was set: training has stopped, and the parameters start anew."


class Session:
    """What the server asks for; every method may be called from any thread."""

    def __init__(self, subject: Subject) -> None:
        self.published = Published(empty_scene(subject.path))
        self._engine = Engine()
        self._picture = LivePicture(subject, self.published)
        self._trainer = Trainer(self._engine, self._picture, self.published)
        self._watcher = Watcher(self._picture.files, self._on_change)
        self._lock = threading.Lock()
        self._waiting: tuple[Change, Future[int | None]] | None = None

    def start(self) -> None:
        """Draws the first picture, then watches the files."""
        self._engine.start()
        self._watcher.look()  # what is saved from here on is a change
        self._watcher.reading()
        self._engine.submit(lambda: self._reload(settled=True)).result()
        self._watcher.start()

    def close(self) -> None:
        self.published.close()
        self._engine.close()
        self._watcher.close()

    def change(self, change: Change) -> Future[int | None]:
        """Computes with other values: the number of the scene; None where a newer request overtook it."""
        future: Future[int | None] = Future()
        with self._lock:
            before, self._waiting = self._waiting, (change, future)
            if before is not None:
                self._waiting = before[0].then(change), future
                before[1].set_result(None)
                return future
        self._engine.submit(self._take_change)
        return future

    def unfold(self, node: str) -> Future[int | None]:
        """Computes the inside of an operation: the number of the scene that has it; None without one."""
        return self._engine.submit(lambda: self._picture.unfold(node))

    def train(self, action: Action) -> Future[None]:
        """What a button says about training."""
        return self._engine.submit(lambda: self._trainer.do(action))

    # ---- on the engine's thread -------------------------------------------------------------------------

    def _take_change(self) -> None:
        with self._lock:
            assert self._waiting is not None
            (change, future), self._waiting = self._waiting, None
        try:
            anew = self._picture.reloads(change)
            revision = self._picture.change(change)
            if anew:
                self._trainer.was_loaded(SET)
        except Exception as error:  # noqa: BLE001 - the page that asked gets it
            future.set_exception(error)
        else:
            future.set_result(revision)

    def _reload(self, settled: bool) -> bool:
        good = self._picture.reload(settled)
        if good:
            self._trainer.was_loaded(SAVED)
        return good

    def _on_change(self, settled: bool) -> bool:
        """The watcher's call: waits for the engine, so that its next look comes after the files were read."""
        future = self._engine.submit(lambda: self._reload(settled))
        try:
            return future.result()
        except CancelledError:
            return True
