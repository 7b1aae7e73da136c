"""A graph that has gradients among its values, in one trace: what lies between is written once."""

from __future__ import annotations

from typing import Any

from graphlang.engine.sized_recording import record_graph
from graphlang.exports.latex.equations import EquationWriter
from graphlang.exports.latex.gradients import on_the_way
from graphlang.exports.latex.notation import Tex
from graphlang.exports.latex.symbols import Symbols
from graphlang.spec.network import Network
from graphlang.trace import SymbolicArray, needed_steps, reached

FLOAT = "float64"


class WholeGraph:
    """Writes the values of a graph, and their gradients, from one recording."""

    def __init__(self, network: Network, writer: EquationWriter, symbols: Symbols) -> None:
        self.network = network
        self.writer = writer
        self.symbols = symbols
        recording, self.values = record_graph(network, FLOAT, training=True)
        self._trace = recording.trace
        self.draws = list(recording.random.draws)
        for number, x in recording.leaves.items():
            writer.bind(x, Tex(symbols[network.names[number]]))

    def write_node(self, name: str) -> None:
        """The equations of one value."""
        if name in self.values:
            self.writer.define_with(self.symbols[name], self.values[name], self._reads())

    def write_gradient(self, of: str, letter: str) -> None:
        """The equations of the gradient of a value by those that it depends on."""
        y = self.values[of]
        lead = on_the_way(self.network, of)
        names = [n for n in self.values if n in lead]
        values = {n: self.values[n] for n in names if isinstance(self.values[n], SymbolicArray)}
        with self._trace:
            found = reached(y, list(values.values()))
        gradients = {n: g for n, g in zip(values, found, strict=True) if g is not None}
        results: dict[int, str] = {}
        for name, g in gradients.items():
            results.setdefault(g.number, self._symbol(letter, name))
        self.writer.write(needed_steps(gradients.values()), results, gradients.values())
        for name, g in gradients.items():
            if results[g.number] != self._symbol(letter, name):
                self.writer.equation(self._symbol(letter, name), self.writer.operand(g))

    def _symbol(self, letter: str, name: str) -> str:
        return rf"\frac{{\partial {letter}}}{{\partial {self.symbols[name]}}}"

    def _reads(self) -> list[Any]:
        return []
