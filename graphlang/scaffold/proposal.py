"""Proposes a network for a table: which column it predicts, from which others, and of what size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphlang.datasets.dataset import Array
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.proposals import NoFeatures
from graphlang.scaffold.column_look import Cells, ColumnLook, look, marks_in
from graphlang.scaffold.network_size import NetworkSize, network_size, vector_size
from graphlang.scaffold.row_splits import RowSplits, row_splits
from graphlang.scaffold.spec_words import in_short
from graphlang.scaffold.table_features import SAME, UNWANTED, Features, features_of
from graphlang.scaffold.table_file import TableFile, cells_of, opened_table, step_between_rows, whole_column
from graphlang.scaffold.target_choice import ChosenTarget, Taken, chosen_target


class Wish(NamedTuple):
    """What was asked for besides the table."""

    #: the column to predict, where one is named
    target: str | None
    taken: Taken | None
    #: columns to predict nothing from
    without: Sequence[str] = ()


class Proposal(NamedTuple):
    """A network for a table."""

    #: from the folder of the spec
    path: str
    file: TableFile
    #: every so many rows were looked at
    step: int
    target: ChosenTarget
    features: Features
    splits: RowSplits
    size: NetworkSize
    #: cells that have no value, as the source is told
    missing: tuple[str, ...]

    #: whether the network takes all columns but the target, the field `x` of the source
    takes_all: bool

    @property
    def columns(self) -> int:
        """How many numbers of a row the first layer takes besides vectors of words."""
        return _columns(self.features)


def proposal(place: Path, path: str, wish: Wish, limits: Limits) -> Proposal:
    """A network for the table at a place, for a spec its `path`; raises GraphError where there is none."""
    file = opened_table(place, limits)
    table, step = file.table, step_between_rows(file.table)
    cells = cells_of(table, step)
    marks = _marks(file, cells)
    looks = {column.name: look(column, file.form, marks) for column in cells}
    chosen = chosen_target(table, list(looks.values()), wish.target, wish.taken, wish.without)
    whole = whole_column(table, chosen.name)
    if step > 1:
        of_all = looks | {chosen.name: look(whole, file.form, marks)}
        chosen = chosen_target(table, list(of_all.values()), chosen.name, wish.taken)._replace(
            why=chosen.why, instead_of=chosen.instead_of
        )
    splits = row_splits(table.rows, _ids(whole) if chosen.classes else None)
    others = [of for name, of in looks.items() if name != chosen.name and name not in wish.without]
    features = features_of(others, splits.train, file.form, marks, lambda name: whole_column(table, name))
    features.left_out.extend((name, UNWANTED) for name in looks if name in wish.without)
    if not (features.numbers or features.one_hot or features.embedded or features.texts):
        raise GraphError([NoFeatures(str(place), chosen.name, in_short(features.left_out))])
    takes_all = not wish.without and _are_all_numbers(others, features)
    if takes_all:
        features = Features(others, [], [], [], [])
    size = _size(len(splits.train), features, max(1, len(chosen.classes)))
    missing = _missing(marks, cells, features) if file.source == "csv" else ()
    return Proposal(path, file, step, chosen, features, splits, size, missing, takes_all)


def _are_all_numbers(looks: list[ColumnLook], features: Features) -> bool:
    """Whether all columns are numbers, perhaps constant, and so many that one name for them is better."""
    numbers = all(look.kind == "numbers" for look in looks) and not {"x", "t"} & {look.name for look in looks}
    return numbers and len(looks) >= _MANY and all(why == SAME for _, why in features.left_out)


_MANY = 12


def _missing(marks: set[str], cells: list[Cells], features: Features) -> tuple[str, ...]:
    """The marks in the columns that the network takes."""
    left_out = {name for name, _ in features.left_out}
    used = [column.texts or () for column in cells if column.name not in left_out]
    return tuple(sorted(marks & {cell.strip() for texts in used for cell in texts}))


def _marks(file: TableFile, cells: list[Cells]) -> set[str]:
    """The cells of a table that have no value; only a csv may have others than empty ones."""
    if file.source != "csv":
        return {""}
    return set().union(*(marks_in(column.texts, file.form) for column in cells if column.texts is not None))


def _ids(cells: Cells) -> Array:
    """A number for each row, the same ones for the same class."""
    values = cells.numbers if cells.numbers is not None else np.array([c.strip() for c in cells.texts or ()])
    return np.unique(values, return_inverse=True)[1]


def _columns(features: Features) -> int:
    return len(features.numbers) + sum(words.classes for words in features.one_hot)


def _size(rows: int, features: Features, outputs: int) -> NetworkSize:
    vectors = sum(vector_size(words.classes) for words in features.embedded)
    vectors += sum(text.vector for text in features.texts)
    size = network_size(rows, _columns(features) + vectors, outputs)
    beside = features.numbers or features.one_hot or features.embedded
    return size if beside else size._replace(layers=0)  # the vectors of texts come from layers
