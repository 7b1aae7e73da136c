"""Mutants that compute the same, so that no test can notice them: their keys, and why."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
