"""The result of a run: values and gradients by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import UnknownValue
from graphlang.spec.shown import Shown


def plain(value: Any) -> Any:
    """A Python number for a scalar, else the NumPy array."""
    if value is None or value.__class__ is float or np.ndim(value) > 0:
        return value
    return value.item() if hasattr(value, "item") else value


def copied(value: Any) -> Any:
    """A value that the caller may change: a Python number, or a copy of the array."""
    number = plain(value)
    return np.array(number) if isinstance(number, np.ndarray) else number


class Named(Shown, Mapping[str, Any]):
    """A mapping from names to numbers and arrays, each of which is looked up when it is needed."""

    def __init__(self, names: list[str], find: Callable[[str], Any]) -> None:
        self._names = names
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return copied(self._find(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        """Whether the names are the same, and for each name the numbers and their shape."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(_same(self[name], other[name]) for name in self)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return _listing(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        what = type(self).__name__.lower()
        instead = f': values are items, `{what}["{name}"]`' if name in self else ""
        raise AttributeError(f"a {what} has no attribute `{name}`{instead}")

    def _stored(self) -> StoredValues:
        return StoredValues({name: self._find(name) for name in self._names})


class StoredValues:
    """Looks up values in a dict: a pickle or a copy of a result holds them all."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __call__(self, name: str) -> Any:
        if name not in self._values:
            raise unknown_value(name, list(self._values), None)
        return self._values[name]


class Gradients(Named):
    """The gradient of one value with respect to every other, by name."""

    def __init__(
        self, names: list[str], find: Callable[[str], Any], reached: Callable[[str], bool] | None = None
    ) -> None:
        super().__init__(names, find)
        self._reached = reached

    def arrives(self, name: str) -> bool:
        """Whether a gradient flows back to this value; where none does, its gradient is 0."""
        return self._reached is None or self._reached(name)

    def __reduce__(self) -> Any:
        reached = frozenset(name for name in self._names if self.arrives(name))
        return Gradients, (self._names, self._stored(), reached.__contains__)

    def __call__(self, name: Any = "x", *_: Any) -> NoReturn:
        raise TypeError(f'gradients are items: write `result.grad["{name}"]`')


class Result(Named):
    """Forward and backward: `result["price"]` is a value, `result.grad["apple"]` a gradient.

    Iterating goes over the values that the file names; an inner one, such as `multiply1`, can be asked for.
    A pickle or a copy holds what the file names.
    """

    def __init__(
        self,
        names: list[str],
        find: Callable[[str], Any],
        outputs: list[str],
        of: str | None,
        grad: Gradients,
        source: Any = None,
    ) -> None:
        #: the `Forward` that it is the result of, or a function that makes such a result; for pictures
        self._source = source
        self._names = names
        self._find = find
        self._outputs = outputs
        #: the value that backward started from; None where it did not run
        self.of = of
        #: its gradients by name
        self.grad = grad

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Result) and (self.of != other.of or self.grad != other.grad):
            return False
        return super().__eq__(other)

    __hash__ = None

    def __reduce__(self) -> Any:
        return Result, (self._names, self._stored(), self._outputs, self.of, self.grad)

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the file."""
        return {name: self[name] for name in self._outputs}

    @property
    def named(self) -> dict[str, Any]:
        """Every named value, as `graphlang run --json` prints it."""
        return dict(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain dicts: outputs, values, gradients, and what backward started from."""
        return {
            "outputs": self.outputs,
            "values": dict(self),
            "gradients": dict(self.grad),
            "of": self.of,
        }

    def as_json(self) -> dict[str, Any]:
        """The object of `graphlang run --json`."""
        return {
            "outputs": {n: json_value(v) for n, v in self.outputs.items()},
            "values": {n: json_value(v) for n, v in self.items()},
            "gradients": {n: json_value(v) for n, v in self.grad.items()},
            "of": self.of,
        }


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b))


def json_value(value: Any) -> Any:
    """A value for JSON; numbers that JSON does not have become the text "nan", "inf" or "-inf"."""
    if isinstance(value, np.ndarray | np.generic):
        plain = value.tolist()
        return plain if np.all(np.isfinite(value)) else json_value(plain)
    if isinstance(value, list):
        return [json_value(v) for v in value]
    if isinstance(value, dict):
        return {k: json_value(v) for k, v in value.items()}
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
    """There is no value of that name. As a KeyError it is what `in` and `get` of a mapping expect."""


def unknown_value(name: Any, names: list[str], file: str | None) -> GraphError:
    return NoSuchValue([UnknownValue(str(name), names, file)])
