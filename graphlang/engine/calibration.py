"""The prices of this machine by which threads are chosen: measured once, and kept in the user's cache folder.

Measuring takes a few milliseconds. Whatever is wrong with the cache, it is measured anew; a price that is far
from usual, as on a machine that is busy, counts as the nearest one that is credible, and is not kept.
`GRAPHLANG_CALIBRATION=off` neither measures nor reads nor writes anything: the usual prices are taken.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from graphlang.datasets.data_folders import cache_folder
from graphlang.engine.workers import BLAS, run_jobs, usable_threads
from graphlang.files.json_text import parsed
from graphlang.files.regular import read_bytes
from graphlang.files.replace import written_whole
from graphlang.kernels.thread_cost import Prices, set_prices
from graphlang.lazy import made_once

SWITCH = "GRAPHLANG_CALIBRATION"
VERSION = 1
MEASURED = ("flop", "operation", "byte", "call", "handover", "job")
CREDIBLE = 8
"""By what factor a price may differ from the usual one."""
_MOST_BYTES = 4096
"""Bytes of the largest file that can be a cache."""


@made_once
def use_prices_of_this_machine() -> None:
    """Lets all further decisions of the process use the prices of this machine."""
    if os.environ.get(SWITCH, "").lower() != "off":
        set_prices(known_prices(cache_folder()))


def known_prices(folder: Path | None) -> Prices:
    """The prices in a cache folder; measured and written there if it has none of this machine."""
    machine = describe_machine()
    file = (
        None if folder is None else folder / f"threads-{sha256(repr(machine).encode()).hexdigest()[:12]}.json"
    )
    prices = None if file is None else _read(file, machine)
    if prices is None:
        prices = measured_prices()
        if file is not None and not _at_limit(prices):
            _write(file, machine, prices)
    return prices


def describe_machine() -> dict[str, Any]:
    """What the prices depend on."""
    return {
        "version": VERSION,
        "processor": _processor(),
        "cores": usable_threads(None)[0],
        "python": sys.version,
        "numpy": np.__version__,
    }


def _processor() -> str:
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return f"{platform.machine()} {platform.processor()}"


# ---- the cache --------------------------------------------------------------------------------------------


def _read(file: Path, machine: dict[str, Any]) -> Prices | None:
    """The prices in a file; None unless it is one that `_write` has written for this machine."""
    try:
        data = parsed(read_bytes(file, _MOST_BYTES))
        if data["machine"] != machine:
            return None
        values = data["prices"]
        prices = _prices([float(values[name]) for name in MEASURED])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return prices if _credible(prices) == prices else None


def _write(file: Path, machine: dict[str, Any], prices: Prices) -> None:
    """Writes a file as a whole or not at all."""
    values = {name: getattr(prices, name) for name in MEASURED}
    text = json.dumps({"machine": machine, "prices": values}, indent=1)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as out:
            out.write(text.encode())


# ---- measuring --------------------------------------------------------------------------------------------


def measured_prices() -> Prices:
    """The prices of this machine, within what is credible."""
    usual = Prices()
    with BLAS.limited(1), np.errstate(all="ignore"):
        call = _fastest(_repeated(partial(np.add, *_vectors(1)), 50), 8) / 50
        matrices = [np.ones((160, 160), np.float32) for _ in range(3)]
        flop = _fastest(partial(np.matmul, *matrices), 8) / (2 * 160**3)
        short, long = _vectors(2**12), _vectors(2**20)
        operation = _fastest(_repeated(partial(np.add, *short), 10), 8) / 10
        byte = _fastest(partial(np.copyto, *long[:2]), 5) / (2 * long[0].nbytes)
    handover, job = _handover(usual)
    measured = Prices(flop, max(0.0, operation - call) / (3 * len(short[0])), byte, call, handover, job)
    return _credible(measured)


def _handover(usual: Prices) -> tuple[float, float]:
    """What handing out one job takes, and each further one."""
    cores = usable_threads(None)[0]
    if cores < 2:
        return usual.handover, usual.job
    one = _round_trip(2)
    most = min(cores, 4)
    return one, (_round_trip(most) - one) / (most - 2) if most > 2 else usual.job


def _round_trip(jobs: int) -> float:
    """The time of jobs that do nothing, each time after a pause in which the workers fall asleep: nearly the
    shortest, since other processes make it longer."""
    calls = [_nothing] * jobs
    times = []
    for _ in range(13):
        rest = perf_counter() + 1e-4
        while perf_counter() < rest:
            pass
        start = perf_counter()
        run_jobs(calls)
        times.append(perf_counter() - start)
    return sorted(times)[1]


def _nothing() -> None:
    pass


def _vectors(n: int) -> list[Any]:
    return [np.ones(n, np.float32) for _ in range(3)]


def _repeated(call: Callable[[], Any], count: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(count):
            call()

    return repeated


def _fastest(call: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def _credible(prices: Prices) -> Prices:
    """Each price, or the nearest that is credible; the usual one in place of nan and infinity."""
    pairs = [(getattr(prices, name), getattr(Prices(), name)) for name in MEASURED]
    return _prices([min(max(p, u / CREDIBLE), u * CREDIBLE) if isfinite(p) else u for p, u in pairs])


def _at_limit(prices: Prices) -> bool:
    """Whether a price is as far from usual as is credible, as on a machine that is busy."""
    pairs = [(getattr(prices, name), getattr(Prices(), name)) for name in MEASURED]
    return any(price in (usual / CREDIBLE, usual * CREDIBLE) for price, usual in pairs)


def _prices(measured: list[float]) -> Prices:
    flop, operation, byte, call, handover, job = measured
    return Prices(flop, operation, byte, call, handover, job)
