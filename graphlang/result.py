"""What a run gives back: values and gradients by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import UnknownValue


def plain(value: Any) -> Any:
    """A Python number for a scalar, else the NumPy array."""
    if value is None or value.__class__ is float or np.ndim(value) > 0:
        return value
    return value.item() if hasattr(value, "item") else value


class Gradients(Mapping[str, Any]):
    """The gradient of one value with respect to every other, by name."""

    def __init__(self, names: list[str], find: Callable[[str], Any]) -> None:
        self._names = names
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return plain(self._find(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return _listing(self)


class Result(Mapping[str, Any]):
    """Forward and backward: `result["price"]` is a value, `result.grad["apple"]` a gradient.

    Iterating goes over the values that the file names; an inner one, such as `multiply1`, can be asked for.
    """

    def __init__(
        self,
        names: list[str],
        find: Callable[[str], Any],
        outputs: list[str],
        of: str | None,
        grad: Gradients,
    ) -> None:
        self._names = names
        self._find = find
        self._outputs = outputs
        #: the value that backward started from; None where it did not run
        self.of = of
        #: its gradients by name
        self.grad = grad

    def __getitem__(self, name: str) -> Any:
        return plain(self._find(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the file."""
        return {name: self[name] for name in self._outputs}

    @property
    def values(self) -> dict[str, Any]:  # type: ignore[override]
        """Every named value, as `graphlang run --json` prints it."""
        return dict(self.items())

    def as_json(self) -> dict[str, Any]:
        """The object of `graphlang run --json`."""
        return {
            "outputs": {n: listed(v) for n, v in self.outputs.items()},
            "values": {n: listed(v) for n, v in self.items()},
            "gradients": {n: listed(v) for n, v in self.grad.items()},
            "of": self.of,
        }

    def __repr__(self) -> str:
        return _listing(self)


def listed(value: Any) -> Any:
    """A value as JSON has it; what JSON has no number for becomes the text "nan", "inf" or "-inf"."""
    if isinstance(value, np.ndarray | np.generic):
        plain = value.tolist()
        return plain if np.all(np.isfinite(value)) else listed(plain)
    if isinstance(value, list):
        return [listed(v) for v in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def _listing(mapping: Mapping[str, Any]) -> str:
    rows = []
    for name, value in mapping.items():
        shown = (
            value
            if not isinstance(value, np.ndarray) or value.size <= 12
            else f"array of shape {value.shape}"
        )
        rows.append(f"{name} = {shown}")
    return "\n".join(rows)


class NoSuchValue(GraphError, KeyError):
    """A value is asked for that is not there; `in` and `get` of a mapping answer instead of raising."""


def unknown_value(name: Any, names: list[str], file: str | None) -> GraphError:
    return NoSuchValue([UnknownValue(str(name), names, file)])
