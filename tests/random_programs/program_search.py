"""The search for programs that fail: one seed after the other, until the time is over."""

from __future__ import annotations

import itertools
import random
import time
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

from program_agreement import Fault
from program_checks import check_program
from program_shrinking import shrunk
from random_program import Program, random_program

import graphlang as gl


class Search(NamedTuple):
    """The first seed, how far apart seeds are, when to stop, and after how many kinds of failure."""

    first: int
    step: int
    end: float
    kinds: int


def look_until(search: Search) -> tuple[int, int]:
    """How many programs were checked until the time was over, and how many failed."""
    seen: set[str] = set()
    failed = count = 0
    for seed in itertools.count(search.first, search.step):
        if time.time() > search.end or len(seen) >= search.kinds:
            break
        count += 1
        failed += look(seed, seen) is not None
    return count, failed


def look(seed: int, seen: set[str]) -> str | None:
    """The kind of failure of one program, printed where it is a new one; None where all is right."""
    warnings.simplefilter("error")
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
