"""What is not as it was when a run goes on: what changes its numbers, and what their last bits at most."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.resuming import (
    OtherCode,
    OtherCount,
    OtherData,
    OtherGraph,
    OtherNode,
    OtherSetting,
    OtherStreams,
    OtherThreads,
)
from graphlang.training.changed_lines import changed_lines
from graphlang.training.conditions import BLAS_THREADS, Conditions

MOST_NODES = 8
"""How many nodes are named that are computed otherwise."""


class Changes(NamedTuple):
    """What is not as it was in a run."""

    #: what changes its numbers
    refused: list[Diagnostic]
    #: sentences about what changes their last bits at most, or what is measured alone
    told: list[str]


def changes(run: str, before: Conditions, now: Conditions) -> Changes:
    """What is not as it was in the run of a folder."""
    refused = [
        *_settings(run, before.settings, now.settings),
        *_graph(run, before, now),
        *_data(run, before.data, now.data),
        *(OtherCode(run, name, x, y) for name, x, y in _differing_code(before.code, now.code)),
        *_threads(run, before, now),
        *(OtherStreams(run, name, x, y) for name, x, y in _differing(before.streams, now.streams)),
    ]
    return Changes(refused, [*_backend(before, now), *_environment(before, now), *_metrics(before, now)])


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The names whose values differ, with both; None stands for one that is not there."""
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name) or type(before.get(name)) is not type(now.get(name)):
            yield name, before.get(name), now.get(name)


def _differing_code(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The code that differs, such as a method, and what it was and is."""
    for name, *digests in _differing(before, now):
        x, y = ("not there" if digest is None else f"of digest {digest}" for digest in digests)
        yield name, x, y


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _settings(run: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for name, x, y in _differing(before, now):
        yield OtherSetting(run, name, _shown(x), _shown(y))


def _graph(run: str, before: Conditions, now: Conditions) -> Iterator[Diagnostic]:
    """What is computed otherwise on the way to the loss: by lines of the text, or by `hyper`s or nodes."""
    digests = _of_losses(before), _of_losses(now)
    if digests[0] == digests[1]:
        return
    told: list[Diagnostic] = list(changed_lines(run, before.sources, now.sources))
    told += [OtherSetting(run, n, _shown(x), _shown(y)) for n, x, y in _differing(before.hypers, now.hypers)]
    if before.nodes and now.nodes:
        nodes = list(_differing(before.nodes, now.nodes))[:MOST_NODES]
        told += [OtherNode(run, name, x or "nothing", y or "nothing") for name, x, y in nodes]
    texts = [", ".join(of.values()) or "nothing" for of in digests]
    yield from told or [OtherGraph(run, *texts)]


def _of_losses(conditions: Conditions) -> dict[str, str]:
    """The digests of what is minimized."""
    return {name: of for name, of in conditions.graph.items() if not name.startswith("metric ")}


def _data(run: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Diagnostic]:
    counted: set[str] = set()
    for place, x, y in _differing(before, now):
        split, _, name = place.partition(" ")
        had, has = _rows(x), _rows(y)
        if had is not None and has is not None and had != has:
            if split not in counted:
                yield OtherCount(run, split, had, has)
            counted.add(split)
            continue
        yield OtherData(run, split, name, x or "not there", y or "not there")


def _rows(described: str | None) -> int | None:
    """The number of rows of a column, as its digest tells the shape."""
    match = re.match(r"\w+\[(\d+)", described or "")
    return None if match is None else int(match[1])


def _threads(run: str, before: Conditions, now: Conditions) -> Iterator[Diagnostic]:
    numpy = {before.backend.get("name"), now.backend.get("name")} == {"numpy"}
    if numpy and before.threads != now.threads:
        yield OtherThreads(run, counted_threads(before.threads), counted_threads(now.threads))


def counted_threads(count: int) -> str:
    """`1 thread`, `4 threads`."""
    return "1 thread" if count == 1 else f"{count:,} threads"


def _backend(before: Conditions, now: Conditions) -> Iterator[str]:
    if before.backend != now.backend:
        yield (
            f"the run was computed by {_described(before.backend)} and goes on with "
            f"{_described(now.backend)}: it has the same bits on the same backend and device alone"
        )


def _described(backend: Mapping[str, Any]) -> str:
    if backend.get("name") == "numpy":
        return "NumPy"
    name = {"jax": "JAX"}.get(backend.get("name", ""), backend.get("name", "another backend"))
    return f"{name} {backend.get('version', '')} on {backend.get('device', 'another device')}"


def _environment(before: Conditions, now: Conditions) -> Iterator[str]:
    told = _differing(before.environment, now.environment)
    known = {BLAS_THREADS} if before.threads != now.threads else set()
    differing = [f"{name} was {x} and is {y}" for name, x, y in told if name not in known]
    if differing:
        yield f"the last bits may differ from those of a run that was not stopped: {'; '.join(differing)}"


def _metrics(before: Conditions, now: Conditions) -> Iterator[str]:
    """Metrics that are others; where the graph of the loss is another one, that says it all."""
    same_loss = _of_losses(before) == _of_losses(now)
    for name, x, y in _differing(before.graph, now.graph):
        if name.startswith("metric ") and (same_loss or x is None or y is None):
            how = "is new" if x is None else "is no longer measured" if y is None else "is computed otherwise"
            yield f"the {name.replace('metric ', 'metric `', 1)}` {how}; the epochs before are as they were"
