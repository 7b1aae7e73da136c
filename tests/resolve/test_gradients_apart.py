"""A gradient by a value that nothing is computed from is noted, for a test of it tests nothing."""

from __future__ import annotations

import pytest

import graphlang as gl

HEAD = "input x: float[N, 4], h0: float[N, 4]\nlayer A = Affine(4)\nlayer B = Affine(4)\nrows = 2 * x\nused = B(A(x))\n"


@pytest.mark.parametrize(
    "text",
    [
        "y = tanh(x)\nexpect grad(sum(y), rows) ~= 0",
        "y = A(x)\nz = B(rows)\ng = grad(sum(y), z)",
    ],
)
def test_a_gradient_that_is_0_everywhere_is_noted(text: str) -> None:
    (note,) = gl.loads(f"{HEAD}{text}\n").notes
    assert note.code == "GL225"
    assert note.message.startswith("nothing is computed from")
    assert note.message.endswith("so this gradient is 0 everywhere")


@pytest.mark.parametrize(
    "text",
    [
        "y = A(x)\nexpect grad(sum(y), B.W) ~= 0",  # that one network does not touch another may be tested
        "y = A(x)\nexpect grad(sum(y), h0) ~= 0",  # an input of a file that is being written
        "y = tanh(rows)\nexpect grad(sum(y[:, 0]), rows)[:, 1:] ~= 0",
        "y = B(A(x))\ng = grad(sum(y), A.W)",
        "g = grad(sum(x), x)",
        "k = grad(sum(A(x) ** 2), A.W)\ng = grad(sum(k), A.b)",
        "hs = scan s in x, axis=1 carry h = h0[:, 0] {\n  next h = tanh(s + h)\n  yield h\n}\ng = grad(sum(hs), h0)",
        "hs = scan s in x, axis=1 carry h = zeros(N) {\n  next h = h + sum(A.W) + s\n  yield h\n}\ng = grad(sum(hs), A.W)",
        "hs = scan s in x, axis=1 carry h = zeros(N) {\n  next h = h + s\n  yield grad(sum(h * s), s)\n}",
    ],
)
def test_a_gradient_by_what_is_needed_is_none(text: str) -> None:
    assert gl.loads(f"{HEAD}{text}\n").notes == ()
