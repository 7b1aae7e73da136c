"""The value of a trained graph that an estimator predicts from."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.lazy import lazy
from graphlang.sklearn.roles import Roles
from graphlang.sklearn.sizes import as_input

BLOCK = 8192
"""The rows that are computed at once."""


class Scores:
    """Computes one value of a graph for the rows of a table. A copy or a pickle compiles it anew."""

    def __init__(self, graph: Graph, roles: Roles) -> None:
        self._graph, self._roles = graph, roles

    def __reduce__(self) -> Any:
        return Scores, (self._graph, self._roles)

    @lazy
    def _compiled(self) -> Any:
        return self._graph.compile(of=self._roles.output)

    def of(self, X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The value for every row, in float64."""
        name = self._roles.x
        rows = as_input(X, self._graph.inputs[name], "X")
        blocks = [
            np.array(self._compiled({name: rows[start : start + BLOCK]}), np.float64)
            for start in range(0, len(rows), BLOCK)
        ]
        return np.concatenate(blocks)
