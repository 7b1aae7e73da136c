"""The classifier: a graph that gives a score for each class, or one score for the second of two."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from graphlang.api import Graph
from graphlang.sklearn.default_specs import CLASSIFIER
from graphlang.sklearn.estimator import GraphEstimator, Table
from graphlang.sklearn.probabilities import are_probabilities, probabilities_of
from graphlang.sklearn.sizes import SizedGraph, row_width
from graphlang.spec.models import InputSpec

Numbers = np.ndarray[Any, Any]


class GraphClassifier(ClassifierMixin, GraphEstimator):
    """A spec as a classifier: `fit` trains it on a table X and labels y of any type.

    X goes into the one input that the output depends on, y into the other one that the loss depends on, as
    labels from 0 on, one-hot rows, or 0 and 1; where the file leaves that open, `names={"X": "x", "y": "t",
    "output": "y"}` says it. The output is a score for each class, or one score per row for the second of two
    classes; where it comes of `softmax` or `sigmoid`, it is taken for probabilities. Without `spec` it is a
    network with a hidden layer.
    """

    _default = CLASSIFIER

    #: the labels, sorted
    classes_: Numbers

    def fit(self, X: Table, y: Any, sample_weight: Any = None) -> Self:
        """Trains the graph by the `train` section of its file, from the start."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y has one class alone, {classes[0]!r}: there is nothing to tell apart")
        sized, names, roles = self._sized(X.shape[1])
        self._adapt_to_classes(sized, len(classes), roles.output, names.get("targets"))
        self.classes_ = classes
        t = _targets(labels, len(classes), sized.graph.inputs[roles.t])
        self._gives_probabilities = are_probabilities(sized.graph, roles.output)
        return self._trained(X, t, sample_weight, names, sized)

    def predict(self, X: Table) -> Numbers:
        """The most likely label of each row."""
        decisions = self.decision_function(X)
        best = decisions > 0 if decisions.ndim == 1 else decisions.argmax(axis=1)
        return self.classes_[best.astype(np.intp)]

    def predict_proba(self, X: Table) -> Numbers:
        """The probability of each class: a row per row of X, a column per class."""
        return probabilities_of(self._result(X), given=self._gives_probabilities)

    def predict_log_proba(self, X: Table) -> Numbers:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Table) -> Numbers:
        """The scores of the classes; of two classes by how much the second one's score is larger.

        Of probabilities, it is these.
        """
        result = self._result(X)
        if result.ndim == 1 or result.shape[1] == 1:
            one = result.reshape(len(result))
            return 2 * one - 1 if self._gives_probabilities else one
        return result[:, 1] - result[:, 0] if result.shape[1] == 2 else result

    @staticmethod
    def _adapt_to_classes(sized: SizedGraph, count: int, output: str, name: str | None) -> None:
        if sized.adapt(lambda graph: _scores(graph, output), count, name):
            return
        scores = _scores(sized.graph, output)
        if scores == 1 and count == 2:
            return
        if scores == 1:
            raise ValueError(
                f"Only binary classification is supported by a file with one score per row, `{output}`: "
                f"y has {count} classes"
            )
        raise ValueError(
            f"y has {count} classes, but `{output}` has {scores} scores per row: let the file have a `hyper` "
            "for their number, as `hyper C = 3` and `Affine(C)`"
        )


def _scores(graph: Graph, output: str) -> int | None:
    """How many scores a row has; None where that is not known before running."""
    shape = next((node.shape for node in graph.spec.nodes if node.name == output), ())
    sizes = shape[1:]
    if len(sizes) > 1:
        raise ValueError(
            f"`{output}` has {len(shape)} axes: a classifier needs a row of scores for each row of X"
        )
    return 1 if not sizes else sizes[0] if isinstance(sizes[0], int) else None


def _targets(labels: Numbers, count: int, spec: InputSpec) -> Numbers:
    """The labels as the input takes them: as they are, as one-hot rows, or as a column."""
    kind = {"int": np.int64, "float": np.float64, "bool": np.bool_}[spec.dtype]
    columns = row_width(spec)
    if len(spec.shape or ()) == 2 and columns == count:
        return np.eye(count)[labels].astype(kind)
    return labels.astype(kind).reshape(-1, *([1] * (len(spec.shape or ("N",)) - 1)))
