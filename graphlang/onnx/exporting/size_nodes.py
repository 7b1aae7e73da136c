"""Sizes that are not numbers yet, as nodes: the shapes of inputs tell named sizes, and formulas follow."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.types import onnx_type
from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Atom, Dim, name_of

_OPERATIONS = {
    operator.add: "Add",
    operator.sub: "Sub",
    operator.mul: "Mul",
    operator.truediv: "Div",
    operator.pow: "Pow",
    operator.neg: "Neg",
    np.sqrt: "Sqrt",
    np.exp: "Exp",
    np.log: "Log",
    np.negative: "Neg",
    np.add: "Add",
    np.subtract: "Sub",
    np.multiply: "Mul",
    np.divide: "Div",
    np.power: "Pow",
    np.maximum: "Max",
    np.minimum: "Min",
    np.absolute: "Abs",
    np.floor: "Floor",
    np.ceil: "Ceil",
    np.tanh: "Tanh",
    np.reciprocal: "Reciprocal",
}


class Sizes:
    """The nodes that compute sizes; each is written once.

    `node` writes one from its kind, its operands and its attributes, `constant` an array.
    """

    def __init__(self, node: Callable[..., str], constant: Callable[[Any], str]) -> None:
        self._node = node
        self._constant = constant
        #: where an input has a size by itself: its name and the axis
        self.places: dict[str, tuple[str, int]] = {}
        self._known: dict[Any, str] = {}

    def learn(self, name: str, shape: tuple[Any, ...]) -> None:
        """Remembers the named sizes of an input."""
        for axis, size in enumerate(shape):
            if name_of(size) is not None:
                self.places.setdefault(str(size), (name, axis))

    def vector(self, sizes: tuple[Any, ...]) -> str:
        """Sizes as an array of whole numbers."""
        if not any(isinstance(n, Dim) for n in sizes):
            return self._constant(np.array([int(n) for n in sizes], np.int64))
        key = ("vector", sizes)
        if key not in self._known:
            parts = [self.size(n) for n in sizes]
            whole = parts[0] if len(parts) == 1 else self._node("Concat", *parts, axis=0)
            self._known[key] = whole
        return self._known[key]

    def size(self, size: Any) -> str:
        """One size, as an array of one whole number."""
        if not isinstance(size, Dim):
            return self._constant(np.array([int(size)], np.int64))
        if size not in self._known:
            terms = []
            for monomial, factor in size.terms:
                factors = [self._atom(atom) for atom in monomial]
                if factor != 1 or not factors:
                    factors.append(self.size(factor))
                terms.append(self._joined("Mul", factors))
            self._known[size] = self._joined("Add", terms)
        return self._known[size]

    def number(self, value: Any, dtype: Any) -> str:
        """A number computed from sizes, as a scalar of a type."""
        key = ("number", value, np.dtype(dtype))
        if key not in self._known:
            scalar = self._scalar(value)
            self._known[key] = self._node("Cast", scalar, to=onnx_type(dtype))
        return self._known[key]

    def _scalar(self, value: Any) -> str:
        """In float64, and whole numbers as such."""
        if isinstance(value, Dim):
            one = self.size(value)
            return self._node("Reshape", one, self._constant(np.array([], np.int64)))
        if not isinstance(value, DimScalar):
            return self._constant(np.asarray(value))
        operands = [self._float(self._scalar(x)) for x in value.operands]
        if value.function in (operator.floordiv, np.floor_divide):
            return self._node("Floor", self._node("Div", *operands))
        if value.function in (operator.mod, np.remainder):
            whole = self._node("Floor", self._node("Div", *operands))
            return self._node("Sub", operands[0], self._node("Mul", whole, operands[1]))
        operation = _OPERATIONS.get(value.function)
        if operation is None:
            raise CannotExport(f"the number {value}, which is computed from sizes, has no form in ONNX")
        return self._node(operation, *operands)

    def _float(self, name: str) -> str:
        return self._node("Cast", name, to=onnx_type(np.float64))

    def _atom(self, atom: Atom) -> str:
        key = ("atom", atom.text)
        if key not in self._known:
            self._known[key] = self._symbol(atom.text) if atom.kind == "symbol" else self._computed(atom)
        return self._known[key]

    def _symbol(self, name: str) -> str:
        source, axis = self.places[name]
        return self._node("Shape", source, start=axis, end=axis + 1)

    def _computed(self, atom: Atom) -> str:
        """A quotient, rounded down, or a size that is at least 0."""
        value = self.size(atom.value)
        if atom.kind != "quotient":
            zero = self.size(0)
            return self._node("Max", value, zero)
        below = self.size(atom.denominator)
        rest = self._node("Mod", value, below)
        return self._node("Div", self._node("Sub", value, rest), below)

    def _joined(self, kind: str, parts: list[str]) -> str:
        """The sum or the product of sizes."""
        total = parts[0]
        for part in parts[1:]:
            total = self._node(kind, total, part)
        return total
