"""Settings of the planned program that tests of several files use."""

from __future__ import annotations

import pytest

from graphlang.engine import fusion


@pytest.fixture
def every_fused_group_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arrays are divided over threads as large ones are."""
    monkeypatch.setattr(fusion, "MIN_WORK_PER_THREAD", 1)
