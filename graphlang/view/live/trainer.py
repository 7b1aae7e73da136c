"""Training from the page: train, pause, step, reset."""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np

from graphlang.training.record import Epoch, History, Progress
from graphlang.training.sections import section_of
from graphlang.view.live.engine import Engine
from graphlang.view.live.picture import LivePicture
from graphlang.view.live.problems import Problem, problems_of
from graphlang.view.live.published import Published
from graphlang.view.slots import number

Action = Literal["train", "pause", "step", "reset"]
ACTIONS: tuple[Action, ...] = ("train", "pause", "step", "reset")
EVERY = 0.1
"""Seconds between two pictures of a training, at least."""
SHARE = 4
"""Training gets so many times the time that its pictures take."""
POINTS = 300
"""The most points of the loss curve that are sent."""


class _Stopped(Exception):
    """Ends a training between two steps."""


class Trainer:
    """One training at a time, as the engine's task. Used on the engine's thread alone."""

    def __init__(self, engine: Engine, picture: LivePicture, published: Published) -> None:
        self.engine = engine
        self.picture = picture
        self.published = published
        self._state: Literal["idle", "running", "paused", "done", "failed", "stopped"] = "idle"
        self._message = ""
        self._problems: list[Problem] = []
        #: whether the training loop is on the stack
        self._alive = False
        self._stopping = False
        #: whether the parameters are to be as at the start once the training has stopped
        self._resetting = False
        #: what to do once the training has stopped
        self._next: Action | None = None
        #: steps to take before it pauses again
        self._steps = 0
        self._history = History()
        self._progress: Progress | None = None
        self._initial: dict[str, Any] = {}
        self._drawn = 0.0

    # ---- what others ask for ----------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        """What a button says. Raises GraphError where the file cannot be trained."""
        if action == "reset":
            self._reset()
        elif action == "pause":
            if self._state == "running":
                self._state = "paused"
        elif self._alive and self._stopping:
            self._next = action
        else:
            self._steps = 1 if action == "step" else 0
            if not self._alive:
                self._begin()
            self._state = "paused" if action == "step" else "running"
        self.show()

    def was_loaded(self, message: str) -> None:
        """There is another graph: a training of the one before ends, and `message` says why."""
        if self._alive:
            self._stopping = True
            self._state, self._message = "stopped", message
        elif self._state != "stopped":
            self._state, self._message = "idle", ""
        self._clear()
        self.show()

    def show(self) -> None:
        """Tells the pages how it goes."""
        self.published.show_training(self._as_data())

    # ---- beginning and ending ---------------------------------------------------------------------------

    def _begin(self) -> None:
        loaded = self.picture.loaded
        if loaded is None:
            self.picture.draw()
            loaded = self.picture.loaded
            assert loaded is not None
        section_of(loaded.graph.model, "train")
        dataset = loaded.dataset()
        if self._state in ("done", "failed"):
            self._restore()
        self._clear()
        self._initial = loaded.graph.params.copies()
        self._message, self._stopping, self._resetting, self._alive = "", False, False, True
        model = loaded.graph.model
        self.engine.begin(lambda: self._train(model, dataset))

    def _train(self, model: Any, dataset: Any) -> None:
        from graphlang.training.loop import train

        try:
            train(
                model,
                dataset,
                on_progress=self._on_progress,
                on_epoch=self._on_epoch,
                on_start=self._on_start,
            )
            self._state = "done"
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - shown in the page
            self._state, self._problems = "failed", problems_of(error)
        finally:
            self._alive = False
        if self.engine.closed:
            return
        if self._resetting:
            self._back_to_start()
        elif self._state in ("done", "failed"):
            self._draw()
        self.show()
        if self._next is not None:
            action, self._next = self._next, None
            self._again(action)

    def _again(self, action: Action) -> None:
        try:
            self.do(action)
        except Exception as error:  # noqa: BLE001 - shown in the page
            self._state, self._problems = "failed", problems_of(error)
            self.show()

    def _reset(self) -> None:
        if self._alive:
            self._stopping = self._resetting = True
        else:
            self._back_to_start()

    def _back_to_start(self) -> None:
        self._restore()
        self._clear()
        self._state, self._message, self._resetting = "idle", "", False
        if self.picture.loaded is not None:
            self._draw()

    def _restore(self) -> None:
        """Gives the parameters the values from before the training."""
        loaded = self.picture.loaded
        if loaded is not None:
            for name, array in self._initial.items():
                loaded.graph.params[name] = array

    def _clear(self) -> None:
        self._history, self._progress, self._problems, self._initial = History(), None, [], {}

    # ---- between the steps ------------------------------------------------------------------------------

    def _on_start(self, history: History) -> None:
        self._history = history

    def _on_epoch(self, epoch: Epoch) -> None:
        self._after_step()

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        if self._state == "paused" and self._steps:
            self._steps -= 1
        self._after_step()

    def _after_step(self) -> None:
        if self._stops() or time.perf_counter() - self._drawn >= max(EVERY, SHARE * self.picture.cost):
            self._draw()
            self.show()
        self.engine.run_pending()
        if self._stops() and not self._ends():
            self._draw()
            self.show()
            self.engine.run_until(lambda: not self._stops() or self._ends())
        if self._ends():
            raise _Stopped

    def _stops(self) -> bool:
        """Whether it waits here."""
        return self._state == "paused" and not self._steps

    def _ends(self) -> bool:
        return self._stopping or self.engine.closed

    def _draw(self) -> None:
        """Shows values and gradients of the fixed batch, where somebody looks."""
        if self.published.pages:
            try:
                self.picture.draw()
            except Exception as error:  # noqa: BLE001 - shown in the page
                self._problems = problems_of(error)
        self._drawn = time.perf_counter()

    # ---- what the pages get -----------------------------------------------------------------------------

    def _as_data(self) -> dict[str, Any] | None:
        """How it goes; None where the file has no `train` section."""
        loaded = self.picture.loaded
        if loaded is None or loaded.graph.spec.train is None:
            return None
        progress, losses = self._progress, self._history.losses
        return {
            "state": self._state,
            "iteration": len(losses),
            "iterations": progress.iterations if progress else None,
            "epoch": progress.epoch if progress else None,
            "loss": number(losses[-1]) if losses else None,
            "points": _points(losses),
            "objectives": [
                {"name": name, "loss": number(of[-1]) if of else None, "points": _points(of)}
                for name, of in self._history.objectives.items()
            ],
            "epochs": [_epoch(epoch) for epoch in self._history.epochs[-200:]],
            "message": self._message,
            "diagnostics": self._problems,
        }


def _points(losses: list[float]) -> list[tuple[float, float]]:
    """The curve of the loss: iteration and loss, or where there are many, the means of neighbours."""
    count = len(losses)
    if count <= POINTS:
        return [(i + 1, number(loss)) for i, loss in enumerate(losses)]  # type: ignore[misc]
    starts = np.arange(POINTS) * count // POINTS
    ends = np.append(starts[1:], count)
    means = np.add.reduceat(np.asarray(losses), starts) / (ends - starts)
    return list(zip(((starts + 1 + ends) / 2).tolist(), means.tolist(), strict=True))


def _epoch(epoch: Epoch) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "iteration": epoch.iteration,
        "loss": number(epoch.loss),
        "objectives": _numbers(epoch.objectives),
        "train": _numbers(epoch.train),
        "validation": _numbers(epoch.validation),
        "test": _numbers(epoch.test),
    }


def _numbers(metrics: dict[str, Any]) -> dict[str, Any]:
    """The metrics that are numbers; tables are for the terminal and the record."""
    return {name: number(value) for name, value in metrics.items() if not isinstance(value, list)}
