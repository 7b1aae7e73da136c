"""Small trainings that have every optimizer, schedule and setting between them, stopped and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_member, family_names
from graphlang.spec.models import TrainSpec
from graphlang.training.loop import train
from graphlang.training.sections import open_data

STEPS = 11
"""Three steps an epoch; the run ends within the fourth."""
STOPS = (1, 4, 9)
"""After the first step, within an epoch, and at the end of one."""
NET = """
input x: float[N, 3], t: int[N]
layer enc = Affine(4)
layer head = Affine(2)
noise = random_like(x, "normal")
h = x + 0.1 * noise -> enc -> BatchNorm -> Tanh -> Dropout(0.2)
y = h -> head
loss = SoftmaxWithLoss(y, t)
other = mean(y**2)
output y
data {{ source = npz("rows.npz"); x = standardize(x); t = t; {data} }}
train {{ seed = 3; {train} }}
"""
DATA = "validation = 0.25"
EXAMPLES = {
    "step": "every=2",
    "milestones": "[3, 5]",
    "exponential": "0.9",
    "plateau": "loss, patience=0",
    "warmup_cosine": "warmup=2",
}
"""What schedules are called with that take more than a warm-up."""
SETTINGS = {
    "accumulate": "accumulate = 3",
    "batch": "batch = 3",
    "checkpoint_every": "checkpoint_every = 2",
    "clip_norm": "clip_norm = 0.5",
    "clip_value": "clip_value = 0.1",
    "dtype": "dtype = float64",
    "ema": "ema = 0.7",
    "epochs": "epochs = 4",
    "groups": 'groups = [group("*.b", lr=0.002, weight_decay=0), group("enc.*", freeze=true)]',
    "keep": "keep = best(validation.loss)",
    "log_every": "log_every = 2",
    "metrics": "metrics = [accuracy(y, t)]",
    "objectives": "accumulate = 2; ema = 0.7; keep = best(validation.other)",
    "remat": "remat = true",
    "sample": "",
    "seed": "",
    "shuffle": "shuffle = false",
    "stop": "stop = early(validation.loss, patience=1)",
}
"""An example of every setting; what has none is in the text already, or in `case`."""
ELSEWHERE = {"minimize", "optimizer", "schedule", "iterations", "precision", "mesh", "shard"}
"""Settings that every case has, and those of devices."""


class Case(NamedTuple):
    """A training with an optimizer, a schedule and a setting."""

    optimizer: str
    schedule: str
    setting: str

    @property
    def name(self) -> str:
        return "-".join((self.optimizer.partition("(")[0], self.schedule.partition("(")[0], self.setting))

    @property
    def text(self) -> str:
        settings = [SETTINGS[self.setting], f"schedule = {self.schedule}"]
        if self.setting == "objectives":
            settings.append(
                f'minimize = [objective(loss, "head.*", {self.optimizer}), '
                f'objective(other, ["enc.*", "BatchNorm*"], SGD(0.01))]'
            )
        else:
            settings += ["minimize = loss", f"optimizer = {self.optimizer}"]
        settings += [] if self.setting == "batch" else ["batch = 4"]
        settings += [] if self.setting == "epochs" else [f"iterations = {STEPS}"]
        balanced = self.setting in ("sample", "objectives")
        data = f"{DATA}; sample = balanced(t)" if balanced else DATA
        return NET.format(data=data, train="; ".join(s for s in settings if s))


def cases() -> list[Case]:
    """As many as it takes to have each of a family once; the shorter families begin anew."""
    optimizers = list(_optimizers())
    schedules = [f"{name}({_called_with(name)})" for name in family_names("schedules")]
    count = max(map(len, (optimizers, schedules, SETTINGS)))
    families = [[*of] for of in (optimizers, schedules, SETTINGS)]
    return [Case(*(of[i % len(of)] for of in families)) for i in range(count)]


def _optimizers() -> Iterator[str]:
    """Every optimizer, and once more with each option that is off by default."""
    for name in family_names("optimizers"):
        yield f"{name}(lr=0.01, weight_decay=0.1)"
        fields = family_member("optimizers", name).model_fields  # type: ignore[union-attr]
        for option in (n for n, f in fields.items() if f.annotation is bool and f.default is False):
            yield f"{name}(lr=0.01, {option}=true)"


def _called_with(schedule: str) -> str:
    example = EXAMPLES.get(schedule, "")
    return example if "warmup" in example else f"{example}, warmup=2" if example else "warmup=2"


def check_coverage() -> None:
    """Every setting of a `train` section is in some case."""
    assert set(TrainSpec.model_fields) - ELSEWHERE == set(SETTINGS) - {"sample"}


def write_rows(folder: Path) -> None:
    """The data of all cases: 16 rows, of which 12 train; one class is rare."""
    draw = np.random.default_rng(0)
    np.savez(folder / "rows.npz", x=draw.normal(size=(16, 3)), t=(np.arange(16) % 4 == 0).astype(int))


def resumed(case: Case, folder: Path, backend: Any, stops: tuple[int, ...] = STOPS) -> None:
    """Holds that a training that is stopped and resumed again and again leaves the files of one that is not."""
    _trained(case, folder, folder / "whole", backend, ())
    _trained(case, folder, folder / "stopped", backend, stops)
    with (
        np.load(folder / "whole/checkpoint.npz") as whole,
        np.load(folder / "stopped/checkpoint.npz") as found,
    ):
        assert sorted(whole.files) == sorted(found.files)
        differing = [name for name in whole.files if whole[name].tobytes() != found[name].tobytes()]
        assert differing == []
    names = ("metrics.jsonl", "layers.jsonl", "weights.npz")
    for name in names:
        assert (folder / "whole" / name).read_bytes() == (folder / "stopped" / name).read_bytes(), name


def _trained(case: Case, folder: Path, run: Path, backend: Any, stops: tuple[int, ...]) -> None:
    for number, stop in enumerate((*stops, None)):
        graph = gl.loads(case.text, folder=folder, backend=backend)

        def stopping(progress: Any, stop: int | None = stop) -> None:
            if progress.iteration == stop:
                raise KeyboardInterrupt

        where: dict[str, Any] = {"resume" if number else "folder": run}
        try:
            train(graph.model, open_data(graph.model), on_progress=stopping, **where)
        except KeyboardInterrupt:
            assert stop is not None


def parameters(run_always: tuple[str, ...] | None = None) -> list[Any]:
    """The cases for pytest; with `run_always`, those of other settings are slow."""
    return [
        pytest.param(
            case,
            id=case.name,
            marks=() if run_always is None or case.setting in run_always else pytest.mark.slow,
        )
        for case in cases()
    ]
