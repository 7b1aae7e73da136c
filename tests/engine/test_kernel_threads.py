"""Kernels that divide their work do so within a program, with one BLAS thread each, and give the same bits twice."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from helpers import normal
from threadpoolctl import threadpool_info

import graphlang as gl
from graphlang.kernels import parallel

pytestmark = pytest.mark.usefixtures("every_fused_group_is_divided")

CONVNET = """
input x: float[N, 3, 20, 20]
y = x -> Conv(16, 3) -> Relu -> MaxPool(2) -> Conv(8, 3)
loss = sum(y * y)
output loss
"""


RECURRENT = """
input x: float[N, T, 5]
y = x -> {}(24, layers=2, bidirectional=true, return={})
loss = sum(y * y)
output loss
"""
NETWORKS = {
    "convolution": (CONVNET, (35, 3, 20, 20)),
    **{
        f"{kind}, {what}": (RECURRENT.format(kind, what), (35, 9, 5))
        for kind in ("RNN", "LSTM", "GRU")
        for what in ("sequence", "last")
    },
}


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_kernel_over_threads_agrees_with_the_interpreter(network: str, threads: int) -> None:
    text, shape = NETWORKS[network]
    graph = gl.loads(text, dtype="float64")
    x = normal(*shape)
    expected = graph.run(x=x)
    names = ["x", *graph.params]
    f = graph.compile(wrt=names, threads=threads)
    value, gradients = f(x=x)
    np.testing.assert_allclose(value, expected["loss"], rtol=1e-12)
    for name in names:
        scale = float(np.max(np.abs(expected.grad[name])))
        np.testing.assert_allclose(gradients[name], expected.grad[name], rtol=1e-11, atol=1e-12 * scale)
    again, same = f(x=x)
    assert again == value
    for name in names:
        assert same[name].tobytes() == gradients[name].tobytes()


def test_a_sequence_longer_than_what_is_prepared_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = gl.loads(RECURRENT.format("LSTM", "sequence"), dtype="float64")
    x = normal(35, 9, 5)
    names = list(graph.params)
    value, gradients = graph.compile(wrt=names, threads=2)(x=x)
    for module in ("recurrence", "recurrence_gradient"):
        monkeypatch.setattr(f"graphlang.kernels.{module}.LONGEST", 8)
    again, same = graph.compile(wrt=names, threads=2)(x=x)
    assert again == value
    for name in names:
        assert same[name].tobytes() == gradients[name].tobytes()


def test_jobs_run_in_several_threads_with_one_blas_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[int, int]] = set()
    gate = threading.Barrier(2, timeout=10)
    original = parallel.parallel

    def watched(work: Any, n: int, *cost: Any) -> list[Any]:
        def watching(start: int, stop: int) -> Any:
            if (start, stop) != (0, n):
                gate.wait()
                blas = max(
                    (i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"), default=1
                )
                seen.add((threading.get_ident(), blas))
            return work(start, stop)

        return original(watching, n, *cost)

    monkeypatch.setattr("graphlang.kernels.convolution.parallel", watched)
    gl.loads(CONVNET, dtype="float64").compile(threads=2)(x=normal(16, 3, 20, 20))
    assert len({thread for thread, _ in seen}) == 2
    assert {blas for _, blas in seen} == {1}
