"""Rules."""

from typing import Any

INDEXING: dict[str, Any] = {}
