"""What a rule is: how a primitive is computed on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Rule: TypeAlias = Callable[..., Any]
"""The result from the operands, arrays, and the parameters. The rule of a joint primitive takes the steps of
one call, its operands, and a list for what goes wrong inside; it gives a result for each step."""
Rules: TypeAlias = Mapping[str, Rule]
