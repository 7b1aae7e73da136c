"""Sends the service good and hostile requests: `python -m tests.service --requests 10000`.

It prints what they were answered with, how long the slowest answer took and by how much the service grew; the
exit status is 1 where an answer is wrong or took longer than two seconds, where the service grew by more than
10 MB, or where it had no time for more than one of ten good requests.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "hostile")]

from service_client import CONNECTIONS, Running, sent  # noqa: E402
from service_requests import mixed  # noqa: E402

SLOWEST, GROWTH = 2.0, 10e6
WARM = 200
"""Requests before the memory is measured for the first time."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.service", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    requests = mixed(chosen.requests, chosen.seed)
    with Running() as service:
        warm = sent(service, requests[:WARM])
        before, start = service.memory(), time.monotonic()
        measured = sent(service, requests[WARM:])
        took, grown = time.monotonic() - start, service.memory() - before
        written = service.end()
    faults = [*warm.faults, *measured.faults, *written.splitlines()[:5]]
    statuses = warm.statuses + measured.statuses
    counts = ", ".join(f"{count:,} x {status or 'closed'}" for status, count in sorted(statuses.items()))
    print(f"{len(requests):,} requests over {CONNECTIONS} connections in {took:.0f} s: {counts}")
    print(
        f"slowest: {measured.slowest[0]:.2f} s ({measured.slowest[1]}), {_share(measured.seconds, 0.99):.2f} s for 99 of 100"
    )
    print(f"memory: {before / 1e6:.1f} MB after {WARM} requests, {grown / 1e6:+.1f} MB at the end")
    late = warm.late + measured.late
    print(f"good requests that were ended for their time: {late}")
    print(f"faults: {len(faults)}", *faults[:20], sep="\n  ")
    bounded = measured.slowest[0] <= SLOWEST and grown <= GROWTH and late <= len(requests) // 20
    return int(bool(faults) or not bounded)


def _share(seconds: list[tuple[float, str]], share: float) -> float:
    return sorted(seconds)[int(share * (len(seconds) - 1))][0]


if __name__ == "__main__":
    raise SystemExit(main())
