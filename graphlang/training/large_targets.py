"""Finds a target whose numbers are so large that a network learns them badly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphlang.engine.model import Model
from graphlang.spec.network import Network, Ref
from graphlang.training.batches import BatchSource
from graphlang.training.gaps_in_targets import is_target

LARGE = 10
"""Scaled numbers have a root mean square of about 1."""
_ROWS = 1000


def large_target(model: Model, data: BatchSource, loss: int) -> tuple[str, float, float] | None:
    """A target that the loss compares with as it is, and the mean and the spread of its numbers."""
    network = model.network
    needed = network.ancestors([loss])
    for number, column in data.columns.items():
        name = network.names[number]
        if network.inputs[name].dtype != "float" or not needed[number] or not is_target(model, name):
            continue
        values = np.asarray(column.take(slice(0, _ROWS)), np.float64)
        mean, spread = float(np.mean(values)), float(np.std(values))
        if spread > 0 and np.hypot(mean, spread) > LARGE and _is_compared(network, needed, number):
            return name, mean, spread
    return None


def _is_compared(network: Network, needed: Sequence[bool], target: int) -> bool:
    """Whether a needed operation takes the target, as it is, beside what depends on other inputs."""
    own = network.names[target]
    for node in network.nodes:
        if not needed[node.number]:
            continue
        numbers: Sequence[int] = [operand.number for operand in node.operands if type(operand) is Ref]
        others = [network.names[number] for number in numbers if number != target]
        if target in numbers and set(network.inputs_of(others)) - {own}:
            return True
    return False
