"""One recorded step as a rule sees it, and rules that fill templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from graphlang.exports.latex.notation import ATOM, COMPARISON, Tex, brackets, operator, template_filled
from graphlang.exports.latex.writing import Writing
from graphlang.trace import Shape, Step


class TexCall(NamedTuple):
    """One recorded step, as a rule sees it."""

    writer: Writing
    step: Step
    operands: list[Tex]

    @property
    def params(self) -> dict[str, Any]:
        return self.step.params

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of the operands; () for a number."""
        return [tuple(getattr(x, "shape", ())) for x in self.step.operands]

    def fill(self, template: str, strength: int = ATOM, **texts: str) -> Tex:
        return template_filled(template, self.operands, strength, **texts)

    def size(self, size: Any) -> Tex:
        return self.writer.sizes.size(size)

    def note(self, name: str) -> None:
        """Has the document explain a notation."""
        self.writer.notes[name] = None

    def is_truth(self, place: int) -> bool:
        """Whether an operand is a truth value."""
        x = self.step.operands[place]
        return isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_


TexRule: TypeAlias = "Callable[[TexCall], Tex]"


def template_rule(template: str, strength: int = ATOM, note: str = "") -> TexRule:
    """A rule that fills a template, with truth values as 1 and 0."""

    def filling(call: TexCall) -> Tex:
        if note:
            call.note(note)
        return counted_operands(call).fill(template, strength)

    return filling


def bitwise(sign: str, name: str) -> TexRule:
    """An operator of truth values, and a function of whole numbers."""

    def written(call: TexCall) -> Tex:
        if call.is_truth(0) and call.is_truth(1):
            return call.fill(rf"@0a {sign} @1a", COMPARISON)
        return function_rule(operator(name))(call)

    return written


def of_truth(template: str, strength: int) -> TexRule:
    """A rule of truth values, which stay what they are."""
    return lambda call: call.fill(template, strength)


def counted_operands(call: TexCall) -> TexCall:
    """The call with conditions as 1 and 0, `[x > 0]`."""
    return call._replace(operands=[counted_operand(call, i) for i in range(len(call.operands))])


def counted_operand(call: TexCall, place: int) -> Tex:
    """An operand; a condition in the brackets that make a number of it."""
    x = call.operands[place]
    if not call.is_truth(place):
        return x
    call.note("iverson")
    return Tex(f"[{x.text}]")


def function_rule(name: str) -> TexRule:
    """A function of one operand or more, in brackets."""

    def called(call: TexCall) -> Tex:
        inner = ", ".join(x.text for x in counted_operands(call).operands)
        return Tex(f"{name}{brackets(inner)}")

    return called


def index_of_axes(call: TexCall, axis: Any) -> str:
    """The index that says along which axes; nothing for all of them."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == len(call.shapes[0]):
        return ""
    call.note("axis")
    return rf"_{{\text{{axis }} {', '.join(map(str, axes))}}}"
