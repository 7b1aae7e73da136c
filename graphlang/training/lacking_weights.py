"""What is said where weights are looked for and there are none, or they were trained with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError, closest
from graphlang.diagnostics.weights import (
    FolderOfRuns,
    NoSuchRun,
    NoSuchWeights,
    SweepForWeights,
    WeightsOfOtherSettings,
    WrongWeights,
)
from graphlang.files.json_text import MOST_BYTES, parsed
from graphlang.files.regular import read_bytes
from graphlang.training.run_records import is_object

WEIGHTS, SWEEP = "weights.npz", "sweep.json"
SUFFIXES = (".npz", ".safetensors")
NAMED = 4
"""How many runs are named."""


def refuse_lacking(path: Path) -> None:
    """Raises GraphError where there is neither a run nor a file of weights."""
    if path.is_dir():
        if not (path / WEIGHTS).exists():
            raise GraphError([_of_folder(path)])
    elif not path.exists():
        kind = NoSuchWeights if path.suffix in SUFFIXES else NoSuchRun
        raise GraphError([kind(str(path), similar_name(path))])


def similar_name(path: Path) -> str | None:
    """What stands in the folder under the name that was most likely meant."""
    try:
        names = sorted(p.name for p in path.parent.iterdir() if p.is_dir() or p.suffix in SUFFIXES)
    except OSError:
        return None
    match = closest(path.name, names)
    return None if match is None else str(path.parent / match)


def runs_in(folder: Path) -> list[str]:
    """The runs in a folder."""
    try:
        return [str(p) for p in sorted(folder.iterdir()) if (p / WEIGHTS).is_file()]
    except OSError:
        return []


def _of_folder(path: Path) -> Diagnostic:
    best = _best_of_sweep(path)
    if best is not None:
        return SweepForWeights(str(path), *best)
    runs = runs_in(path)
    return FolderOfRuns(str(path), runs[:NAMED]) if runs else WrongWeights.empty_folder(str(path))


def _best_of_sweep(path: Path) -> tuple[str, str] | None:
    """The best run of a sweep and the number by which it is; None where there is none."""
    try:
        sweep = parsed(read_bytes(path / SWEEP, MOST_BYTES), finite=True)
        criterion, sign = sweep["criterion"], -1 if sweep["more_is_better"] else 1
        values = {run["folder"]: run["numbers"].get(criterion) for run in sweep["runs"]}
        there = {name: sign * value for name, value in values.items() if value is not None}
        return str(path / min(there, key=lambda name: there[name])), str(criterion)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def with_settings_of_run(
    problems: list[Diagnostic], file: Path, trained: Any, here: Mapping[str, Any]
) -> list[Diagnostic]:
    """The problems of weights that do not fit; where `hyper`s were others in training, these alone."""
    if not is_object(trained) or not any(isinstance(p, WrongWeights) for p in problems):
        return problems
    others = {n: v for n, v in trained.items() if n in here and v != here[n]}
    if not others:
        return problems
    return [WeightsOfOtherSettings(str(file), others, {name: here[name] for name in others})]
