"""An analysis after any edits is that of a text which nothing was analysed before."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from graphlang.lsp.analysis import Analysis
from graphlang.lsp.hover import hover
from graphlang.lsp.symbols import outline
from graphlang.spec.recently_used import RecentlyUsed

SPECS = Path(__file__).parents[2] / "specs"
LESSONS = ("two_layer_net", "attention", "char_rnn", "simple_convnet", "seq2seq_addition")


def edited(lines: list[str], chance: random.Random) -> list[str]:
    """The lines after one edit: a line less, more or elsewhere, another number, or a text cut short."""
    lines, at = list(lines), chance.randrange(len(lines))
    kind = chance.choice(("delete", "repeat", "move", "number", "cut", "letter"))
    if kind == "delete" and len(lines) > 3:
        del lines[at]
    elif kind == "repeat":
        lines.insert(chance.randrange(len(lines)), lines[at])
    elif kind == "move":
        lines.insert(chance.randrange(len(lines)), lines.pop(at))
    elif kind == "number":
        numbered = [i for i, line in enumerate(lines) if any(c.isdigit() for c in line)] or [at]
        at = chance.choice(numbered)
        digit = next((c for c in lines[at] if c.isdigit()), "0")
        lines[at] = lines[at].replace(digit, chance.choice("123456789"), 1)
    elif kind == "cut":
        lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
    else:
        place = chance.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + chance.choice("x(){},=+*2 ") + lines[at][place:]
    return lines


def seen(text: str) -> Any:
    """Everything that an editor shows of a text: mistakes, hovers at every name, the outline."""
    analysis = Analysis(text, "net.graph").examine()
    shown = [(d.code, d.message, d.help, d.span and (d.span.start, d.span.end)) for d in analysis.problems]
    places = sorted({o.span.start for o in analysis.names.occurrences})
    answers = [hover(analysis, place) for place in places]
    hovers = [answer and (answer.markdown, answer.span[:2]) for answer in answers]
    return shown, hovers, str(outline(analysis))


@pytest.mark.parametrize("lesson", LESSONS)
def test_after_random_edits_an_analysis_is_that_of_a_fresh_text(
    lesson: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(lesson)
    lines = (SPECS / f"{lesson}.graph").read_text(encoding="utf-8").splitlines()
    texts = []
    for _ in range(9):
        lines = edited(lines, chance)
        texts.append("\n".join(lines))
        if chance.random() < 0.4:  # typed back, as people do
            lines = chance.choice([text.splitlines() for text in texts])
    warm = [seen(text) for text in texts]
    assert any(problems for problems, _, _ in warm), "no edit broke anything"
    for text, before in zip(texts, warm, strict=True):
        monkeypatch.setattr("graphlang.resolve.apply.INFERRED", RecentlyUsed(8192))
        monkeypatch.setattr("graphlang.resolve.inferred.OPERATIONS", RecentlyUsed(8192))
        assert seen(text) == before, text


def test_what_is_remembered_wrongly_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "input x: float[N, 3]\ny = x -> Affine({})\nz = y + [1, 2]"
    right = [seen(text.format(units)) for units in (2, 3)]

    def careless(trace: Any, use: Any, arrays: Any) -> Any:
        return use.entry.name, *(getattr(array, "shape", None) for array in arrays)

    monkeypatch.setattr("graphlang.resolve.apply.INFERRED", RecentlyUsed(8192))
    monkeypatch.setattr("graphlang.resolve.apply.key_of", careless)
    assert [seen(text.format(units)) for units in (2, 3)] != right
