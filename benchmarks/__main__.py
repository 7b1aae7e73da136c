"""`python -m benchmarks`: measures, prints the table, and writes it as JSON on request."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks import machine, report
from benchmarks.harness import as_data, from_data, hold_to, measure_all
from benchmarks.registry import chosen


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="works whose name contains this"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every round and the machine to a file"
    )
    parser.add_argument("--quick", action="store_true", help="three short rounds, without the long works")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="print what --json wrote, and measure nothing"
    )
    parser.add_argument("--threads", type=int, default=2, help="cores for every contender (default 2)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the four files of MNIST (else GRAPHLANG_DATA)"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the works")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.data:
        os.environ["GRAPHLANG_DATA"] = str(options.data.resolve())
    works = chosen(options.only, options.quick)
    if options.list:
        print("\n".join(f"{work.name:<22}{work.title}" for work in works))
        return 0
    if options.read:
        data = json.loads(options.read.read_text("utf-8"))
        show(data, markdown=options.markdown)
        return 0
    described = machine.describe(hold_to(options.threads))
    progress = sys.stderr if options.markdown else sys.stdout
    print(f"{machine.in_words(described)}\n\n{report.HEAD}", file=progress)
    outcomes = measure_all(
        works, quick=options.quick, on_row=lambda o: print(report.row(o), file=progress, flush=True)
    )
    data = as_data(outcomes, described)
    if options.markdown:
        show(data, markdown=True)
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    return 0


def show(data: dict[str, object], *, markdown: bool) -> None:
    outcomes, described = from_data(data), machine.in_words(data["machine"])  # type: ignore[arg-type]
    if markdown:
        print(f"{report.markdown(outcomes)}\nMeasured by `python -m benchmarks` on: {described}.")
    else:
        print(f"{described}\n\n{report.HEAD}")
        print("\n".join(report.row(o) for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
