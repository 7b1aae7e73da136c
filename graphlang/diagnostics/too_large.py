"""GL8xx: files that are larger or deeper than a stated limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from graphlang.diagnostics.base import Diagnostic, wording
from graphlang.diagnostics.places import Span

LimitName = Literal[
    "nodes",
    "unrolled",
    "calls",
    "expansions",
    "imports",
    "import_depth",
    "parameters",
    "tokens",
    "rank",
    "gradients",
    "scanned",
]
"""The limits of `gl.Limits` that count something."""


class OfLimit(Diagnostic):
    """What all refusals by a limit have in common: how it is raised."""

    advice: ClassVar[str]
    #: the name of the limit
    name: str

    @property
    def help(self) -> str:
        return f"{self.advice}, or raise the limit: {self.raised}"

    @property
    def raised(self) -> str:
        """How the limit is raised, in the words of the command line or of Python."""
        return f"`--limit {self.name}=...`" if self.shell else f"gl.Limits({self.name}=...)"


class SourceTooLarge(OfLimit):
    """A file, with all that it imports, is larger than the limit `source_bytes`.

    The limit keeps a damaged or hostile file from using up the memory of the machine: a tree takes
    some hundred times the bytes of its text.

    Fix: let `repeat`, `for` or a `def` write the repetition, or raise the limit:
    `gl.load(path, limits=gl.Limits(source_bytes=...))`.
    """

    code = "GL801"
    message = "the file is too large: {size:,} bytes, the limit is {limit:,}"
    advice = "let `repeat` or a `def` write what repeats"

    file: str
    size: int
    limit: int


class TooMuchImported(SourceTooLarge):
    message = "this file and all that it imports are too large: {size:,} characters, the limit is {limit:,}"

    span: Span


class NestedTooDeep(OfLimit):
    """More brackets are open at once than the limit `nesting` allows.

        y = ((((((((( ...

    Fix: give parts of the expression names of their own, or raise the limit:
    `gl.load(path, limits=gl.Limits(nesting=...))`.
    """

    code = "GL802"
    message = "more than {limit:,} brackets are open at once"
    label = "one bracket too many"
    advice = "give parts of the expression names of their own"

    span: Span
    limit: int


class LimitExceeded(OfLimit):
    """A program is larger than a limit allows.

    The limits are `tokens` (words and signs of the text), `nodes`, `unrolled` (copies of a `repeat`), `calls`
    (`def`s within `def`s), `expansions` (calls of `def`s in all), `imports` (files), `import_depth`, `rank`
    (axes of an array), `parameters`, `gradients` (nodes that `grad`s go back through) and `scanned` (nodes
    that the steps of `scan`s compute). They keep a stranger's file from using up the machine; what a file
    asks for is counted before it is done.

        y = x -> repeat 1000000000 { Affine(10) }

    Fix: make the program smaller, or raise the limit: `gl.load(path, limits=gl.Limits(nodes=...))`.
    """

    code = "GL803"
    advice = "make the program smaller"

    span: Span | None
    limit: int

    nodes = wording("the graph has more than {limit:,} nodes")
    unrolled = wording("this `repeat` makes more than {limit:,} copies")
    calls = wording(
        "more than {limit:,} `def`s are called inside one another",
        advice="a `def` that calls itself must come to an end",
    )
    expansions = wording("`def`s are called more than {limit:,} times in all")
    imports = wording("this file imports more than {limit:,} others, directly and indirectly")
    import_depth = wording("more than {limit:,} files import one another in a row")
    parameters = wording("the parameters hold more than {limit:,} numbers")
    tokens = wording("the text has more than {limit:,} words, numbers and signs")
    rank = wording("this array has more than {limit:,} axes")
    gradients = wording("`grad`s go back through more than {limit:,} nodes in all")
    scanned = wording("the steps of `scan`s compute more than {limit:,} nodes in all")


def limit_exceeded(span: Span | None, name: LimitName, limit: int) -> LimitExceeded:
    """What to report where a program is larger than a limit."""
    wording: type[LimitExceeded] = getattr(LimitExceeded, name)
    return wording(name, span, limit)


class MemoryExceeded(OfLimit):
    """A value, or a run, takes more memory than the limit `memory` allows.

    What a run takes is estimated from the sizes before anything is computed: the inputs, the parameters,
    every value and its gradient, and what the largest operation needs besides. Of a planned program, as in
    training, it is the memory that was planned.

        input x = 1
        y = broadcast_to(x, 200000, 200000)

    Fix: compute with smaller arrays or fewer rows at a time, or raise the limit:
    `gl.load(path, limits=gl.Limits(memory=...))`.
    """

    code = "GL804"
    advice = "use smaller arrays"

    span: Span | None
    size: int
    limit: int

    of_value = wording("this value takes {takes}, and the limit is {allowed}")
    of_parameters = wording("the parameters take {takes}, and the limit is {allowed}")

    of_program = wording(
        "the planned program takes {takes}, and the limit is {allowed}",
        label="of all values the largest",
        advice="use smaller arrays or fewer rows at a time",
    )

    @property
    def takes(self) -> str:
        return in_units(self.size)

    @property
    def allowed(self) -> str:
        return in_units(self.limit)


class MemoryOfInputsExceeded(MemoryExceeded):
    message = "random numbers for the inputs up to `{drawn}` take {takes}, and the limit is {allowed}"

    drawn: str


class MemoryInsideExceeded(MemoryExceeded):
    message = "{who} takes {takes}, and the limit is {allowed}"

    who: str


class MemoryOfRunExceeded(MemoryExceeded):
    message = "a run takes about {takes}, and the limit is {allowed}"
    label = "the largest value, of {most}"
    advice = "use smaller arrays or fewer rows at a time"

    largest: int

    @property
    def most(self) -> str:
        return in_units(self.largest)


class NotEnoughMemory(Diagnostic):
    """Training takes more memory than is free, so it is refused before it takes any.

    What it takes is estimated from the sizes: the data that is still to be read, the parameters with their
    gradients and what the optimizer remembers, then the planned program of a step. What is free is the least
    of what the machine has available, what the control groups of the process leave, and what its limit on
    address space leaves. Where the system does not say, nothing is compared.

        train { minimize = loss; optimizer = Adam; batch = 1000000; epochs = 1 }

    Fix: take smaller batches, layers or data, or another machine.
    """

    code = "GL807"
    message = "training takes about {takes} ({parts:bare}), and {free} is free {where}"
    label = "of all values the largest"

    span: Span | None
    #: what takes the memory, each with its share
    parts: Sequence[str]
    size: int
    available: int
    where: str
    batch: int

    @property
    def help(self) -> str:
        smaller = f"take a smaller batch than {self.batch:,}, " if self.batch > 1 else ""
        return f"{smaller}{'or ' if smaller else ''}smaller layers or data, or free some memory"

    @property
    def takes(self) -> str:
        return in_units(self.size)

    @property
    def free(self) -> str:
        return in_units(self.available)


def in_units(size: int) -> str:
    """A number of bytes as people read it: `15.7 GiB`."""
    if size >= 2**70:
        return "over 1,000 EiB"
    power = (max(size, 1).bit_length() - 1) // 10
    unit = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")[power]
    return f"{size:,} bytes" if power == 0 else f"{size / 2 ** (10 * power):,.3g} {unit}"
