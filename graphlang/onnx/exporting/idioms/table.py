"""The idiom of each operation that ONNX has too."""

from __future__ import annotations

from graphlang.onnx.exporting.idioms import activations, normalisation, pooling, recurrent
from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall

FINDERS: Finders = {
    **activations.FINDERS,
    **normalisation.FINDERS,
    **pooling.FINDERS,
    **recurrent.FINDERS,
}


def idiom_of(call: NodeCall) -> Idiom | None:
    """One operation of ONNX for a call; None where its steps are written instead."""
    find = FINDERS.get(call.name)
    return None if find is None or not call.is_float else find(call)
