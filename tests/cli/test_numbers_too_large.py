"""Numbers that a run cannot hold are named where they stand; no warning of NumPy reaches the user."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }
"""
NUMBERS = """
input x: float = 2, k: int = 3, v: float[3] = [1, 2, 3]
y = exp(x) * k + sum(sqrt(v))
output y
train { minimize = y; optimizer = SGD(lr=0.1); batch = 1; iterations = 1; dtype = float32 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    Path("numbers.graph").write_text(NUMBERS)
    x = np.ones((4, 2))
    x[2, 1] = 1e300
    np.savez("data.npz", x=x, t=np.array([0, 1, 0, 1]))
    np.savez("large.npz", **{"Affine1.W": np.array([[1, 1], [1, -1e300]]), "Affine1.b": np.zeros(2)})
    np.savez("sound.npz", **{"Affine1.W": np.ones((2, 2)), "Affine1.b": np.zeros(2)})
    for name, t in (("large.json", 1e300), ("infinite.json", "inf")):
        Path(name).write_text(json.dumps({"x": [[1, 2]], "t": [t]}))
    np.save("large.npy", np.float64(1e300))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "net.graph"), "the data's field `x` holds 1e+300 in row 2, more than float32 can hold"),
        (("evaluate", "net.graph", "--weights", "sound.npz"), "`x` holds 1e+300 in row 2"),
        (("run", "net.graph", "--inputs", "large.json"), "`t` holds a number at [0] that is larger than what an int"),
        (("run", "net.graph", "--inputs", "infinite.json"), "help: inf is no whole number"),
        (("run", "net.graph", "--weights", "large.npz"), "`Affine1.W` holds -1e+300 at [1, 1], more than float32"),
        (("run", "numbers.graph", "--set", "k=1e300"), "`k` is larger than what an int can hold"),
        (("run", "numbers.graph", "--set", "k=inf"), "help: inf is no whole number"),
        (("run", "numbers.graph", "--set", "k=@large.npy"), "`k` is larger than what an int can hold"),
        (("run", "numbers.graph", "--set", "x=@large.npy"), "`x` is larger than what a float can hold"),
        (("train", "numbers.graph", "--set", "x=1e300"), "`x` is larger than what a float can hold"),
        (("train", "numbers.graph", "--set", "v=[1, 2, 1e39]"), "`v` holds a number at [2] that is larger than what a"),
    ],
)  # fmt: skip
def test_a_number_too_large_is_named_with_its_place(words: tuple[str, ...], said: str, capsys: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        status = main([*words])
    out, err = capsys.readouterr()
    assert (status, out) == (1, "")
    assert said in err


def test_a_parameter_takes_no_number_that_it_cannot_hold() -> None:
    graph = gl.loads(NET)
    with pytest.raises(ValueError, match=r"`Affine1.W` is float32, which cannot hold 1e\+300 at \[1, 1\]"):
        graph.params["Affine1.W"] = [[1, 1], [1, 1e300]]
    assert np.isfinite(graph.params["Affine1.W"]).all()


def test_numbers_too_large_in_arrays_from_python_are_refused_too() -> None:
    graph = gl.loads(NET)
    with pytest.raises(
        gl.GraphError, match=r"`x` holds a number at \[0, 1\] that is larger than what a float"
    ):
        graph.predict(x=[[1, -1e300]])
    assert np.isinf(graph.predict(x=[[1, float("inf")]])).any(), "infinite is what the caller said"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"x": [[1, 1e400]]}', "`1e400` is larger than what a float can hold"),
        ('{"x": [[1, -1e999]]}', "`-1e999` is larger than what a float can hold"),
        ('{"x": [[1, 2]], "x": [[3, 4]]}', "`x` is there twice"),
        ('{"x": [[1, null]]}', "what stands at [0, 1] is nothing (null, None): give a number"),
    ],
)
def test_json_is_not_read_as_something_else(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.graph").write_text("input x: float[N, 2]\ny = 2 * x\noutput y\n")
    (tmp_path / "x.json").write_text(text)
    words = [str(tmp_path / "net.graph"), "--inputs", str(tmp_path / "x.json")]
    for command in ("run", "predict"):
        assert main([command, *words]) == 1
        assert message in capsys.readouterr().err
    (tmp_path / "x.json").write_text('{"x": [[1, Infinity]]}')
    assert main(["predict", *words]) == 0
    assert json.loads(capsys.readouterr().out) == {"y": [[2, "inf"]]}
