"""Files with a word too many, too few or in the wrong place: mistakes are told, and nothing else happens."""

from __future__ import annotations

import random

import pytest
from fuzz_search import texts
from helpers import mistakes
from text_mutations import mutated

import graphlang as gl
from graphlang.diagnostics import edited


@pytest.mark.parametrize("seed", range(8))
def test_a_mutated_file_loads_or_has_mistakes_whose_edits_can_be_made(seed: int) -> None:
    r = random.Random(seed)
    for _ in range(100):
        text = mutated(r.choice(texts()), r)
        problems = mistakes(text)
        assert str(gl.GraphError(problems)) or not problems
        for d in problems:
            edited(text, [e for e in d.edits if e.span.source.name == "<text>"])
