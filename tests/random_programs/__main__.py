"""Looks for programs that are computed wrongly: `python -m tests.random_programs --minutes 60 --seed 0 --jobs 2`.

Every program has a seed of its own, so `--only SEED` makes and checks one again. Failing ones are printed
shrunk; the exit status is 1 where there were any.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import sys
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from program_agreement import Fault
from program_checks import check_program
from program_shrinking import shrunk
from random_program import Program, random_program

import graphlang as gl


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.random_programs", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to look")
    parser.add_argument("--seed", type=int, default=0, help="the first program's seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes that look at once")
    parser.add_argument("--only", type=int, help="check the program of this seed alone")
    parser.add_argument("--kinds", type=int, default=20, help="stop after so many different kinds of failure")
    chosen = parser.parse_args()
    warnings.simplefilter("error")
    if chosen.only is not None:
        return int(_look(chosen.only, set()) is not None)
    end = time.monotonic() + 60 * chosen.minutes
    tasks = [(chosen.seed + job, chosen.jobs, end, chosen.kinds) for job in range(chosen.jobs)]
    if chosen.jobs == 1:
        counts = [_look_until(tasks[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(chosen.jobs) as pool:
            counts = pool.map(_look_until, tasks, chunksize=1)
    programs, failed = map(sum, zip(*counts, strict=True))
    print(f"{programs} programs, {failed} of them failed")
    return int(failed > 0)


def _look_until(task: tuple[int, int, float, int]) -> tuple[int, int]:
    """How many programs were checked until the time was over, and how many failed."""
    first, step, end, kinds = task
    warnings.simplefilter("error")
    seen: set[str] = set()
    failed = count = 0
    for seed in itertools.count(first, step):
        if time.monotonic() > end or len(seen) >= kinds:
            break
        count += 1
        failed += _look(seed, seen) is not None
    return count, failed


def _look(seed: int, seen: set[str]) -> str | None:
    """The kind of failure of one program, printed where it is a new one; None where all is right."""
    program = random_program(random.Random(seed))
    kind = failure(program)
    if kind is not None and kind not in seen:
        seen.add(kind)
        small = shrunk(program, lambda p: failure(p) == kind)
        print(f"==== seed {seed}: {kind}\n{small}\n{_message(small)}\n", flush=True)
    return kind


def failure(program: Program) -> str | None:
    """What fails: the check and the exception's type, without names and numbers."""
    try:
        gl.loads(program.text)
    except gl.GraphError:
        return None
    try:
        check_program(program, threads=1 + program.seed % 4)
    except Fault as fault:
        return str(fault).partition("`")[0]
    except Exception as error:  # noqa: BLE001 - any other is a fault of its own
        place = traceback.extract_tb(error.__traceback__)[-1]
        inner = traceback.extract_tb(error.__cause__.__traceback__)[-1] if error.__cause__ else place
        return f"{type(error).__name__} in {Path(inner.filename).name}:{inner.name}"
    return None


def _message(program: Program) -> str:
    try:
        check_program(program, threads=1 + program.seed % 4)
    except Fault as fault:
        return str(fault)
    except Exception:  # noqa: BLE001
        return traceback.format_exc(limit=-3)
    return "passes when it is checked again"


if __name__ == "__main__":
    sys.exit(main())
