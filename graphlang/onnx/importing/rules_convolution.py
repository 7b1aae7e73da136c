"""Rules."""

from typing import Any

CONVOLUTION: dict[str, Any] = {}
