"""Worker threads for the blocks of fused regions, and the threads of BLAS, held only while a program runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np

Job = Callable[[], Any]


def available_threads() -> int:
    """The cores that this process may use: its affinity, and the quota of its control group."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota() or cores))


def _quota() -> int | None:
    """The whole cores that a control group (version 2) allows, if it sets a limit."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            allowed, period = file.read().split()[:2]
    except (OSError, ValueError):
        return None
    return None if allowed == "max" else max(1, int(allowed) // int(period))


class Workers:
    """Threads that wait for jobs; a call gives them all but the first job and does that one itself."""

    def __init__(self, count: int) -> None:
        self.queues: list[SimpleQueue[tuple[Job, _Latch]]] = [SimpleQueue() for _ in range(count)]
        for queue in self.queues:
            threading.Thread(target=_serve, args=(queue,), daemon=True, name="graphlang").start()

    def run(self, jobs: Sequence[Job]) -> None:
        """Runs the jobs, each on a thread of its own, and waits for all; raises what one of them raised."""
        latch = _Latch(len(jobs) - 1)
        for queue, job in zip(self.queues, jobs[1:], strict=False):
            queue.put((job, latch))
        try:
            jobs[0]()
        finally:
            latch.wait()
        if latch.error is not None:
            raise latch.error


class _Latch:
    """Counts jobs down, and keeps the first error."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.lock = threading.Lock()
        self.done = threading.Lock()
        self.error: BaseException | None = None
        if count:
            self.done.acquire()

    def count_down(self, error: BaseException | None) -> None:
        with self.lock:
            self.left -= 1
            self.error = self.error or error
            if self.left == 0:
                self.done.release()

    def wait(self) -> None:
        with self.done:
            pass


def _serve(queue: SimpleQueue[tuple[Job, _Latch]]) -> None:
    # The error state of NumPy belongs to a thread: a worker has its own, and stays silent as its caller.
    with np.errstate(all="ignore"):
        while True:
            job, latch = queue.get()
            error: BaseException | None = None
            try:
                job()
            except BaseException as found:  # noqa: BLE001 - raised again in the thread that waits
                error = found
            latch.count_down(error)
            del job, latch


@cache
def workers(count: int) -> Workers:
    """The process's worker threads, made when first needed and idle between calls."""
    return Workers(count)


if hasattr(os, "register_at_fork"):
    # A forked child has the object but not its threads.
    os.register_at_fork(after_in_child=workers.cache_clear)


class BlasThreads:
    """Holds the threads of BLAS at a number while programs run, and gives them back when the last one ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._controller: Any = None
        self._before: list[tuple[Any, int]] = []

    def enter(self, count: int) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            for library in self._libraries():
                now = library.get_num_threads()
                if now != count:
                    self._before.append((library, now))
                    library.set_num_threads(count)

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                for library, before in self._before:
                    library.set_num_threads(before)
                self._before = []

    def _libraries(self) -> list[Any]:
        if self._controller is None:
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController().select(user_api="blas")
        return list(self._controller.lib_controllers)


BLAS = BlasThreads()
