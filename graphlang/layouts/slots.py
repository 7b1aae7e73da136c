"""Where a parameter comes from in another framework, and how its numbers are turned on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class ParameterSlot:
    """One parameter of a layer, and the arrays of the other framework that it is made of.

    What several parameters write into one array is added up: each leaves zeros where the others have their
    numbers.
    """

    #: the arrays, by their names within the layer
    names: tuple[str, ...]
    #: how a table says what is done
    told: str
    #: the shapes of the arrays, from that of the parameter
    shapes: Callable[[Shape], tuple[Shape, ...]]
    #: the parameter from the arrays
    here: Callable[[Sequence[Any]], Any]
    #: the arrays from the parameter
    there: Callable[[Any], tuple[Any, ...]]
    #: whether a layer may lack the arrays, which then are zeros
    optional: bool = False


def same(name: str) -> ParameterSlot:
    """The same array under another name."""
    return ParameterSlot((name,), f"`{name}`", lambda shape: (shape,), _first, lambda array: (array,))


def turned(name: str, *, optional: bool = False) -> ParameterSlot:
    """A matrix with rows and columns exchanged."""
    return ParameterSlot(
        (name,),
        f"`{name}`, transposed",
        lambda shape: (shape[::-1],),
        lambda arrays: arrays[0].T,
        lambda array: (array.T,),
        optional,
    )


def optional(name: str) -> ParameterSlot:
    """The same array, or zeros where the layer was made without it."""
    told = f"`{name}`, or 0"
    return ParameterSlot((name,), told, lambda shape: (shape,), _first, lambda array: (array,), True)


def single(name: str) -> ParameterSlot:
    """A number that the other framework keeps as a vector of one; a vector as it is."""

    def shapes(shape: Shape) -> tuple[Shape, ...]:
        return (shape or (1,),)

    return ParameterSlot(
        (name,),
        f"`{name}`; one number is [] here",
        shapes,
        lambda arrays: arrays[0][0] if arrays[0].shape == (1,) else arrays[0],
        lambda array: (np.reshape(array, array.shape or (1,)),),
    )


@dataclass(frozen=True)
class Gates:
    """The order of the gates of a recurrent layer: for each of ours its place there, and its sign."""

    places: tuple[int, ...]
    signs: tuple[int, ...]
    told: str

    def here(self, rows: Any) -> Any:
        """The rows of all gates in our order."""
        parts = np.split(rows, len(self.places))
        return np.concatenate([s * parts[k] for k, s in zip(self.places, self.signs, strict=True)])

    def there(self, rows: Any) -> Any:
        """The rows of all gates in the other order."""
        parts = np.split(rows, len(self.places))
        ours = {k: (i, s) for i, (k, s) in enumerate(zip(self.places, self.signs, strict=True))}
        return np.concatenate([ours[k][1] * parts[ours[k][0]] for k in range(len(self.places))])


def gate_matrix(name: str, gates: Gates) -> ParameterSlot:
    """The weights of all gates, [gates * H, in] there."""
    return ParameterSlot(
        (name,),
        f"`{name}`, transposed{gates.told}",
        lambda shape: (shape[::-1],),
        lambda arrays: gates.here(arrays[0]).T,
        lambda array: (gates.there(array.T),),
    )


def gate_bias(first: str, second: str, gates: Gates, *, inside: int = 0) -> ParameterSlot:
    """One bias for each gate, the sum of two there; ours goes back into the first one.

    Of the last gates, `inside` have only the first: the second is what another gate multiplies.
    """

    def here(arrays: Sequence[Any]) -> Any:
        whole, n = len(arrays[1]), len(gates.places)
        counts = np.arange(whole) < whole * (n - inside) // n
        return gates.here(arrays[0] + np.where(counts, arrays[1], 0))

    return ParameterSlot(
        (first, second),
        f"`{first}` + `{second}`{' but for the last gate' if inside else ''}, or 0{gates.told}",
        lambda shape: (shape, shape),
        here,
        lambda array: (gates.there(array), np.zeros_like(array)),
        optional=True,
    )


def columns(name: str, of: int, first: int, count: int, *, matrix: bool) -> ParameterSlot:
    """Some of the blocks that the rows of an array are divided into: `count` of `of`, from `first` on."""
    turned = ", transposed" if matrix else ", or 0"

    def rows(shape: Shape) -> Shape:
        return (shape[-1] // count * of, *shape[:-1])

    def here(arrays: Sequence[Any]) -> Any:
        part = np.concatenate(np.split(arrays[0], of)[first : first + count])
        return part.T if matrix else part

    def there(array: Any) -> tuple[Any, ...]:
        whole = np.zeros(rows(array.shape), array.dtype)
        size = array.shape[-1] // count
        whole[first * size : (first + count) * size] = array.T
        return (whole,)

    which = f"block {first + 1}" if count == 1 else f"blocks {first + 1} to {first + count}"
    told = f"{which} of {of} of `{name}`{turned}"
    return ParameterSlot((name,), told, lambda shape: (rows(shape),), here, there, optional=not matrix)


def stacked(names: tuple[str, ...]) -> ParameterSlot:
    """Several matrices beside one another, each transposed."""

    def shapes(shape: Shape) -> tuple[Shape, ...]:
        return ((shape[1] // len(names), shape[0]),) * len(names)

    return ParameterSlot(
        names,
        f"{' and '.join(f'`{name}`' for name in names)}, transposed",
        shapes,
        lambda arrays: np.concatenate(arrays).T,
        lambda array: tuple(np.split(array.T, len(names))),
    )


def _first(arrays: Sequence[Any]) -> Any:
    return arrays[0]
