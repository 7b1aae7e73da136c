"""Runs generated JavaScript in V8."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

RUN = """
const shown = (v) => typeof v !== "number" || Number.isFinite(v) && !Object.is(v, -0) ? v : Object.is(v, -0)
  ? "-0" : String(v);
const outcome = (f, x) => { try { return f(x).map(shown); } catch (error) { return String(error); } };
"""


class JavaScript:
    """An engine; the tests that use it are skipped where there is none."""

    def __init__(self) -> None:
        racer = pytest.importorskip("py_mini_racer", reason="mini-racer, of the extra `dev`, runs JavaScript")
        self._engine = racer.MiniRacer()
        self._engine.eval(RUN)

    def text(self, code: str) -> Any:
        return self._engine.eval(code)

    def results(self, code: str, samples: Sequence[Sequence[float]]) -> list[Any]:
        """For each sample the results of a function, or the text of the error that it throws."""
        rows = ", ".join(f"[{', '.join(map(_literal, sample))}]" for sample in samples)
        source = f"{{ const f = {code}; JSON.stringify([{rows}].map((x) => outcome(f, x))); }}"
        return [
            row if isinstance(row, str) else [_number(v) for v in row]
            for row in json.loads(self._engine.eval(source))
        ]


def _literal(x: float) -> str:
    value = float(x)
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _number(v: Any) -> Any:
    if isinstance(v, str):
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}[v]
    return v if isinstance(v, bool) else float(v)
