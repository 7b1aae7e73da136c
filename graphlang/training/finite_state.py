"""Whether the state of a training is made of finite numbers: what is not is never saved as a result."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from graphlang.datasets.number_checks import not_finite, place_text
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.not_finite import StateNotFinite
from graphlang.spec.network import Network
from graphlang.training.state import TrainingState


class FiniteState:
    """Looks now and then whether the parameters and the optimizer's memory are finite."""

    def __init__(self, state: TrainingState) -> None:
        self._state = state
        #: after how many steps all numbers were found to be finite; None before the first look
        self._finite_at: int | None = None

    def check_since_last_step(self) -> None:
        """The same as `check`, once for each step."""
        if self._finite_at != self._state.t:
            self.check()

    def check(self) -> None:
        """Raises GraphError where a number is not finite, with its place and the step that it came with."""
        model, t = self._state.model, self._state.t
        problem = _first(model.network, model.params.to_read(), self._state.slots)
        if problem is None:
            self._finite_at = t
        elif self._finite_at is None:
            raise GraphError([StateNotFinite.at_start(**problem, since="")])
        else:
            raise GraphError([StateNotFinite(**problem, since=_since(self._finite_at, t))])


def _since(finite_at: int, t: int) -> str:
    if t - finite_at <= 1:
        return f"the update of iteration {t:,}"
    return f"an update of the iterations {finite_at + 1:,} to {t:,}"


def _first(
    network: Network, params: Mapping[str, Any], slots: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The first number that is not finite, and where it is; None where all are finite."""
    held: list[tuple[str, str | None, Any]] = [(name, None, params[name]) for name in params]
    held += [(name, slot, array) for name, own in slots.items() for slot, array in own.items()]
    for name, slot, array in held:
        place = None if _surely_finite(array) else not_finite(array)
        if place is not None:
            at, value = place_text(place), float(array[place])
            return {"name": name, "slot": slot, "value": value, "at": at, "span": network.span(name)}
    return None


def _surely_finite(array: Any) -> bool:
    """Whether the sum is finite, which takes one call; it may overflow though all numbers are finite."""
    with np.errstate(all="ignore"):
        return isfinite(np.add.reduce(array, None))
