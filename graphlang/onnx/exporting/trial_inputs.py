"""The inputs on which a file is compared with its graph: random ones and edges, of several sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.spec.network import Network
from graphlang.trace.dims import name_of


class ComparedInputs(NamedTuple):
    """Values for all inputs."""

    #: what is special about them, as a word before "inputs"
    name: str
    inputs: dict[str, Any]


def trials(
    network: Network, fixed: Mapping[str, int], batches: Sequence[int] = (3, 1, 2)
) -> Iterator[ComparedInputs]:
    """Random inputs of some batches, zeros and large numbers, and the values of the file."""
    free = any(name_of(n) not in (None, *fixed) for own in network.inputs.values() for n in own.shape or ())
    for seed, batch in enumerate(batches if free else batches[:1]):
        try:
            drawn = _drawn(network, fixed, batch, seed)
        except GraphError:
            continue
        yield ComparedInputs("random", drawn)
        if seed == 0:
            yield ComparedInputs("zero", {name: np.zeros_like(value) for name, value in drawn.items()})
            yield ComparedInputs("large", {name: _large(value) for name, value in drawn.items()})
    if any(spec.default is not None for spec in network.inputs.values()):
        given = fill_with_random(network, {}, np.random.default_rng(0), given=fixed)
        yield ComparedInputs("given", {**_defaults(network), **given})


def _defaults(network: Network) -> dict[str, Any]:
    return {n: np.asarray(spec.default) for n, spec in network.inputs.items() if spec.default is not None}


def _large(value: Any) -> Any:
    return value * 30 if value.dtype.kind == "f" else value


def _drawn(network: Network, fixed: Mapping[str, int], batch: int, seed: int) -> dict[str, Any]:
    """Random values for all inputs, those with a default included."""
    rng = np.random.default_rng(seed)
    filled = fill_with_random(network, {}, rng, batch, fixed)
    for name, value in _defaults(network).items():
        filled.setdefault(name, value)
    return {
        name: rng.standard_normal(np.shape(value))
        if network.inputs[name].dtype == "float"
        else np.asarray(value)
        for name, value in filled.items()
    }
