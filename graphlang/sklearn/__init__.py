"""Estimators of scikit-learn that train a graph: `gl.sklearn.GraphClassifier` and `GraphRegressor`.

They come with the extra `sklearn`, and are imported when they are first asked for.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError("gl.sklearn needs scikit-learn, which is not installed: pip install '.[sklearn]'")

from graphlang.sklearn.classifier import GraphClassifier
from graphlang.sklearn.regressor import GraphRegressor

__all__ = ["GraphClassifier", "GraphRegressor"]
