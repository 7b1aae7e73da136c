"""From a file or a text to its graph."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from graphlang.api.graph import Graph, OwnLayers, checked_limits
from graphlang.catalog.finder import Catalog
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.python_arguments import by_name
from graphlang.diagnostics.spelling import few_searches
from graphlang.engine.garbage import collection_paused
from graphlang.inputs.options import check_options
from graphlang.resolve import resolve
from graphlang.syntax import read_tree
from graphlang.syntax.files import importer_below, read_text
from graphlang.syntax.lessons import folder_of_spec

if TYPE_CHECKING:
    from graphlang.backends.options import Jax


def load(
    path: str | os.PathLike[str],
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - the name on the command line
    dtype: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    layers: OwnLayers = (),
    limits: Limits | None = None,
    backend: str | Jax | None = None,
    **unknown: Never,
) -> Graph:
    """The graph of a `.graph` file, or of a lesson such as `lesson:apple`.

    `set` overrides inputs' defaults, `hyper`s and `section.setting`s; `dtype` is "float32" or
    "float64"; `threads` is how many may compute, by default as many as there are cores; `layers` adds
    layers, losses, functions, optimizers, schedules, initializers and data sources of your own; `backend`
    is "numpy", "jax", `gl.Jax(...)` for JAX with options, or "auto", of which `Graph.notes` says what it
    has taken. Raises GraphError with every mistake in the file.
    """
    check_options("load", unknown)
    name, text = read_text(path, limits or Limits())
    options: dict[str, Any] = {"dtype": dtype, "seed": seed, "threads": threads, "backend": backend}
    return loads(
        text, name=name, folder=folder_of_spec(path), set=set, layers=layers, limits=limits, **options
    )


def loads(
    text: str,
    *,
    name: str = "<text>",
    folder: str | os.PathLike[str] | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002
    dtype: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    layers: OwnLayers = (),
    limits: Limits | None = None,
    backend: str | Jax | None = None,
    **unknown: Never,
) -> Graph:
    """The graph of a spec as text; `folder` is where its data and imports may be."""
    check_options("loads", unknown)
    if not isinstance(text, str):
        raise TypeError(f"loads takes a spec as text, not {type(text).__name__}; `load` reads a file")
    if re.fullmatch(r"\s*[^\n=]+\.graph\s*", text):
        raise ValueError(f"loads takes the text of a spec; the file is read by `load({text.strip()!r})`")
    limits = checked_limits(limits)
    overrides = by_name("set", set)
    catalog = Catalog(layers)
    importer = importer_below(Path(folder), limits) if folder is not None else None
    with collection_paused(), few_searches():
        tree, problems = read_tree(text, name, limits)
        resolved = resolve(tree, catalog, overrides, limits, importer, problems)
        options: dict[str, Any] = {"dtype": dtype, "seed": seed, "threads": threads, "backend": backend}
        return Graph(resolved.spec, catalog, resolved.notes, folder=folder, limits=limits, **options)
