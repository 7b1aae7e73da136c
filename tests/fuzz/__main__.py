"""Looks for texts that are met wrongly: `python -m tests.fuzz --minutes 30 --seed 0`.

Tried in turns are programs drawn over the language, files of the repository with wrong words or bytes, and sentences of
the grammar. A fault is any exception but GraphError, an exit status other than 0 and 1, a text that takes 20 s, a hidden
character or more than 4 KB in a message, and two ways to compute a program that differ. What fails is printed, and
written to `--save FOLDER`; `--only KIND SEED` tries one again. Where atheris is installed, `--atheris` lets it look for
bytes that reach new code. The exit status is 1 where anything failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "random_programs"))
sys.path.insert(0, str(Path(__file__).parent))

from fuzz_search import KINDS, Search, look_until


def main() -> int:
    options = _parser().parse_args()
    if options.atheris:
        from with_atheris import look_with_atheris

        return look_with_atheris(60 * options.minutes)
    if options.only:
        kind, seed = options.only
        content, fault = KINDS[kind](int(seed))
        print(f"{content!r}\n{fault or 'nothing is wrong'}")
        return int(fault is not None)
    kinds = tuple(options.kinds or KINDS)
    search = Search(kinds, options.seed, time.time() + 60 * options.minutes, options.save)
    counts, faults = look_until(search)
    print(
        ", ".join(f"{counts[kind]} {kind}" for kind in kinds),
        f"from seed {options.seed}; {len(faults)} faults",
    )
    return int(bool(faults))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to look")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], help="these kinds alone")
    parser.add_argument("--only", nargs=2, metavar=("KIND", "SEED"), help="try one again")
    parser.add_argument("--save", type=Path, help="a folder for the files that fail")
    parser.add_argument(
        "--atheris", action="store_true", help="guided by what is reached, where atheris is installed"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
