"""JAX in these tests: skipped by name where it is missing, and without its cache on disk."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from importlib.util import find_spec

    if find_spec("jax") is None:
        for item in items:
            if "backends" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="JAX is not installed"))
