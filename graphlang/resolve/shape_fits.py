"""What would make operands fit that do not: a transpose, a new axis, another size.

Where one way alone makes them fit, it comes as an edit too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from graphlang.diagnostics import Edit, Span
from graphlang.diagnostics.base import listed
from graphlang.resolve.application import Application
from graphlang.resolve.broadcasting import GUARDED
from graphlang.resolve.layer_fits import LAYERS, Rule
from graphlang.resolve.operand_texts import (
    Fit,
    argument_places,
    around_operand,
    operand_text,
    with_other_names,
)
from graphlang.resolve.tried_fits import fit_exchanged, ways_to_fit
from graphlang.resolve.type_texts import sizes_text, tuple_text
from graphlang.resolve.values import ParamValue, Value
from graphlang.trace import ShapeError, Size
from graphlang.trace.broadcasting import broadcast
from graphlang.trace.dims import count, divides

Shape = tuple[Size, ...]


class _Way(NamedTuple):
    """One of the ways in which operands fit."""

    words: str
    edits: Sequence[Edit] = ()


def fit_of(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    """What would make these operands of an operation fit; `help` is what the operation advises itself."""
    name = use.entry.name
    if not use.entry.built_in:
        return None
    if name in SCORES_FIRST:
        exchanged = _exchanged(use, operands)
        if exchanged is not None:
            return exchanged
    rule = _RULES.get(name) or (_broadcast if name in GUARDED else None)
    fit = None if rule is None else rule(use, operands, help)
    if fit is not None or help is not None:
        return fit
    return _tried(use, operands, GENERAL.get(name))


def _exchanged(use: Application, operands: tuple[Any, ...]) -> Fit | None:
    """Targets before scores."""
    values = [o for o in operands[:2] if isinstance(o, Value)]
    if len(values) != 2 or values[0].array.shape == values[1].array.shape or not fit_exchanged(use, operands):
        return None
    told = "the scores come first, then the targets"
    places = argument_places(use.span, use.entry.name)[:2]
    if [place.text for place in places] != [value.label or value.span.text for value in values]:
        return Fit(f"exchange the two: {told}")
    scores, targets = (place.text for place in reversed(places))
    edits = [Edit(places[0], scores), Edit(places[1], targets)]
    return Fit(f"{told}: `{use.entry.name}({scores}, {targets}{_more(use)})`", edits)


def _more(use: Application) -> str:
    return ", ..." if len(argument_places(use.span, use.entry.name)) > 2 else ""


def _tried(use: Application, operands: tuple[Any, ...], general: str | None, where: str = "") -> Fit | None:
    """What is found by trying, else what holds in general."""
    words = ways_to_fit(use, operands) or general
    return None if words is None else Fit(f"{where}: {words}" if where else words)


# ---- broadcasting and products -----------------------------------------------------------------------


def _broadcast(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    values = [o for o in operands if isinstance(o, Value)]
    pair = next(
        ((a, b) for a, b in combinations(values, 2) if not _joined(a.array.shape, b.array.shape)), None
    )
    if pair is None or help is not None:
        return None
    a, b = pair
    axis, m, n = _clash(a.array.shape, b.array.shape)
    place = {1: "the last axis", 2: "the last axis but one"}.get(axis, f"axis {-axis}")
    where = f"aligned at the right, {place} has {m} and {n}"
    ways = [*_new_axes(use, a, b), *_turned(use, a, b), *_declared_to_broadcast(a, b)]
    return _told(where, ways) or _tried(use, operands, "make the sizes equal, or one of them 1", where)


def _matmul(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    a, b = operands
    if help is None or not (isinstance(a, Value) and isinstance(b, Value)):
        return None
    left, right = a.array.shape, b.array.shape
    if not left or not right:
        return None
    help = _in_own_names(help, operand_text(a), operand_text(b))
    if len(left) == len(right) == 2 and left == right:
        return Fit(_either_transposed(operand_text(a), operand_text(b), left))
    if len(right) > 1 and left[-1] == right[-1]:
        return Fit(help, around_operand(use, 1, "{}.T"))
    if len(left) > 1 and len(right) > 1 and right[-1] == left[-2]:
        return Fit(help)  # in the other order, which changes more than one place
    if len(left) > 1 and left[-2] == (right[-2] if len(right) > 1 else right[0]):
        return Fit(help, around_operand(use, 0, "{}.T"))
    return _told(help, list(_declared_to_multiply(a, b))) or _tried(use, operands, None, help)


def _dot(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    own = help and _in_own_names(
        help, *(operand_text(o) if isinstance(o, Value) else "(...)" for o in operands)
    )
    return _tried(use, operands, None, own or "")


def _either_transposed(x: str, w: str, shape: Shape) -> str:
    """Two matrices of one shape: either may be transposed."""
    n, d = shape
    return (
        f"transpose one of them: `{x} @ {w}.T` is {tuple_text((n, n))}, `{x}.T @ {w}` is {tuple_text((d, d))}"
    )


def _in_own_names(help: str, x: str, w: str) -> str:
    """The help for a product of `x` and `W`, with what stands for them in the file."""
    return help if "(...)" in (x, w) else with_other_names(help, {"x": x, "W": w})


def _told(where: str, ways: Sequence[_Way]) -> Fit | None:
    """All ways in words, and the edits where there is one way alone."""
    if not ways:
        return None
    return Fit(f"{where}: {', or '.join(way.words for way in ways)}", ways[0].edits if len(ways) == 1 else ())


def _joined(a: Shape, b: Shape) -> Shape | None:
    try:
        return broadcast(a, b)
    except ShapeError:
        return None


def _clash(a: Shape, b: Shape) -> tuple[int, Size, Size]:
    """The first axis in which two shapes clash, counted from the end, and its sizes."""
    pairs = enumerate(zip(reversed(a), reversed(b), strict=False), 1)
    return [(i, m, n) for i, (m, n) in pairs if m not in (1, n) and n != 1][-1]


def _new_axes(use: Application, a: Value, b: Value) -> Iterator[_Way]:
    """A vector beside a matrix: `expand_dims(b, 1)`."""
    shorter, longer = (b, a) if len(b.array.shape) < len(a.array.shape) else (a, b)
    short, long = shorter.array.shape, longer.array.shape
    if not short or len(short) == len(long):
        return
    wanted = [
        tuple(short[kept.index(i)] if i in kept else 1 for i in range(len(long)))
        for kept in combinations(range(len(long)), len(short))
    ]
    fitting = [shape for shape in wanted if _joined(shape, long) == long]
    if len(fitting) != 1:
        return
    (shape,) = fitting
    new = [i for i, size in enumerate(shape) if size == 1 and (i >= len(short) or short[i : i + 1] != (1,))]
    form = f"expand_dims({{}}, {new[0]})" if len(long) - len(short) == 1 and len(new) == 1 else None
    form = form or f"reshape({{}}, {sizes_text(shape)})"
    position = 1 if shorter is b else 0
    written = form.format(operand_text(shorter))
    yield _Way(f"`{written}` is {tuple_text(shape)}, which fits", around_operand(use, position, form))


def _turned(use: Application, a: Value, b: Value) -> Iterator[_Way]:
    left, right = a.array.shape, b.array.shape
    if len(left) == len(right) > 1 and _joined(left, (*right[:-2], right[-1], right[-2])):
        yield _Way(f"transposed the second one fits, `{operand_text(b)}.T`", around_operand(use, 1, "{}.T"))


def _declared_to_broadcast(a: Value, b: Value) -> Iterator[_Way]:
    """`param b: float[4]` beside three numbers: `float[3]`."""
    for own, other in ((b, a), (a, b)):
        if isinstance(own, ParamValue) and not isinstance(other, ParamValue):
            axis, _, _ = _clash(own.array.shape, other.array.shape)
            shape = list(own.array.shape)
            shape[-axis] = other.array.shape[-axis]
            if _joined(tuple(shape), other.array.shape):
                yield from _declared(own, tuple(shape))


def _declared_to_multiply(a: Value, b: Value) -> Iterator[_Way]:
    """`param W: float[50, 10]` behind 784 numbers: `float[784, 10]`."""
    left, right = a.array.shape, b.array.shape
    if isinstance(b, ParamValue) and not isinstance(a, ParamValue):
        yield from _declared(b, (*right[:-2], left[-1], right[-1]) if len(right) > 1 else left[-1:])
    elif isinstance(a, ParamValue) and not isinstance(b, ParamValue):
        yield from _declared(a, (*left[:-1], right[-2] if len(right) > 1 else right[0]))


_TYPE = re.compile(r"\s*:\s*\w+\[([^\[\]]*)\](?!\s*=\s*[\[\d-])")


def _declared(value: Value, shape: Shape) -> Iterator[_Way]:
    """The declaration of a parameter of the file, with another shape."""
    source, end = value.span.source, value.span.end
    declared = _TYPE.match(source.text, end)
    plain = value.span.text == value.label and all(isinstance(size, int) for size in shape)
    if declared is None or not plain:
        return
    texts = declared[1].split(",")
    changed = zip(texts, value.array.shape, shape, strict=False)
    kept = [text.strip() if old == new else str(new) for text, old, new in changed]
    written = ", ".join(kept) if len(texts) == len(shape) else sizes_text(shape)
    edit = Edit(Span(declared.start(1), declared.end(1), source), written)
    yield _Way(f"declare `{value.label}: float[{written}]`", [edit])


# ---- sizes that are written out ------------------------------------------------------------------------


def _reshape(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    x, *_ = operands
    sizes = tuple(getattr(use.operation, "sizes", ()))
    if not isinstance(x, Value) or not sizes:
        return None
    shape = x.array.shape
    if -1 in [size for size in sizes if isinstance(size, int)]:
        kept = (
            f"; `reshape({operand_text(x)}, {shape[0]}, -1)` keeps the first axis" if len(shape) > 1 else ""
        )
        return Fit(f"write sizes that divide {count(shape)}{kept}")
    ways = list(_other_sizes(use, sizes, count(shape)))
    return _told(help or "write other sizes", ways)


def _other_sizes(use: Application, sizes: Shape, total: Size) -> Iterator[_Way]:
    """Each size of which another one would make the product right."""
    places = {span.text: span for span in argument_places(use.span, "reshape")}
    for i, size in enumerate(sizes):
        others = count(sizes[:i] + sizes[i + 1 :])
        if not isinstance(size, int) or not divides(others, total):
            continue
        meant = total // others
        if not isinstance(meant, int) or meant < 1:
            continue
        place = places.get(str(size))
        edits = [Edit(place, str(meant))] if place is not None and sizes.count(size) == 1 else []
        yield _Way(f"{meant} in place of {size} fits", edits)


def _split(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    x, *_ = operands
    parts, axis = use.attributes.get("parts"), use.attributes.get("axis", 0)
    if not isinstance(x, Value) or not isinstance(axis, int) or not -x.array.ndim <= axis < x.array.ndim:
        return None
    size = x.array.shape[axis]
    if not isinstance(size, int) or not parts:
        return None
    if isinstance(parts, int):
        return _equal_parts(size, parts)
    if not all(isinstance(part, int) and part > 0 for part in parts):
        return None
    last = size - sum(parts[:-1])
    if last < 1:
        return Fit(f"write sizes that make {size} together")
    written = f"[{', '.join(map(str, [*parts[:-1], last]))}]"
    old = re.compile(r"\[\s*" + r"\s*,\s*".join(map(str, parts)) + r"\s*,?\s*\]")
    found = old.search(use.span.text)
    start = use.span.start
    place = None if found is None else Span(start + found.start(), start + found.end(), use.span.source)
    edits = [Edit(place, written)] if place is not None else []
    return Fit(f"write sizes that make {size} together, as `{written}`", edits)


def _equal_parts(size: int, parts: int) -> Fit:
    numbers = [n for n in range(2, min(size, 1000)) if size % n == 0][:6]
    told = [f"{size} divides into {listed([str(n) for n in numbers])} equal parts"] if numbers else []
    if parts <= min(size, 10):
        more, each = size % parts, size // parts
        sizes = ", ".join(str(each + (i < more)) for i in range(parts))
        told.append(f"parts of other sizes are a list: `[{sizes}]`")
    return Fit("; ".join(told) or f"no number of equal parts but {size} makes {size}")


def _stack(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    shapes = [o.array.shape for o in operands if isinstance(o, Value)]
    first = shapes[0] if shapes else ()
    if any(len(shape) != len(first) for shape in shapes):
        return Fit("give all of them one shape, as `reshape` and `expand_dims` do")
    axes = {i for shape in shapes for i, (m, n) in enumerate(zip(first, shape, strict=True)) if m != n}
    if len(axes) == 1:
        return Fit(f"what differs in one axis alone joins along it: `concat(..., axis={axes.pop()})`")
    return Fit("give all of them one shape")


def _squeeze(use: Application, operands: tuple[Any, ...], help: str | None) -> Fit | None:
    x, *_ = operands
    if not isinstance(x, Value) or help is not None:
        return None
    ones = [str(i) for i, size in enumerate(x.array.shape) if size == 1]
    return Fit(
        f"axes of size 1 are {', '.join(ones)}" if ones else "no axis is of size 1: leave `squeeze` out"
    )


SCORES_FIRST = frozenset(
    "SoftmaxWithLoss CrossEntropyError FocalLoss "
    "accuracy top_k precision recall f1 confusion auc perplexity".split()
)
"""What takes scores and then labels."""
GENERAL = {
    **dict.fromkeys(
        "MeanSquaredError SumSquaredError L1Loss HuberLoss KLDivergence BinaryCrossEntropy "
        "CosineEmbeddingLoss TripletLoss mae mape rmse r2".split(),
        "give both the same shape",
    ),
    "einsum": "one letter stands for one size: write another letter, or other sizes",
    "broadcast_to": "each size, from the last one on, is that of the value, unless the value has 1 there",
}
"""What holds where nothing is found by trying."""
_RULES: dict[str, Rule] = {
    **LAYERS,
    "matmul": _matmul,
    "dot": _dot,
    "reshape": _reshape,
    "split": _split,
    "stack": _stack,
    "squeeze": _squeeze,
}
