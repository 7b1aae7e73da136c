"""The idiom of each operation that ONNX has too."""

from __future__ import annotations

import numpy as np

from graphlang.onnx.exporting.idioms import activations, attention, normalisation, pooling, recurrent
from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall

FINDERS: Finders = {
    **activations.FINDERS,
    **attention.FINDERS,
    **normalisation.FINDERS,
    **pooling.FINDERS,
    **recurrent.FINDERS,
}
IN_FLOAT32_ALONE = frozenset(
    {"Attention", "AvgPool", "Elu", "Gelu", "GlobalAvgPool", "HardSwish", "Mish", "PRelu", "Softplus"}
)
"""Operations that onnxruntime does not compute in float64, or that ONNX computes there with numbers of
float32."""


def idiom_of(call: NodeCall) -> Idiom | None:
    """One operation of ONNX for a call; None where its steps are written instead."""
    find = FINDERS.get(call.name)
    if find is None or not call.is_float:
        return None
    if call.output.dtype == np.float64 and call.name in IN_FLOAT32_ALONE:
        return None
    return find(call)
