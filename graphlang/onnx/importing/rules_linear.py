"""Rules."""

from typing import Any

LINEAR: dict[str, Any] = {}
