# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""The recurrent kernels, as functions of a generated file of PyTorch."""

from __future__ import annotations

import re

from graphlang.exports.source.recurrences import RECURRENCES as _OF_NUMPY

_BESIDE = {
    "before": '''
def before(states):
    """For each step the state of the one before it; zeros for the first."""
    return torch.cat([torch.zeros_like(states[:1]), states[:-1]])
''',
    "with_zeros": '''
def with_zeros(ds, states):
    """The gradient of the states, where it is that of their first columns alone."""
    return F.pad(ds, (0, states.shape[2] - ds.shape[2]))
''',
    "weight_rows": '''
def weight_rows(x, left, dpre):
    """The gradients of Wx, of Wh and of b, as rows of one matrix."""
    rows = dpre.reshape(-1, dpre.shape[-1])
    dWx = x.reshape(-1, x.shape[-1]).T @ rows
    dWh = [a.reshape(-1, a.shape[-1]).T @ rows[:, own] for a, own in left]
    return torch.cat([dWx, torch.cat(dWh, dim=1), torch.sum(rows, dim=0)[None]])
''',
}

_WORDS = (
    (r"np\.zeros\(\((.+?)\), x\.dtype\)", r"x.new_zeros(\1)"),
    (r"\b(dhs|hs|ds|states|before\(states\))\[::-1\]", r"\1.flip(0)"),  # lists stay as they are
    (r"np\.split\(", "torch.chunk("),
    (r"np\.concatenate\(", "torch.cat("),
    (r"\bsigmoid\(", "torch.sigmoid("),
    (r"\bnp\.", "torch."),
    (r"\baxis=", "dim="),
)
"""What NumPy says, and how PyTorch says the same."""


def _of_torch(text: str) -> str:
    for word, replacement in _WORDS:
        text = re.sub(word, replacement, text)
    return text


RECURRENCES = {**_BESIDE, **{name: _of_torch(text) for name, text in _OF_NUMPY.items()}}
