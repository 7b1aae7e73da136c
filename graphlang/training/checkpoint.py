"""What a checkpoint holds: everything that training needs to continue with the same bits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from graphlang.files.json_text import parsed
from graphlang.training.conditions import Conditions
from graphlang.training.record import Epoch, LayerRecord, ParameterNorms
from graphlang.training.run_records import is_epoch, is_layer_record, is_object
from graphlang.training.weights import OF_CHECKPOINT

MOST_CONTAINERS = 10_000_000
"""How many objects and lists a file of records may hold."""
_OF_SLOT, _OF_BEST, _OF_OBJECTIVE = "slot:", "best:", "loss of "


@dataclass
class Checkpoint:
    """Everything that training needs to continue with the same bits."""

    iteration: int
    params: Mapping[str, Any]
    slots: dict[str, dict[str, Any]]
    losses: list[float]
    epochs: list[Epoch]
    #: what decides the numbers
    conditions: Conditions
    #: steps of an epoch; None without data, which has no epochs
    per_epoch: int | None = None
    #: of several objectives the loss of each in every step, by name
    objectives: Mapping[str, list[float]] = field(default_factory=dict)
    #: the order of the rows in the epoch that is under way; None between two epochs
    order: Any = None
    layers: list[LayerRecord] = field(default_factory=list)
    #: the weights before the first step, and what it did
    start: LayerRecord | None = None
    #: with `ema`, the averages of weights, which are among the slots
    averages: Mapping[str, Any] = field(default_factory=dict)
    #: with `stop` or `keep`, the weights of the best epoch so far
    best: Mapping[str, Any] | None = None
    #: what was told of the training, as plain data
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def weights(self) -> Mapping[str, Any]:
        """The parameters, or their averages, at this step."""
        return {**self.params, **self.averages}

    @property
    def result(self) -> Mapping[str, Any]:
        """The weights that the training would end with here."""
        return self.weights if self.best is None else self.best

    def arrays(self) -> dict[str, Any]:
        """All of it as arrays of numbers and texts by name."""
        arrays: dict[str, Any] = {f"{OF_CHECKPOINT}{name}": array for name, array in self.params.items()}
        for name, slots in self.slots.items():
            arrays.update({f"{_OF_SLOT}{slot}:{name}": array for slot, array in slots.items()})
        arrays.update({f"{_OF_BEST}{name}": array for name, array in (self.best or {}).items()})
        arrays["iteration"] = np.asarray(self.iteration)
        arrays["losses"] = np.asarray(self.losses, np.float64)
        arrays.update({f"{_OF_OBJECTIVE}{n}": np.asarray(v, np.float64) for n, v in self.objectives.items()})
        arrays["epochs"] = np.asarray(json.dumps([e.as_plain() for e in self.epochs]))
        if self.per_epoch is not None:
            arrays["per_epoch"] = np.asarray(self.per_epoch)
        if self.order is not None:
            arrays["order"] = self.order
        measured: dict[str, Any] = {
            "layers": [asdict(record) for record in self.layers],
            "start": None if self.start is None else asdict(self.start),
            "warnings": self.warnings,
        }
        arrays["measured"] = np.asarray(json.dumps(measured))
        text = json.dumps(self.conditions.as_json())
        arrays["conditions"] = np.frombuffer(text.encode(), np.uint8)  # as a text it takes four times as much
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Checkpoint:
        """What `arrays` gave; raises an exception of Python's own where they are something else."""
        params = {k.removeprefix(OF_CHECKPOINT): v for k, v in arrays.items() if k.startswith(OF_CHECKPOINT)}
        slots: dict[str, dict[str, Any]] = {name: {} for name in params}
        for key, array in arrays.items():
            if key.startswith(_OF_SLOT):
                _, slot, name = key.split(":", 2)
                slots[name][slot] = array
        best = {k.removeprefix(_OF_BEST): v for k, v in arrays.items() if k.startswith(_OF_BEST)}
        iteration, per_epoch = int(arrays["iteration"]), arrays.get("per_epoch")
        objectives = {
            k.removeprefix(_OF_OBJECTIVE): [float(v) for v in array]
            for k, array in arrays.items()
            if k.startswith(_OF_OBJECTIVE)
        }
        whole = all(len(losses) == iteration for losses in (arrays["losses"], *objectives.values()))
        if not whole or (per_epoch is not None and int(per_epoch) < 1):
            raise ValueError("there is a loss for each step")
        conditions = Conditions.from_json(_parsed(arrays["conditions"].astype(np.uint8).tobytes()))
        measured = _kept(arrays["measured"]) if "measured" in arrays else {}
        start = measured.get("start")
        return cls(
            iteration=iteration,
            params=params,
            slots=slots,
            losses=[float(v) for v in arrays["losses"]],
            epochs=[Epoch(**epoch) for epoch in _all(is_epoch, _kept(arrays["epochs"]))],
            conditions=conditions,
            per_epoch=None if per_epoch is None else int(per_epoch),
            objectives=objectives,
            order=_order(arrays["order"], conditions) if "order" in arrays else None,
            layers=[_layer_record(record) for record in _all(is_layer_record, measured.get("layers", []))],
            start=None if start is None else _layer_record(start),
            best=best or None,
            warnings=_all(is_object, measured.get("warnings", [])),
        )


def _kept(text: Any) -> Any:
    """The value of a JSON text that a checkpoint holds."""
    return _parsed(str(text).encode())


def _parsed(text: bytes) -> Any:
    return parsed(text, finite=False, containers=MOST_CONTAINERS)


def _order(array: Any, conditions: Conditions) -> Any:
    """The order of the rows in an epoch; raises ValueError where it does not have each of them once, unless
    they are drawn so that classes are balanced."""
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise ValueError("the order of the rows is no list of whole numbers")
    if "data.sample" in conditions.settings:
        if np.any((array < 0) | (array >= len(array))):
            raise ValueError("the order has a row that is not there")
    elif not np.array_equal(np.sort(array), np.arange(len(array))):
        raise ValueError("the order of the rows does not have each of them once")
    return array.astype(np.int64)


def _all(form: Callable[[Any], bool], values: Any) -> list[Any]:
    """A list whose elements have a form; raises ValueError for anything else."""
    if not isinstance(values, list) or not all(map(form, values)):
        raise ValueError("a record is not what it should be")
    return values


def _layer_record(kept: Mapping[str, Any]) -> LayerRecord:
    parameters = {name: ParameterNorms(**norms) for name, norms in kept["parameters"].items()}
    return LayerRecord(kept["iteration"], kept["epoch"], parameters, dict(kept["dead"]))
