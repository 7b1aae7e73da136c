"""Computes the fields of a `data` section from those of its source, and learns from the training split.

An expression is plain data: a number, `{"field": name}`, `{"list": [...]}`, or `{"call": name, "of": [...]}`
with `"text"`, as it is written, and what the call needs besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Cause, Column, Dataset, Gaps, named_fields
from graphlang.datasets.field_functions import ELEMENTWISE, OF_TRUTHS, OPERATORS, SIGNS
from graphlang.datasets.learning import Categories, days, learned_of, restored
from graphlang.datasets.word_ids import Vocabulary, texts_in, word_counts
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data_fields import UnknownField
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.diagnostics.prepared import ColumnsMisfit, DamagedLearned, NotLearned, SeveralColumns

Learned = dict[str, Any]


def source_fields(expression: Any) -> Iterator[str]:
    """The fields of the source that an expression takes."""
    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if "field" in part:
                yield part["field"]
            pending += [*part.get("of", ()), *part.get("list", ())]


def prepared(
    dataset: Dataset,
    expressions: Mapping[str, Any],
    learned: Learned,
    *,
    learn: bool,
    limits: Limits = DEFAULT,
) -> Dataset:
    """The data set with the fields that are computed, by their texts.

    What is not in `learned` yet is learned from the training split, and added; without `learn` that is an
    error. `limits` say how many numbers may become of texts.
    """
    if not expressions:
        return dataset
    splits = {name: dict(columns) for name, columns in dataset.splits.items()}
    classes = dict(dataset.classes)
    for split in sorted(splits, key=lambda name: name != "train"):
        computing = _Computing(dataset, split, learned, limits, learn=learn and split == "train")
        for text, expression in expressions.items():
            splits[split][text] = computing.column(text, expression)
            if isinstance(expression, dict) and expression.get("call") in ("category", "words"):
                classes[text] = restored(expression, learned[expression["text"]]).names
    return replace(dataset, splits=splits, classes=classes)


class _Computing:
    """The fields of one split under way."""

    def __init__(
        self, dataset: Dataset, split: str, learned: Learned, limits: Limits, *, learn: bool
    ) -> None:
        self.dataset = dataset
        self.columns = dataset.splits[split]
        self.learned = learned
        self.limits = limits
        self.learn = learn

    def column(self, text: str, expression: Any) -> Column:
        first = self._column(next(source_fields(expression)), text)
        values = np.asarray(self.value(expression))
        values = np.broadcast_to(values, (first.shape[0], *values.shape[1:]))
        array = np.ascontiguousarray(values)
        cause = partial(self.cause, expression)
        gaps = partial(self.gaps, expression)
        return Column(array.shape, array.dtype, lambda: array, lines=first.lines, cause=cause, gaps=gaps)

    def gaps(self, expression: Any, row: int) -> Gaps:
        """The fields without a number that nothing fills."""
        names: list[str] = []
        in_row: list[str] = []
        anywhere: list[str] = []
        pending = [expression]
        while pending:
            part = pending.pop()
            if isinstance(part, dict) and part.get("call") not in _FILLING:
                names += [part["field"]] if "field" in part else []
                pending += reversed([*part.get("of", ()), *part.get("list", ())])
        for name in dict.fromkeys(names):
            values = _of_one_axis(self._column(name, name)).take(slice(None))
            without = np.isnan(values) if values.dtype.kind == "f" else np.zeros(1, bool)
            if without.any():
                anywhere.append(name)
                in_row += [name] if without[row].any() else []
        return Gaps(in_row, anywhere)

    def cause(self, expression: Any, row: int) -> Cause | None:
        """The innermost call of an expression that makes no finite number of finite ones in a row."""
        part, inner = None, expression
        while isinstance(inner, dict):
            part = inner
            children = [*inner.get("of", ()), *inner.get("list", ())]
            inner = next((child for child in children if not self._is_finite(child, row)), None)
        if part is None or "call" not in part or len(part["of"]) > 2:
            return None
        given = [(_text_of(child), self._in_row(child, row)) for child in part["of"]]
        if any(values.size != 1 for _, values in given):
            return None
        return Cause(part["call"], part["text"], [(text, float(values[0])) for text, values in given])

    def _in_row(self, part: Any, row: int) -> Array:
        value = np.asarray(self.value(part, in_list=True))
        return np.atleast_1d(value[row] if value.ndim else value).ravel()

    def _is_finite(self, part: Any, row: int) -> bool:
        if isinstance(part, dict) and part.get("call") in ("date", "category", "one_hot"):
            return True
        return bool(np.all(np.isfinite(np.asarray(self._in_row(part, row), np.float64))))

    def _column(self, name: str, text: str) -> Column:
        column = self.columns.get(name)
        if column is None:
            raise GraphError(
                [UnknownField.in_expression(text, name, *named_fields(self.columns), self.dataset.name, None)]
            )
        return column

    def value(self, part: Any, *, in_list: bool = False) -> Any:
        """The value of an expression over all rows; in a list, `x` is a column of that name."""
        if not isinstance(part, dict):
            return part
        if "field" in part:
            column = self._column(part["field"], part["field"])
            return (_of_one_axis(column) if in_list else column).take(slice(None))
        if "list" in part:
            return _side_by_side([self.value(item, in_list=True) for item in part["list"]])
        return self._call(part["call"], part, in_list=in_list)

    def _call(self, name: str, part: Mapping[str, Any], *, in_list: bool) -> Any:
        of = part["of"]
        if name == "date":
            column = self._column(of[0]["field"], part["text"])
            return days(of[0]["field"], _of_one_axis(column))
        if name == "category":
            return self._category(part)
        if name in ("words", "word_count"):
            return self._words(name, part)
        if name == "one_hot":
            ids = np.asarray(self.value(of[0]))
            count = len(Categories(self.learned[of[0]["text"]], of[0]["text"]).names)
            return (ids[:, None] == np.arange(count)).astype(np.float64)
        values = [self.value(item, in_list=in_list) for item in of]
        if name in OPERATORS and len(values) == 2:
            return _computed(OPERATORS[name], values, part)
        if name in SIGNS:
            return _computed(SIGNS[name], values, part)
        if name in ELEMENTWISE:
            return _computed(ELEMENTWISE[name][0], values, part)
        array = np.asarray(values[0], np.float64)
        state = self._state(part, lambda: learned_of(name, array, part))
        if not state.fits(prod(array.shape[1:])):
            raise GraphError([DamagedLearned(part["text"])])
        return state.applied(array)

    def _one_column(self, part: Mapping[str, Any]) -> tuple[str, Column]:
        """The column that a call takes, and its name; raises GraphError for several."""
        field = part["of"][0]["field"]
        column = _of_one_axis(self._column(field, part["text"]))
        if len(column.shape) > 1:
            raise GraphError([SeveralColumns(None, part["text"], field, f"{prod(column.shape[1:]):,}")])
        return field, column

    def _words(self, name: str, part: Mapping[str, Any]) -> Any:
        field, column = self._one_column(part)
        texts = texts_in(field, column, name)
        if name == "word_count":
            return word_counts(texts, part["length"])
        vocabulary = self._state(part, lambda: Vocabulary.learned(field, texts, part))
        return vocabulary.ids(texts, part, self.limits)

    def _category(self, part: Mapping[str, Any]) -> Any:
        field, column = self._one_column(part)
        state = self._state(part, lambda: Categories.learned(field, column, part))
        return state.numbers(field, column, part.get("unknown"))

    def _state(self, part: Mapping[str, Any], learn: Any) -> Any:
        text = part["text"]
        if text not in self.learned:
            if not self.learn:
                raise GraphError([NotLearned(text)])
            self.learned[text] = learn().as_json()
        return restored(part, self.learned[text])


_FILLING = ("impute", "category", "one_hot", "date", "words", "word_count")
"""Calls that make numbers of cells without a value, or refuse them themselves."""


def _text_of(part: Any) -> str:
    """A part of an expression as the `data` section writes it."""
    if not isinstance(part, dict):
        return f"{part:g}" if isinstance(part, float) else str(part)
    text = str(part.get("text") or part.get("field") or "...")
    inside = text[1:-1]
    whole = text[:1] == "(" and text[-1:] == ")" and "(" not in inside and ")" not in inside
    return inside if whole else text


def _columns_of(value: Array) -> str:
    return (
        f"{value.shape[1]} column{'s' if value.shape[1] != 1 else ''}"
        if value.ndim == 2
        else (f"rows of shape [{', '.join(map(str, value.shape[1:]))}]")
    )


def _of_one_axis(column: Column) -> Column:
    """The column called `x` where that is a field of several too."""
    return column if column.alone is None else column.alone


def _side_by_side(values: list[Any]) -> Array:
    rows = max((len(v) for v in values if np.ndim(v)), default=1)  # a list of numbers alone has one
    arrays = [np.broadcast_to(v, (rows, *np.shape(v)[1:])) for v in values]
    return np.concatenate([np.asarray(a, np.float64).reshape(rows, -1) for a in arrays], axis=1)


def _computed(function: Any, values: list[Any], part: Mapping[str, Any]) -> Any:
    """A function element by element; a single number per row goes with all numbers of a longer row.

    Truth values are 0 and 1 in arithmetic.
    """
    if function not in OF_TRUTHS:
        values = [np.asarray(v, np.int64) if np.result_type(v).kind == "b" else v for v in values]
    axes = max((np.ndim(v) for v in values), default=0)
    if axes > 1:
        values = [np.asarray(v)[:, None] if np.ndim(v) == 1 else v for v in values]
    if function is np.power:
        values = [np.asarray(v, np.float64) for v in values]
    try:
        np.broadcast_shapes(*(np.shape(v) for v in values))
    except ValueError:
        counts = [_columns_of(v) for v in values if np.ndim(v) > 1]
        raise GraphError([ColumnsMisfit(None, part["text"], " and ".join(counts))]) from None
    with np.errstate(all="ignore"):  # a result that is not finite is reported with its row
        return function(*values)
