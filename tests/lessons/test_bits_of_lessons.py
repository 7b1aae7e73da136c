"""The training step of every lesson has the same bits on any number of threads, as far as BLAS lets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import every_division_pays
from threadpoolctl import threadpool_limits

import graphlang as gl
from graphlang.engine import divided_products
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.kernels import convolution, recurrence, recurrence_gradient

SPECS = Path(__file__).parents[2] / "specs"
TRAINED = [p.stem for p in sorted(SPECS.glob("*.graph")) if "\ntrain" in p.read_text(encoding="utf-8")]
NEVER = 2**40


def bits_after_a_step(lesson: str, threads: int) -> dict[str, bytes]:
    """The bytes of the loss and of all parameters after two steps on random data."""
    graph = gl.load(SPECS / f"{lesson}.graph", threads=threads)
    batch = graph.spec.train.batch or 50
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0), batch)
    step = graph.compile(train=True, iterations=100)
    losses = [float(step(**inputs)) for _ in range(2)]
    return {"loss": np.array(losses).tobytes(), **{n: np.array(p).tobytes() for n, p in graph.params.items()}}


@pytest.mark.parametrize("lesson", TRAINED)
def test_dividing_work_over_threads_changes_no_bit(lesson: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but products, whose parts BLAS may compute otherwise than the whole."""
    for module in (recurrence, recurrence_gradient):
        monkeypatch.setattr(module, "BATCH_GRAIN", NEVER)
    monkeypatch.setattr(recurrence_gradient, "_COLUMN_GRAIN", NEVER)
    monkeypatch.setattr("graphlang.engine.binding.product_calls", whole_product)
    # Of small images it is a product over the images of a part.
    monkeypatch.setattr(convolution, "images_last_pay", lambda *sizes: False)
    with every_division_pays(), threadpool_limits(1, user_api="blas"):
        one, *others = [bits_after_a_step(lesson, threads) for threads in (1, 2, 3, 4)]
    for bits in others:
        assert [name for name in one if bits[name] != one[name]] == []


def whole_product(x: Any, w: Any, out: Any, threads: int) -> list[Any]:
    """A product that is not cut."""
    return divided_products.product_calls(x, w, out, 1)
