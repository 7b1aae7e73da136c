"""One node of an ONNX graph, as its rule sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphlang.onnx.importing.refusals import NotImported, ValueWanted
from graphlang.onnx.importing.value import OnnxValue

FUSED_BIAS = "fused bias"
"""The attribute of a product for what the next node adds to it."""


class OnnxNode:
    """An operator with its inputs as values and its attributes as plain data."""

    def __init__(
        self,
        op: str,
        inputs: list[OnnxValue | None],
        attributes: dict[str, Any],
        outputs: list[str],
        version: int,
        name: str,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attributes = attributes
        self.outputs = outputs
        self.version = version
        self.name = name
        #: writes a graph among its attributes, with the values of its inputs
        self.inline: Callable[..., list[OnnxValue]] | None = None

    def __getitem__(self, position: int) -> OnnxValue:
        """An input that there has to be."""
        value = self.get(position)
        if value is None:
            raise NotImported(f"it has no input {position}")
        return value

    def get(self, position: int) -> OnnxValue | None:
        """An input that may be missing."""
        return self.inputs[position] if position < len(self.inputs) else None

    @property
    def sources(self) -> tuple[str, ...]:
        """The weights of the file among its inputs."""
        values = [*self.inputs, self.attributes.get(FUSED_BIAS)]
        return tuple(source for value in values if value is not None for source in value.sources)

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def has_output(self, position: int) -> bool:
        """Whether anybody may use an output."""
        return position < len(self.outputs) and bool(self.outputs[position])

    def known(self, position: int) -> np.ndarray[Any, Any]:
        """The numbers of an input; raises ValueWanted where they come with the data."""
        value = self[position]
        if value.known is None:
            raise ValueWanted(position)
        return value.known

    def weights(self, position: int) -> np.ndarray[Any, Any] | None:
        """The numbers of an input that a layer may own, or None."""
        value = self.get(position)
        if value is None or value.known is None or value.known.dtype.kind != "f":
            return None
        return value.known

    def inlined(
        self, attribute: str, inputs: Sequence[OnnxValue], *, scanning: bool = False
    ) -> list[OnnxValue]:
        """What a graph gives that is one of its attributes; `scanning` in the body of a `scan`."""
        graph = self.attribute(attribute)
        if graph is None or self.inline is None:
            raise NotImported(f"it has no `{attribute}`")
        return self.inline(graph, inputs, scanning)

    def ints(self, position: int, attribute: str | None = None) -> list[Any] | None:
        """Whole numbers that an input or an attribute gives; None where neither is there."""
        if self.get(position) is not None:
            return list(self.known(position).reshape(-1).tolist())
        values = self.attribute(attribute) if attribute else None
        return list(values) if values is not None else None

    def number(self, position: int, default: Any = None) -> Any:
        """The one number of an input."""
        if self.get(position) is None:
            return default
        known = self.known(position)
        if known.size != 1:
            raise NotImported(f"input {position} is to be one number, and has {known.size}")
        return known.reshape(-1)[0]
