"""`summary` counts what random values cost, as of any other operation."""

from __future__ import annotations

import graphlang as gl
from graphlang.report.summary import summarize


def test_random_values_have_rows_with_their_cost() -> None:
    text = """
        input x: float[N, 3]
        z = x + random_like(x, "normal")
        u = random_uniform(N, 2)
        b = random_bernoulli(4)
        output z, u, b
    """
    summary = summarize(gl.loads(text).model)
    assert summary.complete
    assert {str(row.flops) for row in summary.rows if row.name in ("random_like1", "z")} == {"3*N"}
