"""Values for missing inputs: random ones that fit the declared types, or samples from the file's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.inputs import NoSizeOfInput
from graphlang.diagnostics.too_large import MemoryOfInputsExceeded
from graphlang.inputs.index_bounds import first_not_allowed
from graphlang.spec.models import InputSpec
from graphlang.spec.network import Network
from graphlang.trace import NegativeSize, NoSize, axis_size
from graphlang.trace.dims import name_of

if TYPE_CHECKING:
    from graphlang.datasets.dataset import Dataset


def fill_with_random(
    network: Network,
    inputs: Mapping[str, Any],
    rng: np.random.Generator,
    batch: int = 3,
    given: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """The inputs, plus a random value for every missing one without a default.

    A named size in `given` is that, also of an input whose default has another. A first axis has the size
    `batch`; every other named size is different, so that a mix-up of two of them shows. Indices stay within
    the range that the operations using them allow.
    """
    sizes = _sizes(network.inputs.values(), inputs, batch, given)
    values = dict(inputs)
    drawn = 0
    for name, spec in network.inputs.items():
        if values.get(name) is None and (spec.default is None or _has_other_sizes(spec, given)):
            try:
                drawn += 8 * prod(axis_size(s, sizes) for s in spec.shape or ())
                if drawn > network.limits.memory:
                    raise GraphError([_too_large(network, name, drawn)])
                values[name] = _draw(spec, sizes, rng)
            except (NoSize, NegativeSize, MemoryError, ValueError) as error:
                raise GraphError(
                    [NoSizeOfInput.nothing_to_draw(name, str(error), network.span(name))]
                ) from error
    return values


def _too_large(network: Network, name: str, size: int) -> MemoryOfInputsExceeded:
    return MemoryOfInputsExceeded("memory", network.span(name), size, network.limits.memory, name)


def _sizes(
    specs: Iterable[InputSpec], inputs: Mapping[str, Any], batch: int, given: Mapping[str, int]
) -> dict[str, int]:
    specs = list(specs)
    sizes = dict(given)
    for spec in specs:
        value = inputs.get(spec.name, spec.default)
        if value is not None and spec.shape is not None:
            named = zip(map(name_of, spec.shape), np.shape(value), strict=False)
            sizes.update({axis: size for axis, size in named if axis is not None and axis not in given})
    others = count(4)
    for spec in specs:
        for axis, name in enumerate(map(name_of, spec.shape or ())):
            if name is not None and name not in sizes:
                sizes[name] = batch if axis == 0 else next(others)
    return sizes


def _has_other_sizes(spec: InputSpec, given: Mapping[str, int]) -> bool:
    """Whether the default is for other sizes than these."""
    named = zip(map(name_of, spec.shape or ()), np.shape(spec.default), strict=False)
    return any(given.get(name, size) != size for name, size in named if name is not None)


def _draw(spec: InputSpec, sizes: Mapping[str, int], rng: np.random.Generator) -> Any:
    shape = tuple(axis_size(s, sizes) for s in spec.shape or ())
    if spec.dtype == "float":
        return rng.standard_normal(shape)
    if spec.dtype == "bool":
        return rng.random(shape) < 0.5
    below = first_not_allowed(spec, sizes)
    return rng.integers(0, 2 if below is None else max(below, 1), shape)


def first_samples(fields: Mapping[str, str], dataset: Dataset, rows: int, dtype: Any) -> dict[str, Any]:
    """The first rows of the training split of a data set, by the names of the inputs that take its fields."""
    split = dataset.splits["train"]
    return {
        name: split[field].take(slice(0, rows), dtype) for name, field in fields.items() if field in split
    }
