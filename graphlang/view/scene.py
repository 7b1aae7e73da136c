"""The scene: a run as plain data, which the page draws as it stands here, as JSON.

A number never stands in a node or an edge itself: `slots` holds all of them, so that the page can compute
them anew when an input is changed. A `Slot` is an index into that list.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from graphlang.spec.models import RegionKind

VERSION = 1

Slot: TypeAlias = int
SlotKind: TypeAlias = Literal["value", "gradient", "part", "local"]
NodeKind: TypeAlias = Literal["input", "param", "constant", "operation", "operand"]
BoxKind: TypeAlias = RegionKind | Literal["inside"]


class SlotKey(NamedTuple):
    """What a slot holds: a value, its gradient, or what one use of a value passes back to it."""

    kind: SlotKind
    #: the value; for a part or a local gradient the operation that passes it back
    node: str
    #: for a part or a local gradient: the value that gets it, and where it stands in the operation
    source: str = ""
    place: int | str | None = None


class ValueToken(TypedDict):
    """In a rule, a value: its name, or the number in its slot."""

    v: Slot
    name: str


class GradientToken(TypedDict):
    """In a rule, a gradient, such as `∂price/∂apple`."""

    g: Slot
    name: str


class LocalToken(TypedDict):
    """In a rule, a local gradient as one number."""

    local: Slot
    name: str


Token: TypeAlias = str | ValueToken | GradientToken | LocalToken
Rule: TypeAlias = list[Token]
"""What a node computes, or passes back: the page writes it once with the names and once with the numbers.

A rule of text alone is a formula of the documentation, in the names that it uses there.
"""


class SceneNode(TypedDict):
    """A value of the graph: an input, a parameter, a constant, or the result of an operation."""

    #: the full name, or for a constant in an expression a text of its own
    id: str
    #: as shown; empty for a value that the file does not name
    name: str
    #: the operation in the file; empty for inputs and parameters
    op: str
    #: what is drawn in the circle
    sign: str
    kind: NodeKind
    #: the innermost box
    box: str | None
    #: source, and the offsets of the first character and past the last
    at: tuple[int, int, int] | None
    #: source, and line from 1
    line: tuple[int, int] | None
    dtype: str
    shape: list[int]
    v: Slot
    #: the gradient of the scene's `of`; None where none arrives
    g: Slot | None
    forward: Rule | None
    output: bool
    editable: bool
    #: the formula lines of the operation's documentation
    doc: str
    inside: Inside | None


SceneEdge = TypedDict(
    "SceneEdge",
    {
        "from": str,
        "to": str,
        #: position of an operand, role of a parameter, None for what else a `grad` depends on
        "place": int | str | None,
        #: whether it is no operand in the text
        "besides": bool,
        #: the part of the gradient that flows back along it
        "g": Slot | None,
        #: how that is computed
        "rule": Rule | None,
        #: for single numbers: the factor by which the gradient is multiplied along the edge
        "local": Slot | None,
    },
)
"""The use of a value by an operation."""


class _Outer(TypedDict, total=False):
    #: for an operand the value of the graph that it stands for
    outer: str


class InsideNode(SceneNode, _Outer):
    """A node inside an operation: its `id` is its own there; what comes from outside is an operand."""

    #: whether its value is that of the operation
    result: bool


class Inside(TypedDict):
    """What an operation is made of: a graph of primitives, whose slots are those of the scene.

    Its leaves are of the kind "operand" and name the value that they stand for, as `outer`.
    """

    #: the operands of the operation, constants, and primitives, in an order in which they can be computed
    nodes: list[InsideNode]
    edges: list[SceneEdge]
    boxes: list[Box]


class Box(TypedDict):
    """A part of the graph that opens and closes; a closed one is drawn as one node."""

    id: str
    parent: str | None
    label: str
    kind: BoxKind
    at: tuple[int, int, int] | None


class Heat(TypedDict):
    """An array as a matrix of bytes, base64: 0 stands for `lo`, 255 for `hi`.

    A large one is coarsened; where an element is no finite number, the byte is 0.
    """

    rows: int
    cols: int
    lo: float
    hi: float
    data: str


class Histogram(TypedDict):
    """How many finite elements are in each of equal intervals from `lo` to `hi`."""

    lo: float
    hi: float
    counts: list[int]


class Image(TypedDict):
    """One image: bytes, base64, row by row, the channels of a pixel beside one another."""

    width: int
    height: int
    channels: int
    data: str


class Tensor(TypedDict, total=False):
    """An array in summary. What is unknown or too large is left out."""

    shape: list[int]
    dtype: str
    size: int
    #: of the finite elements
    mean: float
    std: float
    norm: float
    min: float
    max: float
    #: how many elements are
    nan: int
    inf: int
    zero: int
    #: every element, of a small array
    all: list[Any]
    heat: Heat
    histogram: Histogram
    images: list[Image]


SlotContent: TypeAlias = float | bool | str | Tensor
"""A number, `nan`, `inf` or `-inf` as text, a truth value, or an array in summary."""


class ScalarProgram(TypedDict):
    """A function of JavaScript that computes the slots anew from the editable inputs."""

    inputs: list[str]
    code: str
    slots: list[Slot]


class Bad(TypedDict):
    """The first value in which something is wrong, and what."""

    node: str
    what: str


class Dead(TypedDict):
    """Units of a layer that are zero for every row."""

    node: str
    units: int
    of: int


class SourceFile(TypedDict):
    """A file that the graph was read from."""

    name: str
    text: str


class SceneHyper(TypedDict):
    """A `hyper` of the file."""

    name: str
    value: float | bool | str


class Scene(TypedDict):
    """A whole run."""

    version: int
    title: str
    file: str
    sources: list[SourceFile]
    #: the value whose gradients are shown
    of: str | None
    #: the `hyper`s of the file
    hypers: list[SceneHyper]
    #: the gradient there, where it was given
    seed: float | str | None
    #: in an order in which they can be computed
    nodes: list[SceneNode]
    edges: list[SceneEdge]
    boxes: list[Box]
    slots: list[SlotContent]
    program: ScalarProgram | None
    bad: Bad | None
    dead: list[Dead]
    diagnostics: list[Any]
