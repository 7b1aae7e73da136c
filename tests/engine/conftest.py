"""Settings of the planned program that tests of several files use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers import every_division_pays


@pytest.fixture
def every_fused_group_is_divided() -> Iterator[None]:
    """Small arrays are divided over threads as large ones are."""
    with every_division_pays():
        yield
