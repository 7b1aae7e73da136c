"""Rules."""

from typing import Any

ATTENTION: dict[str, Any] = {}
