"""How large a network for a table is, and how long it trains, by the numbers of rows and columns."""

from __future__ import annotations

from typing import NamedTuple

_SIZES = (4, 8, 16, 32, 64)
_FEWEST_FOR_LAYER = 60
_STEPS = 1_500


class NetworkSize(NamedTuple):
    """Units of the hidden layers, how many layers, rows of a step, and times through the rows."""

    hidden: int
    layers: int
    batch: int
    epochs: int
    rate: float


def network_size(rows: int, columns: int, outputs: int) -> NetworkSize:
    """A network of fewer numbers than there are rows, but for the smallest; few rows have no hidden layer."""
    fitting = [size for size in _SIZES if size * (columns + outputs) <= rows]
    layers = 0 if rows < _FEWEST_FOR_LAYER else 2 if rows >= 5_000 else 1
    batch = next(
        (size for most, size in ((200, 8), (1_000, 16), (10_000, 32), (100_000, 128)) if rows < most), 512
    )
    epochs = min(100, max(5, round(_STEPS * batch / rows / 5) * 5))
    return NetworkSize(
        max(fitting, default=_SIZES[0]), layers, batch, epochs, 0.01 if rows < 10_000 else 0.003
    )


def vector_size(words: int) -> int:
    """Numbers that stand for a word, of so many different ones."""
    return 2 if words < 30 else 4 if words < 200 else 8
