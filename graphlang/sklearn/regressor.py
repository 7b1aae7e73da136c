"""The regressor: a graph that predicts a number, or several, for each row."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from graphlang.sklearn.default_specs import REGRESSOR
from graphlang.sklearn.estimator import GraphEstimator, Table
from graphlang.sklearn.sizes import as_input, row_width


class GraphRegressor(RegressorMixin, GraphEstimator):
    """A spec as a regressor: `fit` trains it on a table X and numbers y, `predict` gives its output.

    X goes into the one input that the output depends on, y into the other one that the loss depends on; where
    the file leaves that open, `names={"X": "x", "y": "t", "output": "y"}` says it. Without `spec` it is a
    network with a hidden layer.
    """

    _default = REGRESSOR

    def fit(self, X: Table, y: Any, sample_weight: Any = None) -> Self:
        """Trains the graph by the `train` section of its file, from the start."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        sized, names, roles = self._sized(X.shape[1])
        columns = 1 if y.ndim == 1 else y.shape[1]
        if row_width(sized.graph.inputs[roles.t]) is not None:
            sized.adapt(lambda graph: row_width(graph.inputs[roles.t]), columns, names.get("targets"))
        t = as_input(y.reshape(len(y), columns), sized.graph.inputs[roles.t], "y")
        self._is_flat = y.ndim == 1
        return self._trained(X, t, sample_weight, names, sized)

    def predict(self, X: Table) -> np.ndarray[Any, Any]:
        """The output of the graph for each row, in the shape of the y that it was trained on."""
        result = self._result(X)
        if self._is_flat:
            return result.reshape(len(result))
        return result.reshape(len(result), -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
