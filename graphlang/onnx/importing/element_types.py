"""The types of elements in an ONNX file, and which of the three types of the language stands for each."""

from __future__ import annotations

from typing import Any

import numpy as np

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64 = range(1, 14)
COMPLEX64, COMPLEX128, BFLOAT16 = 14, 15, 16

WORDS = {
    FLOAT: "float", UINT8: "int", INT8: "int", UINT16: "int", INT16: "int", INT32: "int", INT64: "int",
    BOOL: "bool", FLOAT16: "float", DOUBLE: "float", UINT32: "int", UINT64: "int", BFLOAT16: "float",
}  # fmt: skip
"""The word for a type; float8 and smaller types are float, four-bit whole numbers int."""
WORDS |= dict.fromkeys((17, 18, 19, 20, 23, 24), "float") | dict.fromkeys((21, 22, 25, 26), "int")

UNSIGNED = {UINT8: 8, UINT16: 16, UINT32: 32, UINT64: 64, 21: 4, 25: 2}
"""The bits of whole numbers without a sign."""
SIGNED = {INT8: 8, INT16: 16, INT32: 32, INT64: 64, 22: 4, 26: 2}

NUMPY = {"float": np.dtype(np.float64), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
"""What stands for a word while shapes are inferred."""

POWERS_OF_TWO = 24
"""The type float8e8m0, of scales."""

LARGEST = {FLOAT16: 65504.0, 17: 448.0, 18: 240.0, 19: 57344.0, 20: 57344.0, 23: 6.0}
"""The largest number of the small types of floats."""


def word_of(array: Any) -> str:
    """The word for the type of an array."""
    return {"f": "float", "b": "bool"}.get(array.dtype.kind, "int")
