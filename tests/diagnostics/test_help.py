"""Help that says what to write keeps its word: what is written as it says gives the right numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import mistakes

import graphlang as gl
from graphlang.diagnostics import edited


def test_a_list_of_layers_is_shared_by_a_def_of_another_name() -> None:
    for name in ("G", "g", "Head"):
        text = f"input x: float[N, 3]\nlayer {name} = layers {{ Affine(3)\n Relu }}\ny = {name}(x) + {name}(x)\noutput y\n"
        (problem,) = mistakes(text)
        assert f"`layer {name} = {name}`" not in (problem.help or "")
        graph = gl.loads(edited(text, problem.edits))
        assert sorted(graph.params) == [f"{name}.Affine1.W", f"{name}.Affine1.b"]


Y, T = np.array([[1.0], [2.0], [4.0]]), np.array([10.0, 20.0, 30.0])


def test_both_suggestions_for_an_ambiguous_broadcast_work() -> None:
    text = "input y: float[N, 1], t: float[N]\nd = y - t\noutput d\n"
    (problem,) = mistakes(text)
    assert problem.help == (
        "bring both to one shape: `reshape(y, N)`; where every combination is meant, say so: `reshape(t, 1, N)`"
    )
    one = gl.loads(text.replace("y - t", "reshape(y, N) - t"))
    np.testing.assert_array_equal(one.predict(y=Y, t=T), Y[:, 0] - T)
    every = gl.loads(text.replace("y - t", "y - reshape(t, 1, N)"))
    np.testing.assert_array_equal(every.predict(y=Y, t=T), Y - T)
    (other,) = mistakes(text.replace("y - t", "t - y"))
    assert other.help == problem.help


def test_a_column_is_declared_as_the_help_says(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,t\n" + "1,2,3\n" * 10)
    text = (
        "input x: float[N, 2], t: float[N, 1, 1]\ny = x -> Affine(1)\nloss = MeanSquaredError(y, sum(t))\noutput y\n"
        'data { source = csv("a.csv", target=t); x = x; t = t }\n'
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }\n"
    )
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, folder=tmp_path).fit()
    (problem,) = caught.value.diagnostics
    assert problem.help == "declare it `t: float[N]`"


@pytest.mark.parametrize(
    ("declared", "help_"),
    [
        ("x: float[N, 4]", "give the source `flatten=true`, or declare it `x: float[N, 2, 2]`"),
        ("x: float[N, D]", "give the source `flatten=true`, or declare it `x: float[N, 2, 2]`"),
        ("x: float[N, 5]", "declare it `x: float[N, 2, 2]`"),
        ("x: float[N]", "declare it `x: float[N, 2, 2]`"),
        ("x: float[N, 1, 2, 2]", "declare it `x: float[N, 2, 2]`"),
    ],
)
def test_flatten_is_advised_where_it_helps(declared: str, help_: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((6, 2, 2)))
    text = f'input {declared}\ny = mean(x)\noutput y\ndata {{ source = npz("a.npz"); x = x }}\n'
    text += "train { minimize = y; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }\n"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, folder=tmp_path).fit()
    assert caught.value.diagnostics[0].help == help_


def test_a_parameter_without_a_type_is_as_its_start_says(tmp_path: Path) -> None:
    text = "hyper k = 2\nparam w = 0, b = [1, 2], c = k / 4, m = [[1, 2, 3], [4, 5, 6]]\ninput x = 3\n"
    text += "loss = (w * x + c - 6) ** 2 + sum(b ** 2) + sum(m) * 0\noutput loss\n"
    text += "train { minimize = loss; optimizer = SGD(lr=0.01); batch = 1; iterations = 50 }\n"
    graph = gl.loads(text, dtype="float64")
    assert {n: p.shape for n, p in graph.params.items()} == {"w": (), "b": (2,), "c": (), "m": (2, 3)}
    assert graph.run()["loss"] == 5.5**2 + 5
    assert graph.run().grad["w"] == 2 * (0.5 - 6) * 3
    graph.fit()
    graph.save(tmp_path / "w.npz")
    again = gl.loads(text, dtype="float64")
    again.load_weights(tmp_path / "w.npz")
    assert np.shape(again.params["w"]) == ()
    assert again.run()["loss"] == graph.run()["loss"] < 5
    written = gl.loads(text.replace("w = 0", "w: float = 0").replace("b = [1, 2]", "b: float[2] = [1, 2]"))
    assert written.params["w"].shape == ()


@pytest.mark.parametrize("start", ["normal(0.1)", "he", "zeros"])
def test_an_initializer_says_nothing_of_a_shape(start: str) -> None:
    (problem,) = mistakes(f"param w = {start}\nparam v: float = 0\ny = w * v\n")
    assert (problem.code, problem.message) == ("GL137", "the parameter `w` needs a type")
    assert f"`param w: float = {start}`" in (problem.help or "")


BROKEN_AT_THE_END = {
    "train {\n  minimize = loss\n  batch = 3\nloss = y * 2\nz = y": "}\nloss = y * 2",
    "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 3\nloss = y * 2\n": "}\nloss = y * 2",
    "def f(a) {\n  b = a\n  return b\nz = f(y)\n": "}\nz = f(y)",
    "z = y -> layers {\n  Relu\nloss = y": "}\nloss = y",
    "param b: float[8 = 0\nloss = y": "float[8] = 0", "input x: float[N, 3, t: int[N]": "float[N, 3], t: int[N]",
    "input x: float[N, 3\nloss = y": "float[N, 3]\nloss = y",
}  # fmt: skip


@pytest.mark.parametrize(("text", "mended"), BROKEN_AT_THE_END.items())
def test_a_bracket_is_closed_where_it_belongs(text: str, mended: str) -> None:
    text = f"input y = 3\n{text}"
    (problem,) = [d for d in mistakes(text) if d.code == "GL102"]
    assert mended in edited(text, problem.edits)
    assert problem.related or "\n" not in mended
