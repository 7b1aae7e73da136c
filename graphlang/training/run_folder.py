"""Run folders: weights, checkpoint, metrics, spec, seed and versions of one training run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import (
    NoCheckpoint,
    NoRunToResume,
    NothingToResume,
    OtherStart,
    RunUnwritable,
    WrongRun,
)
from graphlang.engine.model import Model
from graphlang.engine.result import json_value
from graphlang.engine.workers import usable_threads
from graphlang.files.json_text import MOST_BYTES, parsed
from graphlang.files.regular import read_bytes
from graphlang.files.replace import sync_folder, write_text
from graphlang.training.checkpoint import MOST_CONTAINERS, Checkpoint
from graphlang.training.conditions import backend_of
from graphlang.training.lacking_weights import refuse_lacking, similar_name, with_settings_of_run
from graphlang.training.next_folder import NextFolder
from graphlang.training.partial_weights import TakenWeights, take_weights
from graphlang.training.record import History
from graphlang.training.run_lock import RunLock
from graphlang.training.run_records import is_about, is_object
from graphlang.training.weight_files import check_name, read_sealed, save, save_sealed

CHECKPOINT, PREVIOUS = "checkpoint.npz", "previous.npz"
WEIGHTS, BEST, METRICS, RUN = "weights.npz", "best.npz", "metrics.jsonl", "run.json"
LAYERS, WARNINGS, SPEC = "layers.jsonl", "warnings.jsonl", "spec.json"
MOST_RECORDS = 256 * 2**20
"""How large a file of records may be, and the spec of a run, in bytes."""


class WrittenElsewhere:
    """Stands for a run folder in a process that leaves writing to another one. The checkpoint is made all the
    same: gathering what is divided over processes takes all of them."""

    def write(self, checkpoint: Checkpoint, history: History, best: Mapping[str, Any] | None = None) -> None:
        """Writes nothing."""

    def record(self, history: History) -> None:
        """Writes nothing."""


class RunFolder:
    """One folder per run, which one process at a time writes. Files are replaced whole, so that whatever ends
    the process leaves the last good ones."""

    def __init__(self, path: Path, lock: RunLock | None) -> None:
        self.path = path
        self._lock = lock
        self._keeps_previous = True

    @classmethod
    def create(
        cls,
        folder: Path | NextFolder,
        model: Model,
        overrides: Mapping[str, str],
        divided_by: Mapping[str, float],
    ) -> RunFolder:
        """A new folder with the spec, the settings, the divisors of the data's fields, seed and versions.

        Raises GraphError where the folder holds a run already, or another process writes one there.
        """
        path = folder if isinstance(folder, Path) else folder.path
        try:
            if isinstance(folder, NextFolder):
                path = folder.make()
            path.mkdir(parents=True, exist_ok=True)
            run = cls(path, RunLock(path))
            sync_folder(path.parent)
        except OSError as error:
            if path.is_file():
                raise GraphError([WrongRun.file_in_place(str(path))]) from None
            raise GraphError([RunUnwritable(str(path), (error.strerror or str(error)).lower())]) from None
        try:
            run.refuse_earlier()
            write_text(path / SPEC, model.spec.model_dump_json(indent=1))
            about = {**_about(model, overrides), "divided_by": dict(divided_by)}
            if model.learned:
                about["learned"] = model.learned
            write_text(path / RUN, json.dumps(about, indent=1))
            if model.spec.sources:
                write_text(path / "spec.graph", model.spec.sources[0].text)
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def reopen(cls, path: Path, model: Model, *, writes: bool = True) -> RunFolder:
        """The folder of an earlier run of the same graph; locked where this process `writes`."""
        if not any((path / name).exists() for name in (CHECKPOINT, PREVIOUS)):
            if path.is_dir():
                raise GraphError([NoCheckpoint(str(path), CHECKPOINT)])
            if path.exists():
                raise GraphError([NothingToResume.file_for_run(str(path))])
            raise GraphError([NoRunToResume(str(path), similar_name(path))])
        about = about_run(path)
        for name, value in (("seed", model.seed), ("dtype", str(model.dtype))):
            if name in about and about[name] != value:
                raise GraphError([OtherStart(str(path), name, about[name], value)])
        try:
            return cls(path, RunLock(path) if writes else None)
        except OSError as error:
            raise GraphError([RunUnwritable(str(path), (error.strerror or str(error)).lower())]) from None

    def refuse_earlier(self) -> None:
        """Raises GraphError where the folder holds a run."""
        if any((self.path / name).exists() for name in (WEIGHTS, CHECKPOINT, PREVIOUS)):
            raise GraphError([WrongRun.run_already(str(self.path))])

    def close(self) -> None:
        """Lets another process write."""
        if self._lock is not None:
            self._lock.release()

    def keep_settings(
        self, overrides: Mapping[str, str], model: Model, iteration: int, differences: Sequence[str]
    ) -> None:
        """Keeps how this part of the run was started, with which the next part continues, and what is not as
        it was in the part before."""
        about = about_run(self.path)
        if not about:
            return
        now = _about(model, overrides)
        if differences:
            now["changes"] = [
                *about.get("changes", []),
                {"after iteration": iteration, "differences": list(differences)},
            ]
            write_text(self.path / SPEC, model.spec.model_dump_json(indent=1))
            if model.spec.sources:
                write_text(self.path / "spec.graph", model.spec.sources[0].text)
        if {**about, **now} != about:
            write_text(self.path / RUN, json.dumps({**about, **now}, indent=1))

    # ---- writing ----------------------------------------------------------------------------------

    def write(self, checkpoint: Checkpoint, history: History, best: Mapping[str, Any] | None = None) -> None:
        """Writes the checkpoint, of which the last one is kept, the weights, the metrics, and the weights of
        the best epoch where they are new.

        The best come first: a run that goes on from the checkpoint before finds the same epoch the best.
        """
        if best is not None:
            save(self.path / BEST, best)
        previous = self.path / PREVIOUS if self._keeps_previous else None
        save_sealed(self.path / CHECKPOINT, checkpoint.arrays(), previous)
        self._keeps_previous = True
        save(self.path / WEIGHTS, dict(checkpoint.result))
        self.record(history)

    def record(self, history: History) -> None:
        """Writes metrics.jsonl: a line per iteration, and one per epoch after its last iteration;
        layers.jsonl: a line per record of the layers; and warnings.jsonl where there are any."""
        lines: list[str] = []
        done = 0
        for epoch in history.epochs:
            lines += _lines_of_steps(history, done, epoch.iteration)
            lines.append(json.dumps(json_value(epoch.as_plain()), allow_nan=False))
            done = epoch.iteration
        lines += _lines_of_steps(history, done, len(history.losses))
        write_text(self.path / METRICS, "".join(line + "\n" for line in lines))
        _write_lines(self.path / LAYERS, [json_value(asdict(record)) for record in history.layers])
        if history.warnings:
            _write_lines(self.path / WARNINGS, [warning.as_json() for warning in history.warnings])

    # ---- reading ----------------------------------------------------------------------------------

    def checkpoint(self, on_note: Callable[[str], Any] | None = None) -> Checkpoint:
        """The checkpoint that `write` wrote last. Where it is damaged or missing it is the one before, and
        `on_note` gets a sentence that says so. Raises GraphError where there is no sound one."""
        try:
            return self._read(CHECKPOINT)
        except GraphError as error:
            try:
                checkpoint = self._read(PREVIOUS)
            except GraphError:
                raise error from None
        missing = not (self.path / CHECKPOINT).exists()
        self._keeps_previous = missing  # what is damaged must not take the place of what is sound
        if on_note is not None:
            on_note(
                f"`{CHECKPOINT}` is {'missing' if missing else 'damaged'}: it goes on from the one before, "
                f"`{PREVIOUS}`, of iteration {checkpoint.iteration:,}"
            )
        return checkpoint

    def _read(self, name: str) -> Checkpoint:
        arrays = read_sealed(self.path / name)
        if arrays is None:
            raise GraphError([WrongRun.damaged_checkpoint(str(self.path / name))])
        try:
            return Checkpoint.from_arrays(arrays)
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            raise GraphError([WrongRun.damaged_checkpoint(str(self.path / name))]) from None


def about_run(path: Path) -> dict[str, Any]:
    """How a run was started, as its folder keeps it; empty where the folder does not keep it."""
    if not path.is_dir():  # RunFolder.reopen reports it
        return {}
    file = path / RUN
    try:
        about = parsed(read_bytes(file, MOST_BYTES), finite=False)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        about = None
    if not is_about(about):
        raise GraphError([WrongRun.damaged(str(file))])
    return about  # type: ignore[no-any-return]


def settings_of(path: Path) -> dict[str, str]:
    """The settings of a run: the values of `--set` by name."""
    return {name: str(value) for name, value in about_run(path).get("set", {}).items()}


def read_records(path: Path, form: Callable[[Any], bool] = is_object) -> list[Any]:
    """The records of a file with one JSON value in each line; raises OSError, or ValueError where one has
    another form."""
    lines = read_bytes(path, MOST_RECORDS).splitlines()
    records = parsed(b"[" + b",".join(lines) + b"]", finite=False, containers=MOST_CONTAINERS)
    if len(records) != len(lines) or not all(map(form, records)):
        raise ValueError("a line is not the record that it should be")
    return records  # type: ignore[no-any-return]


def backend_before(path: Path) -> dict[str, str]:
    """What computed a run so far."""
    kept = about_run(path).get("backend")
    return dict(kept) if isinstance(kept, dict) and "name" in kept else {"name": "numpy"}


def _about(model: Model, overrides: Mapping[str, str]) -> dict[str, Any]:
    import networkx
    import pydantic

    from graphlang.spec.version import __version__

    return {
        "file": model.file,
        "seed": model.seed,
        "dtype": str(model.dtype),
        "backend": backend_of(model),
        "threads": usable_threads(model.threads)[0],
        "set": dict(overrides),
        "hypers": model.spec.hypers,
        "versions": {
            "graphlang": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pydantic": pydantic.VERSION,
            "networkx": networkx.__version__,
        },
    }


def _lines_of_steps(history: History, start: int, stop: int) -> list[str]:
    """The lines of the steps after `start`, up to `stop`.

    A run of millions of steps is written many times: putting a line together takes a third of the time of
    `json.dumps`, which writes a float by its `repr` as well.
    """
    columns = [losses[start:stop] for losses in (history.losses, *history.objectives.values())]
    if not all(map(isfinite, chain(*columns))):
        raise ValueError("JSON has no number for a loss that is not finite")
    number = float.__repr__
    numbered = enumerate(columns[0], start + 1)
    if not history.objectives:
        return [f'{{"iteration": {i}, "loss": {number(loss)}}}' for i, loss in numbered]
    names = [json.dumps(name) for name in history.objectives]
    parts = (
        ", ".join(f"{name}: {number(part)}" for name, part in zip(names, row, strict=True))
        for row in zip(*columns[1:], strict=True)
    )
    return [
        f'{{"iteration": {i}, "loss": {number(loss)}, "objectives": {{{part}}}}}'
        for (i, loss), part in zip(numbered, parts, strict=True)
    ]


def _write_lines(path: Path, records: Sequence[Any]) -> None:
    write_text(path, "".join(json.dumps(record, allow_nan=False) + "\n" for record in records))


def load_run(
    model: Model,
    path: Path,
    *,
    partial: bool = False,
    rename: Mapping[str, str] | None = None,
    layout: str | None = None,
) -> TakenWeights:
    """Sets the parameters from a run folder or a weights file, and what preparing the data learned.

    With `partial` it sets those that fit, and prepares the data anew.
    """
    refuse_lacking(path)
    try:
        taken = take_weights(model.params, weights_of(path), partial=partial, rename=rename, layout=layout)
    except GraphError as error:
        trained = about_run(path if path.is_dir() else path.parent).get("hypers")
        problems = with_settings_of_run(error.diagnostics, weights_of(path), trained, model.spec.hypers)
        raise GraphError(problems) from None
    if not partial:
        take_learned(model, path)
    return taken


def weights_of(path: Path) -> Path:
    """The file of weights in a run folder; another path as it is."""
    return path / WEIGHTS if path.is_dir() else path


def take_learned(model: Model, path: Path) -> None:
    """Takes over what preparing the data learned, where a run folder or the file beside weights has it."""
    learned = None
    if path.is_dir() or not beside(path).exists():
        learned = about_run(path if path.is_dir() else path.parent).get("learned")
    else:
        try:
            learned = parsed(read_bytes(beside(path), MOST_BYTES), finite=True)
        except (OSError, ValueError):
            raise GraphError([WrongRun.damaged(str(beside(path)))]) from None
    if isinstance(learned, dict):
        model.learned.clear()
        model.learned.update(learned)


def beside(weights: Path) -> Path:
    """The file beside a file of weights that has what preparing the data learned."""
    return weights.with_name(f"{weights.stem}.data.json")


def save_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes the parameters, and beside them what preparing the data learned, where there is something."""
    check_name(path)
    save(path, dict(model.params))
    if model.learned:
        write_text(beside(Path(path)), json.dumps(model.learned, indent=1, allow_nan=False))
