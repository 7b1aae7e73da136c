"""Runs of a graph: forward, and forward and backward, by NumPy or by a backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphlang.engine.forward import Forward, bound_run, run
from graphlang.engine.model import Model
from graphlang.engine.result import Result


def forward(model: Model, inputs: Mapping[str, Any], *, training: bool = False) -> Forward:
    """Computes every value that the file names; raises GraphError for missing or wrong inputs."""
    bound, numbers = bound_run(model, inputs, training=training)
    if model.backend is not None:
        from graphlang.engine.backend_forward import BackendForward

        return BackendForward(model, bound, numbers, training=training).computed()
    return Forward(model, run(model, bound, numbers, training=training))


def both_ways(model: Model, inputs: Mapping[str, Any], seed: Any, of: str | None) -> Result:
    """Forward and backward; a backend does both in one program."""
    if model.backend is None:
        return forward(model, inputs).backward(seed=seed, of=of)
    from graphlang.engine.backend_forward import BackendForward

    return BackendForward(model, *bound_run(model, inputs), training=False).backward(seed=seed, of=of)
