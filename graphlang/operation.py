"""The contract of an operation: a few lines of plain NumPy, forward and backward, and nothing else.

A layer is a Pydantic model whose fields are its attributes. Its `forward` and `backward` call only
NumPy functions and operators on what they are given, so that the same lines run on arrays (they
compute) and on symbolic arrays (they record, and so check shapes, are planned and are differentiated).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
from pydantic import ConfigDict

from graphlang.fields import Fields
from graphlang.initializers.initializer import Initializer
from graphlang.trace import Size, SymbolicArray

Array: TypeAlias = Any
"""A NumPy array or a symbolic array: whatever an operation is given, it treats alike."""


class Parameter(NamedTuple):
    """A parameter that a layer asks for: its shape and how it starts."""

    shape: tuple[Size, ...]
    init: Initializer


class Random(Protocol):
    """The random stream that is handed to a `forward` with a keyword-only argument `random`."""

    def uniform(self, shape: Any) -> Array:
        """Numbers in [0, 1), of the run's precision."""


class Layer(Fields):
    """The base of every layer: subclass it, give it fields, `forward` and, if you like, `backward`.

    `forward(self, x, t, *, W, b)` takes the tensors by position and the layer's own parameters by
    keyword; it returns `(y, saved)`, the result and whatever `backward` will need. Two more keywords
    are known: `training` (a bool) and `random` (a stream of random numbers).

    `backward(self, dy, saved)` returns one gradient for each argument of `forward`, in order; None
    where there is none. Leave it out and it is derived from `forward`, which may then return `y` alone.

    Both run on symbolic arrays before there are any numbers. So they call NumPy's functions and operators
    on whole arrays: no writing into an array (`x[x < 0] = 0` is `np.where(x < 0, 0, x)`), no Python loop
    over its elements and no `if` on its values (`np.where`, `np.maximum`, `np.sum(..., axis=...)`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    #: other names of the same operation in a spec, as `relu` for `Relu`
    spellings: ClassVar[tuple[str, ...]] = ()
    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any] | None] = None

    def parameters(self, *tensors: Array) -> dict[str, Parameter]:
        """The parameters that `forward` takes by keyword, given the tensors that it will see."""
        return {}

    def state(self, *tensors: Array) -> dict[str, Parameter]:
        """What the layer remembers from step to step (running statistics): taken by `forward` by
        keyword, and renewed by the third element that it then returns in training mode."""
        return {}

    def index_bounds(self, *tensors: Array) -> dict[str, Size]:
        """For a tensor argument that holds indices (labels, ids): one more than the largest allowed."""
        return {}

    def ignored_index(self) -> int | None:
        """An index that is let through wherever it lies, as the label of padding."""
        return None

    def hint(self, *tensors: Array) -> str | None:
        """A word to a user whose shapes are allowed but probably not meant."""
        return None


class WrongForward(TypeError):
    """A `forward` returned what cannot be its result; `help` says what to write instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def outcome(operation: Any, found: Any) -> tuple[Any, ...]:
    """What `forward` returned, as `(y, saved)` or `(y, saved, state)`; else raises WrongForward.

    Without a `backward` nothing needs to be saved, and an array alone is the result.
    """
    if isinstance(found, tuple) and 2 <= len(found) <= 3 and _is_result(found[0], operation):
        return found
    if _is_array(found):
        if operation.backward is None:
            return found, None
        raise WrongForward(
            "returns an array alone from its `forward`, but its `backward` takes what `forward` saved",
            "`forward` must return `(y, saved)`: the result, and what `backward` needs",
        )
    if isinstance(operation, Function):
        raise WrongForward(f"returns {_returned(found[0])}, not an array", "end it with `return y`")
    raise WrongForward(
        f"returns {_returned(found)} from its `forward`, not a result",
        "end it with `return y, saved`; without a `backward`, `return y` is enough",
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, SymbolicArray | np.ndarray | np.generic | int | float)


def _is_result(value: Any, operation: Any) -> bool:
    """An array or a number; a function may give several, as `split` does."""
    if isinstance(operation, Function) and isinstance(value, tuple | list):
        return bool(value) and all(map(_is_array, value))
    return _is_array(value)


def _returned(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}" if len(value) not in (2, 3) else "a tuple without an array in front"
    return f"a {type(value).__name__}"


class Loss(Layer):
    """The base of the losses: a layer without parameters whose result is a scalar."""


class Function:
    """A plain function of the language with its attributes filled in; its gradient is derived."""

    __slots__ = ("attributes", "function", "sizes")
    backward = None

    def __init__(
        self,
        function: Callable[..., Any],
        attributes: Mapping[str, Any],
        sizes: tuple[Size, ...] = (),
    ) -> None:
        self.function = function
        self.attributes = dict(attributes)
        self.sizes = sizes

    def forward(self, *tensors: Array) -> tuple[Array, None]:
        return self.function(*tensors, *self.sizes, **self.attributes), None

    def parameters(self, *tensors: Array) -> dict[str, Parameter]:
        return {}

    state = parameters

    def index_bounds(self, *tensors: Array) -> dict[str, Size]:
        return {}

    def ignored_index(self) -> int | None:
        return None

    def hint(self, *tensors: Array) -> str | None:
        return None


Operation: TypeAlias = Layer | Function
