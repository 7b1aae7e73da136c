"""`python -m benchmarks`: measures, prints the table, and writes it as JSON on request.

`python -m benchmarks --markdown` prints the table as Markdown, as benchmarks/results/ has it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.harness import measure_all
from benchmarks.outcome import as_data, from_data
from benchmarks.registry import chosen
from benchmarks.threads import ALL, counts_of

DEFAULT = ("1", "2", ALL)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="works whose name contains this"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every round and the machine to a file"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="three short rounds against the goals, with all threads alone and without the long works",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--read",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="print what --json wrote, here or on other machines, and measure nothing",
    )
    parser.add_argument(
        "--threads",
        nargs="+",
        default=DEFAULT,
        metavar="N",
        help=f"how many cores every contender gets, a column for each (default {' '.join(DEFAULT)})",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the four files of MNIST (else GRAPHLANG_DATA)"
    )
    parser.add_argument(
        "--lessons", action="store_true", help="a training step of every lesson instead of the works"
    )
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="PATH",
        help="further interpreters to run graphlang on, such as a free-threaded one",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the works")
    return parser


def main() -> int:
    options = parser().parse_args()
    if options.data:
        os.environ["GRAPHLANG_DATA"] = str(options.data.resolve())
    works = chosen(options.only, options.quick, of_lessons=options.lessons)
    if options.list:
        print("\n".join(f"{work.name:<22}{work.title}" for work in works))
        return 0
    if options.read:
        measured = [json.loads(file.read_text("utf-8")) for file in options.read]
        print("\n\n".join(shown(data, markdown=options.markdown) for data in measured))
        return 0
    try:
        counts = counts_of(options.threads)
        pythons = {machine.name_of_python(path): path for path in options.python}
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        parser().error(str(error))
    described = machine.describe(counts)
    progress = sys.stderr if options.markdown else sys.stdout
    print(f"{machine.in_words(described)}\n\n{report.HEAD}", file=progress)
    outcomes = measure_all(
        works,
        counts,
        quick=options.quick,
        pythons=pythons,
        on_row=lambda o: print(report.row(o), file=progress, flush=True),
    )
    data = as_data(outcomes, described)
    print("\n".join(["Behind its goals:", *report.behind(outcomes)]), file=progress)
    if options.markdown:
        print(shown(data, markdown=True))
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    return 0


def shown(data: dict[str, Any], *, markdown: bool) -> str:
    """What was measured on one machine."""
    outcomes, described = from_data(data), machine.in_words(data["machine"])
    if markdown:
        return f"{report.markdown(outcomes)}\nMeasured by `python -m benchmarks` on: {described}."
    return f"{described}\n\n{report.HEAD}\n" + "\n".join(report.row(o) for o in outcomes)


if __name__ == "__main__":
    sys.exit(main())
