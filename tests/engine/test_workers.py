"""Worker threads, also where the system gives none."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from graphlang.engine import workers as module
from graphlang.engine.workers import Workers


def refuses(*_: Any) -> int:
    raise RuntimeError("can't start new thread")


def starts_nothing(*_: Any) -> int:
    return 0


@pytest.mark.parametrize("start", [refuses, starts_nothing])
def test_without_a_thread_more_the_caller_runs_all_jobs(
    start: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "start_new_thread", start)
    monkeypatch.setattr(module, "_START", 0.05)
    ran: list[int] = []
    workers = Workers()
    for _ in range(2):
        workers.run([lambda k=k: ran.append(threading.get_ident() * 10 + k) for k in range(4)])  # type: ignore[misc]
    assert ran == [threading.get_ident() * 10 + k for k in range(4)] * 2
    assert workers.count == 0


def test_the_threads_that_there_are_take_what_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    real, started = module.start_new_thread, []

    def one_only(*arguments: Any) -> int:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(real(*arguments))
        return started[0]

    monkeypatch.setattr(module, "start_new_thread", one_only)
    ran: list[tuple[int, bool]] = []
    workers, here = Workers(), threading.get_ident()
    workers.run([lambda k=k: ran.append((k, threading.get_ident() == here)) for k in range(4)])  # type: ignore[misc]
    assert sorted(ran) == [(0, True), (1, False), (2, True), (3, True)]
    assert workers.count == 1
