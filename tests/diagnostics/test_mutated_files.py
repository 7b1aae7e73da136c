"""Files with a word too many, too few or in the wrong place: mistakes are told, and nothing else happens."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from helpers import mistakes

import graphlang as gl
from graphlang.diagnostics import edited

HERE = Path(__file__).parent
TEXTS = [
    text
    for path in sorted([*(HERE / "bad").glob("*.graph"), *(HERE.parents[1] / "specs").glob("*.graph")])
    if path.stem != "not_utf8" and len(text := path.read_text(encoding="utf-8-sig")) < 1500
]
WORDS = """( ) [ ] { } : = == -> , ; . float input param layer layers def output expect scan carry for in data
train % ? | 4 3.5 Affine normal SGD mod is to .. None ' " ⌊ ² ^ @ times return""".split()


def mutated(text: str, r: random.Random) -> str:
    words = re.findall(r"\w+|\s+|[^\w\s]", text)
    for _ in range(r.randint(1, 3)):
        i, j = r.randrange(len(words)), r.randrange(len(words))
        kind = r.random()
        if kind < 0.35 and len(words) > 1:
            del words[i]
        elif kind < 0.7:
            words.insert(i, r.choice([*WORDS, "\n"]))
        else:
            words[i], words[j] = words[j], words[i]
    return "".join(words)


@pytest.mark.parametrize("seed", range(8))
def test_a_mutated_file_loads_or_has_mistakes_whose_edits_can_be_made(seed: int) -> None:
    r = random.Random(seed)
    for _ in range(100):
        text = mutated(r.choice(TEXTS), r)
        problems = mistakes(text)
        assert str(gl.GraphError(problems)) or not problems
        for d in problems:
            edited(text, [e for e in d.edits if e.span.source.name == "<text>"])
