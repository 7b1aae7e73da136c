"""The weights of PyTorch modules give in a spec what they give in PyTorch, and go back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.layouts.torch_table import MODULES, torch_table

sys.path.insert(0, str(Path(__file__).parent))
from torch_cases import CASES, STATES, made, output_of

pytest.importorskip("safetensors")


@pytest.fixture(scope="module")
def recorded() -> Any:
    """The inputs and outputs of the modules whose states are kept."""
    with np.load(STATES / "inputs_and_outputs.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def loaded(name: str, dtype: str = "float64") -> gl.Graph:
    graph = gl.loads(CASES[name].spec, dtype=dtype, seed=5)
    graph.load_weights(STATES / f"{name}.safetensors", layout="torch", rename=CASES[name].rename)
    return graph


@pytest.mark.parametrize("name", CASES)
def test_a_state_of_torch_gives_the_outputs_of_its_module(name, recorded):
    y = loaded(name).predict(recorded[f"{name}.x"])
    np.testing.assert_allclose(y, recorded[f"{name}.y"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_a_state_that_is_written_is_the_one_that_was_read_or_computes_the_same(name, recorded, tmp_path):
    graph = loaded(name)
    state = graph.torch_state()
    again = gl.loads(CASES[name].spec, dtype="float64", seed=6)
    with (tmp_path / "state.npz").open("wb") as file:
        np.savez(file, **state)
    again.load_weights(tmp_path / "state.npz", layout="torch")
    for parameter, array in graph.params.items():
        np.testing.assert_array_equal(again.params[parameter], array)


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.rename == {"*": "m.*"}])
def test_torch_takes_the_state_of_a_graph_and_computes_the_same(name):
    torch = pytest.importorskip("torch")
    module, x, _ = made(CASES[name], seed=1)
    graph = gl.loads(CASES[name].spec, dtype="float64", seed=7)
    for parameter, array in graph.params.items():
        noise = np.random.default_rng(len(parameter)).random(array.shape)
        graph.params[parameter] = array + noise / 4
    state = {n.removeprefix("m."): torch.tensor(array) for n, array in graph.torch_state().items()}
    absent = {n for n in state if n not in module.state_dict()}
    assert all(n.startswith("bias") for n in absent)
    if not absent:
        module.load_state_dict(state)
        np.testing.assert_allclose(
            output_of(module, x).numpy(), graph.predict(x.numpy()), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("name", CASES)
def test_new_states_of_torch_are_taken(name, tmp_path):
    pytest.importorskip("torch")
    module, x, y = made(CASES[name], seed=3)
    state = {n: array.numpy() for n, array in module.state_dict().items()}
    with (tmp_path / "state.npz").open("wb") as file:
        np.savez(file, **state)
    graph = gl.loads(CASES[name].spec, dtype="float64")
    graph.load_weights(tmp_path / "state.npz", layout="torch", rename=CASES[name].rename)
    np.testing.assert_allclose(graph.predict(x.numpy()), y.numpy(), rtol=1e-5, atol=1e-5)


def test_a_square_matrix_is_turned_where_the_layout_is_named_and_only_there(tmp_path):
    graph = gl.loads(CASES["square"].spec, dtype="float64")
    weight = np.arange(16.0).reshape(4, 4)
    np.savez(tmp_path / "a.npz", **{"m.W": weight, "m.b": np.zeros(4)})
    graph.load_weights(tmp_path / "a.npz")
    np.testing.assert_array_equal(graph.params["m.W"], weight)
    graph.load_weights(tmp_path / "a.npz", layout="torch")
    np.testing.assert_array_equal(graph.params["m.W"], weight.T)


def test_names_of_torch_without_the_layout_are_told_of_it(tmp_path):
    graph = gl.loads(CASES["square"].spec)
    with pytest.raises(gl.GraphError, match='`layout="torch"` takes its weights'):
        graph.load_weights(STATES / "square.safetensors", rename={"*": "m.*"})


def test_a_tensor_of_another_shape_is_named_as_in_the_file(tmp_path):
    np.savez(tmp_path / "a.npz", **{"m.weight": np.zeros((4, 3)), "m.bias": np.zeros(3)})
    graph = gl.loads(CASES["linear"].spec)
    with pytest.raises(gl.GraphError, match=r"`m.weight` is \[4, 3\], and `m.W` takes \[3, 4\]"):
        graph.load_weights(tmp_path / "a.npz", layout="torch")
    taken = graph.load_weights(tmp_path / "a.npz", layout="torch", partial=True)
    assert taken.taken == ("m.b",)
    assert "`m.weight` is [4, 3]" in taken.left["m.W"]


def test_one_bias_of_two_is_not_enough(tmp_path):
    shapes = {"m.weight_ih_l0": (12, 4), "m.weight_hh_l0": (12, 3), "m.bias_ih_l0": (12,)}
    np.savez(tmp_path / "a.npz", **{name: np.zeros(shape) for name, shape in shapes.items()})
    graph = gl.loads(CASES["lstm_without_bias"].spec)
    with pytest.raises(gl.GraphError, match=r"the weights lack `m\.bias_hh_l0`"):
        graph.load_weights(tmp_path / "a.npz", layout="torch")


def test_the_layers_of_a_shared_def_are_found_with_dots_or_underscores(tmp_path):
    spec = """def Eye(x) = x -> layers { fc: Affine(2); Relu }
input x: float[N, 3]
layer eye = Eye()
y = eye(eye(x)[:, [0, 1, 1]])
output y"""
    graph = gl.loads(spec)
    assert list(graph.torch_state()) == ["eye_fc.weight", "eye_fc.bias"]
    weight = np.arange(6.0).reshape(2, 3)
    for number, layer in enumerate(("eye.fc", "eye_fc")):
        np.savez(tmp_path / "a.npz", **{f"{layer}.weight": weight + number, f"{layer}.bias": np.zeros(2)})
        graph.load_weights(tmp_path / "a.npz", layout="torch")
        np.testing.assert_array_equal(graph.params["eye.fc.W"], (weight + number).T)


def test_a_layer_inside_of_a_scan_and_a_param_of_the_file_are_found(tmp_path):
    spec = """input x: float[N, T, 3]
layer cell = Affine(4)
param V: float[4, 4] = 0
ys = scan s in x carry h = zeros(N, 4) {
  a = cell(s) + h @ V
  next h = a
  yield a
}
output ys"""
    graph = gl.loads(spec)
    arrays = {"cell.weight": np.ones((4, 3)), "cell.bias": np.ones(4), "V": np.triu(np.ones((4, 4)))}
    np.savez(tmp_path / "a.npz", **arrays)
    graph.load_weights(tmp_path / "a.npz", layout="torch")
    np.testing.assert_array_equal(graph.params["V"], arrays["V"])
    assert graph.params["cell.W"].shape == (3, 4)


def test_every_layer_with_parameters_has_a_row_for_torch():
    from graphlang.catalog.described import everything
    from graphlang.catalog.finder import Catalog

    catalog = Catalog()
    with_parameters = {
        record["name"]
        for record in everything()
        if (entry := catalog.find(record["name"])) is not None and entry.kind == "layer" and entry.owns
    }
    assert with_parameters == set(MODULES)


def test_the_documentation_has_the_table_of_the_code():
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "conventions.md").read_text(encoding="utf-8")
    assert torch_table() in page
