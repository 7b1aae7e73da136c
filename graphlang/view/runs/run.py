"""A run of `graphlang train` as its folder keeps it: curves, layers, warnings, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import FolderWithoutRun, NoRunToShow, NothingToResume, WrongRun
from graphlang.files.json_text import parsed
from graphlang.files.regular import read_bytes
from graphlang.training.checkpoint import MOST_CONTAINERS
from graphlang.training.lacking_weights import NAMED, runs_in, similar_name
from graphlang.training.run_folder import (
    LAYERS,
    METRICS,
    MOST_RECORDS,
    SPEC,
    WARNINGS,
    about_run,
    read_records,
)
from graphlang.training.run_records import is_layer_record, is_metric, is_object

SPLITS = ("train", "validation", "test")
"""The splits of a data set, as the record of an epoch has their metrics."""
Numbers = tuple[list[float], list[float]]
"""A curve: the iterations, and the numbers there."""


@dataclass(frozen=True)
class Run:
    """What a run folder holds."""

    name: str
    folder: Path
    losses: Sequence[float]
    #: the records of the epochs, as in metrics.jsonl
    epochs: Sequence[Mapping[str, Any]]
    #: the records of the layers, as in layers.jsonl
    layers: Sequence[Mapping[str, Any]]
    warnings: Sequence[Mapping[str, Any]]
    #: how it was started, as in run.json
    about: Mapping[str, Any]
    #: the spec as plain data
    spec: Mapping[str, Any] = field(default_factory=dict)
    #: of several objectives the loss of each in every iteration, by name
    objectives: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def curves_of_loss(self) -> dict[str, Sequence[float]]:
        """The losses of every iteration: one, or those of each objective by its name."""
        return dict(self.objectives) or {"loss": self.losses}

    def metrics(self) -> list[str]:
        """The names of the numbers measured per epoch over a split, the loss left out."""
        names = [
            name
            for epoch in self.epochs
            for part in SPLITS
            for name, value in epoch.get(part, {}).items()
            if not isinstance(value, list)
        ]
        return [name for name in dict.fromkeys(names) if name != "loss" and name not in self.objectives]

    def of_epochs(self, split: str | None, name: str) -> Numbers:
        """A number of each epoch: a metric over a split, or with no split a loss of its steps."""
        return _numbers([(epoch["iteration"], of_record(epoch, split, name)) for epoch in self.epochs])

    def of_loss(self, split: str | None, name: str) -> Numbers:
        """The loss of each epoch, or that of an objective; a split calls that of the first one `loss`."""
        first = next(iter(self.objectives), "loss")
        return self.of_epochs(split, "loss" if name == first else name)

    def of_layers(self, parameter: str, what: str, over: str | None = None) -> Numbers:
        """A norm of a parameter in each record, or its ratio to another."""
        pairs = []
        for record in self.layers:
            norms = record["parameters"].get(parameter, {})
            value, base = norms.get(what), 1.0 if over is None else norms.get(over)
            numbers = isinstance(value, float | int) and isinstance(base, float | int)
            pairs.append((record["iteration"], value / base if numbers and base else None))
        return _numbers(pairs)

    def dead(self, relu: str) -> Numbers:
        """The share of dead units of a Relu in each record."""
        return _numbers([(record["iteration"], record["dead"].get(relu)) for record in self.layers])

    def settings(self) -> dict[str, str]:
        """What the run was started with: its training section, hypers, seed, precision and `--set`."""
        settings = {"file": self.about.get("file"), **self.about.get("hypers", {})}
        for name, value in (self.spec.get("train") or {}).items():
            settings[f"train.{name}"] = _used(value) if isinstance(value, Mapping) else value
        settings |= {"seed": self.about.get("seed"), "dtype": self.about.get("dtype")}
        others = self.about.get("set", {}).items()
        settings |= {f"--set {name}": value for name, value in others if name not in settings}
        return {name: _text(value) for name, value in settings.items() if value is not None}

    def versions(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.about.get("versions", {}).items()}


def of_record(epoch: Mapping[str, Any], split: str | None, name: str) -> Any:
    """A number in the record of an epoch: a metric over a split, or with no split a loss of its steps."""
    if split is not None:
        return epoch.get(split, {}).get(name)
    return epoch["loss"] if name == "loss" else epoch.get("objectives", {}).get(name)


def shown_run(folder: Path) -> Run:
    """Reads a run folder; raises GraphError where it is none, or is damaged."""
    if not (folder / METRICS).is_file():
        if folder.is_dir():
            raise GraphError([FolderWithoutRun(str(folder), METRICS, runs_in(folder)[:NAMED])])
        if folder.exists():
            raise GraphError([NothingToResume.file_for_run(str(folder))])
        raise GraphError([NoRunToShow(str(folder), similar_name(folder))])
    records = _records(folder / METRICS, is_metric)
    steps = [record for record in records if "epoch" not in record]
    names = steps[0].get("objectives", {}) if steps else {}
    return Run(
        folder.resolve().name,
        folder,
        [float(record["loss"]) for record in steps],
        [record for record in records if "epoch" in record],
        _records(folder / LAYERS, is_layer_record),
        _records(folder / WARNINGS, is_object),
        about_run(folder),
        _spec(folder / SPEC),
        {name: [float(s["objectives"][name]) for s in steps if name in s["objectives"]] for name in names},
    )


def _records(file: Path, form: Callable[[Any], bool]) -> list[Any]:
    """The records of a file; none where there is no such file. Raises GraphError for one that is damaged."""
    try:
        return read_records(file, form) if file.exists() else []
    except (OSError, ValueError):
        raise GraphError([WrongRun.damaged(str(file))]) from None


def _spec(file: Path) -> Mapping[str, Any]:
    """The spec as plain data; empty where there is no such file."""
    try:
        if not file.exists():
            return {}
        spec = parsed(read_bytes(file, MOST_RECORDS), finite=False, containers=MOST_CONTAINERS)
    except (OSError, ValueError):
        spec = None
    if not is_object(spec) or not is_object(spec.get("train") or {}):
        raise GraphError([WrongRun.damaged(str(file))])
    return spec  # type: ignore[no-any-return]


def shown_runs(folders: Sequence[Path]) -> list[Run]:
    """Several runs; those with equal names get their whole path as a name."""
    runs = [shown_run(folder) for folder in folders]
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return runs
    return [Run(**{**vars(run), "name": str(run.folder)}) for run in runs]


def differences(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """The settings and versions that are not the same in all runs, with the value in each."""
    tables = [{**run.settings(), **run.versions()} for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    rows = [(name, [table.get(name, "") for table in tables]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _numbers(pairs: Sequence[tuple[Any, Any]]) -> Numbers:
    kept = [(float(x), float(y)) for x, y in pairs if isinstance(y, float | int)]
    return [x for x, _ in kept], [y for _, y in kept]


def _value(path: Path) -> Any:
    return parsed(read_bytes(path, MOST_RECORDS), finite=False, containers=MOST_CONTAINERS)


def _used(value: Mapping[str, Any]) -> Any:
    """An optimizer or the like as the file writes it: `SGD(lr=0.1)`."""
    if set(value) != {"name", "attributes"} or not is_object(value["attributes"]):
        return ", ".join(map(str, value)) or None
    attributes = ", ".join(f"{name}={_text(of)}" for name, of in value["attributes"].items())
    return f"{value['name']}({attributes})" if attributes else value["name"]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
