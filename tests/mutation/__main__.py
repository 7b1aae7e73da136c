"""Changes the code in small ways and looks whether the tests notice: `python -m tests.mutation --sample 60`.

Mutated are the layers' `backward`, the planner's passes, and what saves and restores a training. Which mutants are
drawn depends on the seed alone, so that a run can be repeated. It works in a copy of the repository, on one
processor. The exit status is 1 where fewer are killed than `--at-least` asks for.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from equivalent_mutants import EQUIVALENT
from mutants import Mutant, chosen
from mutation_runs import FAILED, NO_TESTS, PASSED, Workplace
from mutation_targets import all_mutants, commands


def main() -> int:
    options = _parser().parse_args()
    groups = all_mutants()
    if options.group:
        groups = {options.group: groups[options.group]}
    drawn = _drawn(groups, options.sample, options.seed, options.only)
    if options.list:
        print(*(mutant.key for mutants in drawn.values() for mutant in mutants), sep="\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it leaves nothing running
    with contextlib.suppress(OSError):
        os.nice(10)
    with tempfile.TemporaryDirectory() as folder:
        counts = Trial(Workplace(Path(folder))).all(drawn)
    return _reported(groups, counts, options.at_least)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=60, help="mutants of each group")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn")
    parser.add_argument("--group", choices=("backward", "passes", "checkpoints"), help="this group alone")
    parser.add_argument("--only", help="only mutants whose key, as --list shows it, contains this text")
    parser.add_argument("--list", action="store_true", help="print the keys and run nothing")
    parser.add_argument("--at-least", type=float, default=85.0, help="the least percentage that is killed")
    return parser


def _drawn(
    groups: dict[str, list[Mutant]], count: int, seed: int, only: str | None
) -> dict[str, list[Mutant]]:
    if only is not None:
        return {name: [m for m in mutants if only in m.key] for name, mutants in groups.items()}
    return {name: chosen(mutants, count, seed) for name, mutants in groups.items()}


class Trial:
    """Mutants, one after the other."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        #: processor seconds that a mutant may take, by the arguments of pytest
        self.limits: dict[str, float] = {}

    def all(self, drawn: dict[str, list[Mutant]]) -> Counter[tuple[str, str]]:
        """How many mutants of each group were killed, survived, or are equivalent."""
        counts: Counter[tuple[str, str]] = Counter()
        for group, mutants in drawn.items():
            for mutant in mutants:
                start = time.monotonic()
                word = self.fate(mutant)
                counts[group, word] += 1
                took = time.monotonic() - start
                print(f"{word:10} {mutant.line:4} {mutant.key}  ({took:.1f} s)", flush=True)
        return counts

    def fate(self, mutant: Mutant) -> str:
        if mutant.key in EQUIVALENT:
            return "equivalent"
        for words in commands(mutant.file):
            limit = self.limit(words)
            with self.workplace.mutated(mutant):
                if self.workplace.run(words, limit).status != PASSED:
                    return "killed"
        return "survived"

    def limit(self, words: list[str]) -> float:
        """Three times what the tests take without a change; they have to pass then."""
        name = " ".join(words)
        if name not in self.limits:
            outcome = self.workplace.run(words, 600)
            if outcome.status != PASSED:
                said = {FAILED: "fail", NO_TESTS: "are none"}.get(outcome.status, "do not run")
                raise SystemExit(f"without a mutant the tests {said}: {name}\n{outcome.output[-2000:]}")
            self.limits[name] = 3 * outcome.seconds + 5
        return self.limits[name]


def _reported(groups: dict[str, list[Mutant]], counts: Counter[tuple[str, str]], at_least: float) -> int:
    totals: Counter[str] = Counter()
    for group, mutants in groups.items():
        own = {word: counts[group, word] for word in ("killed", "survived", "equivalent")}
        totals.update(own)
        print(f"{group}: {own}, of {len(mutants)} mutants")
    judged = totals["killed"] + totals["survived"]
    percentage = 100 * totals["killed"] / judged if judged else 100.0
    print(f"{totals['killed']} of {judged} mutants killed: {percentage:.1f} %")
    return int(percentage < at_least)


if __name__ == "__main__":
    sys.exit(main())
