"""Calls `forward` of an operation on symbolic arrays, with what it asks for by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Operation, as_numbers, outcome
from graphlang.trace import DtypeError, SymbolicRandom
from graphlang.trace.core import Trace
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds


def result_of_forward(
    entry: CatalogEntry, operation: Operation, arrays: Sequence[Any], own: dict[str, Any], trace: Trace
) -> Any:
    """What `forward` returns, checked; `own` are the layer's parameters."""
    keywords = own | _asked_for(entry, trace)
    with trace:
        return outcome(operation, _forward(operation, list(arrays), keywords))[0]


def _asked_for(entry: CatalogEntry, trace: Trace) -> dict[str, Any]:
    """What `forward` asks for by name beside its parameters."""
    keywords: dict[str, Any] = {"training": True} if "training" in entry.supplied else {}
    if "random" in entry.supplied:
        keywords["random"] = SymbolicRandom(trace)
    if "stream" in entry.supplied:
        keywords["stream"] = NumberStream(StreamSeeds(0), entry.name, np.float64)
    return keywords


def _forward(operation: Operation, arrays: list[Any], keywords: dict[str, Any]) -> Any:
    """What `forward` returns; if it does not accept truth values, for 1 and 0 in their place."""
    try:
        return operation.forward(*arrays, **keywords)
    except DtypeError as refused:
        numbers = as_numbers(arrays, np.float64)
        if numbers is None:
            raise
        try:
            return operation.forward(*numbers, **keywords)
        except DtypeError:
            raise refused from None  # it names the type that the file has
