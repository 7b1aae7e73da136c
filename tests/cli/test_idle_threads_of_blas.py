"""The command line tells OpenBLAS how long idle threads may wait, before NumPy loads it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RUN = """
import os, sys
from graphlang.cli import main
assert "numpy" not in sys.modules
main()
print(os.environ["OPENBLAS_THREAD_TIMEOUT"])
"""


@pytest.mark.parametrize(("of_the_user", "used"), [(None, "18"), ("26", "26")])
def test_a_command_sets_the_time_unless_the_user_did(of_the_user: str | None, used: str) -> None:
    environ = {k: v for k, v in os.environ.items() if k != "OPENBLAS_THREAD_TIMEOUT"}
    if of_the_user is not None:
        environ["OPENBLAS_THREAD_TIMEOUT"] = of_the_user
    command = [sys.executable, "-c", RUN, "--version"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split()[-1] == used
