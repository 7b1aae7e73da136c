"""Estimators of scikit-learn that train a graph: `gl.sklearn.GraphClassifier` and `GraphRegressor`.

They come with the extra `sklearn`, and are imported when they are first asked for.
"""

from importlib.util import find_spec

from graphlang.diagnostics.extras import installing

if find_spec("sklearn") is None:
    raise ImportError(f"gl.sklearn needs scikit-learn, which is not installed: {installing('sklearn')}")

from graphlang.sklearn.classifier import GraphClassifier
from graphlang.sklearn.regressor import GraphRegressor

__all__ = ["GraphClassifier", "GraphRegressor"]
