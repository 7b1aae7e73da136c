"""Sizes in a generated file: names for those of a shape, `N, T = x.shape[:2]`, and formulas of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.exports.size_trees import BinaryTree, CallTree, NegativeTree, SumTree, size_tree
from graphlang.exports.source.expressions import SIGN, SUM, Expression, expression_of, power_of
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
        for symbol in size.symbol_names():
            self.used[symbol] = None
        return _number(size) if isinstance(size, DimScalar) else _formula(size_tree(size))

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
        if isinstance(size, DimScalar) or _is_atom(size):
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
            symbol = Dim.symbol(name)
            for array, shape in self.arrays.items():
                axes = [i for i, n in enumerate(shape) if n == symbol]
                if axes:
                    found.setdefault(array, {})[name] = axes[0]
                    break
            else:
                missing.append(name)
        for array, own in found.items():
            lines += _unpacked(array, own, self.arrays[array])
            done |= set(own)
        return lines, missing


def _is_atom(size: Dim) -> bool:
    """Whether a size is a name, or a quotient, alone."""
    (monomial, factor), *others = size.terms
    return not others and factor == 1 and len(monomial) == 1


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


LONGEST_SUM = 50
"""The most terms that are written with signs between them: Python nests each in the next."""
_SUM_SIGN = {1: "+", -1: "-"}


def _formula(tree: Any) -> Expression:
    """An expression of sizes with the spaces that ruff puts."""
    import ast

    if isinstance(tree, SumTree):
        return _sum(tree)
    if isinstance(tree, BinaryTree):
        return _infix(tree.operator, _formula(tree.left), _formula(tree.right))
    if isinstance(tree, ast.BinOp):
        return _infix(type(tree.op), _formula(tree.left), _formula(tree.right))
    if isinstance(tree, NegativeTree | ast.UnaryOp):
        return Expression(f"-{_formula(tree.operand).within(SIGN)}", SIGN)
    if isinstance(tree, CallTree):
        return Expression(f"{tree.function}({', '.join(_formula(x).text for x in tree.operands)})")
    if isinstance(tree, ast.Call):
        inner = ", ".join(_formula(x).text for x in tree.args)
        return Expression(f"{ast.unparse(tree.func)}({inner})")
    return Expression(size_name(tree.id)) if isinstance(tree, ast.Name) else expression_of(ast.unparse(tree))


def _infix(operator: Any, left: Expression, right: Expression) -> Expression:
    sign = _SIGNS[operator.__name__]
    if sign == "**":
        return power_of(left, right)
    strength = expression_of(f"a {sign} b").strength
    return Expression(f"{left.within(strength)} {sign} {right.within(strength + 1)}", strength)


def _sum(tree: SumTree) -> Expression:
    parts = [(sign, _formula(term)) for sign, term in tree.terms]
    if len(parts) > LONGEST_SUM:
        inner = ", ".join(f"{'-' if sign < 0 else ''}{x.within(SIGN)}" for sign, x in parts)
        return Expression(f"sum([{inner}])")
    text = parts[0][1].within(SUM)
    for sign, x in parts[1:]:
        text += f" {_SUM_SIGN[sign]} {x.within(SUM + 1)}"
    return Expression(text, SUM)


_SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**"}


def _number(size: DimScalar) -> Expression:
    """A number computed from sizes; functions of NumPy give a number of Python."""
    found = _formula(size_tree(size))
    called = re.findall(r"\b([a-z_]\w*)\(", found.text)
    if not [name for name in called if name not in _OF_PYTHON]:
        return found
    named = re.sub(r"\b(?!(?:max|sum)\b)([a-z_]\w*)\(", r"np.\1(", found.text)
    return Expression(f"float({named})" if size.kind is float else f"{size.kind.__name__}({named})")


_OF_PYTHON = frozenset({"max", "sum"})


def symbols_of(shapes: Sequence[Shape]) -> list[str]:
    """The names of the sizes in shapes."""
    names: dict[str, None] = {}
    for shape in shapes:
        for n in shape:
            if isinstance(n, Dim):
                names.update(dict.fromkeys(n.symbols))
    return list(names)


Sized = Size | DimScalar
