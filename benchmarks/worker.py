"""The process of one contender: prepares its work, then measures one turn for every line that it reads.

It answers in lines of JSON: first the result of the preparation, then for every line of its input the seconds
per call of one turn, and at the end of the input its peak memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

import numpy as np

from benchmarks.machine import busy_seconds
from benchmarks.work import Measured, Skip

WARM_UP = 0.3
"""Seconds of calls before the first turn."""
SHORT = 0.02
"""Seconds. A call that takes less runs once unmeasured at the start of a turn, to warm up the caches."""


def main(name: str, contender: str, turn: float) -> None:
    answers = _answers()
    from benchmarks.registry import find

    try:
        work = find(name)
        step = work.contenders[contender]()
        value, first, seconds = _prepared(step) if work.warm_up else (None, None, turn)
    except Skip as reason:
        return _say(answers, skipped=str(reason))
    except ImportError as error:
        return _say(answers, skipped=f"{(error.name or str(error)).partition('.')[0]} is not installed")
    calls = max(1, int(turn / max(seconds, 1e-9)))
    _say(answers, ready=True, value=value, first=first)
    for _ in sys.stdin:
        _say(answers, **_turn(step, calls, seconds))
    _say(answers, peak_mib=peak_mib())
    return None


def _answers() -> TextIO:
    """Reserves standard output for the answers: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, **what: Any) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _prepared(step: Callable[[], Any]) -> tuple[float | None, float, float]:
    """The value of the third call, the seconds of the first call, and the seconds per call after warming up.

    The third result of a training step depends on two updates, and so on all gradients.
    """
    _, first = _timed(step)
    step()
    value, seconds = _timed(step)
    return value, first, _warm(step, seconds)


def _timed(step: Callable[[], Any]) -> tuple[float | None, float]:
    """The value of one call, and the seconds that it took."""
    started = time.perf_counter()
    result = step()
    _finish(step)
    seconds = time.perf_counter() - started
    return _number(result), seconds


def _warm(step: Callable[[], Any], seconds: float) -> float:
    """Seconds per call after some calls to warm up; `seconds` is the time of the last call before."""
    started, calls = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) + seconds < WARM_UP:
        step()
        calls += 1
    _finish(step)
    return spent / calls if calls else seconds


def _turn(step: Callable[[], Any], calls: int, expected: float) -> dict[str, Any]:
    if expected < SHORT:
        step()
        _finish(step)
    result = None
    busy, own = busy_seconds(), time.process_time()
    started = time.perf_counter()
    for _ in range(calls):
        result = step()
    _finish(step)
    wall = time.perf_counter() - started
    others = None if busy is None else (busy_seconds() or busy) - busy - (time.process_time() - own)
    answer: dict[str, Any] = {"seconds": wall / calls, "wall": wall, "others": others}
    if isinstance(result, Measured):
        answer |= {"seconds": result.seconds, "stages": dict(result.stages)}
    return answer


def _finish(step: Any) -> None:
    finish = getattr(step, "finish", None)
    if finish is not None:
        finish()


def _number(result: Any) -> float | None:
    """The value of a step as one number that can be compared: the sum of the mean magnitudes of its
    results."""
    if result is None or isinstance(result, Measured):
        return None
    return sum(_sizes(result))


def _sizes(result: Any) -> Iterator[float]:
    if isinstance(result, Mapping):
        result = tuple(result.values())
    if isinstance(result, tuple | list):
        for part in result:
            yield from _sizes(part)
    else:
        yield float(np.mean(np.abs(np.asarray(result)), dtype=np.float64))


def peak_mib() -> float:
    """The most memory that this process has had; nan on Windows, which counts otherwise."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / 2**20 if sys.platform == "darwin" else peak / 2**10)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
