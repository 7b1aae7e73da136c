"""Names in a generated file: identifiers, each once in its scope."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

TAKEN = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "l", "O", "I", "self", "np"})
"""What no name of a generated file may be; ruff refuses the letters that look like digits."""


class VariableNames:
    """The names that are taken in a scope, and new ones."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        #: by a wanted name, the last number that it was given: those below are taken
        self._numbers: dict[str, int] = {}

    def copy(self) -> VariableNames:
        """The same names, to which others may be added."""
        other = VariableNames(self.taken)
        other._numbers = dict(self._numbers)
        return other

    def new(self, wanted: str) -> str:
        """A name that is not taken: the one that is wanted, or with a number behind it."""
        name = identifier(wanted)
        number = self._numbers.get(name, 1)
        chosen = _numbered(name, number)
        while chosen in self.taken or chosen in TAKEN:
            number += 1
            chosen = _numbered(name, number)
        self._numbers[name] = number
        self.taken.add(chosen)
        return chosen


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    return f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"


def identifier(text: str) -> str:
    """A text as an identifier in ASCII or with its own letters, as `Affine1.W` -> `Affine1_W`."""
    name = re.sub(r"\W+", "_", text).strip("_") or "v"
    return f"_{name}" if name[0].isdigit() else name


def class_name(text: str) -> str:
    """`two_layer_net` -> `TwoLayerNet`, `multiply` -> `Multiply`."""
    parts = [part for part in re.split(r"[\W_]+", text) if part]
    name = "".join(part[0].upper() + part[1:] for part in parts) or "Net"
    return f"N{name}" if name[0].isdigit() else name


def snake_case(text: str) -> str:
    """`SoftmaxWithLoss1` -> `softmax_with_loss1`, `Block1.Affine2` -> `block1_affine2`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return identifier(words).lower()


def short_name(text: str) -> str:
    """`Block1.CausalSelfAttention1.Affine2` -> `block1_affine2`: the outermost and the innermost name."""
    parts = text.split(".")
    return snake_case(".".join([parts[0], parts[-1]] if len(parts) > 2 else parts))
