"""Rules."""

from typing import Any

LOSSES: dict[str, Any] = {}
