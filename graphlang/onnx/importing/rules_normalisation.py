"""Rules."""

from typing import Any

NORMALISATION: dict[str, Any] = {}
