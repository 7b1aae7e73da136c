"""The table of the results, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.outcome import NEVER_SLOWER, Entry, Outcome

ROUNDS = 7
"""A line with fewer rounds than this says how many there were."""
DISTURBED = 0.2
"""Cores kept busy by other programs: above this the figures are unreliable."""
HEAD = f"{'':28}{'threads':>7}  {'median':>10}  {'+/-':>5}  {'peak MiB':>8}  {'ratio':>6}  {'at most':>7}\n"


def row(outcome: Outcome) -> str:
    """A row as text, with a line for every contender and number of threads; the ratio is graphlang's time
    divided by the contender's."""
    lines = [f"{outcome.title}   [{outcome.name}]"]
    lines += [_line(outcome, entry) for entry in outcome.entries]
    for contender in outcome.scaled:
        ratios = outcome.scaling_of(contender)
        lines += [_scaling(outcome, contender, threads, ratio) for threads, ratio in ratios.items()]
    lines += [_memory(outcome, peer, target) for peer, target in outcome.memory_targets.items()]
    if outcome.disagreeing():
        lines.append(f"    these computed another result: {', '.join(outcome.disagreeing())}")
    if outcome.disturbance > DISTURBED:
        lines.append(f"    unreliable: other programs kept {outcome.disturbance:.1f} cores busy")
    if outcome.note:
        lines.append(f"    {outcome.note}")
    return "\n".join(lines) + "\n"


def _scaling(outcome: Outcome, contender: str, threads: int, ratio: float) -> str:
    start = f"    {contender} at {threads} over {outcome.threads[0]}"
    if outcome.amount is not None:
        return f"{start:<58}  {ratio:6.2f}"
    return f"{start:<64}{ratio:6.2f}  {NEVER_SLOWER:7.2f}  {met(ratio, NEVER_SLOWER)}"


def _memory(outcome: Outcome, peer: str, target: float) -> str:
    ratio = outcome.memory_ratio(peer)
    text = "not measured" if ratio is None else f"{ratio:.2f}, at most {target:.2f}: {met(ratio, target)}"
    return f"    peak memory against {peer}: {text}"


def _line(outcome: Outcome, entry: Entry) -> str:
    start = f"    {entry.contender:<24}{entry.threads:>7}"
    if entry.median is None:
        return f"{start}  skipped: {entry.skipped}"
    spread = f"{entry.spread:.0%}" if entry.spread is not None else ""
    peak = f"{entry.peak_mib:.0f}" if entry.peak_mib else ""
    line = f"{start}  {duration(entry.median):>10}  {spread:>5}  {peak:>8}  {_verdict(outcome, entry)}"
    if len(entry.seconds) < ROUNDS:
        line = f"{line.rstrip()}  ({len(entry.seconds)} rounds)"
    if entry.stages:
        stages = ", ".join(f"{name} {duration(s)}" for name, s in entry.stages.items())
        line = f"{line.rstrip()}\n{'':8}{stages}"
    return line.rstrip()


def _verdict(outcome: Outcome, entry: Entry) -> str:
    if outcome.amount is not None and entry.median is not None:
        return rate(outcome, entry.median)
    ratio = outcome.ratio(entry)
    if ratio is None or entry.contender == outcome.subject:
        return ""
    if entry.goal is None:
        return f"{ratio:6.2f}"
    return f"{ratio:6.2f}  {entry.goal:7.2f}  {met(ratio, entry.goal)}"


def met(ratio: float, target: float) -> str:
    return "met" if ratio <= target else f"missed by {ratio / target - 1:.0%}"


# ---- Markdown -----------------------------------------------------------------------------------------


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table as Markdown: for each work graphlang's times, then its ratio to every contender, a column for
    every number of threads. A ratio is bold where it is at most the goal in its column."""
    counts = sorted({n for outcome in outcomes for n in outcome.threads})
    head = [*("1 thread" if n == 1 else f"{n} threads" for n in counts), "at most"]
    lines = [f"| work | | {' | '.join(head)} |", f"|---|---|{'---:|' * len(head)}"]
    for outcome in outcomes:
        lines += _markdown_lines(outcome, counts)
    return "\n".join(lines) + "\n"


def _markdown_lines(outcome: Outcome, counts: list[int]) -> list[str]:
    mine = {n: outcome.entry(outcome.subject, n) for n in counts}
    first = next(e for e in mine.values() if e is not None)
    if all(e is None or e.median is None for e in mine.values()):
        return [_cells([outcome.title, first.skipped or "", *("" for _ in counts), ""])]
    own = "" if outcome.amount is not None else "graphlang"
    lines = [[outcome.title, own, *(_own(outcome, e) for e in mine.values()), ""]]
    for peer in outcome.contenders[1:]:
        entries = [outcome.entry(peer, n) for n in counts]
        if any(e is not None and e.median is not None for e in entries):
            goals = [e.goal for e in entries if e is not None and e.goal is not None]
            cells = [_ratio(outcome, e) for e in entries]
            lines.append(["", f"over {peer}", *cells, " / ".join(f"{g:g}" for g in _once(goals))])
    for contender in outcome.scaled if outcome.amount is None else ():
        ratios, base = outcome.scaling_of(contender), outcome.threads[0]
        if ratios:
            whose = "over itself" if contender == outcome.subject else f"{contender}, over itself"
            what = f"{whose} with {base} {'thread' if base == 1 else 'threads'}"
            lines.append(
                ["", what, *(_shown(ratios.get(n), NEVER_SLOWER) for n in counts), f"{NEVER_SLOWER:g}"]
            )
    lines += [_memory_cells(outcome, peer, goal, counts) for peer, goal in outcome.memory_targets.items()]
    return [_cells(line) for line in lines]


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _own(outcome: Outcome, entry: Entry | None) -> str:
    if entry is None or entry.median is None:
        return ""
    return duration(entry.median) if outcome.amount is None else rate(outcome, entry.median)


def _ratio(outcome: Outcome, entry: Entry | None) -> str:
    ratio = None if entry is None else outcome.ratio(entry)
    if entry is None or entry.median is None or ratio is None:
        return ""
    return f"{_shown(ratio, entry.goal)} ({duration(entry.median)})"


def _shown(ratio: float | None, goal: float | None) -> str:
    if ratio is None:
        return ""
    return f"**{ratio:.2f}**" if goal is not None and ratio <= goal else f"{ratio:.2f}"


def _once(goals: list[float]) -> list[float]:
    """The goals in the order of the columns, or one where all are the same."""
    return goals[:1] if len(set(goals)) == 1 else goals


def _memory_cells(outcome: Outcome, peer: str, goal: float, counts: list[int]) -> list[str]:
    most, ratio = outcome.threads[-1], outcome.memory_ratio(peer)
    cells = [_shown(ratio, goal) if n == most else "" for n in counts]
    return ["", f"peak memory over {peer}", *cells, f"{goal:g}"]


def behind(outcomes: Iterable[Outcome]) -> list[str]:
    """Where graphlang misses a goal: the work, the contender, the threads, the ratio and the goal."""
    lines = []
    for outcome in outcomes:
        ratios = [(e.contender, e.threads, outcome.ratio(e), e.goal) for e in outcome.entries]
        itself = f"itself with {outcome.threads[0]}"
        if outcome.amount is None:
            ratios += [(itself, n, ratio, NEVER_SLOWER) for n, ratio in outcome.scaling.items()]
        lines += [
            f"{outcome.name} over {peer}, {threads} threads: {ratio:.2f}, at most {goal:g}"
            for peer, threads, ratio, goal in ratios
            if ratio is not None and goal is not None and ratio > goal
        ]
    return lines


def rate(outcome: Outcome, seconds: float) -> str:
    """What the machine does in a second."""
    assert outcome.amount is not None
    return f"{outcome.amount / seconds:.3g} {outcome.unit}"


def duration(seconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"
