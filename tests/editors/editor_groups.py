"""Tokens of texts and what an editor makes of them, for the tests of the editors' own rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphlang.highlighting.kinds import KindOfToken, kinds_of

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "specs").glob("*.graph"))
TRICKY = r"""data = 3
train = data + 1
output, input = f(x)
y = repeat + residual - for
y = LSTM(64, return=last, in=3, float=1)
input data: float[train]
y = x -> layers { data: A; repeat: B; A }
z = [
  data,
  input
]
u = x.input + y.data
def g(data) {
  h = scan x in data { yield x }
  return h -> repeat train { A }
}
v = x -> for n, data in [(1, 2)] { Affine(n) }
import "a.graph" as as
가격 = 사과 * データ # "no string"
s = "no # comment \" here" # comment
"""


def tokens(text: str) -> list[KindOfToken]:
    return [token for token in kinds_of(text) if token.kind not in ("SPACE", "SEMICOLON")]


def class_of(token: KindOfToken) -> str:
    """The class that an editor must tell apart: comment, number, string, name, word, sign."""
    if token.kind in ("COMMENT", "NUMBER", "STRING", "NAME"):
        return token.kind.lower()
    return "word" if token.text.isalpha() else "sign"


def disagreements(texts: list[str], shown: list[list[str]], classes: Mapping[str, str]) -> list[str]:
    """The tokens that an editor shows as another class; `classes` says of what class each of its groups is."""
    return [
        f"{token.kind} {token.text!r} at {token.start}: {group}"
        for text, groups in zip(texts, shown, strict=True)
        for token, group in zip(tokens(text), groups, strict=True)
        if classes.get(group, "none") != class_of(token)
    ]


def positions(text: str) -> list[tuple[int, int]]:
    """The line and the byte of each token's first character, both from 1."""
    places = []
    for token in tokens(text):
        line = text.count("\n", 0, token.start)
        head = text[text.rfind("\n", 0, token.start) + 1 : token.start]
        places.append((line + 1, len(head.encode()) + 1))
    return places
