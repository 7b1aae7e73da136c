"""The thread that computes: jobs from the pages and from the watcher, one after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Engine:
    """Runs jobs on a thread of its own.

    A job that takes long, as training does, runs as the `task`: it calls `run_pending` between its steps,
    so that other jobs need not wait for its end.
    """

    def __init__(self) -> None:
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._task: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="graphlang live engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the task should end."""
        return self._closed

    def close(self, timeout: float = 10.0) -> None:
        """Ends the thread after the job that it is at; jobs that have not begun are cancelled."""
        with self._changed:
            self._closed = True
            jobs = list(self._jobs)
            self._jobs.clear()
            self._changed.notify_all()
        for _, future in jobs:
            future.cancel()
        self._thread.join(timeout)

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Has a job done, and returns its result to come."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                future.cancel()
                return future
            self._jobs.append((job, future))
            self._changed.notify_all()
        return future

    def begin(self, task: Callable[[], None]) -> None:
        """Has a task done after the current job."""
        with self._changed:
            self._task = task
            self._changed.notify_all()

    def run_pending(self) -> None:
        """Does the jobs that wait; for a task, between its steps."""
        while self._jobs and not self._closed:
            self._do_next()

    def run_until(self, over: Callable[[], bool]) -> None:
        """Does jobs until something holds that only a job can change; for a task that pauses."""
        while not self._closed and not over():
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
            self.run_pending()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                while not (self._jobs or self._task or self._closed):
                    self._changed.wait()
                task, self._task = (None, self._task) if self._jobs else (self._task, None)
            if task is not None:
                task()
            self.run_pending()

    def _do_next(self) -> None:
        with self._changed:
            if not self._jobs:
                return
            job, future = self._jobs.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = job()
        except Exception as error:  # noqa: BLE001 - whoever waits for the result gets it
            future.set_exception(error)
        else:
            future.set_result(result)
