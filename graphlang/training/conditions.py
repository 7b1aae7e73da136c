"""What decides the numbers of a run: the graph, the settings of training, the data, the threads, the machine.

A checkpoint keeps it, so that a run that goes on can say what is not as it was.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.engine.model import Model
from graphlang.engine.workers import usable_threads
from graphlang.spec.models import TrainSpec, Use
from graphlang.spec.version import __version__
from graphlang.training.batches import BatchSource
from graphlang.training.digests import digest_of_array, graph_digests
from graphlang.training.own_code import code_digests
from graphlang.training.run_records import is_count, is_texts, is_values

LOSS_OF = "loss of "
"""How the name of an objective's loss begins, of those after the first."""
BLAS_THREADS = "the number of BLAS threads"
MOST_THREADS = 1024
"""A larger number of threads in a checkpoint is not taken up."""


@dataclass(frozen=True)
class Conditions:
    """What decides the numbers of a run, as plain data; each field maps a name to what it is."""

    #: what changes the steps, as `train.batch`
    settings: Mapping[str, Any]
    #: digests: `loss` of the graph that is minimized, and one for each metric
    graph: Mapping[str, str]
    #: without a text of the spec, the digest of each of its nodes
    nodes: Mapping[str, str]
    #: the texts of the spec and of what it imports, by file
    sources: Mapping[str, str]
    #: `hyper`s, by which a text says something else
    hypers: Mapping[str, Any]
    #: by split and input: the shape, the type and a digest of the numbers
    data: Mapping[str, str]
    #: what computes: versions, BLAS and its kernels, the instructions of the processor
    environment: Mapping[str, str]
    backend: Mapping[str, Any]
    threads: int
    #: the code of one's own that the numbers depend on: digests by class, method and function
    code: Mapping[str, str] = field(default_factory=dict)
    #: the state of each random stream of the next step, and of the next epoch
    streams: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record of a checkpoint."""
        return {fact.name: getattr(self, fact.name) for fact in fields(self)}

    @classmethod
    def from_json(cls, value: Any) -> Conditions:
        """What `as_json` gave; raises ValueError for anything else."""
        if not isinstance(value, dict) or value.keys() != _FORMS.keys():
            raise ValueError("these are no conditions of a run")
        if not all(form(value[name]) for name, form in _FORMS.items()):
            raise ValueError("a condition of the run has another form")
        return cls(**value)


_FORMS = {
    "settings": is_values,
    "graph": is_texts,
    "nodes": is_texts,
    "sources": is_texts,
    "hypers": is_values,
    "data": is_texts,
    "environment": is_texts,
    "backend": is_values,
    "threads": is_count,
    "code": is_texts,
    "streams": is_texts,
}


def conditions_of(
    model: Model,
    section: TrainSpec,
    splits: Mapping[str, BatchSource],
    *,
    batch: int,
    total: int,
    every: int,
) -> Conditions:
    """The conditions of a training; the numbers of the data are read for their digests."""
    spec = model.spec
    others = zip(section.several[1:], section.losses[1:], strict=False)
    objectives = {f"{LOSS_OF}{name}": value for name, value in others}
    wanted = {**objectives, **{f"metric {label}": name for label, name in section.metrics.items()}}
    graph, nodes = graph_digests(model.network, {"loss": section.minimize, **wanted})
    return Conditions(
        settings=_settings(model, section, batch, total, every),
        graph=graph,
        nodes={} if spec.sources else nodes,
        sources={_below(model.folder, source.name): source.text for source in spec.sources},
        hypers={name: _scalar(value) for name, value in spec.hypers.items()},
        data=_data(splits),
        environment=_environment(model),
        backend=backend_of(model),
        threads=usable_threads(model.threads)[0],
        code=code_digests(model, section),
    )


def backend_of(model: Model) -> dict[str, str]:
    """What computes, as a run folder keeps it."""
    return {"name": "numpy"} if model.backend is None else dict(model.backend.about())


def _below(folder: Path | None, name: str) -> str:
    """The name of a file as it is seen from the folder of the spec, which may be reached on another path."""
    try:
        return name if folder is None else Path(name).relative_to(folder).as_posix()
    except ValueError:
        return name


def _settings(model: Model, section: TrainSpec, batch: int, total: int, every: int) -> dict[str, Any]:
    schedule = model.network.member("schedules", section.schedule)
    follows = section.stop or section.keep or section.schedule.name == "plateau"
    return {
        **_used(model, "optimizers", "train.optimizer", section.optimizer),
        **_used(model, "schedules", "train.schedule", section.schedule),
        **({"train.iterations": total} if schedule.needs_total or section.accumulate > 1 else {}),
        "train.batch": batch,
        **({"train.log_every": every} if follows and section.epochs is None else {}),
        "train.shuffle": section.shuffle,
        **({"data.sample": model.spec.data.sample} if model.spec.data and model.spec.data.sample else {}),
        "train.clip_norm": section.clip_norm,
        "train.clip_value": section.clip_value,
        "train.accumulate": section.accumulate,
        "train.ema": section.ema,
        **(_used(model, "monitors", "train.stop", section.stop) if section.stop else {}),
        **(_used(model, "monitors", "train.keep", section.keep) if section.keep else {}),
        **{f"train.minimize {i + 1}": str(objective) for i, objective in enumerate(section.objectives)},
        **{f"train.groups {i + 1}": str(group) for i, group in enumerate(section.groups)},
        "train.precision": section.precision,
        "train.dtype": str(model.dtype),
        "train.seed": model.seed,
    }


def _used(model: Model, family: Any, name: str, use: Use) -> dict[str, Any]:
    """An optimizer or a schedule with all its settings, also those that the file leaves out."""
    fields = model.network.member(family, use).model_dump(mode="json")
    return {name: use.name, **{f"{name}.{key}": _scalar(value) for key, value in fields.items()}}


def _scalar(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _data(splits: Mapping[str, BatchSource]) -> dict[str, str]:
    described: dict[str, str] = {}
    for split, source in splits.items():
        for number, column in source.columns.items():
            scale = "" if column.scale is None else f" times {column.scale:.9g}"
            described[f"{split} {source.names[number]}"] = f"{digest_of_array(column.load())}{scale}"
        for number, array in source.fixed.items():
            described[f"{split} {source.names[number]}"] = digest_of_array(np.asarray(array))
    return described


def _environment(model: Model) -> dict[str, str]:
    from threadpoolctl import threadpool_info

    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    own = [b for b in libraries if "numpy" in b["filepath"].lower()] or libraries  # SciPy may bring another
    blas = [f"{b['internal_api']} {b['version']} ({b.get('architecture', '?')})" for b in own]
    threads, limits_blas = usable_threads(model.threads)
    of_blas = {threads} if limits_blas else {b["num_threads"] for b in own}
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {
        "graphlang": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "BLAS": ", ".join(sorted(blas)),
        BLAS_THREADS: ", ".join(map(str, sorted(of_blas))),
        "the processor": " ".join([platform.machine(), *extensions.get("found", [])]),
    }
