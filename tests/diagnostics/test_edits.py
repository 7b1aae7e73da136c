"""Help that is a concrete edit keeps its word: with the edit made, the message is gone and no new one comes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, edited

BAD = Path(__file__).parent / "bad"
FILES = sorted(path for path in BAD.glob("*.graph") if path.stem != "not_utf8")


COMES_TO_LIGHT = {
    ("def_never_called", "GL403"): "the layer whose name is mended lacks an argument",
    ("shared_layer_of_no_kind", "GL207"): "the value that goes into the layer is known again",
}
"""Mistakes of their own that nothing could say before the name beside them was mended."""


def messages(text: str, folder: Path = BAD) -> list[Diagnostic]:
    try:
        return list(gl.loads(text, name="bad.graph", folder=folder).notes)
    except gl.GraphError as error:
        return error.diagnostics


def check(text: str, stem: str = "") -> int:
    """Makes the edits of each message in turn; the number of messages that have some."""
    before = messages(text)
    count = Counter((d.code, d.message) for d in before)
    tried = 0
    for d in before:
        own = [e for e in d.edits if e.span.source.name == "bad.graph"]
        if not own:
            continue
        tried += 1
        after = Counter((e.code, e.message) for e in messages(edited(text, own)))
        assert after[d.code, d.message] < count[d.code, d.message], (d, own, edited(text, own))
        new = [(code, message) for code, message in after - count if (stem, code) not in COMES_TO_LIGHT]
        assert not new, (d, edited(text, own), new)
    return tried


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_edits_for_a_wrong_file_mend_it(path: Path) -> None:
    check(path.read_bytes().decode("utf-8-sig"), path.stem)


def test_many_wrong_files_have_edits() -> None:
    tried = sum(check(path.read_bytes().decode("utf-8-sig"), path.stem) > 0 for path in FILES)
    assert tried >= 45
