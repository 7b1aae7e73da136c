"""From every primitive to its rule: the nodes that compute it in ONNX."""

from __future__ import annotations

from graphlang.kernels import mills
from graphlang.onnx.exporting.call import Rules
from graphlang.onnx.exporting.rules import (
    arrangement,
    elementwise,
    matrices,
    recurrences,
    reductions,
    windows,
)
from graphlang.trace.primitives import PRIMITIVES

RULES: Rules = {
    **elementwise.RULES,
    **reductions.RULES,
    **arrangement.RULES,
    **windows.RULES,
    **recurrences.RULES,
    **matrices.RULES,
}
RULES |= {
    name: elementwise.by_arithmetic(PRIMITIVES[name]) for name in ("power_log", "sigmoid_slope", "tanh_slope")
}
RULES["mills"] = elementwise.by_arithmetic(mills.mills)
