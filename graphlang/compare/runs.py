"""What differs between two runs beside their graphs: the start, the metrics and the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.compare.attributes import text
from graphlang.compare.differences import Difference
from graphlang.compare.pairs import Pairs
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import FolderWithoutRun, WrongRun
from graphlang.engine.result import json_value
from graphlang.files.regular import read_bytes
from graphlang.training.lacking_weights import NAMED, runs_in
from graphlang.training.run_folder import METRICS, MOST_RECORDS, SPEC, WEIGHTS, about_run, read_records
from graphlang.training.run_records import is_metric
from graphlang.training.weight_files import read

STARTED_WITH = ("seed", "dtype", "threads")


@dataclass(frozen=True)
class RunRecord:
    """What a run folder keeps beside the spec; or what is known of a spec alone, before any run."""

    about: Mapping[str, Any]
    #: iterations, and the loss and metrics of the last epoch
    metrics: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)


def spec_of_run(folder: Path) -> str:
    """The JSON of the spec of a run. Raises GraphError where the folder holds no run."""
    file = folder / SPEC
    try:
        return read_bytes(file, MOST_RECORDS).decode()
    except FileNotFoundError:
        raise GraphError([FolderWithoutRun(str(folder), SPEC, runs_in(folder)[:NAMED])]) from None
    except (OSError, UnicodeDecodeError):
        raise GraphError([WrongRun.damaged(str(file))]) from None


def read_run(folder: Path) -> RunRecord:
    """The record of a run, also of one that has not come to its first checkpoint."""
    weights = read(folder / WEIGHTS) if (folder / WEIGHTS).exists() else {}
    return RunRecord(about_run(folder), _last_metrics(folder / METRICS), weights)


def _last_metrics(file: Path) -> dict[str, float]:
    metrics: dict[str, float] = {}
    try:
        for record in read_records(file, is_metric):
            if "epoch" not in record:
                metrics["iterations"] = record["iteration"]
                continue
            metrics |= {"epochs": record["epoch"], "loss": float(record["loss"])}
            metrics |= {name: float(loss) for name, loss in record.get("objectives", {}).items()}
            for split in ("train", "validation", "test"):
                metrics |= {
                    f"{split} {name}": float(value)
                    for name, value in record.get(split, {}).items()
                    if not isinstance(value, list)
                }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GraphError([WrongRun.damaged(str(file))]) from None
    return metrics


def run_differences(a: RunRecord, b: RunRecord, pairs: Pairs) -> Iterator[Difference]:
    """How the runs were started, what they reached, and their weights by the parameters that correspond."""
    for name, x, y in _started(a.about, b.about):
        yield Difference("run", "start", name, x, y)
    if a.metrics and b.metrics:
        for name in dict.fromkeys((*a.metrics, *b.metrics)):
            numbers = a.metrics.get(name), b.metrics.get(name)
            if str(numbers[0]) != str(numbers[1]):  # nan is the same as nan
                yield Difference("metrics", "metric", name, *map(json_value, numbers))
    if a.weights and b.weights:
        yield from _weights(a.weights, b.weights, pairs)


def _started(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What differs of what both sides know."""
    for name in STARTED_WITH:
        if name in a and name in b and a[name] != b[name]:
            yield name, a[name], b[name]
    for group, label in (("versions", "version of {}"), ("divided_by", "{} divided by")):
        x, y = a.get(group), b.get(group)
        if not isinstance(x, dict) or not isinstance(y, dict):
            continue
        for name in dict.fromkeys((*x, *y)):
            if x.get(name) != y.get(name):
                yield label.format(name), _told(x.get(name)), _told(y.get(name))


def _told(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else text(value)


def _weights(a: Mapping[str, Any], b: Mapping[str, Any], pairs: Pairs) -> Iterator[Difference]:
    """The largest difference of each parameter; none where the shapes differ."""
    for value, other in pairs.values:
        if value.operation != "param" or value.name not in a or other.name not in b:
            continue
        x, y = np.asarray(a[value.name], np.float64), np.asarray(b[other.name], np.float64)
        if x.shape != y.shape or np.array_equal(x, y, equal_nan=True):
            continue
        with np.errstate(all="ignore"):
            largest = float(np.max(np.abs(x - y)))
        yield Difference("weights", "weights", other.name, norm(x), norm(y), largest=json_value(largest))


def norm(array: Any) -> Any:
    """The square root of the sum of the squares."""
    return json_value(float(np.linalg.norm(array.reshape(-1))))
