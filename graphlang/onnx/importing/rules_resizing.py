"""Rules."""

from typing import Any

RESIZING: dict[str, Any] = {}
