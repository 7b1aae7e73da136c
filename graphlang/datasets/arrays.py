"""A data set made of arrays in Python."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from graphlang.datasets.dataset import Array, Column, Dataset, check_array, checked_splits
from graphlang.datasets.number_checks import masked, of_rows, place_text
from graphlang.datasets.text_column import TextColumn, texts_of, with_nan
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import MaskedNumber, NoArray, WrongArray
from graphlang.diagnostics.python_arguments import exact_numbers

_NAME = "the arrays handed in"


def from_arrays(
    arrays: Mapping[str, ArrayLike] | None = None,
    /,
    *,
    validation: Mapping[str, ArrayLike] | None = None,
    test: Mapping[str, ArrayLike] | None = None,
    **more: ArrayLike,
) -> Dataset:
    """A data set whose training split has these fields, by keyword or in one mapping.

    `validation` and `test` hold the fields of those splits. The arrays are not copied, not scaled, and never
    written to. A column may hold texts and dates, which `category` and `date` in a `data` section take; None
    and nan are no value.
    """
    splits = {"train": columns_from({**(arrays or {}), **more})}
    for split, columns in (("validation", validation), ("test", test)):
        if columns is not None:
            splits[split] = columns_from(columns)
    return Dataset("arrays", checked_splits(_NAME, splits))


def columns_from(arrays: Mapping[str, ArrayLike]) -> dict[str, Column]:
    """A column for each array; raises GraphError for what can be none."""
    return {name: _column(name, values) for name, values in arrays.items()}


def _column(name: str, values: ArrayLike) -> Column:
    try:
        array = _array(values)
    except ValueError:
        raise GraphError([WrongArray.ragged(_NAME, name)]) from None
    try:
        array = with_nan(array)
        texts = texts_of(array)
        if texts is not None:
            return TextColumn(name, texts)
        if array.dtype.kind == "O":
            array = _exact(array)
    except OverflowError:
        raise GraphError([WrongArray.beyond_float(_NAME, name)]) from None
    except (ValueError, TypeError) as error:
        raise GraphError([NoArray(_NAME, name, str(error))]) from None
    check_array(_NAME, name, array.shape, array.dtype)
    place = masked(values)
    if place is not None:
        raise GraphError([MaskedNumber(_NAME, name, place_text(place))])
    return _of(array)


def _array(values: ArrayLike) -> Array:
    """Values as an array; texts as objects, for in an array of texts each has the memory of the longest."""
    cells = values if isinstance(values, list | tuple) else ()
    if any(isinstance(c, str) for c in cells) and all(_is_plain(c) for c in cells):
        return np.array(values, object)
    return np.asarray(of_rows(np.asarray(values)))


def _is_plain(cell: object) -> bool:
    return cell is None or isinstance(cell, str | bool | int | float)


def _exact(array: Array) -> Array:
    try:
        return np.asarray(exact_numbers(array, whole=True))
    except OverflowError:  # too large for an int64, but not for a float
        return np.asarray(exact_numbers(array, whole=False))


def _of(array: Array) -> Column:
    return Column(array.shape, array.dtype, lambda: array)
