"""The types in which a step computes, by NumPy's rules: JAX and ONNX have other ones, or none.

JAX promotes int64 and float32 to float32, NumPy to float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.trace.core import Primitive, signature

_IN_RESULT_TYPE = frozenset(
    """
    clip concatenate conv conv_transpose conv_weight_gradient cumprod cumsum erf linear_recurrence matmul
    mills power_log prod sigmoid sigmoid_slope
    sum tanh_slope unslice rnn rnn_gradient rnn_weight_gradient lstm lstm_gradient
    lstm_weight_gradient gru gru_gradient gru_weight_gradient
    gru_after gru_after_gradient gru_after_weight_gradient
    """.split()
)


def operand_types(
    primitive: Primitive, operands: Sequence[Any], result: np.dtype[Any]
) -> Sequence[np.dtype[Any] | None]:
    """For each operand the type that it is converted to before the step; None leaves it as it is."""
    apply = getattr(primitive, "apply", None)
    if apply is not None:
        kinds = tuple([signature(x)[1] for x in operands])
        return tuple(apply.resolve_dtypes((*kinds, None))[:-1])
    if primitive.name in _IN_RESULT_TYPE:
        return (result,) * len(operands)
    if primitive.name == "where":
        return (np.dtype(bool), result, result)
    return (None,) * len(operands)
