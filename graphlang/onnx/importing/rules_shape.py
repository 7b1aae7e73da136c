"""Rules."""

from typing import Any

SHAPES: dict[str, Any] = {}
