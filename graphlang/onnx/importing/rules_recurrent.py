"""Rules."""

from typing import Any

RECURRENT: dict[str, Any] = {}
