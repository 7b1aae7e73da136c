"""Which column of a table is predicted: the one named, one with a likely name, or the last that can be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from graphlang.datasets.table import Columns
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.proposals import NoProposal, NoTarget, UnfitTarget
from graphlang.diagnostics.tables import UnknownColumn
from graphlang.scaffold.column_look import ColumnLook
from graphlang.scaffold.spec_words import NAME_UNSEEN, can_be_written, in_short

LIKELY = (
    *("target", "label", "labels", "class", "outcome", "response", "y", "t"),
    *("price", "survived", "diagnosis", "species", "score", "result"),
)
"""What a column is often called that is to be predicted; or the last word of its name, as in `SalePrice`."""
MOST_CLASSES = 50
MOST_NUMBERED = 20
"""How many different whole numbers may be classes."""


Why = Literal["named", "likely", "last", "fits"]
Taken = Literal["classes", "number"]
"""What a column is predicted as."""


class ChosenTarget(NamedTuple):
    """The column that is to be predicted, and how often each class occurs; none where it is a number."""

    look: ColumnLook
    classes: Counter[str]
    #: why it was chosen
    why: Why
    #: a column that would have been chosen, and why it cannot be predicted
    instead_of: tuple[str, str] | None = None
    #: what it can be predicted as too, where its values alone have decided
    instead: Taken | None = None

    @property
    def name(self) -> str:
        return self.look.name


def chosen_target(
    table: Columns,
    looks: Sequence[ColumnLook],
    name: str | None,
    taken: Taken | None = None,
    without: Collection[str] = (),
) -> ChosenTarget:
    """The target, `taken` as said or as its values tell; raises GraphError where there is none."""
    by_name = {look.name: look for look in looks}
    if name is not None and name not in by_name:
        raise GraphError([UnknownColumn(table.path, name, list(by_name))])
    for other in without:
        if other not in by_name:
            raise GraphError([UnknownColumn.to_leave_out(table.path, other, list(by_name))])
    if len(looks) < 2:
        raise GraphError([NoProposal.one_column(table.path)])
    if table.rows < 2:
        raise GraphError([NoProposal.one_row(table.path)])
    named = by_name.get(name) if name is not None else None
    looks = [look for look in looks if look.name not in without]
    if not looks:
        raise GraphError([NoTarget(table.path, "`--without` leaves all columns out")])
    problems: list[UnfitTarget] = []
    chosen: list[tuple[ColumnLook, Why]] = [] if named is None else [(named, "named")]
    for look, why in chosen or _candidates(looks):
        if why in ("last", "fits") and problems and problems[0].name.strip().lower() in LIKELY:
            break  # what was meant is plain
        problem = _problem(table, look, taken)
        if problem is None:
            first = (problems[0].name, problems[0].why) if problems else None
            return ChosenTarget(look, _classes(look, taken), why, first, None if taken else _instead(look))
        problems.append(problem)
    if len(problems) == len(looks):
        raise GraphError(
            [NoTarget(table.path, in_short([(problem.name, problem.why) for problem in problems]))]
        )
    others = [look.name for look in reversed(looks) if _problem(table, look, taken) is None]
    raise GraphError([problems[0].replaced(others=others)])


def _candidates(looks: Sequence[ColumnLook]) -> Iterator[tuple[ColumnLook, Why]]:
    """The columns that could be meant, the likeliest first."""
    seen: set[str] = set()

    def ranks(look: ColumnLook) -> tuple[int, int]:
        words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", look.name)]
        whole = look.name.strip().lower()
        if whole in LIKELY:
            return 0, LIKELY.index(whole)
        return (1, LIKELY.index(words[-1])) if words and words[-1] in LIKELY else (2, 0)

    for look in sorted(looks, key=ranks):
        if ranks(look)[0] < 2:
            seen.add(look.name)
            yield look, "likely"
    for look in reversed(looks):
        if look.name not in seen:
            yield look, "last" if look is looks[-1] else "fits"


def _problem(table: Columns, look: ColumnLook, taken: Taken | None) -> UnfitTarget | None:
    """Why a column cannot be predicted, or not as what it is to be taken for."""
    if not can_be_written(look.name):
        return UnfitTarget(table.path, look.name, NAME_UNSEEN, "unreadable", ())
    if look.kind == "unreadable":
        return UnfitTarget(table.path, look.name, look.why, "unreadable", ())
    if look.kind == "nothing" or look.gaps:
        return UnfitTarget(table.path, look.name, _of_gaps(table, look), "gaps", ())
    if look.different < 2:
        return UnfitTarget(table.path, look.name, "is the same in every row", "constant", ())
    if look.kind == "dates":
        return UnfitTarget(table.path, look.name, "holds dates", "dates", ())
    if look.kind == "words" and not _are_classes(look):
        why = f"has {look.different:,} different words or texts in {look.rows:,} rows"
        return UnfitTarget(table.path, look.name, why, "words", ())
    if taken == "number" and look.kind == "words":
        return UnfitTarget(table.path, look.name, "holds words, and a number was asked for", "words", ())
    if taken == "classes" and look.kind == "numbers" and not _may_be_classes(look):
        many = f"has {look.different:,} different numbers, and {MOST_CLASSES} classes are the most"
        why = many if look.is_whole else "holds numbers with fractions, which are no classes"
        return UnfitTarget(table.path, look.name, why, "numbers", ())
    return None


def _are_classes(look: ColumnLook) -> bool:
    """Whether words are few enough to be classes."""
    return look.different <= MOST_CLASSES and (look.different == 2 or 2 * look.different <= look.rows)


def _may_be_classes(look: ColumnLook) -> bool:
    """Whether numbers can be classes, be it likely or not."""
    return look.is_whole and look.different <= MOST_CLASSES


def _instead(look: ColumnLook) -> Taken | None:
    """What numbers can be predicted as, other than what their values say."""
    if look.kind != "numbers":
        return None
    return "number" if _classes(look, None) else "classes" if _may_be_classes(look) else None


def _classes(look: ColumnLook, taken: Taken | None) -> Counter[str]:
    """The classes of a target, those of numbers by size; none where it is a number."""
    if look.kind == "words":
        return Counter(dict(sorted(look.counts.items())))
    numbers, counts = np.unique(look.values, return_counts=True)
    few = len(numbers) == 2 or (len(numbers) <= MOST_NUMBERED and 5 * len(numbers) <= look.rows)
    if taken == "number" or not (taken == "classes" or (few and look.is_whole)):
        return Counter()
    return Counter({str(int(n)): int(count) for n, count in zip(numbers, counts, strict=True)})


def _of_gaps(table: Columns, look: ColumnLook) -> str:
    """What is said of a column without a value in some rows, or in all."""
    if look.kind == "nothing":
        return "has no values"
    rows = "1 row" if look.gaps == 1 else f"{look.gaps:,} rows"
    if look.rows < table.rows:
        return f"has no value in {rows} of those looked at"
    place = f"row {look.first_gap}" if table.lines is None else f"line {table.lines[look.first_gap]}"
    return f"has no value in {rows}, {place}{'' if look.gaps == 1 else ' the first'}"
