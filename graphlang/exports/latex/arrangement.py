"""Operations that move, pick and create elements, and kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.exports.latex.calls import TexCall, TexRule, counted_operand, counted_operands
from graphlang.exports.latex.notation import (
    ATOM,
    POWER,
    SUM,
    Tex,
    array,
    brackets,
    operator,
    tex_number,
    without_specials,
)


def reshape(call: TexCall) -> Tex:
    """Written unless only axes of length 1 come or go."""
    old, new = call.shapes[0], tuple(call.params["shape"])
    if [n for n in old if n != 1] == [n for n in new if n != 1]:
        return call.operands[0]
    call.note("reshape")
    index = call.writer.sizes.shape(new) or "1"
    return Tex(rf"{operator('reshape')}_{{{index}}}{brackets(call.operands[0].text)}")


def transpose(call: TexCall) -> Tex:
    axes = call.params["axes"]
    count = len(axes)
    if axes == (*range(count - 2), count - 1, count - 2):
        base = call.operands[0]
        text = base.within(ATOM) if "^" not in base.text else brackets(base.text)
        return Tex(rf"{text}^{{\top}}", POWER)
    call.note("transpose")
    order = ", ".join(map(str, axes))
    return Tex(rf"{operator('transpose')}_{{{order}}}{brackets(call.operands[0].text)}")


def concatenate(call: TexCall) -> Tex:
    inner = ", ".join(x.text for x in counted_operands(call).operands)
    axis = call.params["axis"]
    index = "" if len(call.shapes[0]) == 1 else rf"_{{\text{{axis }} {axis}}}"
    return Tex(rf"\left[ {inner} \right]{index}")


def key_text(call: TexCall, key: tuple[Any, ...]) -> str:
    """The index of a slice, counted from 0."""
    return ", ".join(_key_part(call, part) for part in key)


def _key_part(call: TexCall, part: Any) -> str:
    if part is None:
        return r"\text{new}"
    if part is Ellipsis:
        return r"\dots"
    if not isinstance(part, slice):
        return call.size(part).text
    ends = ["" if n is None else call.size(n).text for n in (part.start, part.stop)]
    return ":".join(ends) + (f":{call.size(part.step).text}" if part.step not in (None, 1) else "")


def _indexed(base: str, index: str) -> Tex:
    return Tex(f"{base}[{index}]", POWER)


def slice_(call: TexCall) -> Tex:
    part = _named_part(call)
    if part is not None:
        return Tex(part)
    call.note("index")
    return _indexed(call.operands[0].within(ATOM), key_text(call, call.params["key"]))


def _named_part(call: TexCall) -> str | None:
    """The symbol of some columns that have one of their own, as the hidden vectors among the states."""
    parts = call.writer.parts.get(getattr(call.step.operands[0], "number", None))  # type: ignore[arg-type]
    *before, last = call.params["key"]
    if not parts or not isinstance(last, slice) or any(part != slice(None) for part in before):
        return None
    return parts.get((last.start or 0, last.stop))


def unslice(call: TexCall) -> Tex:
    """Zeros, with each part at its place."""
    call.note("place")
    parts = [
        rf"{operator('place')}_{{{key_text(call, key)}}}{brackets(x.text)}"
        for x, key in zip(call.operands, call.params["keys"], strict=True)
    ]
    return Tex(" + ".join(parts), SUM if len(parts) > 1 else ATOM)


def take(call: TexCall) -> Tex:
    call.note("index")
    x, indices = call.operands
    before = [":"] * call.params["axis"]
    return _indexed(x.within(ATOM), ", ".join([*before, indices.text]))


def scatter(call: TexCall) -> Tex:
    call.note("scatter")
    x, indices = call.operands
    axis = call.params["axis"]
    index = indices.text if axis == 0 else rf"{indices.text}, \, \text{{axis }} {axis}"
    return Tex(rf"{operator('scatter')}_{{{index}}}{brackets(x.text)}")


def along_axis(name: str) -> TexRule:
    """What picks, or adds at, one place of every row."""

    def called(call: TexCall) -> Tex:
        call.note(name)
        index, axis = call.operands[1].text, call.params["axis"]
        if axis != len(call.shapes[0]) - 1:
            index += rf", \, \text{{axis }} {axis}"
        return Tex(rf"{operator(name)}_{{{index}}}{brackets(counted_operand(call, 0).text)}")

    return called


def pad(call: TexCall) -> Tex:
    call.note("pad")
    widths = [(call.size(a).text, call.size(b).text) for a, b in call.params["widths"]]
    index = ", ".join(f"({a}, {b})" for a, b in widths)
    value = call.params.get("value", 0)
    filling = "" if value == 0 else rf"; \, {tex_number(value).text}"
    return Tex(rf"{operator('pad')}_{{{index}{filling}}}{brackets(call.operands[0].text)}")


def roll(call: TexCall) -> Tex:
    index = rf"{call.params['shift']}, \, \text{{axis }} {call.params['axis']}"
    return Tex(rf"{operator('roll')}_{{{index}}}{brackets(call.operands[0].text)}")


# ---- creation


def full(call: TexCall) -> Tex:
    return call.operands[0]


def arange(call: TexCall) -> Tex:
    start, stop, step = (call.size(call.params[n]) for n in ("start", "stop", "step"))
    if (start.text, step.text) == ("0", "1"):
        return Tex(rf"(0, 1, \dots, {stop.text} - 1)")
    parts = [start.text, stop.text] + ([step.text] if step.text != "1" else [])
    return Tex(rf"{operator('range')}({', '.join(parts)})")


def one_hot(call: TexCall) -> Tex:
    call.note("one_hot")
    count = call.size(call.params["n"]).text
    return Tex(rf"{operator('onehot')}_{{{count}}}{brackets(call.operands[0].text)}")


def random_numbers(call: TexCall) -> Tex:
    call.note("random")
    shape = call.writer.sizes.shape(call.params["shape"])
    index = f"^{{{shape}}}" if shape else ""
    law = r"\mathcal{N}(0, 1)" if call.params["normal"] else r"\mathcal{U}(0, 1)"
    return Tex(f"{law}{index}")


def constant(call: TexCall) -> Tex:
    x = call.step.operands[0]
    return call.operands[0] if not isinstance(x, np.ndarray) else array(x)


# ---- kernels


def kernel(name: str, note: str = "", shown: tuple[str, ...] = ()) -> TexRule:
    """A function that the document explains, with the parameters that are not what they usually are."""

    def called(call: TexCall) -> Tex:
        if note:
            call.note(note)
        usual = {"pad": 0, "dilation": 1, "groups": 1, "stride": 1}
        parts = [
            rf"\text{{{without_specials(key)} }} {_setting(call, value)}"
            for key, value in call.params.items()
            if key in shown and not _is_all(value, usual.get(key))
        ]
        settings = r", \, ".join(parts)
        index = f"_{{{settings}}}" if parts else ""
        inner = ", ".join(x.text for x in counted_operands(call).operands)
        return Tex(f"{operator(name)}{index}{brackets(inner)}")

    return called


def _is_all(value: Any, number: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_all(part, number) for part in value)
    return number is not None and not isinstance(value, str) and value == number


def _setting(call: TexCall, value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_setting(call, part) for part in value)})"
    return rf"\text{{{without_specials(value)}}}" if isinstance(value, str) else call.size(value).text
