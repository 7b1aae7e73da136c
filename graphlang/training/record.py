"""What training records: where it is, each epoch, and the history of all of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any, Literal, NoReturn

from graphlang.diagnostics import Diagnostic
from graphlang.spec.shown import Printed, Shown


@dataclass(frozen=True)
class Progress:
    """Where training is after a step: how many there have been and will be, and the loss before it."""

    iteration: int
    iterations: int
    epoch: int
    loss: float
    #: of several objectives the loss of each, by name
    objectives: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Epoch(Printed):
    """One epoch: the loss over the rows that it saw, and the metrics over each whole split.

    The loss is that of the epoch's steps, each weighted by its rows (with `ignore`, by the labels that
    count); a loss that is a sum over rows adds up. A training with `iterations` or `log_every` is cut into
    other parts, and this is one of them: there a loss that is a sum over rows is the mean of its steps. A
    metric that is an array, such as a table of confusion, is nested lists.
    """

    #: counted from 1 on
    epoch: int
    #: of the whole training, after the last step of the epoch
    iteration: int
    loss: float
    #: metrics by name, over the training split
    train: dict[str, Any]
    #: metrics and the loss by name, over the test split
    test: dict[str, Any]
    #: where the `data` section has a validation split
    validation: dict[str, Any] = field(default_factory=dict)
    #: of several objectives the loss of each, by name; `loss` is that of the first
    objectives: dict[str, float] = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        """The record as plain data; without a validation split, or several objectives, it says nothing of
        them."""
        plain = asdict(self)
        for name in ("validation", "objectives"):
            if not plain[name]:
                del plain[name]
        return plain


@dataclass(frozen=True)
class ParameterNorms:
    """The norm of a parameter after a step, and of the gradient and the update of that step.

    The gradient is that of the batch, before any clipping.
    """

    weight: float
    gradient: float
    update: float


@dataclass(frozen=True)
class LayerRecord:
    """How the layers do at the last iteration of an epoch.

    `dead` holds for each Relu the share of its units that are 0 for all rows of a sample of the training
    data: a unit is one number of the last axis, or a channel of images.
    """

    iteration: int
    epoch: int
    parameters: dict[str, ParameterNorms]
    dead: dict[str, float]


def row_of(epoch: Epoch) -> dict[str, Any]:
    """One epoch as a flat row: `epoch`, `iteration`, `loss`, `train accuracy`, `test accuracy`."""
    row: dict[str, Any] = {"epoch": epoch.epoch, "iteration": epoch.iteration, "loss": epoch.loss}
    row |= epoch.objectives
    row |= {f"train {name}": value for name, value in epoch.train.items()}
    row |= {f"validation {name}": value for name, value in epoch.validation.items()}
    return row | {f"test {name}": value for name, value in epoch.test.items()}


_RECORDS = (
    "`losses` holds the loss of each iteration, `objectives` of several objectives each one's, `epochs` the "
    "record of each epoch (`last` and `best` are two of them), `layers` the norms of each parameter, "
    "`warnings` what went wrong"
)


@dataclass
class History(Shown):
    """What training recorded: the loss of every iteration, a record for every epoch."""

    #: the loss of every iteration
    losses: list[float] = field(default_factory=list)
    #: a record for every epoch, or for as many iterations as the file says
    epochs: list[Epoch] = field(default_factory=list)
    #: for every record the norms of parameters, gradients and updates, and the share of dead units
    layers: list[LayerRecord] = field(default_factory=list)
    #: what is wrong with the training by what was measured, each at most once
    warnings: list[Diagnostic] = field(default_factory=list, compare=False)
    #: what was not as it was when this run went on, in sentences
    differences: list[str] = field(default_factory=list, compare=False)
    #: iterations that an earlier run had done, where this one went on from it
    resumed_at: int = field(default=0, compare=False)
    #: of several objectives the loss of each in every iteration, by name; `losses` has those of the first
    objectives: dict[str, list[float]] = field(default_factory=dict)
    #: the record of the epoch whose weights the graph ends with, where `keep` or `stop` choose it; else None
    best: Epoch | None = None

    def __repr__(self) -> str:
        counts = f"{len(self.losses):,} iterations, {len(self.epochs):,} epochs"
        if not self.epochs:
            return f"History({counts})"
        best = "" if self.best is None else f", best: {self.best!r}"
        return f"History({counts}, last: {self.last!r}{best})"

    def __getitem__(self, key: Any) -> NoReturn:
        raise TypeError(_RECORDS)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name if name.startswith("_") else f"a history has no `{name}`: {_RECORDS}")

    def to_pandas(self, what: Literal["epochs", "losses"] = "epochs") -> Any:
        """A pandas DataFrame: a row per epoch with loss and metrics, or per iteration with its loss."""
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "to_pandas needs pandas, which is not installed: `pip install pandas`"
            ) from error
        if what == "losses":
            index = pandas.RangeIndex(1, len(self.losses) + 1, name="iteration")
            return pandas.DataFrame({"loss": self.losses, **self.objectives}, index=index)
        if what != "epochs":
            raise ValueError(f'to_pandas makes a table of "epochs" or "losses", not of {what!r}')
        rows = [row_of(epoch) for epoch in self.epochs]
        columns = {
            name: [row.get(name) for row in rows] for name in dict.fromkeys(n for r in rows for n in r)
        }
        return pandas.DataFrame(columns or {"epoch": []}).set_index("epoch")

    @property
    def last(self) -> Epoch | None:
        """The record of the last epoch."""
        return self.epochs[-1] if self.epochs else None
