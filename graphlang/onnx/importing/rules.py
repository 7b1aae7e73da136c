"""The rule of each operator: what it is in the language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.rules_attention import ATTENTION
from graphlang.onnx.importing.rules_convolution import CONVOLUTION
from graphlang.onnx.importing.rules_creation import CREATION
from graphlang.onnx.importing.rules_elementwise import ELEMENTWISE
from graphlang.onnx.importing.rules_indexing import INDEXING
from graphlang.onnx.importing.rules_linear import LINEAR
from graphlang.onnx.importing.rules_loss import LOSSES
from graphlang.onnx.importing.rules_normalisation import NORMALISATION
from graphlang.onnx.importing.rules_pooling import POOLING
from graphlang.onnx.importing.rules_recurrent import RECURRENT
from graphlang.onnx.importing.rules_reduction import REDUCTION
from graphlang.onnx.importing.rules_resizing import RESIZING
from graphlang.onnx.importing.rules_shape import SHAPES
from graphlang.onnx.importing.rules_types import TYPES
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
    "normalisation": NORMALISATION,
    "loss": LOSSES,
    "recurrent": RECURRENT,
    "attention": ATTENTION,
}

_RULES = {op: rule for family in FAMILIES.values() for op, rule in family.items()}


def rule_of(op: str) -> Rule | None:
    """The rule of an operator, None for one that is not imported."""
    return _RULES.get(op)


def family_of(op: str) -> str | None:
    """The family that an operator belongs to."""
    return next((family for family, rules in FAMILIES.items() if op in rules), None)
