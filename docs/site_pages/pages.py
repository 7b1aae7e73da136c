"""The pages of the reference that are written when the site is built, each from what it describes."""

from __future__ import annotations

from collections.abc import Iterator

import catalog
import commands
import grammar
import messages
import python_api
import sections


def generated() -> Iterator[tuple[str, str]]:
    """The pages by their places in `docs/`."""
    yield from catalog.pages()
    yield "reference/settings.md", sections.page()
    yield "reference/diagnostics.md", messages.page()
    yield "reference/commands.md", commands.page()
    yield "reference/api.md", python_api.page()
    yield "reference/grammar.md", grammar.page()
