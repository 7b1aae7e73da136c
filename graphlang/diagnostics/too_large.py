"""GL8xx: files that are larger or deeper than a stated limit."""

from __future__ import annotations

from typing import ClassVar

from graphlang.diagnostics.base import Diagnostic, Span


class SourceTooLarge(Diagnostic):
    """A file is larger than the limit `source_bytes`.

    The limit keeps a damaged or hostile file from using up the memory of the machine: a tree takes
    some hundred times the bytes of its text.

    Fix: let `repeat`, `for` or a `def` write the repetition, or raise the limit:
    `gl.load(path, limits=gl.Limits(source_bytes=...))`.
    """

    code = "GL801"

    def __init__(self, file: str, size: int, limit: int) -> None:
        self.file = file
        self.size = size
        self.limit = limit

    @property
    def message(self) -> str:
        return f"the file is too large: {self.size:,} bytes, the limit is {self.limit:,}"

    @property
    def help(self) -> str:
        return "let `repeat` or a `def` write what repeats, or raise the limit: gl.Limits(source_bytes=...)"


class NestedTooDeep(Diagnostic):
    """More brackets are open at once than the limit `nesting` allows.

        y = ((((((((( ...

    Fix: give parts of the expression names of their own, or raise the limit:
    `gl.load(path, limits=gl.Limits(nesting=...))`.
    """

    code = "GL802"

    def __init__(self, span: Span, limit: int) -> None:
        self.span = span
        self.limit = limit

    @property
    def message(self) -> str:
        return f"more than {self.limit:,} brackets are open at once"

    @property
    def label(self) -> str:
        return "one bracket too many"

    @property
    def help(self) -> str:
        return "give parts of the expression names of their own, or raise the limit: gl.Limits(nesting=...)"


class LimitExceeded(Diagnostic):
    """A program is larger than a limit allows once it is unrolled.

    The limits are `nodes`, `unrolled` (copies of a `repeat`), `calls` (`def`s within `def`s), `expansions`
    (calls of `def`s in all), `imports` (files) and `parameters`; they keep a stranger's file from using up
    the machine.

        y = x -> repeat 1000000000 { Affine(10) }

    Fix: make the program smaller, or raise the limit: `gl.load(path, limits=gl.Limits(nodes=...))`.
    """

    code = "GL803"
    _WHAT: ClassVar = {
        "nodes": "the graph has more than {limit:,} nodes",
        "unrolled": "this `repeat` makes more than {limit:,} copies",
        "calls": "more than {limit:,} `def`s are called inside one another",
        "expansions": "`def`s are called more than {limit:,} times in all",
        "imports": "this file imports more than {limit:,} others, directly and indirectly",
        "parameters": "the parameters hold more than {limit:,} numbers",
    }

    def __init__(self, span: Span, name: str, limit: int) -> None:
        self.span = span
        self.name = name
        self.limit = limit

    @property
    def message(self) -> str:
        return str(self._WHAT[self.name]).format(limit=self.limit)

    @property
    def help(self) -> str:
        raised = f"raise the limit: gl.Limits({self.name}=...)"
        if self.name == "calls":
            return f"a `def` that calls itself must come to an end; or {raised}"
        return f"make the program smaller, or {raised}"
