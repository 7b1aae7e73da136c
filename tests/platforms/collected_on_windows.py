"""A plugin of pytest: tests are collected, and run, as on Windows.

PYTHONPATH=tests/platforms python -m pytest -p collected_on_windows tests/files
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import PosixPath
from types import SimpleNamespace

import pytest
import simulated_system


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    simulated_system.become("windows")
    # By this name tests are skipped; paths stay those of the system that plays Windows.
    sys.modules[PosixPath.__module__].WindowsPath = PosixPath  # type: ignore[attr-defined]
    os.name = "nt"
    ctypes._os = SimpleNamespace(**{**vars(os), "name": "posix"})  # type: ignore[attr-defined]
