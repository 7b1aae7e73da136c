"""The signs of operations, for messages."""

from __future__ import annotations

from graphlang.syntax.operators import OPERATORS

SYMBOLS = {row.function: row.symbol for row in OPERATORS} | {
    "matrix_transpose": ".T",
    "subscript": "[]",
    "indexed": "[]",
}
"""Operations as a file writes them."""
