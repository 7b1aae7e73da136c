"""What the estimators have in common: their parameters, and how a spec is loaded and trained on a table."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from graphlang.diagnostics import GraphError
from graphlang.sklearn.loading import SpecFile, parameters_of, refused_name, set_name
from graphlang.sklearn.roles import Roles, checked_names, roles_of
from graphlang.sklearn.scores import Scores
from graphlang.sklearn.sizes import SizedGraph, as_input, row_width
from graphlang.sklearn.weights import with_weights

if TYPE_CHECKING:
    from graphlang.api.graph import Graph, OwnLayers
    from graphlang.backends.options import Jax
    from graphlang.training.record import History

Table = Any
"""What scikit-learn takes for a table: an array, a data frame, nested lists."""


class GraphEstimator(BaseEstimator):
    """A spec as an estimator of scikit-learn: `spec`, options, and settings of the file by their names.

    `spec` is a path, `lesson:NAME` or a text of several lines. Settings are what `--set` takes: a `hyper`, as
    `hidden=20`, or a setting of a section with `__` for the dot, as `train__optimizer__lr=0.01`.
    """

    _default: ClassVar[str]

    #: the trained graph
    graph_: Graph
    #: what its training recorded
    history_: History

    def __init__(
        self,
        spec: str | os.PathLike[str] | None = None,
        *,
        names: Mapping[str, str] | None = None,
        validation: float | None = None,
        layers: OwnLayers = (),
        threads: int | None = None,
        backend: str | Jax | None = None,
        random_state: int | np.random.RandomState | None = None,
        **settings: Any,
    ) -> None:
        self.spec = spec
        self.names = names
        self.validation = validation
        self.layers = layers
        self.threads = threads
        self.backend = backend
        self.random_state = random_state
        self._settings = settings

    # ---- parameters ---------------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, and the settings that are given; with `deep` those of the file too, where it can be
        read."""
        own = {name: getattr(self, name) for name in self._options()} | self._settings
        if not deep:
            return own
        try:
            graph = self._file().graph(self._as_set())
        except (GraphError, OSError, TypeError, ValueError):
            return own
        return parameters_of(graph) | own

    def set_params(self, **params: Any) -> Self:
        """Sets options and settings; raises ValueError for a setting that the file does not have."""
        options = {name: value for name, value in params.items() if name in self._options()}
        for name, value in options.items():
            setattr(self, name, value)
        settings = {name: value for name, value in params.items() if name not in options}
        for name, value in settings.items():
            why = None if name in self._settings else refused_name(self._file(), name, value)
            if why is not None:
                raise ValueError(f"Invalid parameter {name!r} for {type(self).__name__}: {why}")
        self._settings = {**self._settings, **settings}
        return self

    @classmethod
    def _options(cls) -> list[str]:
        taken = inspect.signature(cls.__init__).parameters.values()
        return [p.name for p in taken if p.name != "self" and p.kind is not p.VAR_KEYWORD]

    def _as_set(self) -> dict[str, Any]:
        """The settings under the names of the language."""
        return {set_name(name): value for name, value in self._settings.items()}

    def _file(self) -> SpecFile:
        options = {"layers": self.layers, "threads": self.threads, "backend": self.backend}
        return SpecFile(self.spec, self._default, options)

    # ---- training -----------------------------------------------------------------------------------------

    def _trained(self, X: Any, t: Any, weights: Any, names: dict[str, str], sized: SizedGraph) -> Self:
        """Trains the graph on rows whose targets are as the file takes them."""
        graph, roles = sized.graph, roles_of(sized.graph, names)
        if weights is not None and roles.weight is None:
            graph, roles = with_weights(graph, roles)
        arrays = {roles.x: as_input(X, graph.inputs[roles.x], "X"), roles.t: t}
        if roles.weight is not None:
            arrays[roles.weight] = _check_sample_weight(weights, X, dtype=np.float64)
        held_out = None
        if self.validation is not None:
            arrays, held_out = self._split(arrays, graph.seed)
        self.history_ = graph.fit(arrays, validation=held_out)
        self.graph_ = graph
        self._scores = Scores(graph, roles)
        return self

    def _split(self, arrays: dict[str, Any], seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The rows that are trained on, and those that validate."""
        parts = train_test_split(*arrays.values(), test_size=self.validation, random_state=seed % 2**32)
        return dict(zip(arrays, parts[::2], strict=True)), dict(zip(arrays, parts[1::2], strict=True))

    def _sized(self, columns: int) -> tuple[SizedGraph, dict[str, str], Roles]:
        """The graph for a table of so many columns, `names`, and the roles of its values."""
        names = checked_names(self.names)
        sized = SizedGraph(self._file(), self._as_set(), self._seed())
        roles = roles_of(sized.graph, names)
        if row_width(sized.graph.inputs[roles.x]) is not None:
            sized.adapt(lambda graph: row_width(graph.inputs[roles.x]), columns, names.get("features"))
        spec = sized.graph.inputs[roles.x]
        as_input(np.zeros((1, columns)), spec, "X")
        return sized, names, roles

    def _seed(self) -> int | None:
        """What random numbers are derived from: the number itself, or a draw; None: as in the file."""
        if self.random_state is None or isinstance(self.random_state, int | np.integer):
            return None if self.random_state is None else int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    # ---- prediction ---------------------------------------------------------------------------------------

    def _result(self, X: Table) -> np.ndarray[Any, Any]:
        """What the graph gives for each row."""
        check_is_fitted(self, "graph_")
        return self._scores.of(validate_data(self, X, reset=False))
