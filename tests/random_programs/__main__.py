"""Looks for programs that are computed wrongly: `python -m tests.random_programs --minutes 60 --seed 0 --jobs 2`.

Every program has a seed of its own, so `--only SEED` makes and checks one again. Failing ones are printed
shrunk; the exit status is 1 where there were any.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from program_search import Search, look, look_until


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.random_programs", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to look")
    parser.add_argument("--seed", type=int, default=0, help="the first program's seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes that look at once")
    parser.add_argument("--only", type=int, help="check the program of this seed alone")
    parser.add_argument("--kinds", type=int, default=20, help="stop after so many different kinds of failure")
    chosen = parser.parse_args()
    if chosen.only is not None:
        return int(look(chosen.only, set()) is not None)
    end = time.time() + 60 * chosen.minutes
    searches = [Search(chosen.seed + job, chosen.jobs, end, chosen.kinds) for job in range(chosen.jobs)]
    if chosen.jobs == 1:
        counts = [look_until(searches[0])]
    else:
        with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
            counts = list(pool.map(look_until, searches))
    programs, failed = map(sum, zip(*counts, strict=True))
    print(f"{programs} programs, {failed} of them failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
