"""The pages that show how to do something do it: their files are written, their blocks of Python run in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"


def run_page(name: str, folder: Path, language: str = "python") -> dict[str, Any]:
    """Writes the specs of a page into a folder and runs its blocks there; what they define."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for spec in re.findall(r"^```graph\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        (folder / spec.split("\n", 1)[0].removeprefix("# ")).write_text(spec)
    names: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, name, "exec"), names)
    return names


def test_the_page_on_scikit_learn_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    names = run_page("scikit-learn.md", tmp_path)
    assert names["search"].best_score_ > 0.9
    assert names["best"].classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert names["model"].predict(names["X"]).shape == (442,)
