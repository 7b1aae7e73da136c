"""What happens between a character and its diagnostics: when a text is examined, and what was done before."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls")

from graphlang.diagnostics import spelling
from graphlang.diagnostics.names import MisspeltOperation
from graphlang.diagnostics.places import Source, Span
from graphlang.lsp import garbage
from graphlang.lsp.documents import DEBOUNCE, Document, Documents

ROOT = Path(__file__).parents[2]


def delays_of(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each change of a document waits that comes so long after the one before it."""
    delays: list[float] = []

    async def session() -> None:
        documents = Documents(lambda document: None)
        document = Document("untitled:one", None, "", 1)
        loop = asyncio.get_running_loop()
        clock = loop.time()

        async def noted(document: Document, cancelled: Any, delay: float) -> None:
            delays.append(delay)

        monkeypatch.setattr(documents, "_examine", noted)
        for pause in pauses:
            clock += pause
            now = clock
            monkeypatch.setattr(loop, "time", lambda now=now: now)
            await documents.examine(document)

    asyncio.run(session())
    return delays


def test_a_character_after_a_pause_is_examined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delays_of([0, 0.2, 0.05], monkeypatch) == [0, 0, 0]


def test_changes_that_follow_one_another_closely_are_examined_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert delays_of([0, DEBOUNCE / 5, DEBOUNCE / 5, 0.2], monkeypatch) == [0, DEBOUNCE, DEBOUNCE, 0]


STATES = """
import sys
from graphlang.lsp.analysis import Analysis, prepare_for_mistakes
from graphlang.lsp.convert import Converter

def examined(text):
    Converter(Analysis(text, "net.graph").examine(), "utf-16").diagnostics()

whole = "input x: float[N, 4]\\ny = x -> Affine(3)\\nloss = relu(y) + sum(y)\\noutput loss\\n"
examined(whole)
prepare_for_mistakes()
before = set(sys.modules)
for end in range(whole.index("loss"), whole.index("output")):
    examined(whole[:end] + whole[whole.index("\\noutput"):])
print(*sorted(set(sys.modules) - before))
"""


def test_no_character_of_a_line_waits_for_an_import() -> None:
    run = subprocess.run([sys.executable, "-c", STATES], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.split() == []


def test_the_closest_name_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []

    def search(name: str, candidates: Any) -> str:
        searches.append(name)
        return "relu"

    monkeypatch.setattr(spelling, "closest", search)
    source = Source("net.graph", "y = rellu(x)")
    mistake = MisspeltOperation(Span(4, 9, source), "rellu", candidates=["relu"])
    assert mistake.help == "did you mean `relu`?"
    assert mistake.match == mistake.replacement == "relu"
    assert searches == ["rellu"]


class Collector:
    """Stands for the module `gc`, and notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def collect(self, generation: int = 2) -> None:
        self.asked.append(generation)

    def freeze(self) -> None:
        self.asked.append("freeze")

    def set_threshold(self, *numbers: int) -> None:
        self.asked.append(numbers)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Collector:
    made = Collector()
    monkeypatch.setattr(garbage, "gc", made)
    return made


def test_garbage_is_collected_after_some_texts_and_all_of_it_after_many(collector: Collector) -> None:
    ours = garbage.Garbage()
    ours.take_over()
    for _ in range(garbage.EVERY**2):
        ours.sent()
    threshold, first, freeze, *others = collector.asked
    assert threshold[0] == garbage.RARELY
    assert (first, freeze) == (2, "freeze")
    assert others == [0] * (garbage.EVERY - 1) + [2]


def test_another_process_that_uses_the_server_keeps_its_own_collections(collector: Collector) -> None:
    ours = garbage.Garbage()
    for _ in range(garbage.EVERY):
        ours.sent()
    assert collector.asked == []
    assert gc.isenabled()
