"""Files of weights seen under other names, and in another layout, as files of weights themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.weights import TensorMissing, TensorOfOtherShape
from graphlang.files.zip_directory import shown_member
from graphlang.layouts.torch_layout import TorchParameter, is_dropped, torch_parameters
from graphlang.spec.network import Network
from graphlang.training.renaming import renamed_sources
from graphlang.training.weight_files import Stored, WeightFile


class RenamedFile:
    """A file of weights whose arrays have other names."""

    def __init__(self, weights: WeightFile, rename: Mapping[str, str], file: str) -> None:
        self._weights = weights
        self._sources = renamed_sources(list(weights.arrays), rename, file)
        self.arrays: Mapping[str, Stored] = {n: weights.arrays[old] for n, old in self._sources.items()}

    def read(self, names: Sequence[str]) -> dict[str, Any]:
        """Arrays by their new names."""
        arrays = self._weights.read([self._sources[name] for name in names])
        return {name: arrays[self._sources[name]] for name in names}


class TurnedArray(NamedTuple):
    """A parameter that is made of the arrays of another layout."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    description: str


class TorchFile:
    """The state of a PyTorch module as weights of a network: each parameter under its name.

    Arrays that already have the name of a parameter are turned too, if they are all that it is made of.
    """

    def __init__(self, weights: WeightFile, network: Network, file: str) -> None:
        self._weights, self._file = weights, file
        stored = weights.arrays
        names = {name: stored[name] for name in stored if not is_dropped(name)}
        self._sources: dict[str, tuple[TorchParameter, tuple[str | None, ...]]] = {}
        #: the parameters whose arrays are there and are of another shape, or not all there
        self.misfits: dict[str, Diagnostic] = {}
        self.arrays: dict[str, Stored] = {}
        shapes = {name: param.shape for name, param in network.params.items()}
        used: set[str] = set()
        for name, parameter in torch_parameters(network).items():
            arrays = parameter.arrays(names)
            if len(arrays) == 1 and arrays[0] not in names and name in names:
                arrays = (name,)
            used |= set(arrays)
            self._add(parameter, shapes[name], arrays, names)
        self.arrays |= {name: header for name, header in names.items() if name not in used}

    def _add(
        self,
        parameter: TorchParameter,
        shape: tuple[int, ...],
        arrays: tuple[str, ...],
        names: Mapping[str, Stored],
    ) -> None:
        name, slot = parameter.name, parameter.slot
        there = [array for array in arrays if array in names]
        if not there and not self._is_left_out(parameter, names):
            return
        if there and len(there) < len(arrays):
            missing = next(array for array in arrays if array not in names)
            self.misfits[name] = TensorMissing(self._file, missing, name)
            return
        for array, expected in zip(arrays, slot.shapes(shape), strict=True):
            if array in names and names[array].shape != expected:
                actual = names[array].shape
                self.misfits[name] = TensorOfOtherShape(self._file, array, actual, name, expected)
                return
        self._sources[name] = parameter, tuple(a if a in names else None for a in arrays)
        wrong = next((names[a] for a in there if not _holds_numbers(names[a])), None)
        header = names[there[0]] if there else None
        if wrong is not None or header is None:
            kind = wrong.dtype if wrong is not None else np.dtype(np.float32)
            told = wrong.description if wrong is not None else "zeros"
            self.arrays[name] = TurnedArray(shape, kind, told)
        else:
            self.arrays[name] = TurnedArray(shape, header.dtype, shown_member(header.description))

    def _is_left_out(self, parameter: TorchParameter, names: Mapping[str, Stored]) -> bool:
        """Whether the layer was made without what the parameter is made of, as without its biases."""
        if not parameter.slot.optional:
            return False
        layer = f"{parameter.layer}."
        return any(name.startswith((layer, layer[:-1].replace(".", "_") + ".")) for name in names)

    def read(self, names: Sequence[str]) -> dict[str, Any]:
        """Parameters by name; of other arrays the numbers as they are."""
        wanted = [
            array
            for name in names
            for array in (self._sources[name][1] if name in self._sources else (name,))
            if array is not None
        ]
        read = self._weights.read(list(dict.fromkeys(wanted)))
        return {name: self._turned(name, read) if name in self._sources else read[name] for name in names}

    def _turned(self, name: str, read: Mapping[str, Any]) -> Any:
        parameter, arrays = self._sources[name]
        if any(array is None for array in arrays):
            return np.zeros(self.arrays[name].shape, np.float32)
        turned = parameter.slot.here([_numbers(read[a]) for a in arrays if a is not None])
        return np.asarray(turned, order="C")


def _numbers(array: Any) -> Any:
    """The numbers of an array as they are added up and turned round: half precision as float32, whole numbers
    as float64."""
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _holds_numbers(header: Stored) -> bool:
    return header.dtype is not None and header.dtype.kind in "fiub"
