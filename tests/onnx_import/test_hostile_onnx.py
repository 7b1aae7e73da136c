"""ONNX files that are broken or meant to harm: each is refused by a diagnostic, soon and with little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

import graphlang as gl

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")

from tests.onnx_import.hostile_models import CASES, model, node  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """What came of each file, each in a child of one process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.onnx_import.run_hostile_models"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={k: v for k, v in env.items() if k != "GRAPHLANG_DEBUG"},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {result["name"]: result for result in results}


@pytest.mark.skipif(sys.platform != "linux", reason="pipes, links and limits are those of Linux")
@pytest.mark.parametrize("name", CASES)
def test_a_hostile_model_is_refused_by_a_diagnostic(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    result = outcomes[name]
    error = result["err"]
    assert (result["status"], result["made"]) == (1, False), result
    assert "error[GL" in error
    assert CASES[name].part in error
    assert "Traceback" not in error
    assert len(error.encode()) <= 4096
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in error.replace("\n", ""))


def test_there_are_many_hostile_models() -> None:
    assert len(CASES) > 90


def test_a_message_names_the_node_and_its_operator(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(model([node("Frobnicate", name="strange")]).SerializeToString())
    with pytest.raises(gl.GraphError, match=r"the node `strange` \(Frobnicate\) cannot be imported"):
        gl.onnx.load(file)
