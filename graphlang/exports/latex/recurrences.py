"""The recurrent kernels as indexed equations: what one time step computes, forward and backward."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.exports.latex.notation import ATOM, Tex
from graphlang.exports.latex.writing import Writing
from graphlang.trace import Step


class CellText(NamedTuple):
    """The equations of a cell.

    `@h` is a piece of the state at time t, `@h-` and `@h+` those before and after, `@a` the pre-activations,
    `@da` their gradient, `@dh` that of a piece; `@Wh` the weights, `@s` what arrives.
    """

    #: the pieces of the state, each with its number of columns in hidden vectors
    pieces: tuple[tuple[str, int], ...]
    #: left and right sides
    forward: tuple[tuple[str, str], ...]
    backward: tuple[tuple[str, str], ...]
    #: the slopes of the gates, for gradients that arrive at them
    slopes: str = ""
    #: what the rows of Wh multiply
    factors: str = "@h-"


_RNN = CellText(
    (("h", 1),),
    (("@h", r"\tanh\left(@x \, @Wx + @b + @h- \, @Wh\right)"),),
    (("@dh", r"@s + @da+ \, @Wh^{\top}"), ("@da", r"@dh \odot (1 - @h^{2})")),
)
_LSTM = CellText(
    (("h", 1), ("c", 1), ("f", 1), ("g", 1), ("i", 1), ("o", 1)),
    (
        ("@a", r"@x \, @Wx + @b + @h- \, @Wh"),
        (
            r"\left[ @f, @g, @i, @o \right]",
            r"\left[ \sigma(@af), \tanh(@ag), \sigma(@ai), \sigma(@ao) \right]",
        ),
        ("@c", r"@f \odot @c- + @g \odot @i"),
        ("@h", r"@o \odot \tanh(@c)"),
    ),
    (
        ("@dh", r"@s + @da+ \, @Wh^{\top}"),
        ("@dc", r"@dh \odot @o \odot (1 - \tanh^{2}(@c)) + @dc+ \odot @f+"),
        ("@df", r"@dc \odot @c- \odot @f \odot (1 - @f)"),
        ("@dg", r"@dc \odot @i \odot (1 - @g^{2})"),
        ("@di", r"@dc \odot @g \odot @i \odot (1 - @i)"),
        ("@do", r"@dh \odot \tanh(@c) \odot @o \odot (1 - @o)"),
        ("@da", r"\left[ @df, @dg, @di, @do \right]"),
    ),
)
_GRU = CellText(
    (("h", 1), ("z", 1), ("r", 1), ("n", 1)),
    (
        (r"\left[ @z, @r \right]", r"\sigma\left(@x \, @Wx[zr] + @b[zr] + @h- \, @Wh[zr]\right)"),
        ("@n", r"\tanh\left(@x \, @Wx[n] + @b[n] + (@r \odot @h-) \, @Wh[n]\right)"),
        ("@h", r"(1 - @z) \odot @h- + @z \odot @n"),
    ),
    (
        ("@dh", r"@s + @dh+ \odot (1 - @z+) + \left(@dn+ \, @Wh[n]^{\top}\right) \odot @r+"),
        ("", r"+ \left[ @dz+, @dr+ \right] \, @Wh[zr]^{\top}"),
        ("@dn", r"@dh \odot @z \odot (1 - @n^{2})"),
        ("@dz", r"@dh \odot (@n - @h-) \odot @z \odot (1 - @z)"),
        ("@dr", r"\left(@dn \, @Wh[n]^{\top}\right) \odot @h- \odot @r \odot (1 - @r)"),
        ("@da", r"\left[ @dz, @dr, @dn \right]"),
    ),
    factors=r"\left[ @h-, @r \odot @h- \right]",
)
_GRU_AFTER = CellText(
    (("h", 1), ("z", 1), ("r", 1), ("n", 1), ("m", 1)),
    (
        (r"\left[ @z, @r \right]", r"\sigma\left(@x \, @Wx[zr] + @b[zr] + @h- \, @Wh[zr]\right)"),
        ("@m", r"@h- \, @Wh[m] + @b[m]"),
        ("@n", r"\tanh\left(@x \, @Wx[n] + @b[n] + @r \odot @m\right)"),
        ("@h", r"(1 - @z) \odot @h- + @z \odot @n"),
    ),
    (
        ("@dh", r"@s + @dh+ \odot (1 - @z+) + @da+ \, @Wh^{\top}"),
        ("@dn", r"@dh \odot @z \odot (1 - @n^{2})"),
        ("@dz", r"@dh \odot (@n - @h-) \odot @z \odot (1 - @z)"),
        ("@dr", r"@dn \odot @m \odot @r \odot (1 - @r)"),
        ("@da", r"\left[ @dz, @dr, @dn \odot @r, @dn \right]"),
    ),
)
TRANSPOSED = r"^{\top}"
CELLS: Mapping[str, CellText] = {"rnn": _RNN, "lstm": _LSTM, "gru": _GRU, "gru_after": _GRU_AFTER}


class _Places:
    """The symbols of one block of equations, which has a number of its own."""

    def __init__(self, cell: CellText, number: str, texts: Mapping[str, str]) -> None:
        self.cell = cell
        self.number = number
        self.texts = texts

    def piece(self, letter: str, at: str = "t") -> str:
        return f"{letter}^{{({self.number})}}_{{{at}}}" if at else f"{letter}^{{({self.number})}}"

    def fill(self, template: str) -> str:
        """A template with symbols."""

        def symbol(found: re.Match[str]) -> str:
            name, shift, columns = found[1], found[2], found[3]
            at = {"-": "t - 1", "+": "t + 1"}.get(shift or "", "t")
            if name in ("Wx", "Wh", "b"):
                base = self.texts[name]
                before = "" if name == "b" else ":, "
                return base if columns is None else f"{base}[{before}{columns}]"
            if name in ("x", "s"):
                return self.texts[name]
            if name.startswith("d"):
                letter = r"\delta" if name == "da" else rf"\mathrm{{d}}{name[1:]}"
                return self.piece(letter, at)
            if len(name) == 2:  # the pre-activations of a gate
                return f"{self.piece('a')}[{name[1]}]"
            return self.piece(name, at)

        return re.sub(_SYMBOL, lambda found: _as_base(symbol(found), found), template)


_SYMBOL = re.compile(r"@(Wx|Wh|d[a-z]|a[a-z]|[a-z])([-+])?(?:\[(\w+)\])?")


def _as_base(text: str, found: re.Match[str]) -> str:
    """A symbol that a power follows, in brackets where it has an exponent of its own."""
    return f"({text})" if "^" in text and found.string[found.end() :].startswith("^") else text


def _element(x: Tex, shift: str = "t") -> str:
    """The element of a sequence at time t."""
    return f"{x.text}[{shift}]" if x.strength >= ATOM else f"({x.text})[{shift}]"


def _forward(name: str) -> Callable[[Writing, Step], Tex]:
    def write(writer: Writing, step: Step) -> Tex:
        cell = CELLS[name]
        x, Wx, Wh, b, *start = writer.operands(step)
        texts = {"x": _element(x), "Wx": Wx.within(ATOM), "Wh": Wh.within(ATOM), "b": b.within(ATOM)}
        places = _Places(cell, _tex_number(writer), texts)
        writer.notes.update({"cell": None, "sigmoid": None, "odot": None, "columns": None})
        hidden = step.operands[2].shape[0]
        first = ", ".join(places.piece(letter, "0") for letter, _ in cell.pieces)
        given = start[0].text if start else "0"
        writer.lines.append(_span(writer, step.operands[0].shape[0], forward=True))
        carried = ("h", "c") if name == "lstm" else ("h",)
        if not start:
            first = ", ".join(places.piece(letter, "0") for letter in carried)
        for left, right in cell.forward:
            writer.lines.append(rf"\quad {places.fill(left)} &= {places.fill(right)}")
        writer.lines.append(rf"\quad {first} &= {given}")
        inner = ", ".join(places.piece(letter, "") for letter, _ in cell.pieces)
        symbol = Tex(places.piece("s", ""))
        if len(cell.pieces) > 1:
            writer.lines.append(rf"{symbol.text} &= \left[ {inner} \right]")
        else:
            symbol = Tex(places.piece("h", ""))
        ends: dict[tuple[Any, Any], str] = {}
        for i, (letter, _) in enumerate(cell.pieces):
            ends[i * hidden, (i + 1) * hidden] = places.piece(letter, "")
        writer.parts[step.output.number] = ends
        writer.cells[step.output.number] = places.number
        return symbol

    return write


def _gradient(name: str) -> Callable[[Writing, Step], Tex]:
    def write(writer: Writing, step: Step) -> Tex:
        cell = CELLS[name]
        ds, states, Wh = writer.operands(step)
        known = writer.cells.get(getattr(step.operands[1], "number", 0))
        places = _Places(cell, known or _tex_number(writer), {"Wh": Wh.within(ATOM), "s": _element(ds)})
        writer.notes.update({"columns": None, "odot": None})
        if known is None:
            inner = ", ".join(places.piece(letter) for letter, _ in cell.pieces)
            left = inner if len(cell.pieces) == 1 else rf"\left[ {inner} \right]"
            writer.lines.append(f"{left} &= {_element(states)}")
        writer.lines.append(_span(writer, step.operands[1].shape[0], forward=False))
        for left, right in _arriving(step, ds, cell):
            begin = rf"{places.fill(left)} &=" if left else r"&\quad"
            writer.lines.append(rf"\quad {begin} {places.fill(right)}")
        return Tex(places.piece(r"\delta", ""))

    return write


def _arriving(step: Step, ds: Tex, cell: CellText) -> Sequence[tuple[str, str]]:
    """The equations, with what arrives at the other pieces of the state where it does."""
    hidden = step.operands[2].shape[0]
    if step.operands[0].shape[-1] == hidden:
        return cell.backward
    columns = {letter: f"{_element(ds)}[{letter}]" for letter, _ in cell.pieces}
    slopes = {"n": "(1 - @n^{2})", "g": "(1 - @g^{2})", "c": "", "m": ""}
    lines = []
    for left, right in cell.backward:
        letter = left[2:]
        if left == "@dh":
            right = right.replace("@s", columns["h"])
        elif letter in columns:
            slope = slopes.get(letter, rf"@{letter} \odot (1 - @{letter})")
            right += f" + {columns[letter]}" + (rf" \odot {slope}" if slope else "")
        lines.append((left, right))
    return lines


def _weight_gradient(name: str) -> Callable[[Writing, Step], Tex]:
    def write(writer: Writing, step: Step) -> Tex:
        cell = CELLS[name]
        dpre, states, x = writer.operands(step)
        known = writer.cells.get(getattr(step.operands[1], "number", 0))
        places = _Places(cell, known or _tex_number(writer), {})
        if known is None:
            inner = ", ".join(places.piece(letter) for letter, _ in cell.pieces)
            left = inner if len(cell.pieces) == 1 else rf"\left[ {inner} \right]"
            writer.lines.append(f"{left} &= {_element(states)}")
        writer.notes["columns"] = None
        dy = _element(dpre)
        rows = [
            rf"\sum_{{t}} {_element(x)}^{{\top}} {dy}",
            rf"\sum_{{t}} {places.fill(cell.factors + TRANSPOSED)} {dy}",
        ]
        symbol = writer.new_symbol()
        for sign, row in zip(("=", "", ""), (*rows, rf"\sum_{{t, n}} {dy}"), strict=True):
            begin = rf"{symbol} &= \left[\vphantom{{\sum_{{t}}}}\right." if sign else r"&\qquad"
            end = r"\left.\vphantom{\sum_{t}}\right]" if row.startswith(r"\sum_{t, n}") else ";"
            writer.lines.append(f"{begin} {row} {end}")
        return Tex(symbol)

    return write


def _tex_number(writer: Writing) -> str:
    return writer.symbols.fresh("cell").partition("_{")[2].rstrip("}")


def _span(writer: Writing, length: Any, *, forward: bool) -> str:
    last = writer.sizes.size(length).text
    ends = rf"1, \dots, {last}" if forward else rf"{last}, \dots, 1"
    return rf"\text{{for }} & t = {ends}:"


BLOCKS: dict[str, Callable[[Writing, Step], Tex]] = {}
for _name in CELLS:
    BLOCKS |= {
        _name: _forward(_name),
        f"{_name}_gradient": _gradient(_name),
        f"{_name}_weight_gradient": _weight_gradient(_name),
    }
