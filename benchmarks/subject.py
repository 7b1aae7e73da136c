"""graphlang as a contender. A work that needs a missing feature is skipped, with the name of the feature."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import graphlang as gl
from benchmarks.threads import SETTING
from benchmarks.work import Skip


def threads() -> int | None:
    """The threads that graphlang is told to use: none where its process is tied to cores."""
    setting = os.environ.get(SETTING)
    return None if setting is None else int(setting)


ON_JAX = "graphlang on JAX"
"""The name of graphlang as a contender of itself, where it runs on JAX."""


def load(text: str, dtype: str = "float32", **options: Any) -> gl.Graph:
    """The graph of a text; skipped if it needs a feature that this version lacks, or JAX where that is not
    installed."""
    if options.get("backend") is not None and find_spec("jax") is None:
        raise Skip("jax is not installed")
    try:
        return gl.loads(text, dtype=dtype, limits=gl.Limits.trusted(), **{"threads": threads(), **options})
    except gl.GraphError as error:
        texts = [d.message for d in error.diagnostics]
        missing = [text for text in texts if text.startswith("not in this version")]
        if not missing:
            raise
        raise Skip(missing[0]) from None


def compiled(graph: gl.Graph, **options: Any) -> Callable[..., Any]:
    """`graph.compile(...)`; skipped if this version has no compiler."""
    compile_ = getattr(graph, "compile", None)
    if compile_ is None:
        raise Skip("Graph.compile is missing")
    result: Callable[..., Any] = compile_(**options)
    return result


def training(
    text: str, dtype: str, weights: Mapping[str, Any], inputs: Mapping[str, Any], *, on_jax: bool = False
) -> Callable[[], Any]:
    """One training step of a network that starts from `weights`, in NumPy or on JAX, on the CPU."""
    graph = load(text, dtype, backend=gl.Jax(device="cpu", cache=False) if on_jax else None)
    for name, array in weights.items():
        graph.params[name][...] = array
    step = compiled(graph, train=True)
    return lambda: step(**inputs)
