"""What a message advises: a help or an edit, wherever there is a fix."""

from __future__ import annotations

from graphlang.cli.explain import codes
from graphlang.diagnostics.base import Diagnostic, wordings_of

WITHOUT_A_FIX = {
    "UnknownName": "a base; what is reported is one of its wordings, and they all advise",
    "BuiltInHidden": "a note: a `def` of one's own is used, and nothing has to be done",
    "ValueHidden": "a note: a name of one's own is used, and nothing has to be done",
    "MissingArgument": "a base; what is reported is one of its wordings, and they all advise",
    "SettingsRefused": "quotes the validator of a section or an optimizer, whose sentence says what it asks for",
    "MoreMisfits": "counts what is not compared; the mistakes before it advise",
    "BackendTaken.without_jax": "a note on how the choice was made",
    "BackendTaken.single_numbers": "a note on how the choice was made",
    "BackendTaken.cpu_alone": "a note on how the choice was made",
    "AcceleratorTaken": "a note on how the choice was made",
    "MoreMistakes": "counts what is not shown; the mistakes before it advise",
}
"""The wordings that advise nothing, and why."""


def test_every_message_says_what_to_do_but_those_where_nothing_is_to_be_done() -> None:
    without = set()
    for kind in codes().values():
        for wording in wordings_of(kind):
            told = wording.message is not Diagnostic.message
            advises = any(
                getattr(wording, name) is not getattr(Diagnostic, name)
                for name in ("help", "replacement", "edits")
            )
            if told and not advises:
                without.add(wording.__qualname__)
    assert without == set(WITHOUT_A_FIX)
