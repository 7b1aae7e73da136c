"""Training a model in place: on a data set, on arrays, or on the data of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Dataset
from graphlang.engine.model import Model
from graphlang.training.checkpoint import Checkpoint
from graphlang.training.handed_members import handed_members
from graphlang.training.memory_needed import refuse_large_training
from graphlang.training.next_folder import NextFolder
from graphlang.training.record import Epoch, History, Progress
from graphlang.training.resumption import with_threads_of_run
from graphlang.training.run_folder import RunFolder, WrittenElsewhere
from graphlang.training.saving_times import Interval, SavingTimes
from graphlang.training.sections import open_data, section_of, with_overrides
from graphlang.training.training_run import Callbacks, TrainingRun

if TYPE_CHECKING:
    from graphlang.contracts.optimizer import Optimizer
    from graphlang.contracts.schedule import Schedule


def train(
    model: Model,
    dataset: Dataset,
    *,
    folder: Path | NextFolder | None = None,
    resume: Path | None = None,
    on_epoch: Callable[[Epoch], Any] | None = None,
    on_step: Callable[[Progress], Any] | None = None,
    on_progress: Callable[[Progress], Any] | None = None,
    epochs: int | None = None,
    iterations: int | None = None,
    batch: int | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    fields: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    on_start: Callable[[History], Any] | None = None,
    on_advice: Callable[[str], Any] | None = None,
    on_note: Callable[[str], Any] | None = None,
    changed: bool = False,
    interval: Interval | None = None,
    writes: bool = True,
    alone: bool = True,
) -> History:
    """Trains the parameters of a model in place by its `train` section, and returns the history.

    `folder` gets the weights, a checkpoint as often as `interval` says, metrics.jsonl, the spec, the seed and
    the versions; `resume` is such a folder to continue from, with the same bits as if training had not
    stopped. Where it would go on under conditions that change its numbers, a GraphError has each of them,
    unless `changed` says that they may; `on_note` gets a sentence for each difference that is no error, and
    where the run goes on from an earlier checkpoint than the last. `overrides` are the settings with which
    the file was loaded, which the folder keeps. `on_step` is called after every step, before the next one is
    begun, and `on_epoch` with every record: where one returns False, the training ends there. `on_progress`
    is told of steps as they become known. `on_start` gets the history before the first step, so that its
    caller has it where training is interrupted; `on_advice` gets a sentence where another backend would
    probably be faster. Of several processes, none of which trains `alone`, one `writes`. A loss or a gradient
    that is not finite raises a GraphError that names the operation; that step is not taken.
    """
    section = section_of(model, "train")
    members = handed_members(model, section, optimizer=optimizer, schedule=schedule)
    section = with_overrides(section, epochs, iterations, batch, members)
    if interval is None and section.checkpoint_every is not None:
        interval = Interval(epochs=section.checkpoint_every)
    tell = on_note or _say_nothing
    with ExitStack() as stack:
        run: RunFolder | None = None
        before: Checkpoint | None = None
        if resume is not None:
            run = RunFolder.reopen(resume, model, writes=writes)
            stack.callback(run.close)
            before = run.checkpoint(tell)
            model = with_threads_of_run(model, before.conditions, tell)
        refuse_large_training(model, section, dataset, fields)
        session = TrainingRun(model, section, dataset, fields, Callbacks(on_progress, on_step, on_epoch))
        if folder is not None:
            run = RunFolder.create(folder, model, overrides or {}, dataset.divided_by)
            stack.callback(run.close)
        if run is not None:
            session.conditions  # noqa: B018 - reading all data takes its time, and is no part of saving
        if run is not None and before is not None:
            differences = session.restore(before, str(resume), changed, tell)
            if writes and session.trains:
                run.keep_settings(overrides or {}, model, before.iteration, differences)
        if on_start is not None:
            on_start(session.history)
        if on_advice is not None:
            session.advise(on_advice)
        session.run(run if writes else WrittenElsewhere(), SavingTimes(interval, together=not alone))
    return session.history


def _say_nothing(sentence: str) -> None:
    """Stands for a caller who does not listen."""


def fit(
    model: Model,
    data: Dataset | None,
    *,
    arrays: Mapping[str, Any],
    validation: Mapping[str, Any] | None,
    **options: Any,
) -> History:
    """Training on a data set, on arrays by input name, or without either on the file's own data.

    `options` are those of `train`.
    """
    if data is None and arrays:
        data = from_arrays(dict(arrays), validation=validation)
        options["fields"] = {name: name for name in arrays}
    return train(model, open_data(model) if data is None else data, **options)
