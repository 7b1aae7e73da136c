"""Processes agree on the step after which all stop: whatever the order of their messages, none is past it."""

from __future__ import annotations

import random
import threading
from collections import deque

import pytest

from graphlang.backends.jax.agreed_stop import AgreedStop


class Line:
    """Processes whose messages arrive when the test says so, those of one pair in their order."""

    def __init__(self, count: int) -> None:
        self.messages: dict[tuple[int, int], deque[str]] = {}
        others = [range(1, count), *[[0]] * (count - 1)]
        self.processes = [AgreedStop(i, others[i], self._sender(i)) for i in range(count)]

    def _sender(self, process: int):
        def send(to: int, line: str) -> None:
            self.messages.setdefault((process, to), deque()).append(line)

        return send

    def deliver(self, rng: random.Random) -> bool:
        waiting = [pair for pair, lines in self.messages.items() if lines]
        if not waiting:
            return False
        sender, to = rng.choice(waiting)
        self.processes[to].hear(sender, self.messages[sender, to].popleft())
        return True

    def deliver_all(self, rng: random.Random) -> None:
        while self.deliver(rng):
            pass


@pytest.mark.parametrize("seed", range(40))
def test_all_stop_after_the_same_step_in_any_order_of_messages(seed: int) -> None:
    rng = random.Random(seed)
    line = Line(rng.randint(2, 5))
    steps, stopped = [0] * len(line.processes), {}
    asked = rng.sample(range(len(steps)), rng.randint(1, 2))
    while len(stopped) < len(steps):
        if asked and rng.random() < 0.1:
            line.processes[asked.pop()].ask()
        i = rng.randrange(len(steps))
        own = line.processes[i]
        holds = own._holds and own._last is None  # it would wait
        if rng.random() < 0.5 and i not in stopped and not holds:
            steps[i] += 1
            if own.is_after(steps[i]):
                stopped[i] = steps[i]
        else:
            line.deliver(rng)
        assert max(steps) < 10_000
    assert len(set(stopped.values())) == 1
    assert all(process.has_stopped for process in line.processes)


def test_a_process_waits_while_nobody_knows_the_step() -> None:
    line, rng = Line(2), random.Random(0)
    first, second = line.processes
    assert not first.is_after(1)
    assert not second.is_after(1)
    assert not second.is_after(2)
    first.ask()
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(first.is_after(2)))
    waiting.start()
    waiting.join(0.05)
    assert answers == []
    line.deliver_all(rng)
    waiting.join(10)
    assert answers == [False]
    assert first.is_after(3)
    assert second.is_after(3)


def test_one_that_has_nothing_left_to_compute_lets_the_others_finish() -> None:
    line, rng = Line(3), random.Random(0)
    first, second, third = line.processes
    assert not any(p.is_after(1) for p in line.processes)
    first.ended(2)
    second.ask()
    line.deliver_all(rng)
    assert not first.is_after(2)
    assert not second.is_after(2)
    assert not third.has_stopped
