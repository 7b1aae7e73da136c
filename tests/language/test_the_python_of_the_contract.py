"""The lines of Python that the contract of the outside gives, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import graphlang as gl

SPECS = Path(__file__).parent.parent.parent / "specs"
RNG = np.random.default_rng(0)
X, T = RNG.random((128, 784)), np.arange(128) % 10


@pytest.fixture(scope="module")
def net() -> gl.Graph:
    return gl.load(SPECS / "two_layer_net.graph", set={"train.batch": 64})


def test_a_graph_is_loaded_from_a_file_and_from_a_text_with_overrides_and_limits() -> None:
    text = (SPECS / "apple_orange.graph").read_text(encoding="utf-8")
    for graph in (
        gl.load(SPECS / "apple_orange.graph", set={"tax": 1.2}, dtype="float64", limits=gl.Limits(nodes=100)),
        gl.loads(text, set={"tax": 1.2}),
    ):
        assert graph.run()["price"] == pytest.approx(780)


def test_run_goes_forward_and_backward_and_the_file_gives_what_is_left_out() -> None:
    g = gl.load(SPECS / "apple_orange.graph")
    r = g.run(apple=100, apple_num=2)
    assert (r["price"], r.grad["apple"]) == (pytest.approx(715.0), pytest.approx(2.2))


def test_forward_alone_and_then_backward_from_any_value_with_any_gradient() -> None:
    g = gl.load(SPECS / "apple_orange.graph")
    f = g.forward(apple=100)
    r = f.backward(seed=1.3, of="price")
    assert r.grad["apple"] == pytest.approx(1.3 * 2.2)


def test_spec_graph_inputs_outputs_and_params_are_what_the_contract_says(net: gl.Graph) -> None:
    assert gl.Graph.from_spec(net.spec.model_dump_json()).spec == net.spec
    assert isinstance(net.graph, nx.DiGraph)
    assert list(net.inputs) == ["x", "t"]
    assert list(net.outputs)
    net.params["Affine1.W"][0, 0] = 0.25
    assert net.params["Affine1.W"][0, 0] == 0.25
    assert type(net.params["Affine1.W"]) is np.ndarray


def test_gradcheck_has_ok_worst_and_rows() -> None:
    small = gl.loads("input x: float[N, 3], t: int[N]\nloss = SoftmaxWithLoss(x -> Affine(2), t)")
    report = small.gradcheck(x=X[:3, :3], t=T[:3] % 2)
    assert report.ok
    assert report.worst < 1e-6
    assert [row.name for row in report.rows]


def test_fit_takes_validation_epochs_and_on_epoch_and_predict_the_outputs_alone(net: gl.Graph) -> None:
    seen: list[Any] = []
    history = net.fit(x=X, t=T, validation={"x": X[:8], "t": T[:8]}, epochs=2, on_epoch=seen.append)
    assert history.epochs == seen
    assert len(history.losses) == 4
    y = net.predict(x=X[:8])
    assert y.shape == (8, 10)


def test_weights_are_saved_and_loaded_without_pickle(net: gl.Graph, tmp_path: Path) -> None:
    net.save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as kept:
        assert set(kept.files) >= set(net.params)
    other = gl.load(SPECS / "two_layer_net.graph", seed=5)
    other.load_weights(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.predict(x=X[:3]), net.predict(x=X[:3]))


def test_the_compiled_step_value_and_gradients_and_forward(net: gl.Graph) -> None:
    step = net.compile(train=True)
    before = net.params["Affine1.W"].copy()
    assert isinstance(step(x=X, t=T), float)
    assert not np.array_equal(net.params["Affine1.W"], before)
    vg = gl.load(SPECS / "apple_orange.graph").compile(wrt=["apple", "tax"])
    value, gradients = vg(apple=100)
    assert value == pytest.approx(715)
    assert gradients == {"apple": pytest.approx(2.2), "tax": pytest.approx(650)}
    f = net.compile(batch=100)
    np.testing.assert_array_equal(f(x=X[:100]), net.compile()(x=X[:100]))


def test_inputs_come_in_one_mapping_where_a_name_is_none_of_python() -> None:
    g = gl.loads("input lambda = 1, of = 2\ny = lambda * of")
    r = g.run({"lambda": 0.1, "of": 3})
    assert type(r["y"]) is float
    assert r["y"] == pytest.approx(0.3)


def test_graph_error_is_the_one_base_and_carries_its_diagnostics() -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads("input apple = 100\nprice = aple * 2")
    (first,) = caught.value.diagnostics
    fields = (
        "code",
        "severity",
        "message",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "help",
        "related",
    )
    assert all(hasattr(first, name) for name in fields)
    assert str(caught.value).startswith("error[GL201]: unknown name `aple`\n  --> ")


class Swish(gl.Layer):
    """x · sigmoid(βx).   Source: Ramachandran et al. 2017, arXiv:1710.05941"""

    beta: float = 1.0

    def forward(self, x: Any) -> Any:
        s = 1 / (1 + np.exp(-self.beta * x))
        return x * s, (x, s)

    def backward(self, dy: Any, saved: Any) -> Any:
        x, s = saved
        return dy * (s + self.beta * x * s * (1 - s))


def test_a_layer_of_ones_own_is_used_by_its_name() -> None:
    g = gl.loads("input x: float[N]\ny = x -> Swish(beta=2)\noutput y", layers=[Swish])
    np.testing.assert_allclose(g.predict([0.5]), 0.5 / (1 + np.exp(-1.0)))
