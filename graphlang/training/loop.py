"""Training: minibatches, the optimizer's steps, the record of every iteration and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.contracts.initializer import stream, stream_state
from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import OtherEpochs, OtherOptimizer
from graphlang.engine.model import Model
from graphlang.lazy import lazy
from graphlang.spec.models import TrainSpec
from graphlang.training.batches import BatchSource
from graphlang.training.changed_conditions import changes
from graphlang.training.checkpoint import Checkpoint
from graphlang.training.column_binding import bind_columns
from graphlang.training.conditions import Conditions, conditions_of
from graphlang.training.epoch_loss import EpochLoss, epoch_loss
from graphlang.training.evaluation import EVALUATION_BATCH, SplitEvaluator, measured
from graphlang.training.faster_backend import faster_backend, this_machine
from graphlang.training.finite_state import FiniteState
from graphlang.training.followed import Deciders
from graphlang.training.layer_meter import SAMPLE, LayerMeter, due
from graphlang.training.memory_needed import refuse_large_training
from graphlang.training.next_folder import NextFolder
from graphlang.training.raw_rows import keep_divisors
from graphlang.training.record import Epoch, History, Progress
from graphlang.training.refused_steps import StepInputs
from graphlang.training.resumption import refuse_changes, with_threads_of_run
from graphlang.training.run_folder import RunFolder, WrittenElsewhere
from graphlang.training.run_saver import RunSaver
from graphlang.training.saving_times import Interval, SavingTimes
from graphlang.training.sections import open_data, section_of, with_overrides
from graphlang.training.state import TrainingState
from graphlang.training.step import StepOnRows, batch_inputs, steps_of
from graphlang.training.watch import Watch
from graphlang.training.weights import load_into, mismatches, not_finite_weight

REPORTS = 20
"""How often a training without epochs reports."""


def train(
    model: Model,
    dataset: Dataset,
    *,
    folder: Path | NextFolder | None = None,
    resume: Path | None = None,
    on_epoch: Callable[[Epoch], Any] | None = None,
    on_progress: Callable[[Progress], Any] | None = None,
    epochs: int | None = None,
    iterations: int | None = None,
    batch: int | None = None,
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
    the file was loaded, which the folder keeps. `on_start` gets the history before the first step, so that
    its caller has it where training is interrupted; `on_advice` gets a sentence where another backend would
    probably be faster. Of several processes, none of which trains `alone`, one `writes`. A loss or a gradient
    that is not finite raises a GraphError that names the operation; that step is not taken.
    """
    section = section_of(model, "train")
    section = with_overrides(section, epochs, iterations, batch)
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
        session = _Session(model, section, dataset, fields, on_epoch, on_progress)
        if folder is not None:
            run = RunFolder.create(folder, model, overrides or {}, dataset.divided_by)
            stack.callback(run.close)
        if run is not None:
            session.conditions  # noqa: B018 - reading all data takes its time, and is no part of saving
        if run is not None and before is not None:
            differences = session.restore(before, str(resume), changed, tell)
            if writes:
                run.keep_settings(overrides or {}, model, before.iteration, differences)
        if on_start is not None:
            on_start(session.history)
        if on_advice is not None:
            session.advise(on_advice)
        session.run(run if writes else WrittenElsewhere(), SavingTimes(interval, together=not alone))
    return session.history


def _say_nothing(sentence: str) -> None:
    """Stands for a caller who does not listen."""


def _is_false(answer: Any) -> bool:
    """Whether a callback returned False; one that returns nothing, as `print`, did not."""
    return answer is False or (isinstance(answer, np.bool_) and not answer)


class _Session:
    """One training run: the data bound to the inputs, the step, and how far it is."""

    def __init__(
        self,
        model: Model,
        section: TrainSpec,
        dataset: Dataset,
        fields: Mapping[str, str] | None,
        on_epoch: Callable[[Epoch], Any] | None,
        on_progress: Callable[[Progress], Any] | None,
    ) -> None:
        self.model = model
        self.section = section
        self.on_epoch = on_epoch
        self.on_progress = on_progress
        self.history = History()
        self.splits = {
            name: bind_columns(model, split, fields, dataset.name, name)
            for name, split in dataset.splits.items()
        }
        keep_divisors(model, dataset)
        self.data: BatchSource = self.splits["train"]
        self.rows = self.data.rows
        self.batch = min(section.batch or self.rows, self.rows)
        self.per_epoch = -(-self.rows // self.batch)
        if not self.data.columns:  # without data an epoch has no end of its own
            self.per_epoch = max(1, -(-(section.iterations or 1) // REPORTS))
        self.iterations = section.iterations or (section.epochs or 0) * self.per_epoch
        self._check_sizes()
        self.state = TrainingState(model, section, self.iterations)
        self.steps = steps_of(self.state, self.data, self.batch)
        self.evaluator = SplitEvaluator(model, measured(section))
        self.meter = LayerMeter(self.state, self.data)
        self.finite = FiniteState(self.state)
        self.deciders = Deciders(model, section, self.splits)
        #: the weights of the best epoch, where they are to come back
        self.best: Mapping[str, Any] | None = None
        self.watch = Watch(self.state, self.data, self.meter.units, self.history)
        self.epoch_losses: list[float] = []
        #: the order of the rows in the epoch in which an earlier part of the run stopped, and its number
        self._kept_order: tuple[int, Any] = -1, None
        self._epoch_loss: EpochLoss | None = None
        #: whether every step that was started has ended
        self._is_whole = True
        self.finite.check()

    @property
    def iteration(self) -> int:
        """Steps taken so far; the losses of the last ones may not be known yet."""
        return self.state.t

    def _check_sizes(self) -> None:
        """Checks that the inputs fit together in every batch to come, and in each split that is measured."""
        last = self.rows % self.batch
        whole = [self.rows] if self.section.metrics else []
        self.data.check([self.batch, *([last] if last and self.iterations >= self.per_epoch else []), *whole])
        for name in self.splits.keys() - {"train"}:
            self.splits[name].check([self.splits[name].rows])

    def advise(self, tell: Callable[[str], Any]) -> None:
        """Tells what is to be known before the first step, each a sentence."""
        for sentence in self._advice():
            tell(sentence)

    def _advice(self) -> Iterator[str]:
        """Where NumPy computes: which settings have no effect there, and what would probably be faster."""
        if not isinstance(self.steps, StepOnRows) or self.iteration >= self.iterations:
            return
        precision, remat = self.state.precision, self.state.remat
        if precision != "float32":
            yield f"NumPy computes in float32: `--backend jax` trains with `precision = {precision}`"
        if remat:
            setting = f"remat = {'true' if remat is True else remat}"
            yield f"`{setting}` has no effect in NumPy, which plans its own memory: it is for `--backend jax`"
        if precision == "float32":
            flops = self.steps.executable(self.batch).plan.flops
            machine = this_machine(self.model.threads)
            faster = faster_backend(flops, self.iterations - self.iteration, machine)
            if faster is not None:
                yield faster

    # ---- the loop -----------------------------------------------------------------------------------

    def run(self, folder: RunFolder | WrittenElsewhere | None, times: SavingTimes) -> None:
        saver = RunSaver(folder, times, self.history, self.checkpoint, self._weights)
        try:
            while not self.deciders.ends and (self.iteration < self.iterations or self.epoch_losses):
                if not self._epoch_is_over():
                    self._one_epoch(saver)
                ended = self._end_of_epoch()
                is_best = self._decide(ended)
                ends = bool(self.deciders.ends) or self.iteration >= self.iterations
                saver.end_epoch(ended, is_last=ends, is_best=is_best)
                if self.on_epoch is not None and _is_false(self.on_epoch(ended)):
                    break
            self.finite.check()
            saver.save()
            self._hand_over()
        except KeyboardInterrupt:
            if self._is_whole:  # else the parameters may be those of half a step
                self._settle()
                saver.save()
            raise
        except GraphError:
            self.watch.refused()
            saver.record()
            raise
        finally:
            self.model.params.recall()

    def _decide(self, ended: Epoch) -> bool | None:
        """Whether the weights are the best so far, by what the section monitors; None where it does not."""
        is_best = self.deciders.see(ended)
        self.state.drop = self.deciders.rate
        if is_best:
            self.best = self._weights()
        return is_best if self.deciders.keeps else None

    def _weights(self) -> dict[str, Any]:
        """Copies of the parameters, or of their averages where the section has `ema`."""
        averages = {name: array.copy() for name, array in self.state.averages().items()}
        return {**self.model.params.copies(), **averages}

    def _hand_over(self) -> None:
        """Leaves in the graph the weights that the training ends with."""
        if self.best is not None or self.section.ema is not None:
            for name, array in (self._weights() if self.best is None else self.best).items():
                self.model.params[name][...] = array

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """With `ema`, the averages stand in place of the parameters meanwhile."""
        averages, params = self.state.averages(), self.model.params
        before = {name: params[name].copy() for name in averages}
        for name, array in averages.items():
            params[name][...] = array
        try:
            yield
        finally:
            for name, array in before.items():
                params[name][...] = array

    def _epoch_is_over(self) -> bool:
        """Whether all steps of an epoch are done but not its record: the run was interrupted between them."""
        return bool(self.epoch_losses) and (
            self.iteration % self.per_epoch == 0 or self.iteration >= self.iterations
        )

    def _one_epoch(self, saver: RunSaver) -> None:
        """The remaining iterations of the current epoch."""
        epoch = self.iteration // self.per_epoch
        order = self._order(epoch)
        for position in range(self.iteration % self.per_epoch, self.per_epoch):
            if self.iteration >= self.iterations:
                break
            rows = order[position * self.batch : (position + 1) * self.batch]
            if self._is_measured():
                self._measured_step(rows)
            else:
                self._take(rows)
            if saver.is_due():
                self._finish()
                saver.save()
        self._finish()

    def _take(self, rows: Any) -> None:
        """A step on some rows; its loss may come with a later one."""
        self._is_whole = False
        try:
            self.steps.take(rows)
            self._is_whole = True
        finally:
            self._record_losses()

    def _finish(self) -> None:
        """Waits for all steps and their losses."""
        self._is_whole = False
        try:
            self.steps.finish()
            self._is_whole = True
        finally:
            self._record_losses()

    def _record_losses(self) -> None:
        """Records the losses that are known by now."""
        known, losses = self.steps.known, self.history.losses
        while known:
            loss = known.popleft()
            losses.append(loss)
            self.epoch_losses.append(loss)
            if self.on_progress is not None:
                t = len(losses)
                self.on_progress(Progress(t, self.iterations, (t - 1) // self.per_epoch + 1, loss))

    def _settle(self) -> None:
        """After an interruption: ends the steps that are under way, and records their losses."""
        self.on_progress = None
        with suppress(GraphError):  # a step that is refused changes nothing
            self._finish()

    def _is_measured(self) -> bool:
        """Whether the layers are measured at the next step: the first one, and the last one of a record."""
        t, layers = self.iteration + 1, self.history.layers
        if t == 1 or t >= self.iterations:
            return True
        return t % self.per_epoch == 0 and due(len(layers), layers[-1].iteration if layers else 0, t)

    def _measured_step(self, rows: Any) -> None:
        self.steps.prepare(len(rows))  # recording it tells which parameters have gradients
        self._finish()
        self.finite.check_since_last_step()
        self.meter.before()
        start = self.meter.start() if self.iteration == 0 else None
        self._is_whole = False
        try:
            self.steps.take(rows)
            self.steps.finish()
            self._is_whole = True
            if start is not None:
                self.watch.start = start()
            if self.iteration % self.per_epoch == 0 or self.iteration >= self.iterations:
                self.history.layers.append(self.meter.after(self._epoch_number()))
        finally:
            self._record_losses()

    def _epoch_number(self) -> int:
        if self.data.columns:
            return -(-self.iteration // self.per_epoch)
        return len(self.history.epochs) + 1

    @lazy
    def _weights_of_rows(self) -> Any:
        """How likely each row is drawn where the classes are balanced; None where every row comes once."""
        data, network = self.model.spec.data, self.model.network
        column = self.data.columns.get(network.numbers[data.sample]) if data and data.sample else None
        if column is None:
            return None
        _, ids, counts = np.unique(
            column.load().reshape(self.rows, -1)[:, 0], return_inverse=True, return_counts=True
        )
        weights = 1 / counts[ids.reshape(-1)]
        return weights / weights.sum()

    def _order(self, epoch: int) -> Any:
        """The order of the rows in an epoch, from a stream of its own, so that a resumed run has the same."""
        if self._kept_order[0] == epoch:
            return self._kept_order[1]
        if (weights := self._weights_of_rows) is not None:
            return stream(self.model.seed, _shuffle(epoch)).choice(self.rows, self.rows, p=weights)
        if not self.section.shuffle:
            return np.arange(self.rows)
        return stream(self.model.seed, _shuffle(epoch)).permutation(self.rows)

    def _end_of_epoch(self) -> Epoch:
        metrics = self.section.metrics
        # The loss over the training split is that of the steps; a pass over it is for metrics alone.
        with self._averaged():
            evaluated = {
                name: self.evaluator.over(data, EVALUATION_BATCH)
                for name, data in self.splits.items()
                if name != "train" or metrics
            }
        train = {k: v for k, v in evaluated.get("train", {}).items() if k in metrics}
        others = evaluated.get("test", {}), evaluated.get("validation", {})
        ended = Epoch(self._epoch_number(), self.iteration, self._loss_of_epoch(), train, *others)
        self.history.epochs.append(ended)
        self.epoch_losses = []
        layers = self.history.layers
        if layers and layers[-1].iteration == self.iteration:
            self.watch.look(self._last_batch)
        return ended

    def _last_batch(self) -> StepInputs:
        """The inputs of the last step; some rows are enough where it had many."""
        place = (self.iteration - 1) % self.per_epoch * self.batch
        rows = self._order((self.iteration - 1) // self.per_epoch)[place : place + self.batch]
        return batch_inputs(self.model, self.data, rows[:SAMPLE] if self.data.accepts(SAMPLE) else rows)

    def _loss_of_epoch(self) -> float:
        """The loss over the rows that the epoch used, from the losses of its steps."""
        losses = self.epoch_losses
        if len(losses) < 2 or not self.data.columns:
            return float(np.mean(losses)) if losses else float("nan")
        if self._epoch_loss is None:
            self._epoch_loss = epoch_loss(self.model, self.data, self.section.minimize)
        first = self.iteration - len(losses)
        order = self._order(first // self.per_epoch)
        starts = [place % self.per_epoch * self.batch for place in range(first, self.iteration)]
        return self._epoch_loss.combined(losses, [order[start : start + self.batch] for start in starts])

    # ---- checkpoints and resuming ---------------------------------------------------------------------

    @lazy
    def conditions(self) -> Conditions:
        """What decides the numbers of this run."""
        total, batch = self.iterations, self.batch
        return conditions_of(self.model, self.section, self.splits, batch=batch, total=total)

    def _conditions_with(self, streams: Iterable[str]) -> Conditions:
        """The conditions, with some streams of random numbers as they are before their first number."""
        states = {name: stream_state(self.model.seed, name) for name in streams}
        return replace(self.conditions, streams=states)

    def _streams(self) -> list[str]:
        """The streams that the next step draws from."""
        of_step = [f"random of step {self.iteration + 1}"]
        return [*of_step, _shuffle(self.iteration // self.per_epoch)] if self.data.columns else of_step

    def checkpoint(self) -> Checkpoint:
        """Everything that is needed to go on; raises GraphError where a number of it is not finite."""
        self.finite.check()
        within = self.data.columns and self.iteration % self.per_epoch
        return Checkpoint(
            iteration=self.iteration,
            params=self.model.params.copies(),
            slots=self.state.slots,
            losses=list(self.history.losses),
            epoch_losses=list(self.epoch_losses),
            epochs=list(self.history.epochs),
            conditions=self._conditions_with(self._streams()),
            per_epoch=self.per_epoch if self.data.columns else None,
            order=self._order(self.iteration // self.per_epoch) if within else None,
            layers=list(self.history.layers),
            start=self.watch.start,
            averages=self.state.averages(),
            best=self.best,
            warnings=self.watch.told(),
        )

    def restore(
        self, checkpoint: Checkpoint, folder: str, changed: bool, tell: Callable[[str], Any]
    ) -> list[str]:
        """Continues from a checkpoint, and returns what is not as it was.

        Raises GraphError where it is of another graph or optimizer, where its epochs have another length,
        so that its steps would be at other places in them, and, unless `changed`, where anything else would
        change its numbers.
        """
        before, now = checkpoint.conditions, self._conditions_with(checkpoint.conditions.streams)
        steps = checkpoint.per_epoch
        if steps is not None and self.data.columns and steps != self.per_epoch and checkpoint.iteration:
            raise GraphError([OtherEpochs(folder, steps, self.per_epoch)])
        problems = mismatches(self.model.params, checkpoint.params, folder)
        if problems:
            raise GraphError([*problems, *changes(folder, before, now).refused])
        self.steps.prepare(self.batch)  # recording it tells which parameters have slots
        for name, own in self.state.slots.items():
            if own.keys() != checkpoint.slots.get(name, {}).keys():
                raise GraphError([OtherOptimizer(folder, name, self.section.optimizer.name)])
        differences = refuse_changes(folder, before, now, changed, tell)
        self._restore_state(checkpoint, folder)
        self.history.differences = differences
        return differences

    def _restore_state(self, checkpoint: Checkpoint, folder: str) -> None:
        slots = {f"{slot} of {n}": a for n, own in checkpoint.slots.items() for slot, a in own.items()}
        wrong = [not_finite_weight(name, array, folder) for name, array in slots.items()]
        if problems := [problem for problem in wrong if problem is not None]:
            raise GraphError(problems)
        load_into(self.model.params, checkpoint.params, folder)
        self.history.resumed_at = checkpoint.iteration
        self.state.restore(checkpoint.slots, checkpoint.iteration)
        self.history.losses = list(checkpoint.losses)
        self.history.epochs = list(checkpoint.epochs)
        for epoch in checkpoint.epochs:
            self.deciders.see(epoch)
        self.state.drop, self.best = self.deciders.rate, checkpoint.best
        self.epoch_losses = list(checkpoint.epoch_losses)
        self.history.layers = list(checkpoint.layers)
        self.watch.start = checkpoint.start
        self.watch.restore(checkpoint.warnings)
        if checkpoint.order is not None and len(checkpoint.order) == self.rows:
            self._kept_order = checkpoint.iteration // self.per_epoch, checkpoint.order
        self.finite.check()


def _shuffle(epoch: int) -> str:
    """The name of the stream from which the order of an epoch is drawn."""
    return f"shuffle of epoch {epoch}"


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
