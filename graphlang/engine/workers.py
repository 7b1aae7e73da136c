"""The worker threads of programs, and a limit on the threads of BLAS while programs run."""

from __future__ import annotations

import os
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from itertools import product
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from graphlang.kernels import parallel
from graphlang.lazy import made_once

Job = Callable[[], Any]
_START = 10
"""Seconds that a new thread may take until it is there."""

_BUFFER = 1024
"""Elements that NumPy may copy at a time. It writes out an operand that is broadcast along rows shorter than
this: with NumPy's 8192, x - mean over rows of 1000 takes almost three times as long. With rows of 100 too the
smaller buffer is faster."""


def usable_threads(requested: int | None) -> tuple[int, bool]:
    """How many threads a program uses, and whether BLAS has to be limited to that number while it runs."""
    cores, quota = _cores(), _quota()
    if requested is not None:
        return requested, True
    return max(1, min(cores, quota or cores)), quota is not None and quota < cores


def _cores() -> int:
    """The cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _quota() -> int | None:
    """The whole cores that a control group (version 2) allows, if it sets a limit."""
    try:
        with Path("/sys/fs/cgroup/cpu.max").open(encoding="ascii") as file:
            allowed, period = file.read().split()[:2]
    except (OSError, ValueError):
        return None
    return None if allowed == "max" else max(1, int(allowed) // int(period))


@contextmanager
def quiet_numpy() -> Iterator[None]:
    """NumPy's settings for the computation of a program: no warnings, and small buffers. At the end those of
    before are back, both of them."""
    with np.errstate(all="ignore"):
        np.setbufsize(_BUFFER)
        yield


# ---- workers ----------------------------------------------------------------------------------------------


class Workers:
    """Threads that wait for jobs. The calling thread runs the first job itself, the workers run the
    others."""

    def __init__(self) -> None:
        self._queues: list[SimpleQueue[tuple[Job, _Latch]]] = []
        #: the system's number of each thread
        self._threads: list[int] = []
        self._growing = threading.Lock()
        self._refused = False
        self._core = -1

    @property
    def count(self) -> int:
        """How many there are: as many as the most that were needed at once."""
        return len(self._queues)

    def _grow(self, count: int) -> None:
        with self._growing:
            while len(self._queues) < count and not self._refused:
                queue: SimpleQueue[tuple[Job, _Latch]] = SimpleQueue()
                number = _started(queue)
                if number is None:
                    self._refused = True
                    break
                self._threads.append(number)
                self._queues.append(queue)
            self._core = -1

    def _keep_off(self, core: int) -> None:
        """Keeps the workers off the core of the calling thread.

        Linux may wake a worker on the core that its caller keeps busy, and move it to an idle core only some
        milliseconds later, which is longer than most jobs take.
        """
        self._core = core
        if sys.platform in ("win32", "darwin"):  # they have no affinities that one may ask for
            return
        others = os.sched_getaffinity(0) - {core}
        if others:
            for thread in self._threads:
                with suppress(OSError):
                    os.sched_setaffinity(thread, others)

    def run(self, jobs: Sequence[Job]) -> None:
        """Runs each job on its own thread, waits for all, and raises the first exception that one raised.

        Where the system gives no more threads, the calling thread runs what is left.
        """
        if len(self._queues) < len(jobs) - 1:
            self._grow(len(jobs) - 1)
        current_core = _current_core()
        if current_core is not None and (core := current_core()) != self._core:
            self._keep_off(core)
        handed = jobs[1 : 1 + len(self._queues)]
        latch = _Latch(len(handed))
        for queue, job in zip(self._queues, handed, strict=False):
            queue.put((job, latch))
        try:
            for job in (jobs[0], *jobs[1 + len(handed) :]):
                job()
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
            if self.error is None:
                self.error = error
            if self.left == 0:
                self.done.release()

    def wait(self) -> None:
        with self.done:
            pass


@made_once
def _current_core() -> Callable[[], int] | None:
    """The system's function for the core of the calling thread; None where it lacks that, or thread
    affinity."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    import ctypes

    try:
        sched_getcpu: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
    except (OSError, AttributeError):
        return None
    return sched_getcpu if sched_getcpu() >= 0 else None


def _started(queue: SimpleQueue[tuple[Job, _Latch]]) -> int | None:
    """The system's number of a new thread that serves a queue; None where there is no room for one.

    `Thread.start` would wait for ever for a thread that ends at once because it gets no memory. The context
    is one of its own: from Python 3.14 on a thread may inherit that of its starter, and a worker that is to
    divide its work again would wait for itself.
    """
    numbers: SimpleQueue[int] = SimpleQueue()
    try:
        start_new_thread(Context().run, (_serve, queue, numbers))
        return numbers.get(timeout=_START)
    except (RuntimeError, MemoryError, Empty):
        return None


def _serve(queue: SimpleQueue[tuple[Job, _Latch]], numbers: SimpleQueue[int]) -> None:
    # NumPy's settings are local to a thread, so those of the caller do not cover the workers.
    with quiet_numpy():
        numbers.put(threading.get_native_id())
        while True:
            job, latch = queue.get()
            error: BaseException | None = None
            try:
                job()
            except BaseException as raised:  # noqa: BLE001 - raised again in the thread that waits
                error = raised
            latch.count_down(error)
            del job, latch, error


@made_once
def workers() -> Workers:
    """The worker threads of the process, started when first needed."""
    return Workers()


def run_jobs(jobs: Sequence[Job]) -> None:
    """Runs jobs at the same time. Nobody may keep the result of `workers`: a forked child needs new
    threads."""
    if len(jobs) == 1:
        jobs[0]()
    else:
        workers().run(jobs)


@contextmanager
def kernel_threads(count: int) -> Iterator[None]:
    """Lets kernels divide their work over threads until the block ends, with BLAS limited to one thread
    each."""
    with BLAS.limited(1), parallel.worker_threads(count, run_jobs):
        yield


# ---- BLAS -------------------------------------------------------------------------------------------------


class BlasThreads:
    """Limits the threads of BLAS while programs run, to the lowest limit among them, and restores the
    previous number when the last one ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: list[int] = []
        #: for each library its functions to get and to set the number of threads
        self._libraries: list[tuple[Callable[[], int], Callable[[int], Any]]] | None = None
        self._before: list[tuple[Callable[[int], Any], int]] = []

    @contextmanager
    def limited(self, count: int) -> Iterator[None]:
        """Limits BLAS to `count` threads until the block ends."""
        self._change(count, self._limits.append)
        try:
            yield
        finally:
            self._change(count, self._limits.remove)

    def _change(self, count: int, change: Callable[[int], None]) -> None:
        with self._lock:
            if self._libraries is None:
                self._libraries = _blas_libraries()
            if not self._limits:
                self._before = [(set_threads, get_threads()) for get_threads, set_threads in self._libraries]
            previous = min(self._limits, default=0)
            change(count)
            limit = min(self._limits, default=0)
            if limit != previous:
                for set_threads, before in self._before:
                    set_threads(min(limit, before) or before)


def _blas_libraries() -> list[tuple[Callable[[], int], Callable[[int], Any]]]:
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    return [(library.get_num_threads, _setter(library)) for library in libraries]


def _setter(library: Any) -> Callable[[int], Any]:
    """The function that sets the threads of a BLAS library, whichever thread calls it.

    The `set_num_threads` of threadpoolctl lets only the thread that calls it first change
    OpenBLAS, and ignores all others silently, so OpenBLAS's own function is called here. Not with OpenMP:
    there every thread has a limit of its own, which `set_num_threads` does set.
    """
    if library.internal_api == "openblas" and library.threading_layer != "openmp":
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            function = getattr(library.dynlib, f"{prefix}openblas_set_num_threads{suffix}", None)
            if function is not None:
                return function  # type: ignore[no-any-return]
    return library.set_num_threads  # type: ignore[no-any-return]


BLAS = BlasThreads()


def _in_child() -> None:
    """Resets a forked child: it inherits the parent's objects and locked locks, but none of its threads."""
    workers.forget()
    BLAS.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
