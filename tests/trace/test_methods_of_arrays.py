"""The methods of an array, in a function of one's own: recorded, they give what NumPy's give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.trace.numpy_protocols import NumPyProtocols

X = np.random.default_rng(3).standard_normal((3, 4))

METHODS: dict[str, Callable[[Any], Any]] = {
    "all": lambda x: 1.0 * (x > -9).all(axis=1),
    "any": lambda x: 1.0 * (x > 0).any(axis=0, keepdims=True),
    "argmax": lambda x: 1.0 * x.argmax(axis=1),
    "argmin": lambda x: 1.0 * x.argmin(axis=1, keepdims=True),
    "astype": lambda x: (x > 0).astype(x.dtype),
    "clip": lambda x: x.clip(-0.5, 0.5),
    "copy": lambda x: x.copy() + 1,
    "cumsum": lambda x: x.cumsum(axis=1),
    "diagonal": lambda x: x[:, :3].diagonal(),
    "dot": lambda x: x.dot(np.ones((4, 2), np.float64)),
    "flatten": lambda x: x.flatten(),
    "max": lambda x: x.max(axis=1),
    "mean": lambda x: x.mean(axis=1, keepdims=True),
    "min": lambda x: x.min(axis=0, keepdims=True),
    "prod": lambda x: x.prod(axis=1),
    "ravel": lambda x: x.ravel(),
    "repeat": lambda x: x.repeat(2, axis=1),
    "reshape": lambda x: x.reshape(2, 6) + x.reshape((2, 6)),
    "round": lambda x: x.round(1),
    "squeeze": lambda x: x[:, :1].squeeze(axis=1),
    "std": lambda x: x.std(axis=1),
    "sum": lambda x: x.sum() + x.sum(axis=0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "take": lambda x: x.take([2, 0], axis=1),
    "transpose": lambda x: x.transpose() + x.transpose(1, 0) + x.transpose((1, 0)),
    "var": lambda x: x.var(axis=1, ddof=1),
}


def test_every_method_is_tried() -> None:
    there = {n for n, v in vars(NumPyProtocols).items() if callable(v) and not n.startswith("_")}
    assert there == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gives_what_it_gives_in_numpy(name: str) -> None:
    def own(x: Any) -> Any:
        return METHODS[name](x)

    graph = gl.loads("input x: float[3, 4]\ny = own(x)\noutput y", layers=[own], dtype="float64")
    np.testing.assert_allclose(graph.predict(x=X), METHODS[name](X), rtol=1e-12)
    np.testing.assert_allclose(graph.run(x=X)["y"], METHODS[name](X), rtol=1e-12)


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda x: x * float(x[0, 0]), "its value is not known while recording"),
        (lambda x: x * int(x[0, 0]), "its value is not known while recording"),
        (lambda x: x[[1, 2, 3][x]], "pick elements with `np.take`"),
        (lambda x: np.add(x, 1, out=np.zeros((3, 4))), "nothing is changed in place"),
        (lambda x: np.add(x, 1, where=x > 0), r"`np.add\(where=...\)`"),
        (lambda x: np.subtract.accumulate(x), "`np.subtract.accumulate`"),
        (lambda x: np.linalg.eig(x[:3, :3]), "`np.linalg.eig`"),
    ],
)
def test_what_cannot_be_recorded_is_refused_by_name(use: Callable[[Any], Any], says: str) -> None:
    def own(x: Any) -> Any:
        return use(x)

    with pytest.raises(gl.GraphError, match=says):
        gl.loads("input x: float[3, 4]\ny = own(x)\noutput y", layers=[own], dtype="float64").predict(x=X)
