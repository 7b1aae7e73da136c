"""Run folders: weights, checkpoint, metrics, spec, seed and versions of one training run."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import NoCheckpoint, NothingToResume, OtherStart, RunUnwritable, WrongRun
from graphlang.engine.model import Model
from graphlang.engine.result import json_value
from graphlang.engine.workers import usable_threads
from graphlang.files.array_archive import NUMBERS_AND_TEXTS
from graphlang.files.json_text import MOST_BYTES, parsed
from graphlang.files.regular import read_bytes
from graphlang.training.record import History, LayerRecord, ParameterNorms
from graphlang.training.run_records import is_about, is_epoch, is_layer_record, is_object
from graphlang.training.weight_files import read, replaced, save
from graphlang.training.weights import OF_CHECKPOINT, load_file

CHECKPOINT, WEIGHTS, METRICS, RUN = "checkpoint.npz", "weights.npz", "metrics.jsonl", "run.json"
LAYERS, WARNINGS, SPEC = "layers.jsonl", "warnings.jsonl", "spec.json"
MOST_RECORDS = 256 * 2**20
"""How large a file of records may be, and the spec of a run, in bytes."""
MOST_CONTAINERS = 10_000_000
"""How many objects and lists a file of records may hold."""


@dataclass
class Checkpoint:
    """Everything that training needs to continue with the same bits."""

    iteration: int
    params: Mapping[str, Any]
    slots: dict[str, dict[str, Any]]
    losses: list[float]
    epoch_losses: list[float]
    epochs: list[Any]
    #: steps of an epoch; None without data, which has no epochs
    per_epoch: int | None = None
    layers: list[LayerRecord] = field(default_factory=list)
    #: the weights before the first step, and what it did
    start: LayerRecord | None = None
    #: what was told of the training, as plain data
    warnings: list[dict[str, Any]] = field(default_factory=list)


class WrittenElsewhere:
    """Stands for a run folder in a process that leaves writing to another one. The checkpoint is made all the
    same: gathering what is divided over processes takes all of them."""

    def write(self, checkpoint: Checkpoint, history: History) -> None:
        """Writes nothing."""

    def record(self, history: History) -> None:
        """Writes nothing."""


class RunFolder:
    """One folder per run. Files are replaced whole, so that an interruption leaves the last good ones."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(
        cls, path: Path, model: Model, overrides: Mapping[str, str], divided_by: Mapping[str, float]
    ) -> RunFolder:
        """A new folder with the spec, the settings, the divisors of the data's fields, seed and versions.

        Raises GraphError where the folder holds a run already.
        """
        if (path / WEIGHTS).exists() or (path / CHECKPOINT).exists():
            raise GraphError([WrongRun.run_already(str(path))])
        try:
            path.mkdir(parents=True, exist_ok=True)
            _write(path / SPEC, model.spec.model_dump_json(indent=1))
            about = {**_about(model, overrides), "divided_by": dict(divided_by)}
            _write(path / RUN, json.dumps(about, indent=1))
            if model.spec.sources:
                _write(path / "spec.graph", model.spec.sources[0].text)
        except OSError as error:
            if path.is_file():
                raise GraphError([WrongRun.file_in_place(str(path))]) from None
            raise GraphError([RunUnwritable(str(path), (error.strerror or str(error)).lower())]) from None
        return cls(path)

    @classmethod
    def reopen(cls, path: Path, model: Model) -> RunFolder:
        """The folder of an earlier run of the same graph."""
        if not (path / CHECKPOINT).exists():
            if path.is_dir():
                raise GraphError([NoCheckpoint(str(path), CHECKPOINT)])
            raise GraphError(
                [(NothingToResume.file_for_run if path.exists() else NothingToResume.no_folder)(str(path))]
            )
        about = about_run(path)
        for name, value in (("seed", model.seed), ("dtype", str(model.dtype))):
            if name in about and about[name] != value:
                raise GraphError([OtherStart(str(path), name, about[name], value)])
        return cls(path)

    def keep_settings(self, overrides: Mapping[str, str], model: Model) -> None:
        """Keeps the settings and the backend of this part of the run, with which the next part continues."""
        about = about_run(self.path)
        now = {"set": dict(overrides), "backend": backend_of(model)}
        if about and {"set": about.get("set", {}), "backend": backend_before(self.path)} != now:
            _write(self.path / RUN, json.dumps({**about, **now}, indent=1))

    # ---- writing ----------------------------------------------------------------------------------

    def write(self, checkpoint: Checkpoint, history: History) -> None:
        """Writes the weights, the checkpoint and the metrics."""
        arrays: dict[str, Any] = {
            f"{OF_CHECKPOINT}{name}": array for name, array in checkpoint.params.items()
        }
        for name, slots in checkpoint.slots.items():
            arrays.update({f"slot:{slot}:{name}": array for slot, array in slots.items()})
        arrays["iteration"] = np.asarray(checkpoint.iteration)
        arrays["losses"] = np.asarray(checkpoint.losses, np.float64)
        arrays["epoch_losses"] = np.asarray(checkpoint.epoch_losses, np.float64)
        arrays["epochs"] = np.asarray(json.dumps([asdict(e) for e in checkpoint.epochs]))
        if checkpoint.per_epoch is not None:
            arrays["per_epoch"] = np.asarray(checkpoint.per_epoch)
        measured: dict[str, Any] = {
            "layers": [asdict(record) for record in checkpoint.layers],
            "start": None if checkpoint.start is None else asdict(checkpoint.start),
            "warnings": checkpoint.warnings,
        }
        arrays["measured"] = np.asarray(json.dumps(measured))
        save(self.path / CHECKPOINT, arrays)
        save(self.path / WEIGHTS, dict(checkpoint.params))
        self.record(history)

    def record(self, history: History) -> None:
        """Writes metrics.jsonl: a line per iteration, and one per epoch after its last iteration;
        layers.jsonl: a line per record of the layers; and warnings.jsonl where there are any."""
        lines: list[str] = []
        ends = {e.iteration: e for e in history.epochs}
        for iteration, loss in enumerate(history.losses, 1):
            lines.append(json.dumps({"iteration": iteration, "loss": loss}, allow_nan=False))
            ended = ends.get(iteration)
            if ended is not None:
                lines.append(json.dumps(json_value(asdict(ended)), allow_nan=False))
        _write(self.path / METRICS, "".join(line + "\n" for line in lines))
        _write_lines(self.path / LAYERS, [json_value(asdict(record)) for record in history.layers])
        if history.warnings:
            _write_lines(self.path / WARNINGS, [warning.as_json() for warning in history.warnings])

    # ---- reading ----------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """The checkpoint that `write` wrote; raises GraphError where it is damaged."""
        arrays = read(self.path / CHECKPOINT, NUMBERS_AND_TEXTS)
        try:
            params = {
                k.removeprefix(OF_CHECKPOINT): v for k, v in arrays.items() if k.startswith(OF_CHECKPOINT)
            }
            slots: dict[str, dict[str, Any]] = {name: {} for name in params}
            for key, array in arrays.items():
                if key.startswith("slot:"):
                    _, slot, name = key.split(":", 2)
                    slots[name][slot] = array
            measured = _kept(arrays["measured"]) if "measured" in arrays else {}
            start = measured.get("start")
            return Checkpoint(
                iteration=int(arrays["iteration"]),
                params=params,
                slots=slots,
                losses=[float(v) for v in arrays["losses"]],
                epoch_losses=[float(v) for v in arrays["epoch_losses"]],
                epochs=_all(is_epoch, _kept(arrays["epochs"])),
                per_epoch=int(arrays["per_epoch"]) if "per_epoch" in arrays else None,
                layers=[
                    _layer_record(record) for record in _all(is_layer_record, measured.get("layers", []))
                ],
                start=None if start is None else _layer_record(start),
                warnings=_all(is_object, measured.get("warnings", [])),
            )
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            raise GraphError([WrongRun.damaged_checkpoint(str(self.path / CHECKPOINT))]) from None


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


def _kept(text: Any) -> Any:
    """The value of a JSON text that a checkpoint holds."""
    return parsed(str(text).encode(), finite=False, containers=MOST_CONTAINERS)


def backend_of(model: Model) -> dict[str, str]:
    """What computes, as a run folder keeps it."""
    return {"name": "numpy"} if model.backend is None else dict(model.backend.about())


def _all(form: Callable[[Any], bool], values: Any) -> list[Any]:
    """A list whose elements have a form; raises ValueError for anything else."""
    if not isinstance(values, list) or not all(map(form, values)):
        raise ValueError("a record is not what it should be")
    return values


def _layer_record(kept: Mapping[str, Any]) -> LayerRecord:
    parameters = {name: ParameterNorms(**norms) for name, norms in kept["parameters"].items()}
    return LayerRecord(kept["iteration"], kept["epoch"], parameters, dict(kept["dead"]))


def _write_lines(path: Path, records: Sequence[Any]) -> None:
    _write(path, "".join(json.dumps(record, allow_nan=False) + "\n" for record in records))


def _write(path: Path, text: str) -> None:
    with replaced(path) as file:
        file.write(text.encode())


def next_folder(root: Path, name: str) -> Path:
    """`root/name-1`, or the first number that is free."""
    number = 1
    while (root / f"{name}-{number}").exists():
        number += 1
    return root / f"{name}-{number}"


def load_run(model: Model, path: Path) -> None:
    """Sets the parameters from a run folder or a weights file."""
    load_file(model.params, path / WEIGHTS if path.is_dir() else path)
