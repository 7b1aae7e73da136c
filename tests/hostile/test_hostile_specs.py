"""Every hostile spec is refused or computed within bounds, and says so in a few lines that hide nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hostile_imports import import_cases
from hostile_specs import CASES, Case

GROUPS = 2
"""How many processes compute the cases at once."""
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
ROOT = Path(__file__).parents[2]
DIAGNOSTIC = re.compile(r"^[^\n]+:\d+:\d+: error\[GL\d{3}\] ", re.MULTILINE)
"""What a refusal starts with: `file:line:column: error[CODE]`."""
OF_FILE = re.compile(r"^[^\n]+: error\[GL\d{3}\] ", re.MULTILINE)
"""The same for a file as a whole, as one that is too large."""


def prepared(folder: Path) -> list[tuple[Case, list[str]]]:
    """The cases with their command lines; the files are written into a folder."""
    cases = []
    for number, case in enumerate([*CASES, *import_cases(folder / "imports")]):
        file = Path(case.text) if case.text.startswith(str(folder)) else folder / f"case{number}.graph"
        if not file.exists():
            file.write_text(case.text, encoding="utf-8", errors="surrogatepass")
        cases.append((case, [case.command, str(file), "--format", "concise", *case.options]))
    return cases


def _told(case: Case, words: list[str]) -> dict[str, Any]:
    """A case as the guard takes it: it may read below the folder of its spec, and write nothing."""
    return {"name": case.name, "words": words, "reads": [str(Path(words[1]).parent)], "writes": []}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How each case ended; the processes that compute them are bounded in memory and time."""
    folder = tmp_path_factory.mktemp("hostile")
    cases = prepared(folder)
    results: dict[str, Any] = {}
    started = []
    for group in range(GROUPS):
        listed = folder / f"cases{group}.json"
        listed.write_text(json.dumps([_told(case, words) for case, words in cases[group::GROUPS]]))
        command = [sys.executable, "-m", "tests.hostile.guarded", str(listed)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        environment["MALLOC_ARENA_MAX"] = "1"  # else each thread reserves addresses that it does not use
        started.append(subprocess.Popen(command, **PIPES, cwd=ROOT, env=environment))
    for group, process in enumerate(started):
        out, err = process.communicate()
        mine, rows = cases[group::GROUPS], [json.loads(line) for line in out.splitlines()]
        results |= {row["name"]: row for row in rows}
        if len(rows) < len(mine):  # the next one ended the process
            results[mine[len(rows)][0].name] = {"died": process.returncode, "stderr": err}
    return results


ALL = [*CASES, *import_cases(None)]


def test_there_are_many_hostile_specs_and_each_has_a_name_of_its_own() -> None:
    assert len(ALL) >= 120
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the guard reads its size from /proc")
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_hostile_spec_is_met_as_promised(case: Case, outcomes: dict[str, Any]) -> None:
    ended = outcomes.get(case.name)
    if ended is None:
        pytest.fail("a spec before it ended the process")
    assert "died" not in ended, ended
    text = ended["stdout"] + ended["stderr"] if case.command == "check" else ended["stderr"]
    assert ended["status"] == (1 if case.refused else 0), ended
    assert "Traceback" not in text
    assert len(ended["stderr"].encode("utf-8", "surrogatepass")) <= 4096
    hidden = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
    assert not hidden, hidden
    assert not re.search(r"^error\[GL999", text, re.MULTILINE)
    assert ended["touched"] == []
    assert ended["memory"] <= 256
    if case.refused:
        assert DIAGNOSTIC.search(text) or OF_FILE.search(text), text
