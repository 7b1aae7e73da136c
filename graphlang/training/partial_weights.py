"""Weights of another graph: what fits is taken, under other names where they are renamed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import NothingFits, RenamedTwice, RenamesNothing, WrongRename
from graphlang.engine.parameters import Params
from graphlang.training.weight_files import Stored, WeightFile, opened_weights
from graphlang.training.weights import OF_CHECKPOINT, load_into, mismatches


@dataclass(frozen=True)
class TakenWeights:
    """What was taken from a file of weights, and what was not."""

    #: the parameters that have the numbers of the file
    taken: tuple[str, ...]
    #: the parameters that stayed as they were, and why
    left: dict[str, str]
    #: the arrays of the file that no parameter has taken
    unused: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{len(self.taken)} of {len(self.taken) + len(self.left)} parameters are taken"
        left = ", ".join(f"`{name}` ({why})" for name, why in self.left.items())
        unused = ", ".join(f"`{name}`" for name in self.unused)
        told = [f"left as they were: {left}"] if left else []
        return "; ".join([counts, *told, *([f"not used of the file: {unused}"] if unused else [])])


def take_weights(
    params: Params, file: Path, *, partial: bool = False, rename: Mapping[str, str] | None = None
) -> TakenWeights:
    """Sets parameters from a file: every one, or with `partial` those that fit by name and shape.

    `rename` maps globs over the file's names to names of the graph: `enc.*` to `encoder.*`. Raises
    GraphError, and sets none, where nothing fits, or without `partial` where one does not.
    """
    with opened_weights(file) as weights:
        sources = _renamed(list(weights.arrays), rename or {}, str(file))
        headers = {name: weights.arrays[old] for name, old in sources.items()}
        if not partial or any(name.startswith(OF_CHECKPOINT) for name in headers):
            problems = mismatches(params, headers, str(file))
            if problems:
                raise GraphError(problems)
            load_into(params, _read(weights, sources, list(params)), str(file))
            return TakenWeights(tuple(params), {}, ())
        left = {name: why for name in params if (why := _misfit(params, name, headers))}
        taken = [name for name in params if name not in left]
        if not taken:
            raise GraphError([NothingFits(str(file), list(params)[:8], list(headers)[:8])])
        arrays = _read(weights, sources, taken)
    load_into(params, {**params.copies(), **arrays}, str(file))
    return TakenWeights(tuple(taken), left, tuple(n for n in headers if n not in taken))


def _read(weights: WeightFile, sources: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    arrays = weights.read([sources[name] for name in names])
    return {name: arrays[sources[name]] for name in names}


def _misfit(params: Params, name: str, headers: Mapping[str, Stored]) -> str | None:
    """Why a parameter stays as it was; None where it does not."""
    if name not in headers:
        return "not in the file"
    if headers[name].shape != params[name].shape:
        return f"{list(headers[name].shape)} in the file, {list(params[name].shape)} here"
    kind = headers[name].dtype
    return None if kind is not None and kind.kind in "fiub" else "no numbers in the file"


def _renamed(names: Sequence[str], rename: Mapping[str, str], file: str) -> dict[str, str]:
    """The names of the graph for the names of a file."""
    rules = [(pattern, *_rule(pattern, target)) for pattern, target in rename.items()]
    used: set[str] = set()
    sources: dict[str, str] = {}
    for name in names:
        new = name
        for pattern, expression, target in rules:
            match = expression.fullmatch(name)
            if match is not None:
                new = target.format(*match.groups())
                used.add(pattern)
                break
        if new in sources:
            raise GraphError([RenamedTwice(file, new, [sources[new], name])])
        sources[new] = name
    idle = [pattern for pattern in rename if pattern not in used]
    if idle:
        raise GraphError([RenamesNothing(file, idle[0], list(names)[:8])])
    return sources


def _rule(pattern: str, target: str) -> tuple[re.Pattern[str], str]:
    """The expression of a glob, and its target with a place for each `*`."""
    if not pattern or not target or pattern.count("*") != target.count("*"):
        raise GraphError([WrongRename(pattern, target)])
    escaped = "".join("(.*)" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern))
    return re.compile(escaped), target.replace("{", "{{").replace("}", "}}").replace("*", "{}")
