"""What docs/how-to/language-server.md shows is what the server answers."""

from __future__ import annotations

import re
from pathlib import Path

from graphlang.lsp.analysis import Analysis
from graphlang.lsp.hints import hints
from graphlang.lsp.runs import MOST_NODES, MOST_NUMBERS, is_small, run_file

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "language-server.md").read_text(encoding="utf-8")


def test_the_example_shows_the_values_that_the_page_tells() -> None:
    match = re.search(r"```graph\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    analysis = Analysis(match[1]).examine()
    assert is_small(analysis)
    shown = {h.label.strip() for h in hints(analysis, ran=run_file(analysis, None)) if h.sort == "value"}
    told = [re.search(r"\n    (= 200.*)\n", PAGE), re.search(r"the gradient alone, `(.*?)`", PAGE)]
    assert {m[1] for m in told if m} <= shown
    assert None not in told


def test_the_page_names_the_bounds_of_what_runs_by_itself() -> None:
    assert f"at most {MOST_NUMBERS:,}\nnumbers in {MOST_NODES} steps" in PAGE
