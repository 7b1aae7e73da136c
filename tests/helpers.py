"""What tests of several folders use: the messages about a text, random numbers, data that is read in full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import graphlang as gl
from graphlang.catalog.operation import Layer
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import Diagnostic
from graphlang.kernels.thread_cost import Prices, prices, set_prices


def mistakes(text: str, **options: Any) -> list[Diagnostic]:
    """The diagnostics of a text that cannot be loaded; none for one that can."""
    try:
        gl.loads(text, **options)
    except gl.GraphError as error:
        return error.diagnostics
    return []


def codes(text: str, **options: Any) -> list[str]:
    """The codes of `mistakes`."""
    return [d.code for d in mistakes(text, **options)]


def normal(*shape: int, seed: int = 0, dtype: DTypeLike = np.float64) -> Any:
    """Normally distributed numbers, the same ones in every call."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@contextmanager
def every_division_pays() -> Iterator[None]:
    """Until the block ends, handing over jobs and the interpreter's lock cost nothing, so that small work is
    divided over threads as large work is."""
    before = prices()
    set_prices(Prices(call=0.0, handover=0.0, job=0.0))
    try:
        yield
    finally:
        set_prices(before)


def parameter_shapes(layer: Layer, x: Any) -> dict[str, tuple[Any, ...]]:
    """The shapes of the parameters that a layer has for `x`."""
    return {name: parameter.shape for name, parameter in layer.parameters(x).items()}


def layer_name(case: Any) -> str:
    """The identifier of a test's case: a layer as it is written, nothing for all else."""
    return repr(case) if isinstance(case, Layer) else ""


def read_all(data: Dataset) -> None:
    """Reads every column of every split."""
    for columns in data.splits.values():
        for column in columns.values():
            column.load()
