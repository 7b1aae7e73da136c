"""The table of the results, for a terminal and for the README."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.harness import Entry, Outcome

ROUNDS = 7
"""A line with fewer rounds than this says how many there were."""
DISTURBED = 0.2
"""Cores kept busy by other programs: above this the figures are unreliable."""
HEAD = f"{'':4}{'':24}{'median':>10}  {'+/-':>5}  {'peak MiB':>8}  {'ratio':>6}  {'at most':>7}\n"


def row(outcome: Outcome) -> str:
    """A row as text, with a line for every contender; the ratio is graphlang's time divided by the
    contender's."""
    lines = [f"{outcome.title}   [{outcome.name}]"]
    lines += [_line(outcome, entry) for entry in outcome.entries]
    lines += [_memory(outcome, peer, target) for peer, target in outcome.memory_targets.items()]
    if outcome.disagreeing():
        lines.append(f"    these computed another result: {', '.join(outcome.disagreeing())}")
    if outcome.disturbance > DISTURBED:
        lines.append(f"    unreliable: other programs kept {outcome.disturbance:.1f} cores busy")
    if outcome.note:
        lines.append(f"    {outcome.note}")
    return "\n".join(lines) + "\n"


def _memory(outcome: Outcome, peer: str, target: float) -> str:
    ratio = outcome.memory_ratio(peer)
    text = "not measured" if ratio is None else f"{ratio:.2f}, at most {target:.2f}: {met(ratio, target)}"
    return f"    peak memory against {peer}: {text}"


def _line(outcome: Outcome, entry: Entry) -> str:
    start = f"    {entry.contender:<24}"
    if entry.median is None:
        return f"{start}skipped: {entry.skipped}"
    spread = f"{entry.spread:.0%}" if entry.spread is not None else ""
    peak = f"{entry.peak_mib:.0f}" if entry.peak_mib else ""
    verdict = _verdict(outcome, entry.contender)
    line = f"{start}{duration(entry.median):>10}  {spread:>5}  {peak:>8}  {verdict}"
    if len(entry.seconds) < ROUNDS:
        line = f"{line.rstrip()}  ({len(entry.seconds)} rounds)"
    if entry.stages:
        stages = ", ".join(f"{name} {duration(s)}" for name, s in entry.stages.items())
        line = f"{line.rstrip()}\n{'':8}{stages}"
    return line.rstrip()


def _verdict(outcome: Outcome, peer: str) -> str:
    ratio, target = outcome.ratio(peer), outcome.targets.get(peer)
    if ratio is None or peer == outcome.entries[0].contender:
        return ""
    if target is None:
        return f"{ratio:6.2f}"
    return f"{ratio:6.2f}  {target:7.2f}  {met(ratio, target)}"


def met(ratio: float, target: float) -> str:
    return "met" if ratio <= target else f"missed by {ratio / target - 1:.0%}"


def markdown(outcomes: Iterable[Outcome]) -> str:
    """The table as Markdown, with a line for every peer that was measured."""
    lines = ["| work | graphlang | against | its time | ratio | at most |", "|---|---:|---|---:|---:|---:|"]
    for outcome in outcomes:
        lines += _markdown_lines(outcome)
    return "\n".join(lines) + "\n"


def _markdown_lines(outcome: Outcome) -> list[str]:
    subject, *peers = outcome.entries
    if subject.median is None:
        return [f"| {outcome.title} | {subject.skipped} | | | | |"]
    lines: list[str] = []
    for entry in peers:
        ratio, target = outcome.ratio(entry.contender), outcome.targets.get(entry.contender)
        if entry.median is None or ratio is None:
            continue
        limit = "" if target is None else f"{target:g}"
        shown = f"**{ratio:.2f}**" if target is not None and ratio <= target else f"{ratio:.2f}"
        title, mine = ("", "") if lines else (outcome.title, duration(subject.median))
        lines.append(
            f"| {title} | {mine} | {entry.contender} | {duration(entry.median)} | {shown} | {limit} |"
        )
    for peer, target in outcome.memory_targets.items():
        memory = outcome.memory_ratio(peer)
        if memory is not None:
            mine, other = (f"{outcome.entry(c).peak_mib:.0f} MiB" for c in (subject.contender, peer))
            shown = f"**{memory:.2f}**" if memory <= target else f"{memory:.2f}"
            lines.append(f"| peak memory of that | {mine} | {peer} | {other} | {shown} | {target:g} |")
    return lines


def duration(seconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"
