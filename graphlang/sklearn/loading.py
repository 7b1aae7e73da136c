"""Loads the spec of an estimator, with settings under scikit-learn's names, in the sizes of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphlang.api import Graph, load, loads
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.settings import UnknownOverride
from graphlang.resolve.member_overrides import OWNERS
from graphlang.resolve.section_models import attribute_names

SECTIONS = ("train", "data", "gradcheck")
SHOWN = ("iterations", "epochs", "batch", "accumulate", "clip_norm", "clip_value", "ema", "shuffle")
"""The settings of `train` that are listed among the parameters, where they are numbers."""


class SpecFile:
    """A spec, as a path, `lesson:NAME` or a text of several lines, and how it is loaded."""

    def __init__(self, spec: Any, default: str, options: Mapping[str, Any]) -> None:
        self._spec, self._default, self._options = spec, default, options

    def graph(self, settings: Mapping[str, Any], seed: int | None = None) -> Graph:
        """The graph with some settings under the names of the language; raises GraphError."""
        spec, options = self._spec, {**self._options, "set": dict(settings), "seed": seed}
        if spec is None:
            return loads(self._default, name="<default>", **options)
        if isinstance(spec, str) and "\n" in spec:
            return loads(spec, **options)
        return load(spec, **options)


def set_name(name: str) -> str:
    """The name of a setting in the language: `train__optimizer__lr` is `train.optimizer.lr`."""
    section, lines, _ = name.partition("__")
    return name.replace("__", ".") if lines and section in SECTIONS else name


def refused_name(file: SpecFile, name: str, value: Any) -> str | None:
    """Why a file does not take a setting of that name; None where it does, or cannot be read at all."""
    try:
        file.graph({set_name(name): value})
    except GraphError as error:
        unknown = [d for d in error.diagnostics if isinstance(d, UnknownOverride)]
        return f"{unknown[0].message}; {unknown[0].help}" if unknown else None
    except (OSError, TypeError, ValueError):
        return None
    return None


def parameters_of(graph: Graph) -> dict[str, Any]:
    """The settings of a graph by scikit-learn's names: its `hyper`s, and numbers of its `train` section."""
    settings = dict(graph.spec.hypers)
    train = graph.spec.train
    if train is None:
        return settings
    plain = {name: getattr(train, name) for name in SHOWN}
    settings |= {f"train__{name}": value for name, value in plain.items() if value is not None}
    if train.objectives:
        return settings
    for owner, family in OWNERS.items():
        use = getattr(train, owner)
        model = None if use is None else graph.network.catalog.member(family, use.name)
        if model is not None:
            member = model(**use.attributes).model_dump(by_alias=True)
            settings |= {f"train__{owner}__{name}": member[name] for name in attribute_names(model)}
    return settings
