"""Checks the values of inputs against their types, and binds the named sizes to numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from graphlang.datasets.number_checks import (
    ElementIndex,
    beyond_int,
    masked,
    of_rows,
    place_text,
    too_large,
)
from graphlang.diagnostics import Collector, Diagnostic, KnownSize, Span
from graphlang.diagnostics.inputs import (
    ComputedSize,
    EmptyDimension,
    EmptyInput,
    FractionForInt,
    InputOfOtherType,
    InputTooLarge,
    InputWithoutLastAxis,
    MaskedInput,
    MissingInputs,
    NoSizeOfInput,
    ObjectInInput,
    SampleForBatch,
    TwoSizes,
    WrongInput,
)
from graphlang.diagnostics.python_arguments import exact_numbers
from graphlang.inputs.index_bounds import first_not_allowed, wrong_index
from graphlang.inputs.options import unknown_input
from graphlang.spec.models import InputSpec
from graphlang.spec.network import Network
from graphlang.trace import Dim, NoSize, shape_text

SHORT_LIST = 8
"""The length of the longest list that a help message repeats."""
_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool", "U": "text", "S": "text", "O": "Python objects"}
LARGEST_INT = 2**63 - 1
_ALLOWED = {"float": "fiub", "int": "iu", "bool": "b"}


def declared_type(spec: InputSpec) -> str:
    """The type of an input as the file writes it."""
    return f"{spec.dtype}[{', '.join(map(str, spec.shape))}]" if spec.shape else spec.dtype


def array_type(array: Any) -> str:
    kind = _KINDS.get(array.dtype.kind, str(array.dtype))
    return f"{kind}[{', '.join(map(str, array.shape))}]" if array.shape else kind


class BoundInputs:
    """Checked values by the number of their input, and the sizes of the named dimensions."""

    def __init__(self, values: dict[int, Any], sizes: dict[str, int]) -> None:
        self.values = values
        self.sizes = sizes


def bind_inputs(
    network: Network,
    inputs: Mapping[str, Any],
    dtype: Any,
    needed: Sequence[str] | None = None,
    file: str | None = None,
) -> BoundInputs:
    """The inputs' arrays in the run's precision; raises GraphError with every mistake among them.

    `needed`: the inputs that the computed values depend on (all by default); the others may be missing.
    """
    collector = Collector(network.limits.errors)
    required_names = None if needed is None else frozenset(needed)
    _check_names(network, inputs, required_names, file, collector)
    values: dict[int, Any] = {}
    binder = Binder(network)
    for name, spec in network.inputs.items():
        value = inputs.get(name)
        value = spec.default if value is None else value
        if value is None or (
            required_names is not None and name not in required_names and name not in inputs
        ):
            continue
        array = as_array(network, spec, value, dtype)
        if isinstance(array, Diagnostic):
            collector.add(array)
            continue
        values[network.numbers[name]] = array
        problem = binder.match(spec, array)
        if problem is not None:
            collector.add(problem)
    collector.finish()
    for problem in (*binder.expressions(values), *wrong_indices(network, values, binder.sizes)):
        collector.add(problem)
    collector.finish()
    return BoundInputs(values, binder.sizes)


def _check_names(
    network: Network,
    inputs: Mapping[str, Any],
    needed: Collection[str] | None,
    file: str | None,
    collector: Collector,
) -> None:
    """Adds a diagnostic for every unknown name, and one for all inputs that are needed and missing."""
    for name in inputs:
        if name not in network.inputs:
            collector.add(unknown_input(network, name, file))
    required = [n for n, s in network.inputs.items() if s.default is None and (needed is None or n in needed)]
    missing = [n for n in required if inputs.get(n) is None]
    if missing:
        types = [declared_type(network.inputs[n]) for n in missing]
        collector.add(MissingInputs(missing, types, file, takes_rows(network)))


def takes_rows(network: Network) -> bool:
    """Whether inputs are fields of a table, or of a folder, that the `data` section names."""
    return network.spec.data is not None and bool(network.spec.data.fields)


def pointing_to_an_output(network: Network, problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The problems; for missing inputs, the help names the last value that can be computed without them.

    Without an `output` line, the outputs of a file are the values that nothing else uses: that is often the
    loss, which needs labels that a prediction does not have.
    """
    return [
        problem.replaced(computable=_last_without(network, problem.names))
        if isinstance(problem, MissingInputs)
        else problem
        for problem in problems
    ]


def _last_without(network: Network, missing: Sequence[str]) -> str | None:
    """The last named value before the outputs that depends on inputs, but on none of the missing ones."""
    outputs = network.spec.outputs
    on_the_way = network.ancestors([network.numbers[n] for n in outputs])
    inputs = [network.numbers[n] for n in network.inputs]
    wanting = {network.numbers[n] for n in missing}
    for node in reversed(network.nodes):
        name = node.spec.name
        if not node.spec.named or not on_the_way[node.number] or name in outputs or "." in name:
            continue
        needed = network.ancestors([node.number])
        if any(needed[i] for i in inputs) and not any(needed[i] for i in wanting):
            return name
    return None


def as_array(network: Network, spec: InputSpec, value: Any, dtype: Any) -> Any:
    """The value as an array in the run's precision, or a Diagnostic if it does not fit the input."""
    span = network.span(spec.name)
    try:
        array = of_rows(np.asarray(value))
        if array.dtype.kind == "O":
            array = exact_numbers(array, whole=spec.dtype == "int")
    except ValueError:
        return WrongInput.ragged(spec.name, span)
    except OverflowError:
        return _too_large(spec, span, np.dtype(np.float64))
    place = masked(value) if array is not value else None
    if place is not None:
        return MaskedInput(spec.name, span, place_text(place))
    if array.dtype.kind not in _ALLOWED[spec.dtype]:
        if spec.dtype == "int" and array.dtype.kind == "f":
            return _whole(spec, span, array)
        return _no_numbers(spec, span, array)
    if spec.dtype == "bool" or array.dtype == dtype:
        return array
    target = np.dtype(np.int64 if spec.dtype == "int" else dtype)
    place = too_large(array, target)
    if place is None:
        return array.astype(target) if spec.dtype == "int" else np.asarray(array, target)
    return _too_large(spec, span, target, place)


def _no_numbers(spec: InputSpec, span: Span | None, array: Any) -> Diagnostic:
    """The diagnostic for an array of another type; it names the first Python object that is no number."""
    types = array_type(array), declared_type(spec)
    wrong = ((i, v) for i, v in enumerate(array.ravel().tolist()) if not isinstance(v, Real | Decimal))
    index, value = next(wrong, (None, None))
    if index is None or array.dtype.kind != "O":
        return InputOfOtherType(spec.name, span, *types)
    place = place_text(tuple(int(i) for i in np.unravel_index(index, array.shape)))
    return ObjectInInput(spec.name, span, *types, place, None if value is None else type(value).__name__)


def _whole(spec: InputSpec, span: Span | None, array: Any) -> Any:
    """Whole floats such as `3.0` and `1e6` as ints; a Diagnostic for a fraction or an overflow."""
    wrong = array[~np.isfinite(array) | (array != np.rint(array))]
    if wrong.size:
        return FractionForInt(spec.name, span, array_type(array), declared_type(spec), float(wrong[0]))
    place = beyond_int(array)
    if place is not None:
        return _too_large(spec, span, np.dtype(np.int64), place)
    return array.astype(np.int64)


def _too_large(spec: InputSpec, span: Span | None, dtype: Any, place: ElementIndex = ()) -> Diagnostic:
    at = place_text(place)
    if spec.dtype == "int":
        return InputTooLarge(spec.name, span, at, "int, of 64 bits,", str(LARGEST_INT))
    return InputTooLarge(spec.name, span, at, f"number of {dtype}", f"about {np.finfo(dtype).max:.2g}")


class Binder:
    """Matches the shapes of arrays against the declared ones, and binds the sizes named in them.

    Messages add `where` to the type of an array, such as which batch it belongs to.
    """

    def __init__(self, network: Network, where: str = "") -> None:
        self.network = network
        self.where = where
        self.sizes: dict[str, int] = {}
        self.owner: dict[str, str] = {}
        #: axes whose declared size is an expression such as `3*D`: input, axis, size
        self.computed_sizes: list[tuple[InputSpec, int, Dim]] = []

    def match(self, spec: InputSpec, array: Any) -> Diagnostic | None:
        span = self.network.span(spec.name)
        if spec.shape is None:
            return None if array.size else EmptyInput(spec.name, span, shape_text(array.shape))
        if len(array.shape) != len(spec.shape):
            return self._of_other_shape(spec, array)
        names = self.network.axes[spec.name]
        for axis, (declared, name, size) in enumerate(zip(spec.shape, names, array.shape, strict=True)):
            if isinstance(declared, int):
                if declared != size:
                    return self._of_other_shape(spec, array)
            elif size == 0:
                return EmptyDimension(spec.name, span, str(declared))
            elif name is None:
                self.computed_sizes.append((spec, axis, declared))
            elif self.sizes.setdefault(name, size) != size:
                return self._clash(spec, name, size)
            else:
                self.owner.setdefault(name, spec.name)
        return None

    def _clash(self, spec: InputSpec, dim: str, size: int) -> Diagnostic:
        first, span = self.owner[dim], self.network.span
        first_size = self.sizes[dim]
        return TwoSizes(spec.name, span(spec.name), dim, size, first, first_size, span(first), self.where)

    def _of_other_shape(self, spec: InputSpec, array: Any) -> Diagnostic:
        """The mismatch, with the sizes that other inputs have given."""
        axes = [axis for axis in self.network.axes[spec.name] if axis is not None]
        sizes = [
            KnownSize(axis, self.sizes.get(axis), f"input `{self.owner[axis]}`" if axis in self.owner else "")
            for axis in axes
        ]
        problem = self._misfit(spec, array)
        return problem.replaced(sizes=sizes) if any(axis in self.owner for axis in axes) else problem

    def _misfit(self, spec: InputSpec, array: Any) -> Diagnostic:
        facts = self._facts(spec, array)
        shape = spec.shape or ()
        if len(array.shape) == len(shape) - 1 and shape and not isinstance(shape[0], int):
            if shape[-1] == 1 and not _fits(shape[1:], array.shape) and _fits(shape[:-1], array.shape):
                return InputWithoutLastAxis(*facts, len(shape))
            short = array.ndim == 1 and array.size <= SHORT_LIST
            return SampleForBatch(*facts, array.tolist() if short else None)
        fixed = [s for s in shape[1:] if isinstance(s, int)]
        if len(array.shape) > len(shape) and len(fixed) == 1 and np.prod(array.shape[1:]) == fixed[0]:
            return InputOfOtherType.rows_to_flatten(*facts)
        return InputOfOtherType(*facts)

    def _facts(self, spec: InputSpec, array: Any) -> tuple[str, Span | None, str, str]:
        actual = f"{array_type(array)}{self.where}"
        return spec.name, self.network.span(spec.name), actual, declared_type(spec)

    def expressions(self, values: Mapping[int, Any]) -> list[Diagnostic]:
        """Checks sizes such as `3*D`, unless a name in them is unbound because its input is missing."""
        problems: list[Diagnostic] = []
        for spec, axis, declared in self.computed_sizes:
            if not set(declared.symbols) <= set(self.sizes):
                continue
            array = values[self.network.numbers[spec.name]]
            try:
                size = declared.bind(self.sizes)
            except NoSize as error:
                problems.append(
                    NoSizeOfInput.size_unknown(spec.name, str(error), self.network.span(spec.name))
                )
                continue
            if array.shape[axis] != size:
                problems.append(ComputedSize(*self._facts(spec, array), str(declared), size))
        return problems


def _fits(declared: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    return all(
        not isinstance(size, int) or size == there for size, there in zip(declared, shape, strict=True)
    )


def wrong_indices(network: Network, values: Mapping[int, Any], sizes: Mapping[str, int]) -> list[Diagnostic]:
    """Diagnostics for labels and ids outside the range that the operations using them allow."""
    problems: list[Diagnostic] = []
    for name, spec in network.inputs.items():
        try:
            array, below = values.get(network.numbers[name]), first_not_allowed(spec, sizes)
        except NoSize as error:
            problems.append(no_largest_index(network, name, error))
            continue
        if below is None or array is None:
            continue
        problem = wrong_index(network, name, array, below, spec.ignored)
        if problem is not None:
            problems.append(problem)
    return problems


def no_largest_index(network: Network, name: str, error: NoSize) -> Diagnostic:
    """The diagnostic for an input of indices whose bound depends on a size without a value."""
    return NoSizeOfInput.index_bound_unknown(name, str(error), network.span(name))
