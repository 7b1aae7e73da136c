"""The node tests that the package `onnx` has, by family, and those that are left out with the reason."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphlang.onnx.importing.rules import family_of

LEFT_OUT = {
    "strings": "String Regex TfIdf ImageDecoder LabelEncoder",
    "sequences and optional values": "Sequence Optional",
    "quantised numbers": "Quantize Dequantize QLinear ConvInteger MatMulInteger",
    "training and machine learning of other domains": "Momentum Adagrad Adam TreeEnsemble ArrayFeature Binarizer "
    "FlexAttention Gradient",
}
"""Families that the judge leaves out, by parts of the names of their operators."""


class NodeCase(NamedTuple):
    name: str
    model: Any
    data_sets: Any

    @property
    def ops(self) -> list[str]:
        return [node.op_type for node in self.model.graph.node]

    @property
    def has_sequences(self) -> bool:
        """Whether what goes in or out is a sequence or an optional value."""
        values = (*self.model.graph.input, *self.model.graph.output)
        return any(value.type.WhichOneof("value") != "tensor_type" for value in values)

    @property
    def is_expanded(self) -> bool:
        """Whether it is an operator written out in others, for backends that lack it."""
        return "_expanded" in self.name

    @property
    def left_out(self) -> str | None:
        """The reason for which it is not counted."""
        if self.is_expanded:
            return "written out in other operators"
        if re.search(r"_(string|strnormalizer|strings?)(_|$)", self.name):
            return "strings"
        if self.has_sequences:
            return "sequences and optional values"
        for reason, words in LEFT_OUT.items():
            if any(word in op for word in words.split() for op in self.ops):
                return reason
        return None

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers, which other programs draw in another way."""
        return bool({"Bernoulli"} & set(self.ops)) or self.name.startswith("test_training_dropout")

    @property
    def family(self) -> str:
        return family_of(self.ops[-1]) or "others"


def node_cases() -> Iterator[NodeCase]:
    """All of them, in the order of the package; they are computed when asked for, which takes seconds."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in load_model_tests(kind="node"):
            yield NodeCase(case.name, case.model, case.data_sets)
