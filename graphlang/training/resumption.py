"""Going on with a run: under the conditions it was started with, or others where the caller says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.base import LONGEST, elided
from graphlang.engine.model import Model
from graphlang.engine.workers import usable_threads
from graphlang.training.changed_conditions import changes, counted_threads
from graphlang.training.conditions import MOST_THREADS, Conditions

MOST_TOLD = 40
"""How many differences are told where a run goes on nevertheless."""
Tell = Callable[[str], Any]


def with_threads_of_run(model: Model, before: Conditions, tell: Tell) -> Model:
    """The model with the number of threads that its run was computed on, where the caller named none.

    BLAS may divide the sums of a product among its threads, so another number may give other bits.
    """
    own = usable_threads(None)[0]
    if model.backend is not None or before.backend.get("name") != "numpy" or model.threads is not None:
        return model
    if before.threads == own or not 0 < before.threads <= MOST_THREADS:
        return model
    tell(
        f"going on with {counted_threads(before.threads)}, as the run was started, not with the {own:,} "
        "that may be used here: on another number the last bits may differ"
    )
    return replace(model, threads=before.threads)


def refuse_changes(run: str, before: Conditions, now: Conditions, changed: bool, tell: Tell) -> list[str]:
    """Compares the conditions of a run with those under which it would go on.

    Raises GraphError where its numbers would change, unless `changed` says that they may. Returns what is
    different, which is told.
    """
    found = changes(run, before, now)
    if found.refused and not changed:
        raise GraphError(found.refused)
    sentences = [elided(text, LONGEST) for text in (*(p.message for p in found.refused), *found.told)]
    if len(sentences) > MOST_TOLD:
        sentences[MOST_TOLD:] = [f"{len(sentences) - MOST_TOLD:,} more differences"]
    for sentence in sentences:
        tell(sentence)
    return sentences
