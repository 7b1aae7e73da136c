"""Operations of the reference of ONNX that lose digits where the specification does not."""

from __future__ import annotations

from typing import Any

import numpy as np


def log_softmax() -> Any:
    """LogSoftmax by x - max(x): the reference takes the logarithm of shares that have underflowed to 0."""
    from onnx.reference.op_run import OpRun

    def computed(self: Any, x: Any, axis: int = -1) -> tuple[Any]:
        z = x - np.max(x, axis=axis, keepdims=True)
        return (z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True)),)

    return type("LogSoftmax", (OpRun,), {"op_domain": "", "_run": computed})
