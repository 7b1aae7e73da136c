"""GL8xx: files that are larger or deeper than a stated limit."""

from __future__ import annotations

from typing import Literal

from graphlang.diagnostics.base import Located, OfFile, wording
from graphlang.diagnostics.places import Span

LimitName = Literal["nodes", "unrolled", "calls", "expansions", "imports", "parameters"]
"""The limits of `gl.Limits` that hold once a program is written out."""


class SourceTooLarge(OfFile):
    """A file is larger than the limit `source_bytes`.

    The limit keeps a damaged or hostile file from using up the memory of the machine: a tree takes
    some hundred times the bytes of its text.

    Fix: let `repeat`, `for` or a `def` write the repetition, or raise the limit:
    `gl.load(path, limits=gl.Limits(source_bytes=...))`.
    """

    code = "GL801"
    message = "the file is too large: {size:,} bytes, the limit is {limit:,}"
    help = "let `repeat` or a `def` write what repeats, or raise the limit: gl.Limits(source_bytes=...)"

    size: int
    limit: int


class NestedTooDeep(Located):
    """More brackets are open at once than the limit `nesting` allows.

        y = ((((((((( ...

    Fix: give parts of the expression names of their own, or raise the limit:
    `gl.load(path, limits=gl.Limits(nesting=...))`.
    """

    code = "GL802"
    message = "more than {limit:,} brackets are open at once"
    label = "one bracket too many"
    help = "give parts of the expression names of their own, or raise the limit: gl.Limits(nesting=...)"

    limit: int


class LimitExceeded(Located):
    """A program is larger than a limit allows once it is unrolled.

    The limits are `nodes`, `unrolled` (copies of a `repeat`), `calls` (`def`s within `def`s), `expansions`
    (calls of `def`s in all), `imports` (files) and `parameters`; they keep a stranger's file from using up
    the machine.

        y = x -> repeat 1000000000 { Affine(10) }

    Fix: make the program smaller, or raise the limit: `gl.load(path, limits=gl.Limits(nodes=...))`.
    """

    code = "GL803"
    help = "make the program smaller, or raise the limit: gl.Limits({name}=...)"

    name: LimitName
    limit: int

    nodes = wording("the graph has more than {limit:,} nodes")
    unrolled = wording("this `repeat` makes more than {limit:,} copies")
    calls = wording(
        "more than {limit:,} `def`s are called inside one another",
        "a `def` that calls itself must come to an end; or raise the limit: gl.Limits({name}=...)",
    )
    expansions = wording("`def`s are called more than {limit:,} times in all")
    imports = wording("this file imports more than {limit:,} others, directly and indirectly")
    parameters = wording("the parameters hold more than {limit:,} numbers")


def limit_exceeded(span: Span, name: LimitName, limit: int) -> LimitExceeded:
    """What to report where a program is larger than a limit."""
    wording: type[LimitExceeded] = getattr(LimitExceeded, name)
    return wording(span, name, limit)
