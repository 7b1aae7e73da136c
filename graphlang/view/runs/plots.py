"""The curves of runs as a figure of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphlang.files.replace import replaced
from graphlang.view.runs.charts import DECADES
from graphlang.view.runs.run import SPLITS, Numbers, Run

SUFFIXES = (".png", ".pdf", ".svg")
STYLES = ("-", ":", "--")
"""The lines of the training, validation and test splits."""
SIZE = (6.0, 3.6)
"""The width and height of one chart in inches."""


def plot(runs: Sequence[Run], path: Path) -> None:
    """Draws the loss and every metric of the runs, one chart below the other.

    Raises ImportError where matplotlib is missing.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for run in runs for name in run.metrics()))
    figure = Figure(figsize=(SIZE[0], SIZE[1] * (1 + len(names))), layout="constrained")
    FigureCanvasAgg(figure)
    charts = figure.subplots(1 + len(names), squeeze=False)[:, 0]
    _loss(charts[0], runs)
    for axes, name in zip(charts[1:], names, strict=True):
        for place, run in enumerate(runs):
            for split, style in zip(SPLITS, STYLES, strict=True):
                _line(axes, run.of_epochs(split, name), _label(run, split), style, place)
        _finish(axes, name)
    with replaced(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:].lower())


def _loss(axes: Any, runs: Sequence[Run]) -> None:
    curves = [(run, name, losses) for run in runs for name, losses in run.curves_of_loss().items()]
    for place, (run, name, losses) in enumerate(curves):
        of = f" {name}" if run.objectives else ""
        axes.plot(range(1, len(losses) + 1), losses, color=f"C{place}", alpha=0.25, linewidth=0.8)
        for split, style in zip(SPLITS, STYLES, strict=True):
            numbers = run.of_loss(None if split == "train" else split, name)
            _line(axes, numbers, f"{_label(run, split)}{of}", style, place)
    losses = [loss for *_, losses in curves for loss in losses]
    if losses and min(losses) > 0 and max(losses) / min(losses) > 10**DECADES:
        axes.set_yscale("log")
    _finish(axes, "loss")


def _label(run: Run, split: str) -> str:
    return f"{run.name}, {'training' if split == 'train' else split}"


def _line(axes: Any, numbers: Numbers, label: str, style: str, place: int) -> None:
    if numbers[0]:
        axes.plot(*numbers, style, label=label, color=f"C{place}", marker="." if len(numbers[0]) == 1 else "")


def _finish(axes: Any, name: str) -> None:
    axes.set_xlabel("iteration")
    axes.set_ylabel(name)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
