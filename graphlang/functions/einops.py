"""Axes by name: `rearrange` moves, splits and merges them, `einsum` multiplies and sums over them."""

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from string import ascii_letters

import numpy as np

from graphlang.functions._truth import bool_to_int
from graphlang.trace import Size, shape_text
from graphlang.trace.primitives.matmul import einsum as products

__all__ = ["einsum", "rearrange"]

Group = tuple[str, ...]
TOKEN = re.compile(r"\s*(?:(\.\.\.)|(\()|(\))|([^\W\d]\w*)|(1)(?!\w)|(\S))")


def rearrange(x, pattern: str, **sizes: Size):
    """y = x with its axes named, reordered, split and merged: rearrange(x, "n t (h d) -> n h t d", h=4)

    Gradient: dx = dy rearranged back.
    Shapes: `(h d)` on the left splits an axis, the first name slowest; on the right it merges axes. All
    sizes of a split but one are given; `1` stands for an axis of size 1, `...` for any axes.
    Source: Rogozhnikov, Einops, ICLR 2022.
    Example: input x: float[N, T, 6]; y = rearrange(x, "n t (h d) -> n h t d", h=2)
    Example: input x: float[N, 3, 4]; y = rearrange(x, "n ... -> ... n 1")
    Example: input x: float[N, T, 4]; y = rearrange(x, "n t d -> (n t) d")
    """
    before, after = _sides("rearrange", pattern)
    source, target = _fill_in(x, pattern, _groups(pattern, before), _groups(pattern, after))
    names, new_names = _flat(source), _flat(target)
    _same_names(pattern, names, new_names)
    if unknown := sizes.keys() - set(names):
        raise ValueError(f"`rearrange` is given {_listed(sorted(unknown))}, which `{pattern}` does not name")
    solved = dict(sizes)
    for group, size in zip(source, x.shape, strict=True):
        _solve(pattern, group, size, solved)
    y = (
        x
        if all(len(group) == 1 for group in source)
        else np.reshape(x, tuple(solved[name] for name in names))
    )
    order = tuple(names.index(name) for name in new_names)
    y = y if order == tuple(range(len(names))) else np.transpose(y, order)
    if all(len(group) == 1 for group in target):
        return y
    return np.reshape(y, tuple(math.prod(solved[name] for name in group) for group in target))


def _sides(operation: str, pattern: str) -> tuple[str, str]:
    parts = pattern.split("->")
    if len(parts) != 2:
        many = "no" if len(parts) == 1 else "several"
        what = "write `what there is -> what you want`"
        raise ValueError(f"`{operation}`: `{pattern}` has {many} `->`: {what}")
    return parts[0], parts[1]


def _groups(pattern: str, side: str) -> list[Group]:
    """The names merged in each axis: () for `1`, ("...",) for the axes that `...` stands for."""
    groups: list[Group] = []
    inside: list[str] | None = None
    for token in TOKEN.finditer(side):
        word = token[0].strip()
        open_bracket, close_bracket, wrong = token[2], token[3], token[6]
        if wrong or (open_bracket and inside is not None) or (close_bracket and inside is None):
            raise _at(pattern, word, side, token.end() - len(word), _trouble(word))
        if inside is not None and word == "...":
            trouble = "`...` cannot be merged: take it out of the brackets"
            raise _at(pattern, word, side, token.end() - len(word), trouble)
        if open_bracket:
            inside = []
        elif close_bracket:
            groups.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside.extend(() if word == "1" else (word,))
        else:
            groups.append(() if word == "1" else (word,))
    if inside is not None:
        raise _at(pattern, "(", side, side.rindex("("), "this bracket is never closed")
    return groups


def _trouble(word: str) -> str:
    brackets = {"(": "a bracket inside a bracket", ")": "this bracket was never opened"}
    return brackets.get(word, f"`{word}` is not a name of an axis")


def _at(pattern: str, word: str, side: str, offset: int, trouble: str) -> ValueError:
    # Searching for the side would go wrong where both sides read the same.
    place = offset + (0 if pattern.startswith(side + "->") else len(pattern) - len(side))
    assert pattern[place:].startswith(word), (pattern, place, word)
    return ValueError(f"in `{pattern}`, at character {place + 1}: {trouble}")


def _fill_in(x, pattern: str, source: list[Group], target: list[Group]) -> tuple[list[Group], list[Group]]:
    """Both sides, with `...` replaced by a name for each of its axes."""
    open_axes = source.count(("...",))
    if open_axes != target.count(("...",)) or open_axes > 1:
        raise ValueError(f"`rearrange`: `{pattern}` needs `...` once on each side, or not at all")
    rest = x.ndim - len(source) + open_axes
    if rest < 0 or (rest and not open_axes):
        raise ValueError(
            f"`rearrange`: `{pattern}` names {len(source) - open_axes} axes, "
            f"but the tensor has {x.ndim}: {shape_text(x.shape)}"
        )
    names: list[Group] = [(f"...{n}",) for n in range(rest)]
    return _replaced(source, names), _replaced(target, names)


def _replaced(groups: list[Group], names: list[Group]) -> list[Group]:
    return [name for group in groups for name in (names if group == ("...",) else [group])]


def _flat(groups: list[Group]) -> list[str]:
    return [name for group in groups for name in group]


def _same_names(pattern: str, names: list[str], new_names: list[str]) -> None:
    for side, where in ((names, "left"), (new_names, "right")):
        if twice := _repeated(side):
            raise ValueError(f"`rearrange`: `{pattern}` has {_listed(twice)} twice on the {where}")
    if lost := [name for name in names if name not in new_names]:
        raise ValueError(f"`rearrange`: `{pattern}` loses {_listed(lost)}: name every axis on the right too")
    if new := [name for name in new_names if name not in names]:
        raise ValueError(f"`rearrange`: `{pattern}` has {_listed(new)} on the right only")


def _solve(pattern: str, group: Group, size: Size, solved: dict[str, Size]) -> None:
    """Computes the one size of a group that is still unknown, and adds it to `solved`."""
    unknown = [name for name in group if name not in solved]
    total = math.prod(solved[name] for name in group if name in solved)
    shown = group[0] if len(group) == 1 else f"({' '.join(group)})" if group else "1"
    if len(unknown) > 1:
        raise ValueError(
            f"`rearrange`: `{shown}` in `{pattern}` has more than one unknown size: "
            f"give all but one, as in `{unknown[0]}=2`"
        )
    if not unknown and total != size:
        raise ValueError(f"`rearrange`: `{shown}` in `{pattern}` makes {total}, but the axis has size {size}")
    if unknown and (total == 0 or size % total != 0):
        raise ValueError(
            f"`rearrange`: `{shown}` in `{pattern}` cannot split an axis of size {size} into parts of {total}"
        )
    if unknown:
        solved[unknown[0]] = size // total


def einsum(*xs, pattern: str):
    """z = the sum over the axes that the result does not name of the product of all xs

    Gradient: each x gets the einsum of dz with the other xs.
    Shapes: as the pattern says: `einsum(a, b, "i k, k j -> i j")` is `a @ b`; `...` stands for any axes.
    Convention: with spaces an axis has a name of any length ("row col -> col"), without them every letter
    is an axis as in NumPy ("ij->j"). The `->` and the result are always written.
    Example: input a: float[N, 3], b: float[3, 4]; y = einsum(a, b, "i k, k j -> i j")
    Example: input a: float[N, T, 3]; y = einsum(a, "n t d -> d t")
    Example: input a: float[N, 3], b: float[N, 3], c: float[3]; y = einsum(a, b, c, "nd,nd,d->n")
    """
    before, after = _sides("einsum", pattern)
    terms = before.split(",")
    if len(terms) != len(xs):
        raise ValueError(f"`einsum`: `{pattern}` speaks of {len(terms)} tensors, but {len(xs)} are given")
    by_word = any(re.search(r"\S\s+\S", term) for term in (*terms, after))
    axes = [_axes(pattern, term, by_word) for term in terms]
    result = _axes(pattern, after, by_word)
    _check_result(pattern, axes, result)
    sizes: dict[str, Size] = {}
    for x, named, term in zip(xs, axes, terms, strict=True):
        _check_operand(pattern, x, named, term.strip(), sizes)
    _check_open(pattern, xs, axes)
    letter = _letters(sizes)
    subscripts = ",".join("".join(letter[name] for name in named) for named in axes)
    return products(f"{subscripts}->{''.join(letter[name] for name in result)}", *map(bool_to_int, xs))


def _axes(pattern: str, term: str, by_word: bool) -> list[str]:
    names = re.findall(r"\.\.\.|\S+" if by_word else r"\.\.\.|\S", term)
    for name in names:
        if name != "..." and not name.isidentifier():
            raise ValueError(f"`einsum`: `{name}` in `{pattern}` is not a name of an axis")
    return names


def _check_result(pattern: str, axes: list[list[str]], result: list[str]) -> None:
    if twice := _repeated(result):
        raise ValueError(f"`einsum`: `{pattern}` has {_listed(twice)} twice in the result")
    if new := [name for name in result if not any(name in named for named in axes)]:
        raise ValueError(f"`einsum`: `{pattern}` has {_listed(new)} in the result only")
    if "..." not in result and any("..." in named for named in axes):
        raise ValueError(f"`einsum`: `{pattern}` has `...` in a tensor only: repeat it in the result")


def _check_operand(pattern: str, x, named: list[str], term: str, sizes: dict[str, Size]) -> None:
    open_axes = named.count("...")
    rest = x.ndim - len(named) + open_axes
    if open_axes > 1 or rest < 0 or (rest and not open_axes):
        raise ValueError(
            f"`einsum`: `{term}` in `{pattern}` names {len(named) - open_axes} axes, "
            f"but its tensor has {x.ndim}: {shape_text(x.shape)}"
        )
    start = named.index("...") if open_axes else len(named)
    after = named[start + 1 :]
    shape = (*x.shape[:start], *x.shape[x.ndim - len(after) :])
    for name, size in zip(named[:start] + after, shape, strict=True):
        if sizes.setdefault(name, size) != size:
            raise ValueError(f"`einsum`: `{name}` in `{pattern}` is both {sizes[name]} and {size}")


def _check_open(pattern: str, xs, axes: list[list[str]]) -> None:
    """Refuses axes under `...` that do not broadcast, aligned at the last."""
    shapes = []
    for x, named in zip(xs, axes, strict=True):
        if "..." in named:
            start = named.index("...")
            shapes.append(x.shape[start : start + x.ndim - len(named) + 1])
    for first, second in pairwise(shapes):
        for m, n in zip(first[::-1], second[::-1], strict=False):
            if m != n and 1 not in (m, n):
                both = f"{shape_text(first)} and {shape_text(second)}"
                raise ValueError(f"`einsum`: the axes of `...` in `{pattern}` are {both}: {m} against {n}")


def _letters(names: Iterable[str]) -> dict[str, str]:
    names = list(names)
    if len(names) > len(ascii_letters):
        raise ValueError(f"`einsum`: a pattern can name {len(ascii_letters)} axes, not {len(names)}")
    return {"...": "...", **dict(zip(names, ascii_letters, strict=False))}


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
