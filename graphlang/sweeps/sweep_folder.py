"""The folder of a sweep: `sweep.json`, with its settings and what became of each run, and the runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import RunUnwritable, WrongRun
from graphlang.files.json_text import MOST_BYTES, parsed
from graphlang.files.regular import read_bytes
from graphlang.files.replace import write_text
from graphlang.sweeps.values import Axis, read_axis
from graphlang.training.next_folder import NextFolder
from graphlang.training.run_folder import CHECKPOINT, PREVIOUS
from graphlang.training.run_lock import RunLock

SWEEP = "sweep.json"
MOST_RUNS = 1000
LONGEST = 80
"""How many characters the name of a run's folder may have."""


@dataclass
class SweptRun:
    """One run: its folder below that of the sweep, its settings, and what became of it."""

    folder: str
    set: dict[str, str]
    #: "" as long as it has not ended
    status: str = ""
    #: the numbers of the epoch whose weights it ends with, by name
    numbers: dict[str, float | None] = field(default_factory=dict)
    iterations: int = 0
    seconds: float = 0.0
    #: why it failed
    why: str = ""

    @property
    def described(self) -> str:
        """Its settings on one line."""
        return " ".join(f"{name}={value}" for name, value in self.set.items())


class SweepFolder:
    """A sweep under way, which one process at a time runs."""

    def __init__(
        self, path: Path, axes: Sequence[Axis], words: Sequence[str], runs: Sequence[SweptRun]
    ) -> None:
        self.path = path
        self.axes, self.words, self.runs = list(axes), list(words), list(runs)
        #: the name of the number by which runs are compared, and whether more of it is better
        self.criterion, self.more_is_better = "loss", False
        self._lock: RunLock | None = None

    @classmethod
    def create(cls, folder: Path | NextFolder, axes: Sequence[Axis], words: Sequence[str]) -> SweepFolder:
        """A new folder; raises GraphError where it holds a sweep or a run already, or cannot be written."""
        path = folder if isinstance(folder, Path) else folder.path
        try:
            if isinstance(folder, NextFolder):
                path = folder.make()
            path.mkdir(parents=True, exist_ok=True)
            sweep = cls(path, axes, words, planned_runs(axes))
            sweep._lock = RunLock(path)
        except OSError as error:
            if path.is_file():
                raise GraphError([WrongRun.file_in_place(str(path))]) from None
            raise GraphError([RunUnwritable(str(path), (error.strerror or str(error)).lower())]) from None
        if is_sweep(path) or has_checkpoint(path):
            sweep.close()
            raise GraphError([WrongRun.run_already(str(path))])
        sweep.keep()
        return sweep

    @classmethod
    def reopen(cls, path: Path) -> SweepFolder:
        """The folder of a sweep that goes on; raises GraphError where it is damaged, or runs elsewhere."""
        sweep = read_sweep(path)
        try:
            sweep._lock = RunLock(path)
        except OSError as error:
            raise GraphError([RunUnwritable(str(path), (error.strerror or str(error)).lower())]) from None
        return sweep

    def close(self) -> None:
        """Lets another process run the sweep."""
        if self._lock is not None:
            self._lock.release()

    def folder_of(self, run: SweptRun) -> Path:
        return self.path / run.folder

    def keep(self) -> None:
        """Writes what is known of the sweep."""
        content = {
            "sweep": {axis.name: list(axis.values) for axis in self.axes},
            "words": self.words,
            "criterion": self.criterion,
            "more_is_better": self.more_is_better,
            "runs": [asdict(run) for run in self.runs],
        }
        write_text(self.path / SWEEP, json.dumps(content, indent=1, allow_nan=False))

    def best_first(self) -> list[SweptRun]:
        """The runs in the order of the criterion, those without it last."""

        def place(run: SweptRun) -> tuple[bool, float]:
            value = run.numbers.get(self.criterion)
            return value is None, 0.0 if value is None else -value if self.more_is_better else value

        return sorted(self.runs, key=place)


def planned_runs(axes: Sequence[Axis]) -> list[SweptRun]:
    """A run for each choice of values, the last setting changing first."""
    choices = list(product(*(axis.values for axis in axes)))
    digits = len(str(len(choices)))
    runs = []
    for number, values in enumerate(choices, 1):
        chosen = dict(zip((axis.name for axis in axes), values, strict=True))
        words = "-".join(f"{name}={value}" for name, value in chosen.items())
        plain = re.sub(r"[^\w=.+-]+", "_", words, flags=re.ASCII)[:LONGEST]
        runs.append(SweptRun(f"{number:0{digits}}-{plain}", chosen))
    return runs


def count_of(axes: Sequence[Axis]) -> int:
    """How many runs a sweep has."""
    count = 1
    for axis in axes:
        count *= len(axis.values)
    return count


def is_sweep(path: Path | None) -> bool:
    """Whether a folder is that of a sweep."""
    return path is not None and (path / SWEEP).is_file()


def has_checkpoint(folder: Path) -> bool:
    """Whether a run has saved something to go on from."""
    return any((folder / name).exists() for name in (CHECKPOINT, PREVIOUS))


def read_sweep(path: Path) -> SweepFolder:
    """What a folder says of its sweep; raises GraphError where that is damaged."""
    try:
        content = parsed(read_bytes(path / SWEEP, MOST_BYTES), finite=True)
        axes = [Axis(str(name), tuple(map(str, values))) for name, values in content["sweep"].items()]
        words = [_text(word) for word in content["words"]]
        runs = [_read_run(entry) for entry in content["runs"]]
        sweep = SweepFolder(path, axes, words, runs)
        sweep.criterion = _text(content["criterion"])
        sweep.more_is_better = content["more_is_better"] is True
        _check_plan(sweep)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GraphError([WrongRun.damaged(str(path / SWEEP))]) from None
    return sweep


def _read_run(entry: Mapping[str, Any]) -> SweptRun:
    run = SweptRun(**entry)
    if not isinstance(entry["why"], str) or run.status not in ("", "done", "failed"):
        raise ValueError("a run is done, or failed for a reason, or has not ended")
    if not all(
        v is None or isinstance(v, int | float) for v in (*run.numbers.values(), run.iterations, run.seconds)
    ):
        raise TypeError("a number is none")
    return run


def _check_plan(sweep: SweepFolder) -> None:
    """Raises ValueError unless the runs are those that follow from the values."""
    written = [f"{axis.name}={','.join(axis.values)}" for axis in sweep.axes]
    if [read_axis(text) for text in written] != sweep.axes or count_of(sweep.axes) > MOST_RUNS:
        raise ValueError("values are such as --sweep takes")
    planned = [(run.folder, run.set) for run in planned_runs(sweep.axes)]
    if [(run.folder, run.set) for run in sweep.runs] != planned:
        raise ValueError("the runs are not those of the values")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value
