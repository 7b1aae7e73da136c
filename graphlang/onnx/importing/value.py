"""A value of an ONNX graph: how it is written, its shape and type, and its numbers where they are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.importing.element_types import BOOL, DOUBLE, FLOAT, INT64, WORDS, word_of
from graphlang.onnx.importing.expression import Expression

_OF_WORD = {"float": FLOAT, "int": INT64, "bool": BOOL}


class OnnxValue:
    """Of a constant `known` holds the numbers, sizes such as N among them; it is written when it is used."""

    __slots__ = (
        "array",
        "elem",
        "expression",
        "is_constant",
        "is_weight",
        "known",
        "least",
        "name",
        "sources",
    )

    def __init__(
        self,
        expression: Expression | None,
        array: Any,
        elem: int | None,
        known: np.ndarray[Any, Any] | None = None,
        name: str = "",
    ) -> None:
        self.expression = expression
        self.array = array
        self.known = known
        self.name = name
        #: whether the file keeps it as a weight: arrays of floats then stay trainable
        self.is_weight = False
        #: the fewest numbers of a weight: exporters keep single numbers that are none as if they were
        self.least = 2
        #: the weights of the file that a constant is, or is made of
        self.sources: tuple[str, ...] = ()
        #: whether it comes with the file, be it as a weight or computed
        self.is_constant = known is not None
        self.elem = elem if elem is not None else _OF_WORD[word_of(array)]

    @staticmethod
    def constant(array: np.ndarray[Any, Any], elem: int | None = None, name: str = "") -> OnnxValue:
        """A value whose numbers are known."""
        word = "int" if array.dtype == object else word_of(array)
        return OnnxValue(None, None, elem if elem is not None else _OF_WORD[word], array, name)

    @property
    def is_trainable(self) -> bool:
        """Whether it is a weight of floats."""
        known = self.known
        if known is None or not self.is_weight or self.word != "float" or known.size < self.least:
            return False
        return bool(np.isfinite(known).all())

    @property
    def word(self) -> str:
        """Its type in the language: float, int or bool."""
        return WORDS[self.elem]

    @property
    def is_double(self) -> bool:
        return self.elem == DOUBLE

    @property
    def shape(self) -> tuple[Any, ...]:
        if self.known is not None:
            return tuple(self.known.shape)
        shape: tuple[Any, ...] = self.array.shape
        return shape

    @property
    def rank(self) -> int:
        return len(self.shape)
