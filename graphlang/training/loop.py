"""Training: minibatches, the optimizer's steps, the record of every iteration and epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from pydantic import ValidationError

from graphlang.contracts.initializer import stream
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MissingSection
from graphlang.diagnostics.settings import WrongSetting
from graphlang.diagnostics.weights import OtherEpochs, OtherOptimizer
from graphlang.resolve.attributes import requirement
from graphlang.spec.models import TrainSpec
from graphlang.training.batches import Feed, bind_columns
from graphlang.training.evaluation import Evaluator
from graphlang.training.parameters import load_into, misfits
from graphlang.training.run_folder import Checkpoint, RunFolder
from graphlang.training.step import Stepper
from graphlang.training.weighing import Weighing, weighing

if TYPE_CHECKING:
    from graphlang.api import Graph

EVALUATION_BATCH = 1000
"""Rows at a time when metrics are taken over a whole split."""
REPORTS = 20
"""How often a training without epochs reports."""


@dataclass(frozen=True)
class Progress:
    """Where training is: called often, for a progress bar."""

    iteration: int
    iterations: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """One epoch: the loss over the rows that it saw, and the metrics over each whole split.

    The loss is that of the epoch's steps, each weighted by its rows (with `ignore`, by the labels that
    count); a loss that is a sum over rows adds up. Without data there are no epochs: then this is one of
    about twenty stretches of the training, and the loss the mean of its steps.
    """

    epoch: int
    iteration: int
    loss: float
    train: dict[str, float]
    test: dict[str, float]


_RECORDS = "`losses` holds the loss of each iteration, `epochs` the record of each epoch"


@dataclass
class History:
    """What training recorded: the loss of every iteration, a record for every epoch."""

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    #: iterations that an earlier run had done, where this one went on from it
    resumed_at: int = field(default=0, compare=False)

    def __repr__(self) -> str:
        counts = f"{len(self.losses):,} iterations, {len(self.epochs):,} epochs"
        return f"History({counts}, last: {self.last})" if self.epochs else f"History({counts})"

    def __getitem__(self, key: Any) -> NoReturn:
        raise TypeError(_RECORDS)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name if name.startswith("_") else f"a history has no `{name}`: {_RECORDS}")

    @property
    def last(self) -> Epoch | None:
        """The record of the last epoch."""
        return self.epochs[-1] if self.epochs else None


def open_data(graph: Graph, override: Path | None = None, command: str = "train") -> Dataset:
    """The data set of the file's `data` section, or of `override` with the section's options.

    A graph whose inputs all have values of their own trains without data. Raises GraphError where there
    is no section otherwise, or the data cannot be read.
    """
    from graphlang.datasets.places import data_folders

    section = graph.spec.data
    if section is None and all(i.default is not None for i in graph.inputs.values()):
        return Dataset("no data", {"train": {}})
    if section is None:
        raise GraphError([MissingSection(command, "data", graph.file)])
    source = graph.network.member("datasets", section.source)
    folder = graph.folder or Path.cwd()
    fields = section.fields.values()
    return source.open(folder, override, data_folders(), fields)  # type: ignore[no-any-return]


def section_of(graph: Graph, command: str) -> TrainSpec:
    """The `train` section; raises GraphError where the file has none."""
    if graph.spec.train is None:
        raise GraphError([MissingSection(command, "train", graph.file)])
    return graph.spec.train


def train(
    graph: Graph,
    dataset: Dataset,
    *,
    folder: Path | None = None,
    resume: Path | None = None,
    on_epoch: Callable[[Epoch], Any] | None = None,
    on_progress: Callable[[Progress], Any] | None = None,
    epochs: int | None = None,
    iterations: int | None = None,
    batch: int | None = None,
    fields: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> History:
    """Trains the parameters of `graph` in place by its `train` section, and returns the history.

    `folder` gets the weights, a checkpoint after every epoch, metrics.jsonl, the spec, the seed and the
    versions; `resume` is such a folder to go on from, bit for bit as if there had been no stop. `overrides`
    are what the file was loaded with from outside, which the folder keeps. A loss or a gradient that is not
    finite raises GraphError that names where it came up; that step is not taken.
    """
    section = section_of(graph, "train")
    section = _with_overrides(section, epochs, iterations, batch)
    session = _Session(graph, section, dataset, fields, on_epoch, on_progress)
    run = None
    if folder is not None:
        run = RunFolder.create(folder, graph, overrides or {}, dataset.divided_by)
    if resume is not None:
        run = RunFolder.reopen(resume, graph)
        session.restore(run.checkpoint(), str(resume))
        run.keep_settings(overrides or {})
    graph.history = session.history
    session.run(run)
    return session.history


def _measured(section: TrainSpec) -> dict[str, str]:
    """The metrics and the loss, by label; where a metric called `loss` is another value, what is minimized
    goes by its own name."""
    other = section.metrics.get("loss", section.minimize) != section.minimize
    return {**section.metrics, section.minimize if other else "loss": section.minimize}


def _with_overrides(
    section: TrainSpec, epochs: int | None, iterations: int | None, batch: int | None
) -> TrainSpec:
    changes: dict[str, Any] = {}
    if epochs is not None or iterations is not None:
        changes = {"epochs": epochs, "iterations": iterations}
    if batch is not None:
        changes["batch"] = batch
    try:
        return TrainSpec(**{**section.model_dump(), **changes}) if changes else section
    except ValidationError as error:
        raise GraphError([WrongSetting(None, _setting_text(p)) for p in error.errors()]) from None


def _setting_text(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"]))
    return requirement(f"`{name}`", problem) if name else str(problem["msg"]).removeprefix("Value error, ")


def _is_false(answer: Any) -> bool:
    """Whether a callback says no; one that returns nothing, as `print`, says nothing."""
    return answer is False or (isinstance(answer, np.bool_) and not answer)


class _Session:
    """One training run: the data bound to the inputs, the step, and where it stands."""

    def __init__(
        self,
        graph: Graph,
        section: TrainSpec,
        dataset: Dataset,
        fields: Mapping[str, str] | None,
        on_epoch: Callable[[Epoch], Any] | None,
        on_progress: Callable[[Progress], Any] | None,
    ) -> None:
        self.graph = graph
        self.section = section
        self.on_epoch = on_epoch
        self.on_progress = on_progress
        self.history = History()
        self.splits = {
            name: bind_columns(graph, split, fields, dataset.name, name)
            for name, split in dataset.splits.items()
        }
        self.feed: Feed = self.splits["train"]
        self.rows = self.feed.rows
        self.batch = min(section.batch, self.rows)
        self.per_epoch = -(-self.rows // self.batch)
        if not self.feed.columns:  # there is no end of the data to reach
            self.per_epoch = max(1, -(-(section.iterations or 1) // REPORTS))
        self.iterations = section.iterations or (section.epochs or 0) * self.per_epoch
        self._check_sizes()
        self.optimizer = graph.network.member("optimizers", section.optimizer)
        self.schedule = graph.network.member("schedules", section.schedule)
        self.stepper = Stepper(graph, section.minimize, self.optimizer, section.clip_norm)
        self.evaluator = Evaluator(graph, _measured(section))
        self.iteration = 0
        self.epoch_losses: list[float] = []
        self._weighing: Weighing | None = None

    def _check_sizes(self) -> None:
        """The inputs fit together in every batch that there will be, and in each split that is measured."""
        last = self.rows % self.batch
        whole = [self.rows] if self.section.metrics else []
        self.feed.check([self.batch, *([last] if last and self.iterations >= self.per_epoch else []), *whole])
        if "test" in self.splits:
            self.splits["test"].check([self.splits["test"].rows])

    # ---- the loop -----------------------------------------------------------------------------------

    def run(self, folder: RunFolder | None) -> None:
        try:
            while self.iteration < self.iterations or self.epoch_losses:
                if not self._epoch_is_over():
                    self._one_epoch()
                ended = self._end_of_epoch()
                if folder is not None:
                    self._keep(folder, ended)
                if self.on_epoch is not None and _is_false(self.on_epoch(ended)):
                    break
        except KeyboardInterrupt:
            if folder is not None:
                folder.write(self.checkpoint(), self.history, self.graph)
            raise
        except GraphError:
            if folder is not None:
                folder.record(self.history)
            raise
        if folder is not None:
            folder.write(self.checkpoint(), self.history, self.graph)

    def _epoch_is_over(self) -> bool:
        """Whether only the record of an epoch is missing: the run was interrupted while it was made."""
        return bool(self.epoch_losses) and (
            self.iteration % self.per_epoch == 0 or self.iteration >= self.iterations
        )

    def _one_epoch(self) -> None:
        """The iterations that are left of the epoch that this one stands in."""
        epoch = self.iteration // self.per_epoch
        order = self._order(epoch)
        for position in range(self.iteration % self.per_epoch, self.per_epoch):
            if self.iteration >= self.iterations:
                break
            self._one_iteration(order[position * self.batch : (position + 1) * self.batch])

    def _one_iteration(self, rows: Any) -> None:
        t = self.iteration + 1
        lr = self.optimizer.lr * self.schedule.factor(t, self.iterations)
        loss = self.stepper.step(self.feed, rows, lr, t)
        self.iteration = t
        self.history.losses.append(loss)
        self.epoch_losses.append(loss)
        if self.on_progress is not None:
            self.on_progress(Progress(t, self.iterations, (t - 1) // self.per_epoch + 1, loss))

    def _order(self, epoch: int) -> Any:
        """The rows in the order of an epoch; a stream of its own, so that a resumed run sees the same."""
        if not self.section.shuffle:
            return np.arange(self.rows)
        return stream(self.graph.seed, f"shuffle of epoch {epoch}").permutation(self.rows)

    def _end_of_epoch(self) -> Epoch:
        number = -(-self.iteration // self.per_epoch) if self.feed.columns else len(self.history.epochs) + 1
        # The loss over the training split is that of the steps; a pass over it is for metrics alone.
        asked = {name: feed for name, feed in self.splits.items() if name != "train" or self.section.metrics}
        found = {name: self.evaluator.over(feed, EVALUATION_BATCH) for name, feed in asked.items()}
        train = {k: v for k, v in found.get("train", {}).items() if k in self.section.metrics}
        test = found.get("test", {})
        ended = Epoch(number, self.iteration, self._epoch_loss(), train, test)
        self.history.epochs.append(ended)
        self.epoch_losses = []
        return ended

    def _epoch_loss(self) -> float:
        """The loss over the rows that the epoch saw, from the losses of its steps."""
        losses = self.epoch_losses
        if len(losses) < 2 or not self.feed.columns:
            return float(np.mean(losses)) if losses else float("nan")
        if self._weighing is None:
            self._weighing = weighing(self.graph, self.feed, self.section.minimize)
        first = self.iteration - len(losses)
        order = self._order(first // self.per_epoch)
        starts = [place % self.per_epoch * self.batch for place in range(first, self.iteration)]
        return self._weighing.joined(losses, [order[start : start + self.batch] for start in starts])

    # ---- going on later -------------------------------------------------------------------------------

    def _keep(self, folder: RunFolder, ended: Epoch) -> None:
        every = self.section.checkpoint_every or 1
        if ended.epoch % every == 0 or self.iteration >= self.iterations:
            folder.write(self.checkpoint(), self.history, self.graph)
        else:
            folder.record(self.history)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            iteration=self.iteration,
            params=self.graph.params.copies(),
            slots=self.stepper.slots,
            losses=list(self.history.losses),
            epoch_losses=list(self.epoch_losses),
            epochs=list(self.history.epochs),
            per_epoch=self.per_epoch if self.feed.columns else None,
        )

    def restore(self, checkpoint: Checkpoint, folder: str) -> None:
        """Goes on from there; raises GraphError where it was made by another graph or optimizer, or where its
        epochs have another length, so that its steps would lie elsewhere among them."""
        before = checkpoint.per_epoch
        if before is not None and self.feed.columns and before != self.per_epoch and checkpoint.iteration:
            raise GraphError([OtherEpochs(folder, before, self.per_epoch)])
        problems = misfits(self.graph.params, checkpoint.params, folder)
        if problems:
            raise GraphError(problems)
        self.stepper.executable(self.feed, self.batch)  # which parameters are trained is known then
        for name, own in self.stepper.slots.items():
            if own.keys() != checkpoint.slots.get(name, {}).keys():
                raise GraphError([OtherOptimizer(folder, name, self.section.optimizer.name)])
        load_into(self.graph.params, checkpoint.params, folder)
        self.iteration = self.history.resumed_at = checkpoint.iteration
        self.stepper.restore(checkpoint.slots)
        self.history.losses = list(checkpoint.losses)
        self.history.epochs = [Epoch(**e) if isinstance(e, dict) else e for e in checkpoint.epochs]
        self.epoch_losses = list(checkpoint.epoch_losses)


# ---- the other commands -----------------------------------------------------------------------------


def evaluate(
    graph: Graph, dataset: Dataset, split: str = "test", *, fields: Mapping[str, str] | None = None
) -> dict[str, float]:
    """The metrics (and the loss) over a whole split in evaluation mode.

    A data set of one split is evaluated over that. Raises GraphError where the file has no `train` section.
    """
    section = section_of(graph, "evaluate")
    if split not in ("train", "test"):
        raise ValueError(f'split is "train" or "test", the parts of a data set, not "{split}"')
    there = split if split in dataset.splits else "train"
    feed = bind_columns(graph, dataset.splits[there], fields, dataset.name, there)
    feed.check([feed.rows])
    return Evaluator(graph, _measured(section)).over(feed, EVALUATION_BATCH)


def not_finite(graph: Graph, dataset: Dataset, split: str, found: Mapping[str, float]) -> str | None:
    """What to tell of metrics over a split of which some are nan or infinite: where that may come from."""
    name = next((name for name, value in found.items() if not np.isfinite(value)), None)
    if name is None:
        return None
    there = split if split in dataset.splits else "train"
    held = bind_columns(graph, dataset.splits[there], None, dataset.name, there).not_finite()
    computed = "all numbers of the data are finite, so look for an overflow, `log(0)` or a division by zero"
    return f"`{name}` over the {there} split is {found[name]}: {held or computed}"


def fit(
    graph: Graph,
    data: Dataset | None,
    *,
    arrays: Mapping[str, Any],
    validation: Mapping[str, Any] | None,
    epochs: int | None,
    iterations: int | None,
    batch: int | None,
    on_epoch: Callable[[Epoch], Any] | None,
) -> History:
    """Training on arrays at hand, by input name, or on a data set; without either on the file's own data."""
    from graphlang.datasets.arrays import from_arrays

    if data is None and not arrays:
        return train(
            graph, open_data(graph), on_epoch=on_epoch, epochs=epochs, iterations=iterations, batch=batch
        )
    fields = None
    if data is None:
        data = from_arrays(dict(arrays), validation=validation)
        fields = {name: name for name in arrays}
    return train(
        graph, data, on_epoch=on_epoch, epochs=epochs, iterations=iterations, batch=batch, fields=fields
    )
