"""Worker threads for the blocks of fused regions, and the threads of BLAS, held only while a program runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from graphlang.kernels import parallel

Job = Callable[[], Any]


def usable_threads(asked: int | None) -> tuple[int, bool]:
    """How many threads a program uses, and whether BLAS has to be held to that number while it runs."""
    cores, quota = _cores(), _quota()
    if asked is not None:
        return asked, True
    return max(1, min(cores, quota or cores)), quota is not None and quota < cores


def _cores() -> int:
    """The cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _quota() -> int | None:
    """The whole cores that a control group (version 2) allows, if it sets a limit."""
    try:
        with Path("/sys/fs/cgroup/cpu.max").open(encoding="ascii") as file:
            allowed, period = file.read().split()[:2]
    except (OSError, ValueError):
        return None
    return None if allowed == "max" else max(1, int(allowed) // int(period))


# ---- workers ----------------------------------------------------------------------------------------------


class Workers:
    """Threads that wait for jobs; a call gives them all but the first job and does that one itself."""

    def __init__(self, count: int) -> None:
        self.queues: list[SimpleQueue[tuple[Job, _Latch]]] = [SimpleQueue() for _ in range(count)]
        self._threads = [
            threading.Thread(target=_serve, args=(queue,), daemon=True, name="graphlang")
            for queue in self.queues
        ]
        for thread in self._threads:
            thread.start()
        self._core = -1

    def _keep_off(self, core: int) -> None:
        """Keeps the workers off the core that their caller runs on.

        A system may wake a worker on the very core that its caller keeps busy, and move it to an idle one
        only some milliseconds later: longer than most jobs take.
        """
        self._core = core
        others = os.sched_getaffinity(0) - {core}
        if others:
            for thread in self._threads:
                with suppress(OSError):
                    os.sched_setaffinity(thread.native_id or 0, others)

    def run(self, jobs: Sequence[Job]) -> None:
        """Runs the jobs, each on a thread of its own, and waits for all; raises what one of them raised."""
        core_now = _core_finder()
        if core_now is not None and (core := core_now()) != self._core:
            self._keep_off(core)
        latch = _Latch(len(jobs) - 1)
        for queue, job in zip(self.queues, jobs[1:], strict=True):
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


@cache
def _core_finder() -> Callable[[], int] | None:
    """What tells the core that the calling thread runs on, where the system has both that and affinities."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    import ctypes

    try:
        found: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None
    return found if found() >= 0 else None


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
            del job, latch, error


@cache
def workers(count: int) -> Workers:
    """The process's worker threads, made when first needed and idle between calls."""
    return Workers(count)


def run_jobs(jobs: Sequence[Job]) -> None:
    """Runs jobs at the same time. The workers are looked up anew: a forked child has none of its parent's."""
    if len(jobs) == 1:
        jobs[0]()
    else:
        workers(len(jobs) - 1).run(jobs)


@contextmanager
def kernel_threads(count: int) -> Iterator[None]:
    """Within it kernels divide their work over threads, each of which calls BLAS for itself."""
    with BLAS.held(1), parallel.threads(count, run_jobs):
        yield


# ---- BLAS -------------------------------------------------------------------------------------------------


class BlasThreads:
    """Holds the threads of BLAS while programs run, to the lowest number that one of them asks for, and gives
    them back when the last one ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._controller: Any = None
        self._before: list[tuple[Any, int]] = []

    @contextmanager
    def held(self, count: int) -> Iterator[None]:
        """At most `count` threads until the block ends."""
        self._change(count, self._asked.append)
        try:
            yield
        finally:
            self._change(count, self._asked.remove)

    def _change(self, count: int, change: Callable[[int], None]) -> None:
        with self._lock:
            if not self._asked:
                self._before = [(library, library.get_num_threads()) for library in self._libraries()]
            held = min(self._asked, default=0)
            change(count)
            wanted = min(self._asked, default=0)
            if wanted != held:
                for library, before in self._before:
                    _set_threads(library, min(wanted, before) or before)

    def _libraries(self) -> list[Any]:
        if self._controller is None:
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController().select(user_api="blas")
        return list(self._controller.lib_controllers)


def _set_threads(library: Any, count: int) -> None:
    """Sets the threads of one BLAS, from whichever thread a program runs on.

    Newer versions of threadpoolctl let only the first thread that ever set them change them, and ignore all
    others without a word. Here a lock keeps threads from contradicting one another.
    """
    change = getattr(library, "_real_set_num_threads", library.set_num_threads)
    change(count)


BLAS = BlasThreads()


def _in_child() -> None:
    """A forked child has the objects of its parent, but not its threads, and locks as they were held."""
    workers.cache_clear()
    BLAS.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
