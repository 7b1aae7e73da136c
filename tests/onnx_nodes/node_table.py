"""The table of the node tests by family, as the documentation has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.onnx_nodes.node_cases import NodeCase
from tests.onnx_nodes.node_check import EXACT, Outcome

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "onnx.md"
BEGIN, END = "<!-- table: python -m tests.onnx_nodes --write -->", "<!-- end -->"


def table(outcomes: Iterable[tuple[NodeCase, Outcome]], left_out: Counter[str], version: str) -> str:
    """Families with the tests that pass, differ and are refused; below, what is not counted."""
    rows: dict[str, Counter[str]] = {}
    names: dict[str, set[str]] = {"unsupported": set(), "failed": set(), "drawn": set()}
    for case, outcome in outcomes:
        row = rows.setdefault(case.family, Counter())
        row[outcome.kind] += 1
        row["exact"] += outcome.kind == "passed" and outcome.error <= EXACT
        row["constants"] += bool(outcome.constants)
        if outcome.kind != "passed":
            names[outcome.kind].add(case.ops[-1])
    total: Counter[str] = sum(rows.values(), Counter())
    lines = [
        "| family | tests | passed | within 1e-6 | drawn | other values | refused | with inputs made constants |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    lines += [_row(name, row) for name, row in sorted(rows.items())] + [_row("all", total)]
    others = ", ".join(f"{count} of {reason}" for reason, count in sorted(left_out.items()))
    return "\n".join(
        [
            f"Of the node tests of onnx {version}:", "", *lines, "",
            f"Not counted: {others}.", "",
            f"Refused: {_listed(names['unsupported'], ', or one case of them')}.", "",
            f"Other values: {_listed(names['failed'])}.",
        ]
    )  # fmt: skip


def _listed(names: set[str], more: str = "") -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) + more if names else "none"


def _row(name: str, row: Counter[str]) -> str:
    kinds = [row[kind] for kind in ("drawn", "failed", "unsupported")]
    cells = (row["passed"] + sum(kinds), row["passed"], row["exact"], *kinds, row["constants"])
    return f"| {name} | {' | '.join(map(str, cells))} |"


def write(text: str) -> None:
    """Puts the table into its page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
