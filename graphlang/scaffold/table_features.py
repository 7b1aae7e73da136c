"""What a network takes of the columns of a table, as numbers or as words, and what it leaves out, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.dataset import Array
from graphlang.datasets.table import NUMBER
from graphlang.diagnostics.tables import plain_number
from graphlang.scaffold.column_look import Cells, ColumnLook, is_numeral
from graphlang.scaffold.spec_words import NAME_UNSEEN, can_be_written, shown
from graphlang.scaffold.text_columns import TextFeature, are_texts, text_column

MOST_COLUMNS = 15
"""How many words may have a column each; of more, each word has a vector."""
MOST_WORDS = 1_000
_MOST_GAPS = 0.8
_FILL = "unknown"
SAME = "is the same in every row"
UNWANTED = "was left out by `--without`"
COUNTS = "counts the rows"
DIFFERENT = "is different in every row"
_OTHER_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T].*)?", re.ASCII)
_IDENTIFIERS = {"id", "ids", "index", "key", "no", "nr", "number", "code", "uuid", "guid", "row", "rowid"}


class WordColumn(NamedTuple):
    """A column of words: how many training sees, what gaps become, and whether other rows have more words."""

    name: str
    classes: int
    fill: str | None
    has_others: bool


class Features(NamedTuple):
    """What becomes of each column, in the order of the table."""

    numbers: list[ColumnLook]
    one_hot: list[WordColumn]
    embedded: list[WordColumn]
    #: texts of several words
    texts: list[TextFeature]
    #: the name of a column, and why it is left out
    left_out: list[tuple[str, str]]


def features_of(
    looks: list[ColumnLook], train: Array, form: Form, marks: set[str], whole: Callable[[str], Cells]
) -> Features:
    """The features that columns give for the rows of training; `whole` reads all cells of a column."""
    found = Features([], [], [], [], [])
    for look in looks:
        why = _why_not(look, form)
        if look.kind == "words" and why in (None, DIFFERENT):
            why = _add_words(found, look, whole(look.name).texts or (), train, marks)
        elif why is None and _may_be_empty(look, train) and not _has_values(whole(look.name), train, marks):
            why = "is empty in the rows for training"
        elif why is None:
            found.numbers.append(look)
        if why is not None:
            found.left_out.append((look.name, why))
    counting = [look for look in looks if (look.name, COUNTS) in found.left_out]
    if counting and not (found.numbers or found.one_hot or found.embedded or found.texts):  # as in a series
        left_out = [(name, why) for name, why in found.left_out if why != COUNTS]
        return found._replace(numbers=counting, left_out=left_out)
    return found


def _add_words(
    found: Features, look: ColumnLook, cells: Sequence[str], train: Array, marks: set[str]
) -> str | None:
    """Adds a column of words, or of texts; why it is left out instead, or None."""
    words = _words(look.name, cells, train, marks)
    why = DIFFERENT if look.different == look.rows - look.gaps else _why_not_words(words, look)
    if why is None:
        (found.one_hot if words.classes <= MOST_COLUMNS else found.embedded).append(words)
        return None
    text = text_column(look.name, cells, train, marks) if are_texts(look.counts) else None
    if text is None:
        return why
    found.texts.append(text)
    return None


def _why_not(look: ColumnLook, form: Form) -> str | None:
    """Why a column is left out; None where it is not."""
    if not can_be_written(look.name):
        return NAME_UNSEEN
    if look.kind == "unreadable":
        return look.why
    if look.kind == "nothing":
        return "is empty"
    if look.different < 2:
        return SAME if not look.gaps else "has one value or none"
    if look.share_of_gaps > _MOST_GAPS:
        return f"is empty in {round(100 * look.share_of_gaps)} % of the rows"
    if look.kind == "dates":
        return None
    if look.kind == "numbers":
        return _why_no_measure(look)
    return _why_no_words(look, form)


def _why_no_measure(look: ColumnLook) -> str | None:
    if look.gaps or not look.is_whole or look.different < look.rows:
        return None
    if look.values[0] in (0, 1) and bool((np.diff(look.values) == 1).all()):
        return COUNTS
    words = re.findall(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+", look.name)
    named = bool(words) and (words[-1].lower() in _IDENTIFIERS or words[0].lower() in _IDENTIFIERS)
    return "names the rows: it is different in every one" if named else None


def _why_no_words(look: ColumnLook, form: Form) -> str | None:
    cells = look.counts
    if look.different > MOST_COLUMNS:
        if all(map(_OTHER_DATE.fullmatch, cells)):
            return (
                f"holds dates such as {shown(next(iter(cells)))}; written as `2021-12-31` they could be used"
            )
        others = [cell for cell in cells if not is_numeral(cell, form)]
        if 2 * len(others) < len(cells):
            return f"holds numbers, but for cells such as {shown(others[0])}"
        if all(plain_number(cell) is not None for cell in cells):
            return f"holds numbers in another form, such as {shown(others[0])}"
    if look.different == look.rows - look.gaps:
        return DIFFERENT
    return None


def _words(name: str, cells: Sequence[str], train: Array, marks: set[str]) -> WordColumn:
    array = ["" if cell.strip() in marks else cell.strip() for cell in cells]
    seen = {array[row] for row in train.tolist()}
    filled = {cell for cell in array if cell}
    gaps = "" in array
    others = not filled <= seen
    classes = seen - {""} | ({_FILL} if gaps else set())
    numbers = all(map(NUMBER.fullmatch, seen - {""}))
    return WordColumn(name, 0 if numbers else len(classes), _FILL if gaps else None, others)


def _why_not_words(words: WordColumn, look: ColumnLook) -> str | None:
    rows = look.rows - look.gaps
    if not words.classes:
        return "holds words in a few rows only"
    if words.classes < 2:
        return "is the same in nearly every row"
    many = words.classes > MOST_COLUMNS
    if words.classes > MOST_WORDS or (4 if many else 2) * words.classes > max(rows, 4):
        return f"has {look.different:,} different words or texts in {rows:,} cells"
    return None


def _may_be_empty(look: ColumnLook, train: Array) -> bool:
    """Whether it is likely enough, in a small table, that the rows for training have none of the values."""
    return bool(look.gaps) and len(train) < 200


def _has_values(cells: Cells, train: Array, marks: set[str]) -> bool:
    if cells.numbers is not None:
        return bool((~np.isnan(cells.numbers[train].astype(np.float64))).any())
    texts = cells.texts or ()
    return any(texts[row].strip() not in marks for row in train.tolist())
