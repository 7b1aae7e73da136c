"""Rules."""

from typing import Any

POOLING: dict[str, Any] = {}
