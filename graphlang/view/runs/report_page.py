"""The report of one run or of several: an HTML page that needs neither a network nor a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from graphlang.draw.numbers import short
from graphlang.draw.width import without_hidden_marks
from graphlang.training.outcomes import Outcomes
from graphlang.view.runs import report_parts as parts
from graphlang.view.runs.charts import COLOURS, Curve, chart
from graphlang.view.runs.first_layer import UnitImages
from graphlang.view.runs.run import SPLITS, Run, differences, of_record

LAYERS = 2 * COLOURS
"""How many parameters a chart of the layers shows at most: those of the first layers and of the last."""


LISTED = 3
"""How many runs are named in the title; of more a table has the last numbers."""


@dataclass(frozen=True)
class Reported:
    """A run, and what its weights and its data show; `note` says why that is missing."""

    run: Run
    outcomes: Outcomes | None = None
    first: UnitImages | None = None
    note: str = ""


def report_page(reported: Sequence[Reported]) -> str:
    """The page."""
    runs = [item.run for item in reported]
    title = f"{'Run' if len(runs) == 1 else 'Runs'} {', '.join(run.name for run in runs)}"
    few = len(runs) <= LISTED
    title = title if few else f"{len(runs)} runs"
    style = (files("graphlang.view.runs") / "report.css").read_text(encoding="utf-8")
    body = "".join([
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(_subtitle(runs))}</p>' if few else _last_numbers(runs),
        _differences(runs),
        f"<h2>Curves</h2>{_curves(runs)}",
        *(_of_run(item, alone=len(runs) == 1) for item in reported),
    ])  # fmt: skip
    return without_hidden_marks(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _subtitle(runs: Sequence[Run]) -> str:
    texts = []
    for run in runs:
        loss = f", loss {short(run.epochs[-1]['loss'], 4)}" if run.epochs else ""
        file = f"{run.about.get('file')}: " if run.about.get("file") else ""
        name = f"{run.name}: " if len(runs) > 1 else file
        texts.append(f"{name}{len(run.losses):,} iterations{loss}")
    return "; ".join(texts)


def _last_numbers(runs: Sequence[Run]) -> str:
    """A row for each run with the numbers of its last epoch."""
    columns: list[tuple[str, str | None, str]] = [
        (n, None, n) for r in runs for n in r.objectives or ("loss",)
    ]
    for split in SPLITS:
        measured = [epoch.get(split, {}) for run in runs for epoch in run.epochs[-1:]]
        names = [
            name for numbers in measured for name, value in numbers.items() if not isinstance(value, list)
        ]
        columns += [(f"{name}, {_words(split)}", split, name) for name in names]
    columns = list(dict.fromkeys(columns))
    rows = [
        [
            run.name,
            len(run.losses),
            *(of_record(e, split, n) for e in run.epochs[-1:] for _, split, n in columns),
        ]
        for run in runs
    ]
    heads = ["run", "iterations", *(head for head, *_ in columns)]
    filled = [[*row, *[None] * (len(heads) - len(row))] for row in rows]
    return f"<h2>Last numbers</h2>{parts.scrolling_table('last numbers', heads, filled)}"


def _differences(runs: Sequence[Run]) -> str:
    if len(runs) < 2:
        return ""
    rows = differences(runs)
    if not rows:
        return "<h2>What differs</h2><p>The runs have the same settings and versions.</p>"
    heads = ["setting", *(run.name for run in runs)]
    return f"<h2>What differs</h2>{parts.scrolling_table('what differs', heads, [[n, *v] for n, v in rows])}"


# ---- curves ---------------------------------------------------------------------------------------


def _curves(runs: Sequence[Run]) -> str:
    charts = [chart("Loss", _losses(runs))]
    for name in dict.fromkeys(name for run in runs for name in run.metrics()):
        charts.append(chart(name, _metric(runs, name)))
    return f'<div class="grid-of">{"".join(charts)}</div>'


def _losses(runs: Sequence[Run]) -> list[Curve]:
    curves = []
    every = [(run, name, losses) for run in runs for name, losses in run.curves_of_loss().items()]
    for colour, (run, name, losses) in enumerate(every):
        head, steps = f"{run.name}, {name}" if run.objectives else run.name, list(range(1, len(losses) + 1))
        curves.append(Curve(f"{head}, each step", steps, losses, colour, faint=True))
        for split in SPLITS:
            numbers = run.of_loss(None if split == "train" else split, name)
            curves.append(Curve(f"{head}, {_words(split)}", *numbers, colour, dashed=split != "train"))
    return curves


def _metric(runs: Sequence[Run], name: str) -> list[Curve]:
    return [
        Curve(f"{run.name}, {_words(split)}", *run.of_epochs(split, name), colour, dashed=split != "train")
        for colour, run in enumerate(runs)
        for split in SPLITS
    ]


def _words(split: str) -> str:
    return "training" if split == "train" else split


def _layer_charts(run: Run) -> str:
    last = run.layers[-1] if run.layers else {"parameters": {}, "dead": {}}
    names = list(last["parameters"])
    shown = names if len(names) <= LAYERS else [*names[: LAYERS // 2], *names[-LAYERS // 2 :]]
    places = {name: (place % COLOURS, place >= COLOURS) for place, name in enumerate(shown)}
    charts = [
        chart(title, [Curve(name, *run.of_layers(name, what, over), *places[name]) for name in shown])
        for title, what, over in (
            ("Norm of the gradient", "gradient", None),
            ("Norm of the weights", "weight", None),
            ("Norm of a step's update, over that of the weights", "update", "weight"),
        )
    ]
    dead = [
        Curve(name, *run.dead(name), place % COLOURS, place >= COLOURS)
        for place, name in enumerate(list(last["dead"])[:LAYERS])
    ]
    charts.append(chart("Share of dead units", dead, (0, 1)))
    left_out = len(names) - len(shown)
    note = f'<p class="quiet">{left_out} parameters between are left out.</p>' if left_out else ""
    return f'<div class="grid-of">{"".join(charts)}</div>{note}' if any(charts) else ""


# ---- one run --------------------------------------------------------------------------------------


def _of_run(item: Reported, *, alone: bool) -> str:
    run = item.run
    sections = [
        ("Warnings", _warnings(run)),
        ("Layers", _layer_charts(run)),
        ("First layer", parts.unit_images(item.first) if item.first else ""),
        ("Confusion", _confusion(item)),
        ("Most wrong", _most_wrong(item)),
        ("Epochs", _epochs(run)),
        ("Settings", _settings(run)),
    ]
    note = f'<p class="quiet">{escape(item.note)}</p>' if item.note else ""
    level = 2 if alone else 3
    inside = "".join(f"<h{level}>{name}</h{level}>{text}" for name, text in sections if text)
    head = "" if alone else f"<h2>{escape(run.name)}</h2>"
    return f"{head}{note}{inside}"


def _warnings(run: Run) -> str:
    texts = [[str(warning.get(key) or "") for key in ("code", "message", "help")] for warning in run.warnings]
    return "".join(
        f'<p class="warning"><strong>{escape(code)}</strong> {escape(message)}<br>{escape(help_)}</p>'
        for code, message, help_ in texts
    )


def _confusion(item: Reported) -> str:
    outcome = item.outcomes
    if outcome is None or outcome.confusion is None:
        return ""
    accuracy = "" if outcome.accuracy is None else f", {outcome.accuracy:.2%} of them right"
    text = f"{outcome.rows:,} rows of the {outcome.split} split{accuracy}. Each line is a class of the truth."
    return f'<p class="quiet">{escape(text)}</p>{parts.confusion(item.run.name, outcome)}'


def _most_wrong(item: Reported) -> str:
    outcome = item.outcomes
    if outcome is None:
        return ""
    if not outcome.worst:
        return f"<p>No row of the {escape(outcome.split)} split is wrong.</p>"
    return parts.wrong_rows(outcome)


def _epochs(run: Run) -> str:
    if not run.epochs:
        return ""
    columns: list[tuple[str, str | None, str]] = [(n, None, n) for n in run.objectives or ("loss",)]
    for split in SPLITS:
        names = dict.fromkeys(name for epoch in run.epochs for name in epoch.get(split, {}))
        columns += [(f"{name}, {_words(split)}", split, name) for name in names]
    rows: list[list[Any]] = []
    for epoch in run.epochs:
        values = [of_record(epoch, split, name) for _, split, name in columns]
        rows.append([epoch["epoch"], epoch["iteration"], *values])
    return parts.scrolling_table(
        f"epochs of {run.name}", ["epoch", "iteration", *(head for head, *_ in columns)], rows
    )


def _settings(run: Run) -> str:
    rows = [*run.settings().items(), *run.versions().items()]
    return parts.scrolling_table(f"settings of {run.name}", ["setting", "value"], rows)
