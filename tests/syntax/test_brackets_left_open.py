"""A bracket that is left open is told where it opens, not at the line behind it."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

DATA = (
    "input x: float[N, 2], rent: float[N, 1]\nz = x -> Affine(1)\nloss = MeanSquaredError(z, rent)\n"
    'data {\n  source = csv("f.csv")\n  x = [standardize([size, age])]\n  rent = [rent]\n}\n'
    "train {\n  minimize = loss\n  metrics = [mae(z, rent)]\n  optimizer = Adam(lr=0.1)\n  batch = 2\n  epochs = 1\n}\n"
)
DEF = (
    "input x: float[N, 8]\ndef f(a) {\n  h = Relu(a + (a * 2))\n  z = concat(h,\n    [h, 2][0])\n"
    "  p, q = topk(z, 2)\n  return p\n}\ny = f(x)\noutput y\n"
)
PLAIN = "input x: float[N, 8]\nh = Relu(x + (x * 2))\np, q = topk(h, 2)\noutput p\n"


def _without_closing(text: str) -> list[tuple[str, str]]:
    """The text without the last `)` or `]` of each line that is followed by another, and that line's number."""
    lines = text.splitlines()
    found = []
    for i, line in enumerate(lines):
        if line[-1:] in (")", "]") and not line.startswith("input") and "csv(" not in line:
            text = "\n".join([*lines[:i], line[:-1], *lines[i + 1 :]]) + "\n"
            found.append((text, line[-1]))
    return found


@pytest.mark.parametrize("text", [DATA, DEF, PLAIN])
def test_a_bracket_left_open_at_a_line_end_is_one_message_at_the_bracket(text: str) -> None:
    for wrong, closing in _without_closing(text):
        (problem,) = mistakes(wrong)
        assert problem.code in ("GL102", "GL103"), (wrong, problem.message)
        if problem.code == "GL102":
            assert problem.edits[0].text == closing
            assert not mistakes(edited(wrong, problem.edits)), wrong
