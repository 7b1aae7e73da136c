"""Rules."""

from typing import Any

CREATION: dict[str, Any] = {}
