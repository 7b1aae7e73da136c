"""`python -m tests.onnx_nodes`: the node tests of ONNX, each imported and run, by family."""

from __future__ import annotations

import argparse
from collections import Counter

import onnx

from tests.onnx_nodes.node_cases import node_cases
from tests.onnx_nodes.node_check import EXACT, check
from tests.onnx_nodes.node_table import table, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.onnx_nodes", description=__doc__)
    parser.add_argument("--only", metavar="NAME", default="", help="the tests whose names contain this")
    parser.add_argument("--write", action="store_true", help="renew the table of the documentation")
    arguments = parser.parse_args()
    left_out: Counter[str] = Counter()
    outcomes = []
    for case in node_cases():
        if arguments.only not in case.name:
            continue
        if case.left_out is not None:
            left_out[case.left_out] += 1
            continue
        outcome = check(case)
        outcomes.append((case, outcome))
        if outcome.kind != "passed" or outcome.error > EXACT:
            print(f"{outcome.kind} {case.name}: {outcome.why}")
    text = table(outcomes, left_out, onnx.__version__)
    print(text)
    if arguments.write:
        write(text)


if __name__ == "__main__":
    main()
