"""What a message advises: a help or an edit, or its sentence names the need and what is there."""

from __future__ import annotations

from collections import Counter

from graphlang.cli.explain import codes
from graphlang.diagnostics.base import Diagnostic, wordings_of

SENTENCE_ALONE = {
    "GL201": 1, "GL202": 1, "GL207": 1, "GL209": 2, "GL210": 5, "GL211": 3, "GL216": 1, "GL217": 4, "GL219": 4,
    "GL220": 1, "GL221": 2, "GL222": 1, "GL301": 1, "GL305": 4, "GL306": 3, "GL308": 1, "GL309": 1, "GL403": 1,
    "GL406": 1, "GL407": 1, "GL408": 13, "GL409": 1, "GL502": 6, "GL620": 1, "GL626": 1, "GL703": 3, "GL709": 4,
    "GL710": 11, "GL713": 4, "GL718": 2, "GL721": 1, "GL734": 4, "GL806": 1, "GL218": 2,
}  # fmt: skip
"""For each code, how many of its messages have no help: they name what is needed, or quote a sentence that does."""


def test_a_new_message_says_what_to_do() -> None:
    without: Counter[str] = Counter()
    for code, kind in codes().items():
        for wording in wordings_of(kind):
            told = wording.message is not Diagnostic.message
            advises = any(
                getattr(wording, name) is not getattr(Diagnostic, name)
                for name in ("help", "replacement", "edits")
            )
            without[code] += told and not advises
    assert {code: number for code, number in without.items() if number > SENTENCE_ALONE.get(code, 0)} == {}
