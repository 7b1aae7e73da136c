"""What rules may ask of the writer of equations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from graphlang.exports.latex.notation import SizeFormulas, Tex
from graphlang.exports.latex.symbols import Symbols
from graphlang.trace import Step, SymbolicArray


class Writing(Protocol):
    """A writer of equations: see `EquationWriter`."""

    symbols: Symbols
    notes: dict[str, None]
    sizes: SizeFormulas
    lines: list[str]
    parts: dict[int, dict[tuple[Any, Any], str]]
    cells: dict[int, str]
    depth: int

    def bind(self, value: SymbolicArray, symbol: Tex) -> None: ...

    def equation(self, left: str, value: Tex) -> None: ...

    def named(self, value: Tex) -> Tex: ...

    def new_symbol(self) -> str: ...

    def operand(self, x: Any) -> Tex: ...

    def operands(self, step: Step) -> list[Tex]: ...

    def short(self, x: Any) -> Tex: ...

    def source(self, x: Any) -> Step | None: ...

    def inner(self, index: Callable[[str], str]) -> Writing: ...

    def write(
        self, steps: Sequence[Step], results: Mapping[int, str] | None = None, later: Iterable[Any] = ()
    ) -> None: ...
