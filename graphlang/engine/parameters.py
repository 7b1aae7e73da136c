"""The parameters of a graph: how they are drawn, held and assigned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol

import numpy as np

from graphlang.contracts.initializer import fans, stream
from graphlang.datasets.number_checks import place_text, too_large
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import StartTooLarge
from graphlang.engine.aligned import aligned
from graphlang.lazy import get_or_make
from graphlang.spec.network import Network


class Holder(Protocol):
    """Something that holds newer values of parameters than the arrays of a graph, as a training elsewhere."""

    def pull(self) -> None:
        """Copies the values into the arrays."""


class Params(MutableMapping[str, Any]):
    """The parameters of a graph by name: NumPy arrays that one may assign into.

    `params["W"][...] = value` and `params["W"] = value` both keep the shape and the precision.
    Parameters are drawn when first looked at, each from a stream of its own.
    """

    def __init__(self, network: Network, dtype: Any, seed: int) -> None:
        self._network = network
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._seed = seed
        self._arrays: dict[str, Any] = {}
        #: who has newer values than the arrays here; None where nobody has
        self.holder: Holder | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    @property
    def network(self) -> Network:
        """The graph whose parameters they are."""
        return self._network

    def __getitem__(self, name: str) -> Any:
        if self.holder is not None:  # the caller may write into the array
            self.recall()
        array = self._arrays.get(name)
        if array is None:
            if name not in self._network.params:
                raise KeyError(f"{name!r}: the parameters are {', '.join(self._network.params) or 'none'}")
            array = get_or_make(self._arrays, name, lambda: self._drawn(name))
        return array

    def __setitem__(self, name: str, value: Any) -> None:
        array = self[name]
        try:
            value = np.asarray(value)
        except ValueError:
            raise ValueError(f"`{name}` takes an array of shape {array.shape}, not a ragged list") from None
        if value.dtype.kind not in "fiub":
            raise ValueError(f"`{name}` takes numbers, not {value.dtype}")
        if value.shape != array.shape:
            raise ValueError(f"`{name}` has the shape {array.shape}, not {value.shape}")
        place = too_large(value, array.dtype)
        if place is not None:
            raise ValueError(
                f"`{name}` is {array.dtype}, which cannot hold {value[place]}{place_text(place)}"
            )
        array[...] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("a graph keeps all its parameters")

    def __iter__(self) -> Iterator[str]:
        return iter(self._network.params)

    def __len__(self) -> int:
        return len(self._network.params)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{n} {list(p.shape)}" for n, p in self._network.params.items())
        return f"Params({shapes})"

    def _drawn(self, name: str) -> Any:
        spec = self._network.params[name]
        init = self._network.member("initializers", spec.init)
        fan_in, fan_out = fans(spec.shape)
        drawn = init.draw(stream(self._seed, name), spec.shape, fan_in, fan_out)
        kind = {"float": self._dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}[spec.dtype]
        drawn = np.asarray(drawn)
        place = too_large(drawn, kind)
        if place is not None:
            wrong = StartTooLarge(name, float(drawn[place]), str(kind), self._network.span(name))
            raise GraphError([wrong])
        array = aligned(spec.shape, kind)
        array[...] = drawn
        return array

    @property
    def trainable(self) -> list[str]:
        """The names of those that training changes by gradients; the others are the state of layers."""
        return [name for name, spec in self._network.params.items() if spec.trainable]

    @property
    def drawn(self) -> int:
        """The bytes of the parameters that have been drawn by now."""
        return sum(array.nbytes for array in self._arrays.values())

    def refresh(self) -> None:
        """Brings the arrays up to date where somebody else has newer values, and goes on having them."""
        if self.holder is not None:
            self.holder.pull()

    def recall(self) -> None:
        """Brings the arrays up to date; from now on they have the newest values themselves."""
        self.refresh()
        self.holder = None

    def to_read(self) -> Mapping[str, Any]:
        """Every parameter, not to be written into."""
        if self.holder is None:
            return self
        self.refresh()
        return self._arrays

    def copies(self) -> dict[str, Any]:
        """Every parameter, copied."""
        arrays = self.to_read()
        return {name: arrays[name].copy() for name in self}

    def numbered(self, dtype: Any = None) -> dict[int, Any]:
        """Every parameter by its number in the graph; in another precision where asked for."""
        arrays = self.to_read()
        return {
            self._network.numbers[name]: arrays[name]
            if dtype is None or arrays[name].dtype.kind != "f"
            else arrays[name].astype(dtype)
            for name in self
        }
