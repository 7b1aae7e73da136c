"""A graph as recorded steps with the sizes of the file: named ones stay names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.engine.recording import Recorder, Storage
from graphlang.spec.network import Network
from graphlang.trace import bind
from graphlang.trace.dims import Dim, is_symbolic

TYPES = {"float": np.dtype(np.float64), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}


def storage_of(network: Network, dtype: Any, fixed: Mapping[str, int]) -> dict[int, Storage]:
    """The form of every input; sizes in `fixed` are numbers."""
    forms = {}
    for name, own in network.inputs.items():
        shape = tuple(_fixed(n, fixed) for n in own.shape or ())
        kind = np.dtype(dtype) if own.dtype == "float" else TYPES[own.dtype]
        forms[network.numbers[name]] = Storage(shape, kind)
    return forms


def _fixed(size: Any, fixed: Mapping[str, int]) -> Any:
    """A size with numbers for those that are fixed; others keep their names."""
    if not is_symbolic(size):
        return size
    names = {name: fixed.get(name, Dim.symbol(name)) for name in size.symbols}
    return bind_partly(size, names)


def bind_partly(size: Dim, names: Mapping[str, Any]) -> Any:
    """A size with other sizes in place of its names."""
    if all(isinstance(n, int) for n in names.values()):
        return bind(size, names)
    if size == Dim.symbol(str(size)):
        return names[str(size)]
    return size.value_for(names)


def sizes_of(storage: Mapping[int, Storage], fixed: Mapping[str, int]) -> dict[str, Any]:
    """What every named size is: a number or itself."""
    sizes: dict[str, Any] = dict(fixed)
    for own in storage.values():
        for size in own.shape:
            if is_symbolic(size):
                sizes |= {name: Dim.symbol(name) for name in size.symbols}  # type: ignore[attr-defined]
    return sizes


def symbolic_graph(network: Network, dtype: Any, fixed: Mapping[str, int], names: list[str]) -> Recorder:
    """The forward pass to some values, in evaluation mode."""
    storage = storage_of(network, dtype, fixed)
    recorder = Recorder(network, storage, dtype, sizes_of(storage, fixed), training=False)
    recorder.forward([network.numbers[name] for name in names])
    return recorder
