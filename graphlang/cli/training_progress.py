"""What `graphlang train` shows: plain lines in a file or a pipe, a live curve in a terminal."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from time import perf_counter
from typing import TYPE_CHECKING, Self

from graphlang.cli import console
from graphlang.cli.live_area import LiveArea
from graphlang.draw.curve import Samples, curve
from graphlang.draw.numbers import short
from graphlang.draw.table import table
from graphlang.draw.width import width

if TYPE_CHECKING:
    from graphlang.training.record import Epoch, History, LayerRecord, Progress

INTERVAL = 0.1
"""Seconds between two pictures."""
HEIGHT = 8
"""The lines of a curve."""
BAR = 30
"""The columns of the bar of progress."""
HEADS = ("layer", "weight", "gradient", "gradient/weight", "update/weight", "dead")
TABLES = (
    (HEADS, range(6)),
    (("layer", "weight", "grad", "grad/w", "upd/w", "dead"), range(6)),
    (("layer", "grad/w", "upd/w", "dead"), (0, 3, 4, 5)),
)
"""The table of the layers: its heads and columns, for terminals that are wide, narrow and very narrow."""


class Lines:
    """Progress as plain lines: one per record, and with `layers` one for each layer below it."""

    def __init__(self, by_epochs: bool, form: str, *, layers: bool = False) -> None:
        self._by_epochs, self._form, self._layers = by_epochs, form, layers
        self._history: History | None = None
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.tell()

    def start(self, history: History) -> None:
        """Takes the history before the first step; what an earlier part of the run told is not told again."""
        self._history = history
        self._told = len(history.warnings)

    def epoch(self, epoch: Epoch) -> None:
        self.show(_headed(epoch, self._by_epochs))
        record = self.record(epoch)
        if record is not None:
            for name, *cells in layer_rows(record):
                facts = [f"{head} {cell}" for head, cell in zip(HEADS[1:], cells, strict=True) if cell]
                self.show(f"  {name}: {', '.join(facts)}")
        self.tell()

    def record(self, epoch: Epoch) -> LayerRecord | None:
        """The record of the layers at the end of an epoch, where it is asked for and there is one."""
        layers = self._history.layers if self._layers and self._history else []
        return layers[-1] if layers and layers[-1].iteration == epoch.iteration else None

    def progress(self, progress: Progress) -> None:
        """Shows nothing between epochs."""

    def finish(self) -> None:
        """Leaves what is worth seeing of a training that has come to its end."""

    def show(self, text: str) -> None:
        """Writes lines that stay."""
        console.err(text)

    def tell(self) -> None:
        """Writes the warnings that are new."""
        warnings = self._history.warnings[self._told :] if self._history else []
        self._told += len(warnings)
        if warnings:
            self.show(console.formatted(warnings, self._form, console.color(sys.stderr)))


class Silent(Lines):
    """Nothing: another process of the same training tells all of it."""

    def show(self, text: str) -> None:
        """Writes nothing."""


class Live(Lines):
    """A curve of the losses so far and a bar below these lines, with `layers` a table of the layers too."""

    def __init__(self, by_epochs: bool, form: str, *, layers: bool = False) -> None:
        super().__init__(by_epochs, form, layers=layers)
        self._area = LiveArea(sys.stderr)
        self._samples = Samples()
        self._drawn = 0.0
        self._started = perf_counter()
        self._first: int | None = None
        self._last: Progress | None = None
        self._table: list[list[str]] = []

    def __exit__(self, *error: object) -> None:
        self._area.clear()
        self.tell()

    def finish(self) -> None:
        self._area.draw(self._curve())
        self._area = LiveArea(sys.stderr)
        self._last = None

    def start(self, history: History) -> None:
        super().start(history)
        self._samples.extend(history.losses)

    def epoch(self, epoch: Epoch) -> None:
        record = self.record(epoch)
        if record is not None:
            self._table = layer_rows(record)
        self.show(_headed(epoch, self._by_epochs))
        self.tell()

    def show(self, text: str) -> None:
        lines = "\n".join(line if "\x1b" in line else console.shown(line) for line in text.split("\n"))
        self._area.above(lines, self._lines())

    def progress(self, progress: Progress) -> None:
        self._samples.add(progress.loss)
        self._last = progress
        if self._first is None:
            self._first = progress.iteration - 1
        now = perf_counter()
        if now - self._drawn >= INTERVAL:
            self._drawn = now
            self._area.draw(self._lines())

    # ---- the picture -----------------------------------------------------------------------------

    def _lines(self) -> list[str]:
        if self._last is None:
            return []
        columns, rows = get_terminal_size()
        above = [*self._layer_table(), *self._curve()]
        room = max(0, rows - 3)  # what stays above, and the line of the cursor
        return [*(above[-room:] if room else []), self._bar(self._last, columns - 1)]

    def _curve(self) -> list[str]:
        columns, rows = get_terminal_size()
        braille = console.unicode(sys.stderr)
        height = max(2, min(HEIGHT, rows // 3))
        return curve(self._samples.means, columns - 1, height, braille=braille)

    def _layer_table(self) -> list[str]:
        if not self._table:
            return []
        columns, unicode = get_terminal_size().columns - 1, console.unicode(sys.stderr)
        for heads, places in TABLES:
            rows = [[row[place] for place in places] for row in self._table]
            lines = table(rows, heads, 10**6, False, unicode).split("\n")
            if max(map(width, lines)) <= columns:
                return lines
        return [_cut(line, columns) for line in lines]

    def _bar(self, progress: Progress, columns: int) -> str:
        share = progress.iteration / progress.iterations
        epoch = f"epoch {progress.epoch}, " if self._by_epochs else ""
        counts = f"{progress.iteration:,}/{progress.iterations:,}"
        losses = progress.objectives or {"loss": progress.loss}
        told = ", ".join(f"{name} {_four(loss)}" for name, loss in losses.items())
        text = f"{epoch}{told}  {counts}"
        left = self._left(progress)
        text += left if len(text) + len(left) <= columns else ""
        full, empty = ("━", "─") if console.unicode(sys.stderr) else ("#", "-")
        size = min(BAR, columns - len(text) - 2)
        if size < 4:
            return _cut(text, columns)
        done = round(share * size)
        return f"{full * done}{empty * (size - done)}  {text}"

    def _left(self, progress: Progress) -> str:
        """The time that is left at the pace so far."""
        done = progress.iteration - (self._first or 0)
        if progress.iteration == progress.iterations or done < 2:
            return ""
        seconds = (perf_counter() - self._started) / done * (progress.iterations - progress.iteration)
        minutes, seconds = divmod(round(seconds), 60)
        return f"  {minutes // 60}:{minutes % 60:02}:{seconds:02} left"


def watcher(by_epochs: bool, form: str, *, layers: bool, silent: bool = False) -> Lines:
    """What fits stderr: live in a terminal that can move its cursor, else plain lines."""
    if silent:
        return Silent(by_epochs, form)
    live = console.obeys_escapes(sys.stderr)
    return (Live if live else Lines)(by_epochs, form, layers=layers)


def layer_rows(record: LayerRecord) -> list[list[str]]:
    """A row for each parameter, and one for each Relu."""
    rows = []
    for name, norms in record.parameters.items():
        ratios = [value / norms.weight if norms.weight else None for value in (norms.gradient, norms.update)]
        rows.append([name, *(short(value, 3) for value in (norms.weight, norms.gradient, *ratios)), ""])
    rows += [[name, "", "", "", "", f"{share:.0%}"] for name, share in record.dead.items()]
    return rows


def _cut(line: str, columns: int) -> str:
    """The line, cut to the columns of the terminal."""
    while width(line) > columns:
        line = line[:-1]
    return line


def _headed(epoch: Epoch, by_epochs: bool) -> str:
    """A line of the log."""
    return f"{place_of(epoch, by_epochs)}: {summary(epoch)}"


def place_of(epoch: Epoch, by_epochs: bool) -> str:
    """The epoch by its number; without data, the iteration."""
    return f"epoch {epoch.epoch}" if by_epochs else f"iteration {epoch.iteration}"


def summary(epoch: Epoch) -> str:
    """The loss and the metrics of an epoch on one line."""
    losses = epoch.objectives or {"loss": epoch.loss}
    parts = [f"{name} {_four(loss)}" for name, loss in losses.items()]
    splits = {"validation": epoch.validation, "test": epoch.test}
    for split, metrics in splits.items():
        for place, name in enumerate(["loss", *list(epoch.objectives)[1:]]):
            if name in metrics and (split == "validation" or not epoch.train):
                parts[place] += f", {split} {_four(metrics[name])}"
    for name, value in epoch.train.items():
        if isinstance(value, list):
            continue  # a table is shown at the end
        others = [f", {split} {_four(metrics[name])}" for split, metrics in splits.items() if name in metrics]
        parts.append(f"{name}: train {_four(value)}{''.join(others)}")
    return "; ".join(parts)


def _four(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 else short(value, 4)
