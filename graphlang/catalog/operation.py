"""The contract of an operation: `forward` and `backward` in a few lines of plain NumPy.

A layer is a Pydantic model whose fields are its attributes. Its `forward` and `backward` apply only NumPy
functions and operators to their arguments. So the same lines run on arrays, where they compute, and on
symbolic arrays, where they record a program that can be checked for shapes, planned and differentiated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
from pydantic import ConfigDict

from graphlang.contracts.fields import Fields
from graphlang.contracts.initializer import Initializer
from graphlang.trace import Size, SymbolicArray
from graphlang.trace.dims import is_size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array: TypeAlias = Any
"""A NumPy array or a symbolic array; an operation treats both alike."""


class DerivedGradient:
    """What a `forward` saves where its `backward` does not apply to a call: then the gradient is derived."""


DERIVED = DerivedGradient()


class Parameter:
    """The shape of a layer's parameter and how it starts.

    `init` is a number, an array of that shape, or an initializer such as `normal(std=0.1)`. By default a
    parameter starts as a `param` of the language does: drawn by `he` if it has two axes or more, else at 0.
    """

    __slots__ = ("init", "shape")

    def __init__(self, shape: Size | Sequence[Size], init: Initializer | ArrayLike | None = None) -> None:
        #: the sizes of its axes
        self.shape: tuple[Size, ...] = _shape(shape)
        #: the initializer of its start values
        self.init: Initializer = init if isinstance(init, Initializer) else _start(self.shape, init)

    def __repr__(self) -> str:
        return f"Parameter({self.shape}, {self.init!r})"


def _shape(shape: Any) -> tuple[Size, ...]:
    sizes = (shape,) if is_size(shape) else shape
    if isinstance(sizes, str) or not isinstance(sizes, Sequence) or not all(map(is_size, sizes)):
        raise TypeError(f"the shape of a parameter is a tuple of whole numbers, not {shape!r}")
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise ValueError(f"a parameter has at least one element along each axis, but its shape is {shape}")
    return tuple(sizes)


def _start(shape: tuple[Size, ...], start: Any) -> Initializer:
    if start is None:
        from graphlang.initializers.he import he
        from graphlang.initializers.zeros import zeros

        return he() if len(shape) > 1 else zeros()
    if isinstance(start, type) and issubclass(start, Initializer):
        return start()
    try:
        array = np.asarray(start)
    except ValueError:
        raise ValueError("the start of a parameter is a list whose rows differ in length") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(
            f"the start of a parameter is a number, an array or an initializer such as "
            f"gl.initializers.he(), not {start!r}"
        )
    if array.shape not in ((), shape):
        raise ValueError(f"a parameter of shape {shape} does not start with an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("a parameter starts with finite numbers")
    from graphlang.initializers.constant import constant

    return constant(c=array.tolist())


class Random(Protocol):
    """The random stream that the engine passes to a `forward` with a keyword-only argument `random`."""

    def uniform(self, shape: Any) -> Array:
        """Uniform numbers in [0, 1), in the run's precision."""


class Layer(Fields):
    """The base class of every layer: a subclass has fields, `forward` and optionally `backward`.

    `forward(self, x, t, *, W, b)` takes the tensors by position and the layer's own parameters by
    keyword; it returns `(y, saved)`: the result, and whatever `backward` needs. It may take two more
    keywords: `training` (a bool) and `random` (a stream of random numbers).

    `backward(self, dy, saved)` returns one gradient for each argument of `forward`, in order; None
    where there is none. Without a `backward`, the gradient is derived from `forward`, which may then
    return `y` alone.

    Both run on symbolic arrays before there are any numbers. So they call NumPy's functions and operators
    on whole arrays: no writing into an array (`x[x < 0] = 0` is `np.where(x < 0, 0, x)`), no Python loop
    over its elements and no `if` on its values (`np.where`, `np.maximum`, `np.sum(..., axis=...)`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    #: other names that a spec may use for the operation, as `relu` for `Relu`
    spellings: ClassVar[tuple[str, ...]] = ()
    #: what is shown where the layer is opened, in the language, as `y = log(1 + exp(x))` for Softplus: `y`
    #: from the arguments of `forward`; where it is empty, the primitives that `forward` records
    unfolds: ClassVar[str] = ""
    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any] | None] = None

    @property
    def several(self) -> bool:
        """Whether `forward` returns a tuple of results in the place of one, which a file takes apart."""
        return False

    def parameters(self, *tensors: Array) -> dict[str, Parameter]:
        """The parameters that `forward` takes by keyword, for tensors of these shapes."""
        return {}

    def state(self, *tensors: Array) -> dict[str, Parameter]:
        """What the layer keeps from step to step, such as running statistics.

        `forward` takes it by keyword, and in training mode returns its new values as a third element.
        """
        return {}

    def index_bounds(self, *tensors: Array) -> dict[str, Size]:
        """One more than the largest index allowed, for each tensor argument that holds labels or ids."""
        return {}

    def ignored_index(self) -> int | None:
        """An index that is allowed outside the bounds too, such as the label of padding."""
        return None

    def unfolding(self, *tensors: Array) -> str:
        """`unfolds` where it depends on attributes or shapes."""
        return self.unfolds

    def hint(self, *tensors: Array) -> str | None:
        """A warning about shapes that are allowed but probably not meant."""
        return None


class WrongForward(TypeError):
    """A method of a layer returned something that cannot be its result; `help` says what to write."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def outcome(operation: Any, returned: Any) -> tuple[Any, ...]:
    """What `forward` returned, as `(y, saved)` or `(y, saved, state)`; else raises WrongForward.

    Without a `backward` nothing needs to be saved, so `forward` may return the result alone.
    """
    if isinstance(returned, tuple) and 2 <= len(returned) <= 3 and _is_result(returned[0], operation):
        return returned
    if _is_array(returned):
        if operation.backward is None:
            return returned, None
        raise WrongForward(
            "returns an array alone from its `forward`, but its `backward` takes what `forward` saved",
            "`forward` must return `(y, saved)`: the result, and what `backward` needs",
        )
    if isinstance(operation, Function):
        raise WrongForward(f"returns {_returned(returned[0])}, not an array", "end it with `return y`")
    raise WrongForward(
        f"returns {_returned(returned)} from its `forward`, not a result",
        "end it with `return y, saved`; without a `backward`, `return y` is enough",
    )


def is_by_hand(operation: Any, saved: Any) -> bool:
    """Whether the operation's own `backward` gives the gradient of a call that saved this."""
    return operation.backward is not None and saved is not DERIVED


PARAMETERS = 'return {"W": gl.Parameter(shape, 0.1)}: a name for each, and its shape and start'


def owned(operation: Any, method: str, tensors: Sequence[Any]) -> dict[str, Parameter]:
    """What `parameters` or `state` of a layer returns; WrongForward unless it is a dict of Parameters."""
    parameters = getattr(operation, method)(*tensors)
    if not isinstance(parameters, Mapping):
        raise WrongForward(f"returns {_returned(parameters)} from its `{method}`, not a dict", PARAMETERS)
    for name, value in parameters.items():
        if not isinstance(value, Parameter):
            message = f"gives `{name}` as {_returned(value)} in its `{method}`, not as a gl.Parameter"
            raise WrongForward(message, PARAMETERS)
    return dict(parameters)


def takes_any_keyword(layer: type[Layer]) -> bool:
    """Whether a `forward` ends in `**weights`, for parameters whose number depends on the attributes."""
    return bool(layer.forward.__code__.co_flags & inspect.CO_VARKEYWORDS)


def check_taken(operation: Any, declared: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Raises WrongForward unless `forward` takes exactly the parameters and state that the layer declares."""
    for name in declared:
        if name not in taken and not takes_any_keyword(type(operation)):
            message = f"has `{name}`, which its `forward` does not take by keyword"
            raise WrongForward(message, f"write it after the star: `def forward(self, x, *, {name})`")
    optional = type(operation).forward.__kwdefaults__ or {}
    for name in taken:
        if name not in declared and name not in optional:
            message = f"takes `{name}` by keyword, but neither its `parameters` nor its `state` gives it"
            raise WrongForward(
                message, f'return {{"{name}": gl.Parameter(shape, 0.1)}} from `parameters(self, x)`'
            )


def renewed(state: Any, keywords: Mapping[str, Any]) -> Mapping[str, Any]:
    """The new state that a `forward` returns third in training mode.

    Raises WrongForward unless its names and shapes are those of the state that `forward` took.
    """
    if not isinstance(state, Mapping):
        message = f"returns {_returned(state)} third from its `forward`, where its state belongs"
        raise WrongForward(message, 'write `return y, saved, {"mean": new_mean}`, with the names of `state`')
    for name, value in state.items():
        if name not in keywords:
            message = f"renews `{name}`, which it does not remember"
            raise WrongForward(message, "renew what its `state` names")
        if np.shape(value) != np.shape(keywords[name]):
            message = f"renews `{name}` in another shape, {np.shape(value)} for {np.shape(keywords[name])}"
            raise WrongForward(
                message, "what a layer remembers keeps its shape: sum or average over the batch"
            )
    return state


def as_numbers(operands: Sequence[Array], dtype: Any) -> list[Array] | None:
    """The operands with bools converted to 1 and 0; None if none of them is bool."""
    bools = [getattr(x, "dtype", None) == np.bool_ for x in operands]
    if not any(bools):
        return None
    return [x.astype(dtype) if is_bool else x for x, is_bool in zip(operands, bools, strict=True)]


def _is_array(value: Any) -> bool:
    return isinstance(value, SymbolicArray | np.ndarray | np.generic | int | float)


def _is_result(value: Any, operation: Any) -> bool:
    """Whether a value is an array or a number; some operations return several, as `split` does."""
    if isinstance(value, tuple | list) and (isinstance(operation, Function) or operation.several):
        return bool(value) and all(map(_is_array, value))
    return _is_array(value)


def _returned(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}" if len(value) not in (2, 3) else "a tuple without an array in front"
    return f"a {type(value).__name__}"


class Loss(Layer):
    """The base class of the losses: a layer without parameters whose result is a scalar."""


class Function:
    """A function of the language with its attributes filled in; its gradient is derived."""

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

    def forward(self, *tensors: Array, **supplied: Any) -> tuple[Array, None]:
        return self.function(*tensors, *self.sizes, **self.attributes, **supplied), None

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
