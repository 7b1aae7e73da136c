"""Mutants that compute the same, so that no test can notice them: their keys, and why."""

from __future__ import annotations

LAYERS = "graphlang/layers"
PASSES = "graphlang/engine/passes"
EQUIVALENT: dict[str, str] = {
    f"{LAYERS}/attention.py: Attention.backward: -2 => (2)": "the array has four axes",
    f"{PASSES}/loops.py: _Loop._place: {{body.following[i].number for i in self.sums}} | "
    "{body.carried[i].number for i in self.sums} => ({body.following[i].number for i in self.sums} & "
    "{body.carried[i].number for i in self.sums})": "nothing asks where the sum of a loop is added up",
    f"{PASSES}/scaling.py: _IntoOperands.__call__: continue => break #2": "the other operand is the factor",
    "graphlang/training/checkpoint.py: Checkpoint.from_arrays: 2 => (3)": "no name has a colon in it",
}
