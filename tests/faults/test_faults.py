"""A training survives kills, calls that fail, files that may not grow, and little memory.

This is a part of what `python -m tests.faults --kills 200` tries.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {
    "kills at random moments": 8,
    "kills at steps of a save": 5,
    "failures at steps of a save": 5,
    "limits of the size of files": 3,
    "limits of memory": 2,
}
"""The least number of faults of each kind."""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="forks, kills and limits of Linux"
)


@pytest.fixture(scope="module")
def told() -> str:
    memory = Path("/dev/shm")  # noqa: S108 - no time is spent on waiting for a disk
    env = os.environ | {"PYTHONPATH": str(ROOT)} | ({"TMPDIR": str(memory)} if memory.is_dir() else {})
    words = ["--kills", "8", "--every", "41", "--limits", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_fault_leaves_is_whole_and_goes_on_to_the_same_weights(told: str, kind: str) -> None:
    held = re.search(rf"^{kind}: (\d+), all held", told, re.MULTILINE)
    assert held, told
    assert int(held[1]) >= KINDS[kind]


def test_a_bench_notices_a_checkpoint_that_is_not_what_training_left(tmp_path: Path) -> None:
    """In a process of its own: it changes its folder."""
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import numpy as np
from fault_bench import Bench, Unsound
from graphlang.training.weight_files import read_sealed, save_sealed
bench = Bench(Path({str(tmp_path / "bench")!r}), 2)
(bench.folder / "whole").rename(bench.run)
assert bench.check() == bench.iterations
arrays = read_sealed(bench.run / "checkpoint.npz")
name = next(name for name in arrays if name.startswith("param:"))
arrays[name] = arrays[name] + 1
save_sealed(bench.run / "checkpoint.npz", arrays, None)
try:
    bench.check()
except Unsound as error:
    print("noticed:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "noticed: checkpoint.npz is not what iteration 22 left\n", done.stderr
