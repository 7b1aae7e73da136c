"""The contract of an initializer, with its random stream per parameter and the fans of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from graphlang.contracts.fields import FamilyMember

Shape: TypeAlias = tuple[int, ...]
Drawn: TypeAlias = NDArray[np.float64]


class Initializer(FamilyMember):
    """The base class of every initializer: a subclass defines its fields and `draw`.

    Values are always drawn as float64, and the caller rounds them to the run's precision, so that a float32
    network starts from the same values as a float64 one.
    """

    family: ClassVar[str] = "initializers"
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        """The start values of a parameter of this shape."""
        raise NotImplementedError

    def start(self, seed: int, name: str, shape: Shape) -> Drawn:
        """The start values of the parameter `name`, drawn from its own stream."""
        return self.draw(stream(seed, name), shape, *fans(shape))


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one parameter, which depends only on the seed and the name: adding a layer does
    not change the start of any other.

    PCG64 seeded with the first 128 bits of SHA-256(seed, name); both are the same on every machine.
    """
    from hashlib import sha256

    digest = sha256(f"{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def stream_state(seed: int, name: str) -> str:
    """The state of a stream before its first number, in hexadecimal digits."""
    state: Any = stream(seed, name).bit_generator.state["state"]
    return f"{state['state']:032x}{state['inc']:032x}"


def fans(shape: Sequence[Any]) -> tuple[Any, Any]:
    """The fan-in and fan-out: how many inputs and outputs a unit has.

    [in, out] (Affine): in, out. [out, in/groups, k...] (Conv): in/groups * k..., out * k... .
    A vector is the weights of one unit: n, 1. Both are at least 1, so that a spread such as
    sqrt(1 / fan_in) is finite.
    """
    if len(shape) <= 1:
        return max(1, prod(shape)), 1
    if len(shape) == 2:
        return max(1, shape[0]), max(1, shape[1])
    return max(1, prod(shape[1:])), max(1, shape[0] * prod(shape[2:]))
