"""`graphlang explain CODE` covers every message that has the code: texts are templates of its classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphlang.cli.explain import codes, messages, story
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.base import TEMPLATES, Template, facts_of, wordings_of

TESTS = Path(__file__).parent.parent
CODES = codes()


CLASSES = [kind for owner in CODES.values() for kind in wordings_of(owner)]


def is_data(kind: type[Diagnostic]) -> bool:
    """Whether a class takes facts, and its message is a template over them or left to its other wordings."""
    message = inspect.getattr_static(kind, "message")
    abstract = message is inspect.getattr_static(Diagnostic, "message") and len([*wordings_of(kind)]) > 1
    return kind.__init__ is Diagnostic.__init__ and (isinstance(message, Template) or abstract)


def test_every_message_is_a_template_over_facts() -> None:
    assert [kind.__qualname__ for kind in CLASSES if not is_data(kind)] == []


QUOTING = {
    "OperandsMisfit", "WrongResult",  # what an operation says of its operands, or its contract of a layer
    "AttributeRefused", "SettingRefused", "SettingsRefused",  # what the validators of a field say
    "OverrideRefused",  # what another diagnostic says
}  # fmt: skip
"""Classes whose sentence is that of the code which refuses, behind the name of what it refuses."""


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_a_diagnostic_takes_facts_and_no_text(kind: type[Diagnostic]) -> None:
    facts = dict(facts_of(kind))
    assert not set(facts) & {*TEMPLATES, "advice", "note", "sentence"}
    message = inspect.getattr_static(kind, "message")
    if not isinstance(message, Template):
        return
    words = " ".join(text for text, _ in message.parts())
    assert kind.__qualname__ in QUOTING or re.search(r"[a-z]{3}", words), (
        "a template that is a fact alone is no template"
    )
    for name in TEMPLATES:
        template = inspect.getattr_static(kind, name)
        for _, fact in template.parts() if isinstance(template, Template) else ():
            assert fact is None or re.split(r"[.\[]", fact)[0] in {*facts, *dir(kind)}


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_story_that_lists_its_messages(code: str) -> None:
    text = story(CODES[code])
    assert len(text.splitlines()) >= 3
    worded = {
        str(t) for t in messages(CODES[code]) if re.search(r"[a-z]", str(t))
    }  # a quotation has no words
    assert len(worded) < 2 or all(f"    {words}\n" in f"{text}\n" for words in worded)


# ---- golden messages -------------------------------------------------------------------------------

HEAD = re.compile(r"^(?:\S+: )?(?:error|warning|note)\[(GL\d+)\]:? (.+)$", re.MULTILINE)
GOLDEN = [
    *sorted((TESTS / "diagnostics" / "bad").glob("*.txt")),
    *sorted((TESTS / "cli" / "golden").glob("*.txt")),
]


def pattern(template: Template) -> str:
    """What messages of a template look like; `--format concise` puts the help in brackets behind."""
    parts = [re.escape(words) + ("" if fact is None else ".*") for words, fact in template.parts()]
    return "".join(parts) + r"(?: \(.*\))?"


def golden() -> Iterator[tuple[str, str, str]]:
    for path in GOLDEN:
        for code, message in HEAD.findall(path.read_bytes().decode()):
            yield path.stem, code, message


@pytest.mark.parametrize("code", CODES)
def test_every_golden_message_comes_from_a_template_of_its_code(code: str) -> None:
    patterns = [pattern(template) for template in messages(CODES[code])]
    for stem, other, message in golden():
        if other == code:
            assert any(re.fullmatch(p, message) for p in patterns), (stem, message)


def test_golden_messages_are_found() -> None:
    seen = {code for _, code, _ in golden()}
    assert len(seen) > 80
    assert seen <= set(CODES)
