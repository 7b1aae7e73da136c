"""The syntax tree of a file: one frozen class per construct of the language, each with its span.

A node is a NamedTuple, which is quick to build by the hundred thousand, and its span is the last field. A
tree can be 100,000 levels deep, so nothing may compare, hash, print or visit one recursively.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from graphlang.diagnostics import Source, Span

# ---- holes --------------------------------------------------------------------------------------


class Broken(NamedTuple):
    """A statement, setting or layer that cannot be read because of a mistake, which has been reported.

    `word` is its first word; `names` are those that it may define.
    """

    word: str
    names: tuple[str, ...]
    span: Span


# ---- expressions ------------------------------------------------------------------------------


class Number(NamedTuple):
    """`3`, `0.1`, `1e-6`: an int if the text has neither point nor exponent."""

    value: int | float
    span: Span


class String(NamedTuple):
    value: str
    span: Span


class Bool(NamedTuple):
    value: bool
    span: Span


class NoneValue(NamedTuple):
    """`none`"""

    span: Span


class Name(NamedTuple):
    """A use of a name."""

    name: str
    span: Span


class ListOf(NamedTuple):
    """`[16, 32, 64]`"""

    items: tuple[Expression, ...]
    span: Span


class TupleOf(NamedTuple):
    """`(64, 3)`"""

    items: tuple[Expression, ...]
    span: Span


class ListFor(NamedTuple):
    """`[x -> Conv(c, k) for c, k in [(16, 1), (32, 3)]]`"""

    item: Expression
    variables: tuple[Target, ...]
    values: Expression
    span: Span


class Unary(NamedTuple):
    """`-x` or `not x`."""

    operator: str
    operand: Expression
    span: Span


class Binary(NamedTuple):
    """Two operands and the operator between them, as in `x + y` and `a and b`."""

    operator: str
    left: Expression
    right: Expression
    span: Span


class Conditional(NamedTuple):
    """`x if c else y`; the choice is made before running."""

    then: Expression
    condition: Expression
    otherwise: Expression
    span: Span


class Argument(NamedTuple):
    """One argument of a call; `name` is None if it is positional."""

    name: str | None
    value: Expression
    span: Span


class Call(NamedTuple):
    """`f(a, b, k=v)`"""

    function: Expression
    arguments: tuple[Argument, ...]
    span: Span


class Attribute(NamedTuple):
    """`x.T`, `tok.W`, `blocks.BasicBlock`; `name_span` is the name after the point."""

    value: Expression
    name: str
    name_span: Span
    span: Span


class Slice(NamedTuple):
    """`a:b` or `a:b:c` inside `[ ]`."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None
    span: Span


class Index(NamedTuple):
    """`x[i, a:b, ...]`"""

    value: Expression
    items: tuple[Expression | Slice | Rest, ...]
    span: Span


class Rest(NamedTuple):
    """`...` in a shape or an index."""

    span: Span


class Pipe(NamedTuple):
    """`x -> A -> B`: a value and the stages that it passes through, however many there are."""

    value: Expression
    stages: tuple[Stage, ...]
    span: Span


# ---- what may stand after `->` ------------------------------------------------------------------


class Entry(NamedTuple):
    """One line of a layer list: `label: A -> B`."""

    label: str | None
    label_span: Span | None
    stages: tuple[Stage, ...]
    span: Span


class Layers(NamedTuple):
    """`layers { ... }`"""

    entries: tuple[Entry, ...]
    span: Span


class Repeat(NamedTuple):
    """`repeat n { ... }`"""

    count: Expression  # type: ignore[assignment]  # hides tuple.count, which a node does not need
    entries: tuple[Entry, ...]
    span: Span


class For(NamedTuple):
    """`for c in [16, 32] { ... }`, `for c, k in [(64, 3), (128, 5)] { ... }`"""

    variables: tuple[Target, ...]
    values: Expression
    entries: tuple[Entry, ...]
    span: Span


class Residual(NamedTuple):
    """`residual { ... }`"""

    entries: tuple[Entry, ...]
    span: Span


Expression: TypeAlias = (
    Number
    | String
    | Bool
    | NoneValue
    | Name
    | ListOf
    | TupleOf
    | ListFor
    | Unary
    | Binary
    | Conditional
    | Call
    | Attribute
    | Index
    | Pipe
)
Stage: TypeAlias = Name | Call | Attribute | Index | Layers | Repeat | For | Residual | Broken


# ---- types ----------------------------------------------------------------------------------------


class Type(NamedTuple):
    """`float[N, 3*D]`; `dims` is None if there are no brackets."""

    dtype: str
    dims: tuple[Expression | Rest, ...] | None
    span: Span


# ---- statements -------------------------------------------------------------------------------------


class Version(NamedTuple):
    """`graphlang 1`"""

    number: int | float
    span: Span


class Import(NamedTuple):
    """`import "blocks.graph" as blocks`"""

    path: str
    path_span: Span
    name: str
    name_span: Span
    span: Span


class Hyper(NamedTuple):
    """`hyper hidden = 50`: one per name, even if a line declares several."""

    name: str
    name_span: Span
    value: Expression
    span: Span


class Formal(NamedTuple):
    """A formal of a `def`."""

    name: str
    name_span: Span
    type: Type | None
    default: Expression | None
    span: Span


class Return(NamedTuple):
    values: tuple[Expression, ...]
    span: Span


class Def(NamedTuple):
    """`def f(x, k=3) = ...` (a body of one Return) or `def f(x, k=3) { ... }`."""

    name: str
    name_span: Span
    formals: tuple[Formal, ...]
    returns: Type | None
    body: tuple[Statement, ...]
    span: Span


class Input(NamedTuple):
    """`input x: float[N, D]` or `input apple = 100`: one per name."""

    name: str
    name_span: Span
    type: Type | None
    default: Expression | None
    span: Span


class Param(NamedTuple):
    """`param W: float[3, 4] = normal(0.01)`: one per name; without a type, its start value has the shape."""

    name: str
    name_span: Span
    type: Type | None
    init: Expression | None
    span: Span


class LayerDecl(NamedTuple):
    """`layer tok = Embedding(65, 128)`"""

    name: str
    name_span: Span
    stage: Stage
    span: Span


class Target(NamedTuple):
    """A name on the left of `=`."""

    name: str
    span: Span


class Assign(NamedTuple):
    """`y = ...` or `q, k, v = ...`"""

    targets: tuple[Target, ...]
    value: Expression | Scan
    span: Span


class Carry(NamedTuple):
    """`h = zeros(N, H)` after `carry`, `h = h2` after `next`."""

    name: str
    name_span: Span
    value: Expression
    span: Span


class Next(NamedTuple):
    carries: tuple[Carry, ...]
    span: Span


class Yield(NamedTuple):
    values: tuple[Expression, ...]
    span: Span


class Last(NamedTuple):
    """`last h`: the carried values after the last step."""

    values: tuple[Expression, ...]
    span: Span


class Scan(NamedTuple):
    """`scan x in xs, axis=0 carry h = ... { ... next h = h2; yield h2 }`"""

    variable: str
    variable_span: Span
    values: Expression
    carries: tuple[Carry, ...]
    body: tuple[Assign | Next | Yield | Last, ...]
    options: tuple[Argument, ...]
    span: Span


class Output(NamedTuple):
    """`output y`: one per name."""

    name: str
    span: Span


class Expect(NamedTuple):
    """`expect a ~= b within 1e-3`"""

    left: Expression
    right: Expression
    within: Expression | None
    span: Span


class Setting(NamedTuple):
    """`name = value` in a section."""

    name: str
    name_span: Span
    value: Expression
    span: Span


class Section(NamedTuple):
    """`data { ... }`, `train { ... }`, `gradcheck { ... }`"""

    name: str
    name_span: Span
    settings: tuple[Setting, ...]
    broken: tuple[Broken, ...]
    span: Span


Statement: TypeAlias = (
    Version
    | Import
    | Hyper
    | Def
    | Input
    | Param
    | LayerDecl
    | Assign
    | Next
    | Yield
    | Last
    | Return
    | Output
    | Expect
    | Section
    | Broken
)


class Tree(NamedTuple):
    """A whole file: its documentation (the comment block at its top), its statements, its text.

    `unknown` are names that break the rules for names, which has been reported.
    """

    doc: str
    statements: tuple[Statement, ...]
    source: Source
    unknown: frozenset[str] = frozenset()
    #: how many words, numbers and signs it has
    tokens: int = 0
