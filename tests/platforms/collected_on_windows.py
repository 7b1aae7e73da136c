"""A plugin of pytest: tests are collected as on Windows.

python -m pytest --collect-only -p collected_on_windows
"""

from __future__ import annotations

import pytest
import simulated_system


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    simulated_system.become("windows")
