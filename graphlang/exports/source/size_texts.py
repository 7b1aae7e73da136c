"""Sizes in a generated file: names for those of a shape, `N, T = x.shape[:2]`, and formulas of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.exports.source.expressions import Expression, expression_of, power_of
from graphlang.exports.source.names import TAKEN, identifier
from graphlang.trace import Dim, Shape, Size
from graphlang.trace.dim_scalar import DimScalar


class SizeTexts:
    """The sizes of one function: arrays that tell them, and the names that it takes from their shapes."""

    def __init__(self, arrays: Mapping[str, Shape]) -> None:
        #: text of an array -> its shape
        self.arrays = dict(arrays)
        #: arrays whose shape is told by their names, also where it consists of numbers
        self.fixed: frozenset[str] = frozenset()
        self.used: dict[str, None] = {}

    def size(self, size: Any) -> Expression:
        """A size, or a number that is computed from sizes."""
        if not isinstance(size, Dim | DimScalar):
            return Expression(str(size))
        place = self._place(size)
        if place is not None:
            return Expression(place)
        text = str(size)
        for symbol in size.symbol_names():
            self.used[symbol] = None
        if isinstance(size, DimScalar):
            return _number(text, size)
        return _formula(text)

    def shape(self, shape: Shape) -> str:
        """A shape as a tuple; where an array has it, that of the array."""
        same = self.same_shape(shape)
        if same is not None:
            return same
        inner = ", ".join(self.size(n).text for n in shape)
        return f"({inner},)" if len(shape) == 1 else f"({inner})"

    def same_shape(self, shape: Shape) -> str | None:
        """The shape of an array that has this one, where it depends on a size."""
        known = any(isinstance(n, Dim) for n in shape)
        for array, own in self.arrays.items():
            if own == shape and shape and (known or array in self.fixed):
                return f"{array}.shape"
        return None

    def leading(self, shape: Shape) -> str | None:
        """The array whose shape agrees with this one but for the last axis."""
        if len(shape) > 1 and any(isinstance(n, Dim) for n in shape[:-1]):
            for array, own in self.arrays.items():
                if own[:-1] == shape[:-1] and len(own) == len(shape) and array:
                    return array
        return None

    def _place(self, size: Any) -> str | None:
        """The axis of an array that has a size which is no name alone."""
        if isinstance(size, DimScalar) or size == Dim.symbol(str(size)):
            return None
        for array, shape in self.arrays.items():
            for axis, own in enumerate(shape):
                if own == size:
                    return f"{array}.shape[{axis}]"
        return None

    def header(self) -> tuple[list[str], list[str]]:
        """The statements that define the names, and the names that no array tells."""
        missing, lines, done = [], [], set()
        found: dict[str, dict[str, int]] = {}
        for name in self.used:
            for array, shape in self.arrays.items():
                axes = [i for i, n in enumerate(shape) if isinstance(n, Dim) and n == Dim.symbol(name)]
                if axes:
                    found.setdefault(array, {})[name] = axes[0]
                    break
            else:
                missing.append(name)
        for array, own in found.items():
            lines += _unpacked(array, own, self.arrays[array])
            done |= set(own)
        return lines, missing


def _unpacked(array: str, axes: Mapping[str, int], shape: Shape) -> list[str]:
    ordered = sorted(axes, key=axes.__getitem__)
    places = [axes[name] for name in ordered]
    names = [size_name(name) for name in ordered]
    if len(names) > 1 and places == list(range(len(names))):
        whole = len(names) == len(shape)
        return [f"{', '.join(names)} = {array}.shape{'' if whole else f'[:{len(names)}]'}"]
    return [f"{name} = {array}.shape[{place}]" for name, place in zip(names, places, strict=True)]


def size_name(name: str) -> str:
    """The name of a size as a variable."""
    own = identifier(name)
    return f"{own}_" if own in TAKEN else own


def _formula(text: str) -> Expression:
    import ast

    return _written(ast.parse(text, mode="eval").body)


def _written(node: Any) -> Expression:
    """An expression of sizes with the spaces that ruff puts."""
    import ast

    if isinstance(node, ast.Name):
        return Expression(size_name(node.id))
    if isinstance(node, ast.BinOp):
        left, right = _written(node.left), _written(node.right)
        if isinstance(node.op, ast.Pow):
            return power_of(left, right)
        whole = expression_of(f"{{0}} {_SIGNS[type(node.op).__name__]} {{1}}".format("a", "b"))
        first = left.within(whole.strength)
        return Expression(
            f"{first} {_SIGNS[type(node.op).__name__]} {right.within(whole.strength + 1)}", whole.strength
        )
    if isinstance(node, ast.Call):
        inner = ", ".join(_written(x).text for x in node.args)
        return Expression(f"{ast.unparse(node.func)}({inner})")
    if isinstance(node, ast.UnaryOp):
        own = expression_of("-a")
        return Expression(f"-{_written(node.operand).within(own.strength)}", own.strength)
    return expression_of(ast.unparse(node))


_SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%"}


def _number(text: str, size: DimScalar) -> Expression:
    """A number computed from sizes; functions of NumPy give a number of Python."""
    found = _formula(text)
    called = re.findall(r"\b([a-z_]\w*)\(", found.text)
    if not [name for name in called if name != "max"]:
        return found
    named = re.sub(r"\b(?!max\b)([a-z_]\w*)\(", r"np.\1(", found.text)
    return Expression(f"float({named})" if size.kind is float else f"{size.kind.__name__}({named})")


def symbols_of(shapes: Sequence[Shape]) -> list[str]:
    """The names of the sizes in shapes."""
    names: dict[str, None] = {}
    for shape in shapes:
        for n in shape:
            if isinstance(n, Dim):
                names.update(dict.fromkeys(n.symbols))
    return list(names)


Sized = Size | DimScalar
