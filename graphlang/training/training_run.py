"""One training run: minibatches, the optimizer's steps, the record of every iteration and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from graphlang.contracts.initializer import stream_state
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import OtherEpochs, OtherOptimizer
from graphlang.engine.model import Model
from graphlang.lazy import lazy
from graphlang.spec.models import TrainSpec
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
from graphlang.training.raw_rows import keep_divisors
from graphlang.training.record import Epoch, History, Progress
from graphlang.training.refused_steps import StepInputs
from graphlang.training.reports import reports_of
from graphlang.training.resumption import refuse_changes
from graphlang.training.row_order import RowOrder
from graphlang.training.run_folder import RunFolder, WrittenElsewhere
from graphlang.training.run_saver import RunSaver
from graphlang.training.saving_times import SavingTimes
from graphlang.training.state import TrainingState
from graphlang.training.step import StepOnRows, batch_inputs, steps_of
from graphlang.training.watch import Watch
from graphlang.training.weights import load_into, mismatches, not_finite_weight


class Callbacks(NamedTuple):
    """Who is told how a training goes; `on_step` and `on_epoch` end it by returning False."""

    on_progress: Callable[[Progress], Any] | None = None
    on_step: Callable[[Progress], Any] | None = None
    on_epoch: Callable[[Epoch], Any] | None = None


def _is_false(answer: Any) -> bool:
    """Whether a callback returned False; one that returns nothing, as `print`, did not."""
    return answer is False or (isinstance(answer, np.bool_) and not answer)


class TrainingRun:
    """One training run: the data bound to the inputs, the step, and how far it is."""

    def __init__(
        self,
        model: Model,
        section: TrainSpec,
        dataset: Dataset,
        fields: Mapping[str, str] | None,
        callbacks: Callbacks,
    ) -> None:
        self.model = model
        self.section = section
        self.callbacks = callbacks
        self.splits = {
            name: bind_columns(model, split, fields, dataset.name, name)
            for name, split in dataset.splits.items()
        }
        keep_divisors(model, dataset)
        self.data = self.splits["train"]
        self.batch = min(section.batch or self.data.rows, self.data.rows)
        # A series has an order: where every step takes all rows, they stay as they are.
        self.order = RowOrder(
            model, self.data, self.batch, shuffle=section.shuffle and section.batch is not None
        )
        self.iterations = section.iterations or (section.epochs or 0) * (self.order.per_pass or 1)
        self.reports = reports_of(section, self.order.per_pass, self.iterations)
        self._check_sizes()
        self.state = TrainingState(model, section, self.iterations)
        self.state.waits = callbacks.on_step is not None
        self.steps = steps_of(self.state, self.data, self.batch)
        self.history = History(objectives={name: [] for name in self.state.several})
        self.evaluator = SplitEvaluator(model, measured(section))
        self.meter = LayerMeter(self.state, self.data)
        self.finite = FiniteState(self.state)
        self.deciders = Deciders(model, section, self.splits)
        #: the weights of the best epoch, where they are to come back
        self.best: Mapping[str, Any] | None = None
        self.watch = Watch(self.state, self.data, self.meter.units, self.history)
        self._epoch_losses: dict[str, EpochLoss] = {}
        #: whether every step that was started has ended
        self._is_whole = True
        #: whether a callback has ended the training
        self._is_ended = False
        self.finite.check()

    @property
    def iteration(self) -> int:
        """Steps taken so far; the losses of the last ones may not be known yet."""
        return self.state.t

    @property
    def _recorded(self) -> int:
        """The steps that are part of a record."""
        return self.history.epochs[-1].iteration if self.history.epochs else 0

    def _check_sizes(self) -> None:
        """Checks that the inputs fit together in every batch to come, and in each split that is measured."""
        rows, per_pass = self.data.rows, self.order.per_pass
        last = rows % self.batch
        ends_pass = per_pass is not None and self.iterations >= per_pass
        whole = [rows] if self.section.metrics else []
        self.data.check([self.batch, *([last] if last and ends_pass else []), *whole])
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
        if not (self.trains or self._lacks_its_record()):  # nothing of the run is written again
            self.finite.check()
            self._hand_over()
            return
        saver = RunSaver(folder, times, self.history, self.checkpoint, self._weights)
        try:
            while self.trains or self._lacks_its_record():
                if not self._record_is_over():
                    self._steps_of_record(saver)
                ended = self._end_of_record()
                is_best = self._decide(ended)
                is_last = self._ends() or self.iteration >= self.iterations
                saver.end_epoch(ended, is_last=is_last, is_best=is_best)
                on_epoch = self.callbacks.on_epoch
                self._is_ended |= on_epoch is not None and _is_false(on_epoch(ended))
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

    @property
    def trains(self) -> bool:
        """Whether there are steps to take."""
        return not self._ends() and self.iteration < self.iterations

    def _lacks_its_record(self) -> bool:
        """Whether all steps are done but not their record.

        A run with more steps than it is to have now may be within a record, which ends when it goes on.
        """
        return not self._ends() and self.iteration == self.iterations and self._is_under_way()

    def _ends(self) -> bool:
        """Whether the training ends before its time."""
        return self._is_ended or self.deciders.ends

    def _decide(self, ended: Epoch) -> bool | None:
        """Whether the weights are the best so far, by what the section monitors; None where it does not."""
        is_best = self.deciders.see(ended)
        self.state.drop = self.deciders.rate
        if is_best:
            self.best, self.history.best = self._weights(), ended
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

    def _is_under_way(self) -> bool:
        """Whether there are steps that no record has."""
        return len(self.history.losses) > self._recorded

    def _record_is_over(self) -> bool:
        """Whether all steps of a record are done but not the record: the run was interrupted between them."""
        return self._is_under_way() and (
            self.iteration % self.reports.every == 0 or self.iteration >= self.iterations
        )

    def _steps_of_record(self, saver: RunSaver) -> None:
        """The remaining iterations until the next record."""
        while not self._is_ended and self.iteration < self.iterations:
            rows = self.order.of_step(self.iteration)
            if self._is_measured():
                self._measured_step(rows)
            else:
                self._take(rows)
            if saver.is_due():
                self._finish()
                saver.save()
            if self.iteration % self.reports.every == 0:
                break
        self._finish()

    def _take(self, rows: Any) -> None:
        """A step on some rows; its loss may come with a later one."""
        self._is_whole = False
        try:
            self.steps.take(rows)
            if self.state.waits:
                self.steps.finish()
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
        known, history = self.steps.known, self.history
        on_progress, on_step, _ = self.callbacks
        while known:
            losses = known.popleft()
            history.losses.append(losses[0])
            for recorded, loss in zip(history.objectives.values(), losses, strict=False):
                recorded.append(loss)
            if on_progress is not None or on_step is not None:
                progress = self._progress(losses)
                if on_progress is not None:
                    on_progress(progress)
                if on_step is not None and _is_false(on_step(progress)):
                    self._is_ended = True

    def _progress(self, losses: tuple[float, ...]) -> Progress:
        """Where the training is after the last step that is recorded."""
        t = len(self.history.losses)
        epoch = -(-t // (self.order.per_pass or self.reports.every))
        objectives = dict(zip(self.history.objectives, losses, strict=False))
        return Progress(t, self.iterations, epoch, losses[0], objectives)

    def _settle(self) -> None:
        """After an interruption: ends the steps that are under way, and records their losses."""
        self.callbacks = Callbacks()
        with suppress(GraphError):  # a step that is refused changes nothing
            self._finish()

    def _is_measured(self) -> bool:
        """Whether the layers are measured at the next step: the first one, and the last one of a record."""
        t, layers = self.iteration + 1, self.history.layers
        if t == 1 or t >= self.iterations:
            return True
        ends_record = t % self.reports.every == 0
        return ends_record and due(len(layers), layers[-1].iteration if layers else 0, t)

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
            if self.iteration % self.reports.every == 0 or self.iteration >= self.iterations:
                self.history.layers.append(self.meter.after(self._record_number()))
        finally:
            self._record_losses()

    # ---- records --------------------------------------------------------------------------------------

    def _record_number(self) -> int:
        """The number of the epoch, or where records are none of the record, that the last step belongs to."""
        return self.reports.number(self.iteration)

    def _end_of_record(self) -> Epoch:
        loss, objectives = self._losses_of_record()
        evaluated = self._evaluated() if self._measures_splits() else {}
        train = {k: v for k, v in evaluated.get("train", {}).items() if k in self.section.metrics}
        others = evaluated.get("test", {}), evaluated.get("validation", {})
        ended = Epoch(self._record_number(), self.iteration, loss, train, *others, objectives)
        self.history.epochs.append(ended)
        layers = self.history.layers
        if layers and layers[-1].iteration == self.iteration:
            self.watch.look(self._last_batch)
        return ended

    def _measures_splits(self) -> bool:
        """Whether the metrics over whole splits are part of the next record."""
        if self._ends() or self.iteration >= self.iterations:
            return True
        measured = [e.iteration for e in self.history.epochs if e.train or e.test or e.validation]
        return self.iteration - max(measured, default=0) >= self.reports.measures_every

    def _evaluated(self) -> dict[str, dict[str, Any]]:
        """The metrics by split. The loss over the training split is that of the steps; a pass over it is for
        metrics alone."""
        with self._averaged():
            return {
                name: self.evaluator.over(data, EVALUATION_BATCH)
                for name, data in self.splits.items()
                if name != "train" or self.section.metrics
            }

    def _last_batch(self) -> StepInputs:
        """The inputs of the last step; some rows are enough where it had many."""
        rows = self.order.of_step(self.iteration - 1)
        return batch_inputs(self.model, self.data, rows[:SAMPLE] if self.data.accepts(SAMPLE) else rows)

    def _losses_of_record(self) -> tuple[float, dict[str, float]]:
        """The loss over the rows that the record used, from the losses of its steps; and that of each of
        several objectives."""
        first, history = self._recorded, self.history
        loss = self._combined(self.section.minimize, history.losses[first:], first)
        values = zip(history.objectives.items(), self.section.losses, strict=False)
        return loss, {name: self._combined(value, of[first:], first) for (name, of), value in values}

    def _combined(self, value: str, losses: list[float], first: int) -> float:
        if len(losses) < 2 or not self.data.columns:
            return float(np.mean(losses)) if losses else float("nan")
        if value not in self._epoch_losses:
            self._epoch_losses[value] = epoch_loss(self.model, self.data, value)
        rule, order = self._epoch_losses[value], self.order
        if rule.adds_up and not self.reports.by_epochs:
            return float(np.mean(losses))  # the sum over some batches would be compared with no other
        steps = range(first, first + len(losses))
        if rule.weights is not None:
            return rule.combined(losses, [order.of_step(step) for step in steps])
        return rule.combined(losses, [range(order.count(step)) for step in steps])

    # ---- checkpoints and resuming ---------------------------------------------------------------------

    @lazy
    def conditions(self) -> Conditions:
        """What decides the numbers of this run."""
        total, every = self.iterations, self.reports.every
        return conditions_of(
            self.model, self.section, self.splits, batch=self.batch, total=total, every=every
        )

    def _conditions_with(self, streams: Iterable[str]) -> Conditions:
        """The conditions, with some streams of random numbers as they are before their first number."""
        states = {name: stream_state(self.model.seed, name) for name in streams}
        return replace(self.conditions, streams=states)

    def _streams(self) -> list[str]:
        """The streams that the next step draws from."""
        of_rows = self.order.stream_after(self.iteration)
        return [f"random of step {self.iteration + 1}", *([of_rows] if of_rows else [])]

    def checkpoint(self) -> Checkpoint:
        """Everything that is needed to go on; raises GraphError where a number of it is not finite."""
        self.finite.check()
        history = self.history
        return Checkpoint(
            iteration=self.iteration,
            params=self.model.params.copies(),
            slots=self.state.slots,
            losses=list(history.losses),
            objectives={name: list(losses) for name, losses in history.objectives.items()},
            epochs=list(history.epochs),
            conditions=self._conditions_with(self._streams()),
            per_epoch=self.order.per_pass,
            order=self.order.under_way(self.iteration),
            layers=list(history.layers),
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
        steps, here = checkpoint.per_epoch, self.order.per_pass
        if steps is not None and here is not None and steps != here and checkpoint.iteration:
            raise GraphError([OtherEpochs(folder, steps, here)])
        problems = mismatches(self.model.params, checkpoint.params, folder)
        if problems:
            raise GraphError([*problems, *changes(folder, before, now).refused])
        self.steps.prepare(self.batch)  # recording it tells which parameters have slots
        for name, own in self.state.slots.items():
            if own.keys() != checkpoint.slots.get(name, {}).keys():
                raise GraphError([OtherOptimizer(folder, name, type(self.state.optimizer_of(name)).__name__)])
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
        self.state.restore(checkpoint.slots, checkpoint.iteration)
        history = self.history
        history.resumed_at = checkpoint.iteration
        history.losses = list(checkpoint.losses)
        for name in history.objectives:  # one that is new has the place of the first until now
            history.objectives[name] = list(checkpoint.objectives.get(name, checkpoint.losses))
        history.epochs = list(checkpoint.epochs)
        for epoch in checkpoint.epochs:
            if self.deciders.see(epoch):
                history.best = epoch
        self.state.drop, self.best = self.deciders.rate, checkpoint.best
        history.layers = list(checkpoint.layers)
        self.watch.start = checkpoint.start
        self.watch.restore(checkpoint.warnings)
        self.order.keep(checkpoint.iteration, checkpoint.order)
        self.finite.check()
