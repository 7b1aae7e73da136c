"""The table of `benchmarks.gpu`: lines for a terminal, Markdown, and the goals beside what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from benchmarks.gpu_worker import COMPILED, EAGER

TOLERANCE = {"float32": 2e-5, "tf32": 2e-3, "bfloat16": 2e-2}
"""How far the first losses may be apart, relative to their size."""
MOST_OF_COMPILED = 1.0
LEAST_TFLOPS = {("transformer_large", "bfloat16"): 350.0}
"""For an H100."""
HEAD = (
    "| network | precision | | ms a step | of torch.compile | TFLOP/s | peak MiB | ready | first losses |\n"
    "|---|---|---|---:|---:|---:|---:|---:|---|"
)
Row = Mapping[str, Any]


def in_words(about: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    form = "tiny networks, " if about["tiny"] else ""
    return f"{form}{about['card']}, {versions}, Python {about['python']}, {about['system']}, {about['date']}"


def file_name(card: str) -> str:
    """A file's name from that of a card: `NVIDIA H100 80GB HBM3` is `gpu-nvidia-h100-80gb-hbm3`."""
    return "gpu-" + re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-")


def line(row: Row) -> str:
    """A row for a terminal, as soon as it is measured."""
    start = f"{row['network']:<18}{row['precision']:<10}{row['contender']:<27}"
    if "skipped" in row:
        return f"{start}skipped: {row['skipped']}"
    losses = ", ".join(f"{loss:.6f}" for loss in row["losses"])
    speed = f"{row['seconds'] * 1e3:9.3f} ms  {tflops(row):7.2f} TFLOP/s"
    return f"{start}{speed}  {_peak(row)} MiB  losses {losses}"


def markdown(data: Mapping[str, Any]) -> str:
    """The whole table with its goals."""
    lines = [f"Training steps on: {in_words(data['about'])}.", "", HEAD]
    for (_, _), group in groupby(data["rows"], lambda row: (row["network"], row["precision"])):
        lines += _group(list(group))
    lines += ["", *_explained(data["about"]), "", "Goals:", ""]
    return "\n".join([*lines, *(goals(data["rows"]) or ["- none could be looked at"])]) + "\n"


def _group(rows: list[Row]) -> list[str]:
    lines = []
    for row in rows:
        who = f"{row['contender']} (default)" if row.get("default") else row["contender"]
        cells = [row["title"], row["precision"], who]
        if "skipped" in row:
            lines.append(f"| {' | '.join([*cells, 'skipped: ' + row['skipped'], '', '', '', '', ''])} |")
            continue
        ratio = ratio_to(rows, row, COMPILED)
        cells += [
            f"{row['seconds'] * 1e3:.3f}",
            "" if ratio is None else f"{ratio:.2f}",
            f"{tflops(row):.2f}",
        ]
        cells += [_peak(row), f"{row['ready_s']:.0f} s", _losses(rows, row)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _losses(rows: list[Row], row: Row) -> str:
    text = ", ".join(f"{loss:.5f}" for loss in row["losses"])
    return text if agrees(rows, row) else f"{text}: not those of the others"


def agrees(rows: Iterable[Row], row: Row) -> bool:
    """Whether the first losses are those of PyTorch, or of the first contender where that is missing."""
    measured = [other for other in rows if "losses" in other]
    against = next((other for other in measured if other["contender"] == EAGER), measured[0])
    allowed = TOLERANCE[row["precision"]]
    pairs = zip(row["losses"], against["losses"], strict=True)
    return all(abs(a - b) <= allowed * max(1.0, abs(b)) for a, b in pairs)


def ratio_to(rows: Iterable[Row], row: Row, contender: str, key: str = "seconds") -> float | None:
    """What a row takes over what a contender takes with the same network and precision."""
    other = next((r for r in rows if r["contender"] == contender and r.get(key)), None)
    return row[key] / other[key] if other is not None and row.get(key) else None


def tflops(row: Row) -> float:
    return float(row["flops"] / row["seconds"] / 1e12)


def _peak(row: Row) -> str:
    """Peak memory: of the device, or of the process where that computes."""
    return f"{row['peak'] / 2**20:.0f}" if row["peak"] else f"{row['host_peak_mib']:.0f} (process)"


def _explained(about: Mapping[str, Any]) -> list[str]:
    apart = ", ".join(f"{tolerance:g} in {precision}" for precision, tolerance in TOLERANCE.items())
    return [
        "Every row is a process of its own, from the same parameters, on the same batches. A time is the "
        "median of seven groups of steps after compiling and warming up; the device is waited for after each "
        "group. TFLOP/s count the products that the program records. The first losses, before the first "
        f"three updates, may differ by {apart}, relative to their size. `default` marks how many steps a "
        "call takes where nobody says.",
    ]


def goals(rows: list[Row]) -> list[str]:
    """Each goal with what was measured."""
    lines = []
    for (network, precision), group in groupby(rows, lambda row: (row["network"], row["precision"])):
        own = list(group)
        row = next((r for r in own if r.get("default")), None)
        if row is None:
            continue
        where = f"{network}, {precision}"
        ratio = ratio_to(own, row, COMPILED)
        if ratio is not None:
            lines.append(
                _goal(f"{where}: {ratio:.2f} of torch.compile", ratio <= MOST_OF_COMPILED, "at most 1.00")
            )
        least = LEAST_TFLOPS.get((network, precision))
        if least is not None:
            reached = f"{where}: {tflops(row):.0f} TFLOP/s"
            lines.append(_goal(reached, tflops(row) >= least, f"at least {least:.0f} on an H100"))
        peaks = [r for r in (ratio_to(own, row, who, "peak") for who in (EAGER, COMPILED)) if r is not None]
        if peaks:
            text = f"{where}: peak memory {max(peaks):.2f} of PyTorch's"
            lines.append(_goal(text, max(peaks) <= 1.0, "at most 1.00"))
    return lines


def _goal(text: str, is_met: bool, goal: str) -> str:
    return f"- {text} ({goal}): {'met' if is_met else 'missed'}"
