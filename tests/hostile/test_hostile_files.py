"""Hostile weights, inputs, checkpoints and data are met with one short message, little memory and no wait."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes, links and limits are those of Linux")

HERE = Path(__file__).parent
if sys.platform == "linux":
    sys.path.insert(0, str(HERE))
    from hostile_files import CASES
else:
    CASES = {}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """What came of each hostile file; all of them are met by children of one process."""
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, str(HERE / "run_cases.py")],
        capture_output=True,
        text=True,
        env={k: v for k, v in env.items() if k != "GRAPHLANG_DEBUG"},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {result["name"]: result for result in results}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_met_as_promised(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    case, result = CASES[name], outcomes[name]
    error = result["err"]
    assert (result["status"], result["out"]) == (1, ""), error
    assert f"error[{case.code}" in error, error
    assert case.part in error
    assert "Traceback" not in error
    assert len(error.encode()) <= 4096
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in error.replace("\n", ""))
    assert not any(line.startswith("net.graph:") for line in error.split("\n"))


def test_there_are_many_hostile_files() -> None:
    assert len(CASES) > 250
