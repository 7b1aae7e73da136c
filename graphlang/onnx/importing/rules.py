"""The rule of each operator: what it is in the language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.rules_attention import ATTENTION
from graphlang.onnx.importing.rules_bits import BITS
from graphlang.onnx.importing.rules_control import CONTROL
from graphlang.onnx.importing.rules_convolution import CONVOLUTION
from graphlang.onnx.importing.rules_creation import CREATION
from graphlang.onnx.importing.rules_elementwise import ELEMENTWISE
from graphlang.onnx.importing.rules_indexing import INDEXING
from graphlang.onnx.importing.rules_linear import LINEAR
from graphlang.onnx.importing.rules_loss import LOSSES
from graphlang.onnx.importing.rules_normalisation import NORMALISATION
from graphlang.onnx.importing.rules_pooling import POOLING
from graphlang.onnx.importing.rules_random import RANDOM
from graphlang.onnx.importing.rules_recurrent import RECURRENT
from graphlang.onnx.importing.rules_reduction import REDUCTION
from graphlang.onnx.importing.rules_resizing import RESIZING
from graphlang.onnx.importing.rules_sampling import SAMPLING
from graphlang.onnx.importing.rules_selecting import SELECTING
from graphlang.onnx.importing.rules_shape import SHAPES
from graphlang.onnx.importing.rules_types import TYPES
from graphlang.onnx.importing.rules_unfolding import UNFOLDING
from graphlang.onnx.importing.writer import Writer

Rule = Callable[[Writer, OnnxNode], Any]

FAMILIES: dict[str, dict[str, Rule]] = {
    "elementwise": ELEMENTWISE,
    "types": TYPES,
    "shape": SHAPES,
    "indexing": INDEXING,
    "creation": CREATION,
    "reduction": REDUCTION,
    "linear algebra": LINEAR,
    "convolution": CONVOLUTION,
    "pooling": POOLING,
    "resizing": RESIZING,
    "sampling": SAMPLING,
    "unfolding": UNFOLDING,
    "normalisation": NORMALISATION,
    "loss": LOSSES,
    "recurrent": RECURRENT,
    "attention": ATTENTION,
    "control": CONTROL,
    "bits": BITS,
    "random numbers": RANDOM,
    "sizes of the data": SELECTING,
}

_RULES = {op: rule for family in FAMILIES.values() for op, rule in family.items()}


_NO_TENSORS = "sequences and optional values are not imported"
REASONS = {
    **dict.fromkeys(
        "Optional OptionalGetElement OptionalHasElement SequenceAt SequenceConstruct SequenceEmpty "
        "SequenceErase SequenceInsert SequenceLength SequenceMap SplitToSequence ConcatFromSequence".split(),
        _NO_TENSORS,
    ),
    **dict.fromkeys(
        "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger "
        "MatMulInteger".split(),
        "quantised numbers are not imported",
    ),
}
"""Why an operator is refused, whatever its inputs are."""


def reason_of(op: str) -> str:
    """Why an operator has no rule."""
    return REASONS.get(op, "this operator is not among those that are imported")


def rule_of(op: str) -> Rule | None:
    """The rule of an operator, None for one that is not imported."""
    return _RULES.get(op)


def family_of(op: str) -> str | None:
    """The family that an operator belongs to."""
    return next((family for family, rules in FAMILIES.items() if op in rules), None)
