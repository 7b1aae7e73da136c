"""What to write for an option that means a setting, `--lr 0.1`, and for files and values without one."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.settings import FromOutside, OverrideElsewhere, UnknownOverride

TABLES = (".csv", ".tsv", ".npz", ".parquet", ".jsonl")


def option_for(word: str, options: Collection[str]) -> str | None:
    """The help for a word that no option takes; `options` are those of the command."""
    if re.fullmatch(r"[^\W\d][\w.]*=.+", word) and "--set" in options:
        return f"write `--set {word}`"
    path = Path(word)
    if "--weights" in options and (path.suffix == ".safetensors" or (path / "run.json").is_file()):
        return f"weights go with `--weights {word}`"
    if path.suffix == ".npz" and {"--weights", "--data"} <= set(options):
        return f"rows go with `--data {word}`, weights with `--weights {word}`"
    if path.suffix in TABLES and "--data" in options:
        return f"rows of a table go with `--data {word}`"
    if path.suffix in (".json", ".npz", ".csv") and "--inputs" in options:
        return f"values of inputs go with `--inputs {word}`"
    return None


def written_with_set(name: str, value: str, words: list[str]) -> str | None:
    """The help for `--epochs 5`, `--lr 0.1` or `--apple 5`; None if no file has a setting of that name."""
    for path in words:
        if path.startswith("lesson:") or path.endswith(".graph"):
            return _asked(path, name, value)
    return _without_a_file(name, value)


def _asked(path: str, name: str, value: str) -> str | None:
    """What loading the file with that setting says about it."""
    from graphlang.api import load

    try:
        load(path, set={name: value or "1"})
    except (GraphError, OSError) as error:
        problems = error.diagnostics if isinstance(error, GraphError) else []
        about = [
            p for p in problems if isinstance(p, FromOutside) and name in (p.name, p.name.rpartition(".")[2])
        ]
        if not about:
            return _without_a_file(name, value)
        return _advice(about[0], name, value)
    return f"write `--set {name}={value or '...'}`"


def _advice(problem: Diagnostic, name: str, value: str) -> str | None:
    if not isinstance(problem, UnknownOverride):  # a value that does not fit: the setting itself is there
        return f"write `--set {name}={value or '...'}`"
    if isinstance(problem, OverrideElsewhere):
        return problem.replaced(shell=True).help  # noqa: S604 - starts no shell
    return f"write `--set {problem.match}={value or '...'}`" if problem.match else None


def _without_a_file(name: str, value: str) -> str | None:
    from graphlang.catalog.foreign_names import attribute_meant
    from graphlang.spec.models import TrainSpec

    meant = attribute_meant(name) or name
    return (
        f"write `--set {meant}={value or '...'}`"
        if meant == "lr" or meant in TrainSpec.model_fields
        else None
    )
