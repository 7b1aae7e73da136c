"""The types of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper


def onnx_type(dtype: Any) -> int:
    """The number that ONNX has for a type of NumPy."""
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
