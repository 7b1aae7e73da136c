"""Whether ruff, with its own defaults, would change generated files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def ruff_leaves(folder: Path) -> None:
    """Fails where the formatter or the linter has something to say about a file of a folder."""
    pytest.importorskip("ruff", reason="the extra `dev`")
    for words in (["format", "--diff"], ["check"]):
        told = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout[:6000]
