"""The target `latex`: a document with the formulas of a graph, forward and gradient."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from graphlang.catalog.operation import Layer
from graphlang.engine.sized_recording import leaves_of, targets_of
from graphlang.exports.latex.equations import EquationWriter
from graphlang.exports.latex.gradients import GradientWriter, WrittenNode, is_differentiable
from graphlang.exports.latex.notation import SizeFormulas, Tex, tex_number, tex_width, without_specials
from graphlang.exports.latex.notes import NOTES
from graphlang.exports.latex.symbols import Symbols, in_script, script_of
from graphlang.exports.latex.whole import WholeGraph
from graphlang.exports.walk import WalkedNode, walk
from graphlang.spec.network import Network
from graphlang.spec.version import __version__
from graphlang.syntax.lessons import stem_of_spec
from graphlang.trace import SymbolicArray, needed_steps

if TYPE_CHECKING:
    from graphlang.api import Graph

FLOAT = "float64"


def export(graph: Graph) -> str:
    document = _Document(graph)
    body = document.body()
    return "\n".join([*_preamble(document.title, body), *body, *_end(body)]) + "\n"


class _Document:
    """The sections of a document."""

    def __init__(self, graph: Graph) -> None:
        self.network: Network = graph.network
        self.title = _title(graph)
        self.nodes = list(walk(self.network))
        self.leaves = self._leaves()
        size_symbols = Symbols(self.network.size_names)
        self.sizes = SizeFormulas(size_symbols.__getitem__)
        self.symbols = self._symbols(size_symbols.texts)
        self.notes: dict[str, None] = {}
        self.letter = self.symbols.fresh_letter("uvwq")
        self.starts = _starts(graph, self.nodes)

    def _leaves(self) -> list[str]:
        numbers = leaves_of(self.network, [self.network.numbers[n] for n in targets_of(self.network)])
        return [self.network.names[number] for number in numbers]

    def _symbols(self, taken: Iterable[str]) -> Symbols:
        """A symbol for every value; what has no name of its own in the file gets a letter with a number."""
        unnamed = [walked.name for walked in self.nodes if _is_unnamed(walked)]
        without = set(unnamed)
        named = [n for n in (*self.leaves, *(w.name for w in self.nodes)) if n not in without]
        symbols = Symbols(named, taken)
        letter = symbols.fresh_letter("zvqk")
        for name in unnamed:
            symbols.give(name, symbols.fresh(letter))
        return symbols

    def body(self) -> list[str]:
        """Everything between the beginning of the document and its end."""
        if any(walked.operation == "grad" for walked in self.nodes):
            forward, gradients = self._of_the_whole()
        else:
            forward, gradients = self._of_nodes()
        lines = [*self._declared(), *forward, *gradients]
        notes = [rf"\item {NOTES[name]}" for name in NOTES if name in self.notes]
        if notes:
            lines += [r"\section*{Notation}", r"\begin{itemize}", *notes, r"\end{itemize}"]
        return lines

    # ---- what comes from outside

    def _declared(self) -> list[str]:
        lines: list[str] = []
        params = self.network.params
        groups = {
            "Inputs": [n for n in self.leaves if n in self.network.inputs],
            "Parameters": [n for n in self.leaves if n in params and params[n].trainable],
            "State": [n for n in self.leaves if n in params and not params[n].trainable],
        }
        for title, names in groups.items():
            if names:
                rows = [f"{self.symbols[name]} &{self._domain(name)}{_full_name(name)}" for name in names]
                lines += [rf"\section*{{{title}}}", *_aligned(rows)]
        return lines

    def _domain(self, name: str) -> str:
        """Where a value is from: numbers of one kind, in a shape."""
        spec = self.network.spec_of(name)
        below = getattr(spec, "below", None)
        kinds = {"float": r"\mathbb{R}", "int": r"\mathbb{Z}", "bool": r"\{0, 1\}"}
        kind = kinds[spec.dtype]
        if below is not None:
            kind = rf"\{{0, \dots, {self.sizes.size(below).text} - 1\}}"
            kind = rf"\{{0, \dots, {below - 1}\}}" if isinstance(below, int) else kind
        shape = self.sizes.shape(spec.shape or ())
        return rf"\in {kind}^{{{shape}}}" if shape else rf"\in {kind}"

    # ---- forward and gradient, node by node

    def _of_nodes(self) -> tuple[list[str], list[str]]:
        sections: list[tuple[WalkedNode, list[str]]] = []
        written: list[WrittenNode] = []
        constants: dict[str, Tex] = {}
        for walked in self.nodes:
            if walked.operation == "constant" and _is_unnamed(walked) and walked.shape == ():
                constants[walked.name] = tex_number(walked.attributes["value"])
                sections.append((walked, []))
                continue
            node = self._written(walked, constants)
            sections.append((walked, node.writer.lines))
            written.append(node)
        forward = [r"\section*{Forward}", *self._grouped(sections)]
        gradients: list[str] = []
        for of in self.starts:
            letter = self._letter_of(of)
            writer = GradientWriter(self.network, of, letter, self.symbols)
            gradients += [*self._gradient_head(of, letter), *_gradient_blocks(writer.blocks(written))]
        return forward, gradients

    def _written(self, walked: WalkedNode, constants: dict[str, Tex]) -> WrittenNode:
        """The equations of one node, in training."""
        recorded = walked.recorded(FLOAT, training=True, backward=True)
        writer = self._writer()
        for name, x in recorded.inputs.items():
            writer.bind(x, constants.get(name) or Tex(self.symbols[name]))
        for draw in recorded.draws:
            self._drawn(writer, draw)
        if recorded.step is not None:
            writer.bind(recorded.step, Tex(r"\text{step}"))
        values = [v for v in (*recorded.gradients.values(),) if isinstance(v, SymbolicArray)]
        after = needed_steps(values) if values else []
        read = [x for step in after for x in step.operands if isinstance(x, SymbolicArray)]
        writer.define_with(self.symbols[walked.name], recorded.y, read)
        for name, value in recorded.state.items():
            writer.define(rf"{self.symbols[name]}^{{\text{{new}}}}", value)
        if walked.built is not None and "training" in walked.node.supplied:
            self._in_evaluation(walked, writer.lines)
        return WrittenNode(walked, recorded, writer)

    def _in_evaluation(self, walked: WalkedNode, lines: list[str]) -> None:
        """The formula that holds in evaluation, where it is another one."""
        recorded = walked.recorded(FLOAT)
        writer = self._writer()
        for name, x in recorded.inputs.items():
            writer.bind(x, Tex(self.symbols[name]))
        writer.define(self.symbols[walked.name], recorded.y)
        if writer.lines and writer.lines != lines:
            lines += [r"\text{in evaluation, } & \text{instead:}", *writer.lines]

    def _drawn(self, writer: EquationWriter, draw: SymbolicArray) -> None:
        self.notes["random"] = None
        symbol = writer.new_symbol()
        shape = self.sizes.shape(draw.shape)
        writer.lines.append(rf"{symbol} &\sim \mathcal{{U}}(0, 1)" + (f"^{{{shape}}}" if shape else ""))
        writer.bind(draw, Tex(symbol))

    def _writer(self) -> EquationWriter:
        return EquationWriter(self.symbols, self.sizes, self.notes, self.letter)

    # ---- forward and gradient, in one trace

    def _of_the_whole(self) -> tuple[list[str], list[str]]:
        """For a graph that has gradients among its values: those are written out like any other value."""
        writer = self._writer()
        whole = WholeGraph(self.network, writer, self.symbols)
        for draw in whole.draws:
            self._drawn(writer, draw)
        sections: list[tuple[WalkedNode, list[str]]] = []
        for walked in self.nodes:
            writer.lines = [] if sections else writer.lines
            whole.write_node(walked.name)
            sections.append((walked, writer.lines))
        forward = [r"\section*{Forward}", *self._grouped(sections)]
        gradients: list[str] = []
        for of in self.starts:
            letter = self._letter_of(of)
            writer.lines = []
            whole.write_gradient(of, letter)
            gradients += [*self._gradient_head(of, letter), *_aligned(writer.lines)]
        return forward, gradients

    # ---- layout

    def _letter_of(self, of: str) -> str:
        own = self.symbols[of]
        if tex_width(own) <= 2 and not _is_array(self.network, of):
            return own
        return self.symbols.fresh("L", len(self.starts) > 1)

    def _gradient_head(self, of: str, letter: str) -> list[str]:
        own = self.symbols[of]
        lines = [rf"\section*{{Gradient of ${own}$}}"]
        if letter != own:
            whole = rf"\sum {own}" if _is_array(self.network, of) else own
            lines.append(rf"With $L = {whole}$:".replace("L =", f"{letter} ="))
        return lines

    def _grouped(self, sections: Sequence[tuple[WalkedNode, list[str]]]) -> list[str]:
        """The equations, one display for the nodes of one line of the spec."""
        lines: list[str] = []
        equations: list[str] = []
        for walked, own in sections:
            if walked.lines:
                lines += _aligned(equations)
                equations = []
                lines += ["", *[f"% {line}" for line in walked.lines], *_shown(walked.lines)]
            formula = _formula_of(walked)
            equations += [*([f"% {walked.name}: {formula}"] if formula and own else []), *own]
        return lines + _aligned(equations)


def _full_name(name: str) -> str:
    """The name of a value whose symbol does not say it whole."""
    shown = all(_has_font(sign) for sign in name)
    return rf" && \text{{\small\texttt{{{code_text(name)}}}}}" if "." in name and shown else ""


def _starts(graph: Graph, nodes: Sequence[WalkedNode]) -> list[str]:
    """The values whose gradients are written: the losses, else the outputs that have one; in a graph without
    outputs what no other value reads."""
    spec = graph.spec
    if spec.train is not None:
        names = list(spec.train.losses)
    elif spec.gradcheck is not None:
        names = [spec.gradcheck.of]
    else:
        read = {name for walked in nodes for name in walked.reads}
        names = list(spec.outputs) or [w.name for w in nodes if w.name not in read]
    return [name for name in dict.fromkeys(names) if is_differentiable(graph.network, name)]


def _is_array(network: Network, name: str) -> bool:
    return bool(network.spec_of(name).shape)


def _is_unnamed(walked: WalkedNode) -> bool:
    """Whether a value is that of a function or a constant within an expression of the file."""
    last = walked.name.rpartition(".")[2]
    if isinstance(walked.built, Layer):
        return False
    return re.fullmatch(rf"{re.escape(walked.operation)}\d+", last) is not None


def _formula_of(walked: WalkedNode) -> str:
    """The first line of the documentation of a layer."""
    if not isinstance(walked.built, Layer):
        return ""
    return inspect.cleandoc(type(walked.built).__doc__ or "").partition("\n")[0]


def _gradient_blocks(blocks: Sequence[tuple[WalkedNode, list[str]]]) -> list[str]:
    lines: list[str] = []
    for walked, own in blocks:
        lines += [f"% {walked.name}: {walked.operation}", *own]
    return _aligned(lines)


def _aligned(rows: Sequence[str]) -> list[str]:
    """Equations under one another; comments stand between them."""
    last = max((i for i, row in enumerate(rows) if not row.startswith("%")), default=-1)
    if last < 0:
        return list(rows)
    ended = [row if row.startswith("%") or i == last else rf"{row} \\" for i, row in enumerate(rows)]
    return [r"\begin{align*}", *(f"  {row}" for row in ended), r"\end{align*}"]


def _shown(lines: Sequence[str]) -> list[str]:
    """The code of some lines as the reader sees it, without comments; none where a sign has no font."""
    shown = []
    for line in lines:
        code = re.sub(r'^((?:[^#"]|"[^"]*")*)#.*$', r"\1", line).strip()
        if code and all(_has_font(sign) for sign in code):
            shown.append(rf"\code{{{code_text(code)}}}")
    return shown


def _has_font(sign: str) -> bool:
    return sign.isascii() or script_of(sign) is not None or in_script(sign).startswith("$")


def code_text(code: str) -> str:
    """Code in a typewriter font; what would be one sign of two is kept apart."""
    parts = re.split(r"([^\x00-\x7f]+)", code)
    text = "".join(without_specials(p) if p.isascii() else f"{{{in_script(p)}}}" for p in parts)
    apart = re.sub(r"([-<>'`,])(?=\1)|-(?=>)", lambda found: found[0] + "{}", text)
    return apart.replace('"', r"\textquotedbl{}")


def _title(graph: Graph) -> str:
    return stem_of_spec(graph.file) if graph.file else "graph"


_SCRIPT_FONTS = {"hangul": "mj", "japanese": "min", "chinese": "gbsn", "traditional": "bsmi"}


def _preamble(title: str, body: Sequence[str]) -> list[str]:
    text = "\n".join(line for line in body if not line.startswith("%"))
    scripts = [name for name in _SCRIPT_FONTS if f"\\{name} " in text + in_script(title)]
    fonts = [rf"\newcommand{{\{name}}}{{\CJKfamily{{{_SCRIPT_FONTS[name]}}}}}" for name in scripts]
    return [
        f"% The formulas of {title}, forward and gradient, written by graphlang {__version__}.",
        "% Compile it with pdflatex.",
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage{amsmath, amsfonts}",
        *([r"\usepackage{CJKutf8}"] if scripts else []),
        r"\usepackage[a4paper, margin=25mm]{geometry}",
        r"\allowdisplaybreaks",
        r"\setlength{\parindent}{0pt}",
        r"\newcommand{\code}[1]{\par\smallskip{\small\raggedright\texttt{#1}\par}\nobreak}",
        *fonts,
        rf"\title{{{in_script(title)}}}",
        r"\date{}",
        r"\begin{document}",
        *([rf"\begin{{CJK}}{{UTF8}}{{{_SCRIPT_FONTS[scripts[0]]}}}"] if scripts else []),
        r"\maketitle",
    ]


def _end(body: Sequence[str]) -> list[str]:
    scripts = any(f"\\{name} " in line for line in body if not line.startswith("%") for name in _SCRIPT_FONTS)
    return [*([r"\clearpage", r"\end{CJK}"] if scripts else []), r"\end{document}"]
