"""The graph as Python uses it: the examples of the manual, every mistake as a GraphError, nothing global touched."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.trace import Dim

SPECS = Path(__file__).parent.parent / "specs"
NET = """
hyper hidden = 5
input x: float[N, 4], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 3; metrics = [accuracy(y, t)]
        dtype = float64 }
gradcheck { of = loss }
"""


def messages(error: gl.GraphError) -> list[str]:
    return [d.message for d in error.diagnostics]


def refused(call: Any, *args: Any, **named: Any) -> gl.GraphError:
    with pytest.raises(gl.GraphError) as caught:
        call(*args, **named)
    assert caught.value.diagnostics
    assert all(d.code.startswith("GL") for d in caught.value.diagnostics)
    assert "error[GL" in str(caught.value)
    return caught.value


# ---- the examples of the manual -----------------------------------------------------------------------


def test_load_run_and_look() -> None:
    graph = gl.load(SPECS / "apple_orange.graph")
    result = graph.run(apple=100, apple_num=2)
    assert result["price"] == pytest.approx(715)
    assert result.grad["apple"] == pytest.approx(2.2)
    forward = graph.forward(apple=100)
    again = forward.backward(seed=1.3, of="price")
    assert again.grad["apple"] == pytest.approx(1.3 * 2.2)
    assert forward["price"] == result["price"]


def test_a_name_given_to_backward_as_the_first_argument_is_told_where_it_belongs() -> None:
    forward = gl.load(SPECS / "apple_orange.graph").forward()
    with pytest.raises(gl.GraphError, match=r'`backward\(of="tax"\)`'):
        forward.backward("tax")
    with pytest.raises(gl.GraphError, match="give a number, or an array of the value's shape"):
        forward.backward("lots")


def test_set_overrides_what_the_file_says() -> None:
    assert gl.load(SPECS / "apple_orange.graph", set={"tax": 1.2}).run()["price"] == pytest.approx(780)
    graph = gl.loads(NET, set={"train.batch": 64, "hidden": 7})
    assert graph.spec.train is not None
    assert graph.spec.train.batch == 64
    assert graph.params["Affine1.W"].shape == (4, 7)


@pytest.mark.parametrize("text", [NET, NET.replace("epochs = 3", "iterations = 30")])
def test_a_length_of_training_from_outside_takes_the_place_of_the_files(text: str) -> None:
    for setting, other in (("epochs", "iterations"), ("iterations", "epochs")):
        section = gl.loads(text, set={f"train.{setting}": 7}).spec.train
        assert section is not None
        assert (getattr(section, setting), getattr(section, other)) == (7, None)


def test_what_a_network_is_made_of() -> None:
    graph = gl.loads(NET)
    assert list(graph.inputs) == ["x", "t"]
    assert list(graph.outputs) == ["y"]
    assert (graph.outputs["y"].dtype, graph.outputs["y"].shape) == ("float", (Dim.symbol("N"), 3))
    open_formula = gl.loads("y = x * 2\noutput x, y").outputs
    assert [(name, o.shape) for name, o in open_formula.items()] == [("x", None), ("y", ())]
    assert list(graph.params) == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]
    assert graph.graph.nodes["loss"]["operation"] == "SoftmaxWithLoss"
    assert graph.graph.has_edge("y", "loss")
    assert "2 inputs, 4 parameters" in repr(graph)


def test_the_json_of_a_spec_brings_back_the_same_graph() -> None:
    graph = gl.loads(NET, seed=3)
    text = graph.spec.model_dump_json()
    given = {"x": np.linspace(-1, 1, 8).reshape(2, 4), "t": [0, 2]}
    for spec in (text, json.loads(text), graph.spec):
        back = gl.Graph.from_spec(spec, seed=3)
        assert back.spec == graph.spec
        a, b = graph.run(given), back.run(given)
        assert {n: np.asarray(v).tolist() for n, v in a.items()} == {
            n: np.asarray(v).tolist() for n, v in b.items()
        }
        for name in a.grad:
            np.testing.assert_array_equal(a.grad[name], b.grad[name])


def test_a_parameter_may_be_assigned_into() -> None:
    graph = gl.loads("input x: float[2]\ny = x -> Affine(1)\noutput y")
    graph.params["Affine1.W"] = [[2], [3]]
    graph.params["Affine1.b"][...] = 1
    assert graph.run(x=[1.0, 1.0])["y"].tolist() == [6]
    assert graph.predict(x=[1.0, 1.0]).tolist() == [6]
    graph.params["Affine1.W"][0, 0] = 20
    assert graph.run(x=[1.0, 1.0])["y"].tolist() == [24]
    assert graph.predict(x=[1.0, 1.0]).tolist() == [24]
    with pytest.raises(ValueError, match="shape"):
        graph.params["Affine1.W"] = [1.0, 2.0, 3.0]
    with pytest.raises(KeyError, match=r"Affine1\.W"):
        graph.params["Affine2.W"]


def test_gradcheck_reports_a_row_per_parameter() -> None:
    report = gl.loads(NET).gradcheck()
    assert report.ok
    assert report.worst < 1e-6
    assert [r.name for r in report.rows] == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]
    assert all(r.mean_difference < 1e-9 for r in report.rows)
    given = gl.loads(NET).gradcheck(x=np.ones((3, 4)) * 0.3, t=[0, 1, 2])
    assert given.of == "loss"


def test_predict_needs_only_what_the_outputs_depend_on() -> None:
    graph = gl.loads(NET)
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    y = graph.predict(x=x)
    np.testing.assert_allclose(y, graph.run(x=x, t=[0, 1, 2])["y"], rtol=1e-12)
    several = gl.loads("input x = 2, z\na = 2 * x\nb = x + 1\nc = z * 2\noutput a, b")
    assert several.predict() == {"a": 4, "b": 3}


def test_values_are_floats_for_scalars_and_arrays_otherwise() -> None:
    result = gl.loads("input x: float[N]\ns = sum(x)\ni = argmax(x)\nc = s > 0\noutput s").run(x=[1.0, 4.0])
    assert type(result["s"]) is float
    assert type(result["i"]) is int
    assert type(result["c"]) is bool
    assert isinstance(result["x"], np.ndarray)
    assert result.as_json()["values"] == {"x": [1, 4], "s": 5, "i": 1, "c": True}


def test_a_name_that_is_an_options_name_is_an_input_in_the_mapping() -> None:
    graph = gl.loads("input lambda = 1, of = 2, seed = 5\ny = lambda * of + seed\noutput y")
    result = graph.run({"lambda": 0.1, "of": 3})
    assert result["y"] == pytest.approx(5.3)
    assert result.grad["of"] == pytest.approx(0.1)
    assert graph.run({"of": 3}, of="y", seed=2).grad["lambda"] == 6
    assert graph.run({"seed": 0}, seed=2.0).grad["seed"] == 2


def test_a_layer_of_ones_own() -> None:
    class Swish(gl.Layer):
        """x * sigmoid(beta * x)"""

        beta: float = 1.0

        def forward(self, x):
            s = 1 / (1 + np.exp(-self.beta * x))
            return x * s, (x, s)

        def backward(self, dy, saved):
            x, s = saved
            return dy * (s + self.beta * x * s * (1 - s))

    class Derived(Swish):
        backward = None

    text = "input x: float[N]\ny = x -> {}(beta=2)\noutput y"
    x = np.linspace(-2, 2, 5)
    a = gl.loads(text.format("Swish"), layers=[Swish]).run(x=x)
    b = gl.loads(text.format("Derived"), layers=[Derived]).run(x=x)
    np.testing.assert_allclose(a["y"], x / (1 + np.exp(-2 * x)))
    np.testing.assert_allclose(a.grad["x"], b.grad["x"], rtol=1e-12)


def test_a_function_of_ones_own() -> None:
    def cube(x, scale: float = 1):
        """scale * x**3"""
        return scale * x * x * x

    result = gl.loads("input x = 2\ny = cube(x, scale=2)\noutput y", layers=[cube]).run()
    assert (result["y"], result.grad["x"]) == (16, 24)


# ---- mistakes -----------------------------------------------------------------------------------------


def test_all_missing_inputs_are_named_at_once() -> None:
    error = refused(gl.loads("price = (apple*num + orange*onum) * tax").run)
    assert messages(error) == ["missing inputs: `apple`, `num`, `orange`, `onum`, `tax`"]


def test_a_diagnostic_has_the_fields_of_its_json_as_plain_attributes() -> None:
    text = "input x = 1\ndef f(a) = a @ x\ny = xx + f(x)\n"
    for error in (refused(gl.loads, text, name="a.graph"), refused(gl.loads("y = x", name="b.graph").run)):
        for d in error.diagnostics:
            record = d.as_json()
            related = record.pop("related")
            assert [e.as_json() for e in d.edits] == record.pop("edits")
            assert [size.as_json() for size in d.sizes] == record.pop("sizes")
            assert {name: getattr(d, name) for name in record} == record
            assert [{name: getattr(r, name) for name in related[0]} for r in d.related] == related
    first = refused(gl.loads, text, name="a.graph").diagnostics[-1]
    place = (first.file, first.line, first.column, first.end_line, first.end_column)
    assert (first.code, first.severity, first.message, first.help) == (
        "GL201", "error", "unknown name `xx`", "did you mean `x`?"
    )  # fmt: skip
    assert place == ("a.graph", 3, 5, 3, 7)
    assert [(r.message, r.line) for r in first.related] == [("`x` is defined here", 1)]


def test_an_unknown_input_gets_a_suggestion() -> None:
    error = refused(gl.load(SPECS / "apple_orange.graph").run, aple=3)
    assert "`aple`" in messages(error)[0]
    assert error.diagnostics[0].help == "did you mean `apple`?"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": np.ones((3, 5)), "t": [0, 1, 2]}, ["float[3, 5]", "float[N, 4]"]),
        ({"x": np.ones(4), "t": [0]}, ["float[4]", "float[N, 4]"]),
        ({"x": np.ones((3, 2, 2)), "t": [0, 1, 2]}, ["float[3, 2, 2]"]),
        ({"x": np.ones((3, 4)), "t": [0, 1]}, ["`N` is 3 in `x` and 2 in `t`"]),
        ({"x": np.ones((3, 4)), "t": [0.5, 1, 2]}, ["`t` is float[3]", "int[N]"]),
        ({"x": np.ones((0, 4)), "t": []}, ["`N` is 0"]),
        ({"x": [[1, 2, 3, 4], [1]], "t": [0, 0]}, ["rows differ in length"]),
        ({"x": np.ones((1, 4)), "t": [3]}, ["3"]),
        ({"x": np.ones((2, 4)), "t": [0, -1]}, ["-1"]),
        ({"x": [["a", "b", "c", "d"]], "t": [0]}, ["`x`"]),
    ],
)
@pytest.mark.parametrize("way", ["run", "forward"])
def test_a_wrong_input_says_what_it_is_and_what_is_declared(
    way: str, given: dict[str, Any], words: list[str]
) -> None:
    error = refused(getattr(gl.loads(NET), way), given)
    for word in words:
        assert word in " ".join(messages(error)), messages(error)


TEXTS = """
input x: int[N, T], n: int[N], t: int[N], both: int[N]
h    = x -> Embedding(10, 4) -> LSTM(3, return=last, lengths=n)
y    = concat(h, Embedding(x=both, vocab=2, dim=3), axis=1) -> Affine(2)
loss = SoftmaxWithLoss(y, t) + SoftmaxWithLoss(y, both)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
"""


@pytest.mark.parametrize(
    ("wrong", "help"),
    [
        ({"n": [4]}, "lengths count the steps of a sequence, at most 3: give 3 where one was cut"),
        ({"x": [[1, 2, 10]]}, "ids count from 0; for more of them give `Embedding` a larger `vocab`"),
        ({"x": [[1, 2, -1]]}, "labels and ids count from 0"),
        ({"t": [2]}, "labels count from 0; for more classes give the last layer before the loss more units"),
        ({"both": [2]}, "for more classes give the last layer before the loss more units, for more ids the"),
        ({"x": [[1, 2], [1]]}, "fill shorter sequences up with 0, and tell the layer how long each is"),
    ],
)
@pytest.mark.parametrize("way", ["run", "fit", "evaluate"])
def test_a_wrong_index_or_a_ragged_list_is_helped_by_what_its_numbers_are(
    way: str, wrong: dict[str, Any], help: str
) -> None:
    given = {"x": [[1, 2, 3]], "n": [3], "t": [0], "both": [0], **wrong}
    error = refused(getattr(gl.loads(TEXTS), way), **given)
    assert help in str(error.diagnostics[0].help)


def test_predict_refuses_what_run_refuses() -> None:
    graph = gl.loads(NET)
    assert "float[3, 5]" in messages(refused(graph.predict, x=np.ones((3, 5))))[0]
    assert "missing input: `x`" in messages(refused(graph.predict))[0]
    assert "`z`" in messages(refused(graph.predict, x=np.ones((3, 4)), z=1))[0]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("input x: float[N, 4], i: int[T]\ny = sum(take(x, i))\noutput y", {"x": np.ones((3, 4)), "i": [7]}),
        ("input x: float[N]\ny = var(x, ddof=1)\noutput y", {"x": np.ones(1)}),
        ("input x, u\ny = sum(x + u)\noutput y", {"x": np.ones(3), "u": np.ones(2)}),
        ("input x, u\ny = x * u\noutput y", {"x": np.ones(3), "u": np.ones(2)}),
    ],
)
def test_a_mistake_that_only_the_numbers_show_is_refused_however_the_graph_runs(
    text: str, given: dict[str, Any]
) -> None:
    graph = gl.loads(text)
    for call in (
        graph.run,
        graph.run,
        graph.forward,
        graph.predict,
        graph.compile(),
        graph.compile(wrt=["x"]),
    ):
        refused(call, given)


def test_a_gradient_that_does_not_exist_is_refused_by_name() -> None:
    class Opaque(gl.Layer):
        """y = x"""

        def forward(self, x):
            return x * 1, None

        def backward(self, dy, saved):
            from graphlang.trace import NoGradient

            raise NoGradient("opaque")

    graph = gl.loads("input x: float[N]\ny = sum(x -> Opaque)\noutput y", layers=[Opaque])
    assert "`opaque` has no gradient" in messages(refused(graph.run, x=[1.0]))[0]


def test_several_wrong_inputs_are_reported_together() -> None:
    error = refused(gl.loads(NET).run, x=np.ones((3, 5)), t=[0.5, 1, 2])
    assert len(error.diagnostics) == 2


def test_the_place_of_a_label_out_of_range_is_named() -> None:
    error = refused(gl.loads(NET).run, x=np.ones((3, 4)), t=[0, 1, 7])
    assert "7" in messages(error)[0]
    assert "2" in messages(error)[0]


@pytest.mark.parametrize(
    ("seed", "words"), [([1.0, 2.0], "[2]"), ("one", "'one'"), (np.ones((2, 2)), "[2, 2]")]
)
def test_a_seed_gradient_of_the_wrong_shape_is_refused(seed: Any, words: str) -> None:
    graph = gl.loads("input x: float[N]\ny = 2 * x\noutput y")
    assert words in messages(refused(graph.run, x=[1.0, 2.0, 3.0], seed=seed))[0]


def test_backward_from_nothing_that_there_is_gets_a_suggestion() -> None:
    graph = gl.load(SPECS / "apple_orange.graph")
    error = refused(graph.run, of="prise")
    assert error.diagnostics[0].help == "did you mean `price`?"
    refused(graph.forward().backward, of="prise")


def test_backward_with_two_outputs_asks_for_one() -> None:
    graph = gl.loads("input x = 1\na = x\nb = 2 * x\noutput a, b")
    refused(graph.run)
    assert graph.run(of="b").grad["x"] == 2


def test_backward_from_a_whole_number_is_refused() -> None:
    graph = gl.loads("input x: float[N]\ni = argmax(x)\noutput i")
    assert "no gradient" in messages(refused(graph.run, x=[1.0, 2.0]))[0]
    assert graph.predict(x=[1.0, 2.0]) == 1


def test_asking_for_a_value_that_is_not_there_is_refused() -> None:
    result = gl.load(SPECS / "apple_orange.graph").run()
    for mapping in (result, result.grad):
        refused(mapping.__getitem__, "prise")


@pytest.mark.parametrize(
    "spec", ["{", "{}x", '{"inputs": 3}', '{"unknown": 1}', '{"nodes": [{"name": "y"}]}']
)
def test_data_that_is_not_a_spec_is_refused(spec: str) -> None:
    refused(gl.Graph.from_spec, spec)


def test_a_spec_that_names_what_is_not_there_is_refused() -> None:
    refused(gl.Graph.from_spec, {"nodes": [{"name": "y", "operation": "add", "operands": ["a", "b"]}]})
    refused(gl.Graph.from_spec, {"nodes": [{"name": "y", "operation": "nonsense", "operands": []}]})
    loop = [
        {"name": "a", "operation": "exp", "operands": ["b"]},
        {"name": "b", "operation": "exp", "operands": ["a"]},
    ]
    refused(gl.Graph.from_spec, {"nodes": loop})


def test_a_file_that_is_not_there_gets_a_suggestion() -> None:
    error = refused(gl.load, SPECS / "aple_orange.graph")
    assert "apple_orange.graph" in (error.diagnostics[0].help or "")


# ---- weights ------------------------------------------------------------------------------------------


def test_weights_are_saved_and_loaded(tmp_path: Path) -> None:
    a, b = gl.loads(NET, seed=1), gl.loads(NET, seed=2)
    assert not np.array_equal(a.params["Affine1.W"], b.params["Affine1.W"])
    a.save(tmp_path / "net.npz")
    b.load_weights(tmp_path / "net.npz")
    for name in a.params:
        np.testing.assert_array_equal(a.params[name], b.params[name])
    with np.load(tmp_path / "net.npz", allow_pickle=False) as kept:
        assert set(kept.files) == set(a.params)
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_weights_of_another_graph_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    gl.loads(NET, set={"hidden": 6}).save(tmp_path / "other.npz")
    graph = gl.loads(NET)
    before = graph.params.copies()
    text = " ".join(messages(refused(graph.load_weights, tmp_path / "other.npz")))
    assert "`Affine1.W` is [4, 6] in the weights and [4, 5] in the graph" in text
    assert "Affine2.W" in text
    for name, array in before.items():
        np.testing.assert_array_equal(graph.params[name], array)


def test_missing_and_unknown_weights_are_named(tmp_path: Path) -> None:
    graph = gl.loads(NET)
    arrays = graph.params.copies()
    arrays["Affine1.w"] = arrays.pop("Affine1.W")
    np.savez(tmp_path / "w.npz", **arrays)
    text = " ".join(messages(refused(graph.load_weights, tmp_path / "w.npz")))
    assert "`Affine1.w`" in text
    assert "lack `Affine1.W`" in text


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04broken"])
def test_a_damaged_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    refused(gl.loads(NET).load_weights, tmp_path / "w.npz")


def test_a_pickle_in_a_weights_file_is_never_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", W=np.array([{"a": 1}], dtype=object))
    refused(gl.loads(NET).load_weights, tmp_path / "w.npz")
    refused(gl.loads(NET).load_weights, tmp_path / "nowhere.npz")
    refused(gl.loads(NET).load_weights, tmp_path)


# ---- start values -------------------------------------------------------------------------------------


def test_one_more_layer_changes_no_other_layers_start() -> None:
    a = gl.loads("input x: float[N, 4]\ny = x -> Affine(5) -> Affine(3)\noutput y", seed=1)
    b = gl.loads("input x: float[N, 4]\ny = x -> Affine(5) -> LayerNorm -> Affine(3)\noutput y", seed=1)
    for name in a.params:
        np.testing.assert_array_equal(a.params[name], b.params[name])
    c = gl.loads("input x: float[N, 4]\ny = x -> Affine(5) -> Affine(3)\noutput y", seed=2)
    assert not np.array_equal(a.params["Affine1.W"], c.params["Affine1.W"])


def test_float32_starts_from_the_same_numbers() -> None:
    a, b = gl.loads(NET, dtype="float64"), gl.loads(NET, dtype="float32")
    np.testing.assert_allclose(a.params["Affine1.W"], b.params["Affine1.W"], rtol=1e-6)
    assert b.params["Affine1.W"].dtype == np.float32


# ---- manners ------------------------------------------------------------------------------------------


def test_no_call_touches_global_state_or_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    np.random.seed(3)
    random.seed(3)
    before = (str(np.random.get_state()), random.getstate(), np.geterr(), list(warnings.filters))
    graph = gl.loads(NET.replace("Relu", "Dropout(0.5)"))
    x, t = np.random.default_rng(0).standard_normal((20, 4)), np.arange(20) % 3
    graph.run(x=x, t=t)
    graph.forward(x=x, t=t, training=True).backward()
    graph.gradcheck()
    graph.fit(x=x, t=t, epochs=1)
    graph.predict(x=x)
    gl.loads("input x = 0\ny = log(x) / x\noutput y").run()
    assert (str(np.random.get_state()), random.getstate(), np.geterr(), list(warnings.filters)) == before
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_run_leaves_what_it_was_given_alone() -> None:
    graph = gl.loads(NET)
    x, t = np.ones((2, 4)), np.array([0, 1])
    x.flags.writeable = t.flags.writeable = False
    graph.run(x=x, t=t)
    graph.predict(x=x)
    graph.fit(x=x, t=t, epochs=1)
    assert x.tolist() == np.ones((2, 4)).tolist()


def test_a_result_keeps_its_values_when_the_graph_runs_again() -> None:
    graph = gl.loads("input x: float[N]\ny = 2 * x\noutput y")
    first = graph.run(x=[1.0, 2.0])
    graph.run(x=[5.0, 6.0])
    assert first["y"].tolist() == [2, 4]
    kept = graph.predict(x=[1.0, 2.0])
    graph.predict(x=[5.0, 6.0])
    assert kept.tolist() == [2, 4]


def test_all_runs_of_a_scalar_graph_agree() -> None:
    graph = gl.load(SPECS / "apple_orange.graph")
    results = [graph.run(apple=a) for a in (100, 100, 120, 100)]
    assert [r["price"] for r in results] == pytest.approx([715, 715, 759, 715])
    assert len({r.grad["tax"] for r in (results[0], results[1], results[3])}) == 1
    assert graph.run(apple=[100, 120])["price"] == pytest.approx([715, 759])
