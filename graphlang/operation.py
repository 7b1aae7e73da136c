"""The contract of an operation: a few lines of plain NumPy, forward and backward, and nothing else.

A layer is a Pydantic model whose fields are its attributes. Its `forward` and `backward` call only
NumPy functions and operators on what they are given, so that the same lines run on arrays (they
compute) and on symbolic arrays (they record, and so check shapes, are planned and are differentiated).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from graphlang.initializers.initializer import Initializer
from graphlang.trace import Size

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


class Layer(BaseModel):
    """The base of every layer: subclass it, give it fields, `forward` and, if you like, `backward`.

    `forward(self, x, t, *, W, b)` takes the tensors by position and the layer's own parameters by
    keyword; it returns the result and whatever `backward` will need. Two more keywords are known:
    `training` (a bool) and `random` (a stream of random numbers).

    `backward(self, dy, saved)` returns one gradient for each argument of `forward`, in order; None
    where there is none. Leave it out and it is derived from `forward`.

    Never write into an argument: what comes in may be somebody else's too.
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

    def hint(self, *tensors: Array) -> str | None:
        """A word to a user whose shapes are allowed but probably not meant."""
        return None


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

    def hint(self, *tensors: Array) -> str | None:
        return None


Operation: TypeAlias = Layer | Function
