"""Pieces of mathematics in LaTeX: a text, how strongly its outermost operator binds, and how wide it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.draw.numbers import short
from graphlang.exports.size_trees import BinaryTree, CallTree, NegativeTree, SumTree, size_tree
from graphlang.trace import Shape

COMPARISON, SUM, SIGN, ODOT, PRODUCT, POWER, ATOM = range(1, 8)
"""How strongly an expression binds, from a comparison to a symbol."""
ANY = 0
_LEVELS = {"": ANY, "s": SUM, "o": ODOT, "p": PRODUCT, "w": POWER, "a": ATOM}
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\^{}",
    "~": r"\~{}",
}
_TALL = ("\\frac", "\\sum", "\\begin", "\\prod", "\\sqrt", "\\max_", "\\min_")


class Tex(NamedTuple):
    """A formula in LaTeX."""

    text: str
    strength: int = ATOM

    def within(self, strength: int) -> str:
        """The formula as an operand: in brackets where it binds less than that."""
        return self.text if self.strength >= strength else brackets(self.text)


def brackets(text: str) -> str:
    """A formula in round brackets, which grow with what is tall."""
    tall = any(sign in text for sign in _TALL)
    return rf"\left({text}\right)" if tall else f"({text})"


def template_filled(template: str, operands: list[Tex], strength: int = ATOM, **texts: str) -> Tex:
    """A template with operands in place of `@0`, `@1s` (within a sum), `@1p` (within a product) ...;
    `@(0)` is one in brackets."""

    def part(found: re.Match[str]) -> str:
        if found[3] is not None:
            return brackets(operands[int(found[3])].text)
        if found[4] is not None:
            return texts[found[4]]
        return operands[int(found[1])].within(_LEVELS[found[2]])

    return Tex(re.sub(r"@(\d)([sopwa]?)|@\((\d)\)|@<(\w+)>", part, template), strength)


def without_specials(text: str) -> str:
    """A text in which every special character is written as such."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)


def tex_number(value: Any) -> Tex:
    """A number as one writes it."""
    if isinstance(value, bool | np.bool_):
        return Tex(r"\text{true}" if value else r"\text{false}")
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return Tex(r"\text{nan}")
        if np.isinf(value):
            return Tex(r"\infty") if value > 0 else Tex(r"-\infty", SIGN)
    text = short(value.item() if isinstance(value, np.generic) else value)
    mantissa, _, exponent = text.partition("e")
    if exponent:
        factor = "" if mantissa in ("1", "-1") else rf"{mantissa} \cdot "
        sign = "-" if mantissa == "-1" else ""
        text = f"{sign}{factor}10^{{{int(exponent)}}}"
        return Tex(text, SIGN if text.startswith("-") else PRODUCT)
    return Tex(text, SIGN if text.startswith("-") else ATOM)


def array(value: Any) -> Tex:
    """A constant array: its numbers where they are few."""
    value = np.asarray(value)
    if value.ndim == 0:
        return tex_number(value.item())
    if value.size and np.all(value == value.flat[0]):
        return tex_number(value.flat[0])
    if value.ndim == 1 and value.size <= 6:
        return Tex(rf"({', '.join(tex_number(x).text for x in value)})")
    if value.ndim == 2 and value.size <= 16:
        rows = r" \\ ".join(" & ".join(tex_number(x).text for x in row) for row in value)
        return Tex(rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}")
    sizes = r" \times ".join(map(str, value.shape))
    return Tex(rf"\text{{array of }} {sizes}")


# ---- sizes


class SizeFormulas:
    """SizeFormulas and numbers computed from them, with the symbols of their names."""

    def __init__(self, symbol: Callable[[str], str]) -> None:
        self._symbol = symbol

    def size(self, size: Any) -> Tex:
        """A size, as `N` or `3 D + 1`."""
        if isinstance(size, int):
            return tex_number(size)
        return self._formula(size_tree(size))

    def shape(self, shape: Shape) -> str:
        """A shape, its sizes with a cross between them."""
        return r" \times ".join(self.size(n).within(PRODUCT) for n in shape)

    def _formula(self, tree: Any) -> Tex:
        if isinstance(tree, ast.Name):
            return Tex(self._symbol(tree.id))
        if isinstance(tree, ast.Constant):
            return tex_number(tree.value)
        if isinstance(tree, ast.UnaryOp | NegativeTree):
            return template_filled("-@0p", [self._formula(tree.operand)], SIGN)
        if isinstance(tree, ast.BinOp):
            return self._infix(type(tree.op), tree.left, tree.right)
        if isinstance(tree, BinaryTree):
            return self._infix(tree.operator, tree.left, tree.right)
        if isinstance(tree, SumTree):
            return self._sum(tree)
        name, operands = (
            (tree.function, tree.operands)
            if isinstance(tree, CallTree)
            else (ast.unparse(tree.func), tree.args)
        )
        inner = ", ".join(self._formula(x).text for x in operands)
        known = {"max": r"\max", "min": r"\min", "log": r"\log", "exp": r"\exp"}
        if name == "sqrt":
            return Tex(rf"\sqrt{{{inner}}}")
        return Tex(f"{known.get(name, operator(name))}{brackets(inner)}")

    def _infix(self, sign: type[ast.operator], left: Any, right: Any) -> Tex:
        template, strength = _SIZE_SIGNS[sign]
        return template_filled(template, [self._formula(left), self._formula(right)], strength)

    def _sum(self, tree: SumTree) -> Tex:
        text = self._formula(tree.terms[0][1]).within(SUM)
        for sign, term in tree.terms[1:]:
            own = self._formula(term)
            text += f" - {own.within(PRODUCT)}" if sign < 0 else f" + {own.within(SUM)}"
        return Tex(text, SUM)


_SIZE_SIGNS: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("@0s + @1s", SUM),
    ast.Sub: ("@0s - @1p", SUM),
    ast.Mult: (r"@0p \, @1p", PRODUCT),
    ast.Div: (r"\frac{@0}{@1}", POWER),
    ast.FloorDiv: (r"\left\lfloor \frac{@0}{@1} \right\rfloor", ATOM),
    ast.Mod: (r"@0p \bmod @1w", PRODUCT),
    ast.Pow: ("@0a^{@1}", POWER),
}


def operator(name: str) -> str:
    """The name of a function."""
    return rf"\operatorname{{{without_specials(name)}}}"


# ---- widths


def tex_width(text: str) -> float:
    """About how many letters wide a formula is."""
    return _measured(_signs(text))


def tex_depth(text: str) -> int:
    """How many groups, brackets that grow and environments of a formula are open at once; TeX has 255."""
    depth = most = 0
    for found in re.finditer(r"\\[A-Za-z]+|\\.|[{}]", text, re.DOTALL):
        depth += (found[0] in _OPENING) - (found[0] in _CLOSING)
        most = max(most, depth)
    return most


_OPENING, _CLOSING = frozenset({"{", "\\left", "\\begin"}), frozenset({"}", "\\right", "\\end"})


def _signs(text: str) -> list[Any]:
    """Commands, signs, and groups as lists."""
    stack: list[list[Any]] = [[]]
    for found in re.finditer(r"\\[A-Za-z]+|\\.|.", text, re.DOTALL):
        sign = found[0]
        if sign == "{":
            stack.append([])
        elif sign == "}":
            group = stack.pop()
            stack[-1].append(group)
        elif not sign.isspace():
            stack[-1].append(sign)
    (signs,) = stack
    return signs


_NARROW = {"\\,": 0.3, "\\left": 0.0, "\\right": 0.0, "\\text": 0.0, "\\mathrm": 0.0, "\\operatorname": 0.0}
_WIDE = {"\\odot": 2.0, "\\cdot": 1.0, "+": 2.0, "=": 2.5, "-": 1.6, "\\sum": 2.0, "\\quad": 2.0}
_WIDE |= dict.fromkeys(("\\max", "\\exp", "\\log", "\\tanh", "\\sin", "\\cos", "\\min"), 3.0)


def _measured(signs: list[Any]) -> float:
    total, place = 0.0, 0
    while place < len(signs):
        sign = signs[place]
        after = signs[place + 1 : place + 3]
        if sign == "\\frac":
            total += 0.5 + max(_measured(x) if isinstance(x, list) else 1.0 for x in after)
            place += 2
        elif sign in ("^", "_"):
            total += 0.7 * (_measured(after[0]) if isinstance(after[0], list) else 1.0)
            place += 1
        elif sign == "\\begin":
            inner, place = _environment(signs, place)
            total += 2.0 + inner
        elif isinstance(sign, list):
            total += _measured(sign)
        else:
            total += _NARROW.get(sign, _WIDE.get(sign, 1.0))
        place += 1
    return total


def _environment(signs: list[Any], start: int) -> tuple[float, int]:
    """The width of the widest row of an environment, and where it ends."""
    depth, place = 0, start
    rows: list[list[Any]] = [[]]
    while True:
        depth += (signs[place] == "\\begin") - (signs[place] == "\\end")
        if depth == 0:
            return max(map(_measured, rows)), place + 1
        if place > start + 1:
            if signs[place] == "\\\\" and depth == 1:
                rows.append([])
            else:
                rows[-1].append(signs[place])
        place += 1
