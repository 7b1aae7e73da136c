"""A value of the file that is passed as a keyword: the error names `set`, which is where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

NET = """
hyper hidden = 5, lr = 0.5
input x: float[N, 4], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=lr); batch = 10; epochs = 2 }
gradcheck { of = loss }
"""
X = np.random.default_rng(0).standard_normal((40, 4))
T = np.arange(40) % 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "net.graph"
    file.write_text(NET)
    return file


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda path, **value: gl.load(path, **value), "load"),
        (lambda path, **value: gl.loads(NET, **value), "loads"),
        (lambda path, **value: gl.Graph(gl.load(path).spec, **value), "Graph"),
        (lambda path, **value: gl.Graph.from_spec(gl.load(path).spec, **value), "from_spec"),
        (lambda path, **value: gl.load(path).compile(**value), "compile"),
        (lambda path, **value: gl.load(path).fit(x=X, t=T, **value), "fit"),
    ],
)
def test_a_keyword_that_is_no_option_is_told_to_go_into_set(call: Any, name: str, path: Path) -> None:
    with pytest.raises(TypeError) as caught:
        call(path, hidden=3)
    message = str(caught.value)
    assert message.startswith(f"{name} has no option `hidden`")
    assert 'set={"hidden": 3}' in message
    with pytest.raises(TypeError, match=rf'{name} has no option `lr`.*set=\{{"lr": 0.25\}}'):
        call(path, lr=0.25)


def test_what_the_sentence_says_to_write_works(path: Path) -> None:
    assert gl.load(path, set={"hidden": 3}).params["Affine1.W"].shape == (4, 3)
    assert gl.loads(NET, set={"train.epochs": 7}).spec.train.epochs == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda net: net.run(x=X, t=T, hidden=3), "hidden"),
        (lambda net: net.forward(x=X, t=T, hidden=3), "hidden"),
        (lambda net: net.predict(x=X, hidden=3), "hidden"),
        (lambda net: net.evaluate(x=X, t=T, hidden=3), "hidden"),
        (lambda net: net.gradcheck(hidden=3), "hidden"),
        (lambda net: net.gradcheck(samples=3), "gradcheck.samples"),
        (lambda net: net.compile()(x=X, hidden=3), "hidden"),
        (lambda net: net.compile(train=True)(x=X, t=T, hidden=3), "hidden"),
        (lambda net: net.compile(wrt="Affine1.W", of="loss")(x=X, t=T, hidden=3), "hidden"),
    ],
)
def test_a_value_of_the_file_among_the_inputs_is_told_to_go_into_set(call: Any, key: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        call(gl.loads(NET))
    unknown = caught.value.diagnostics[0]
    assert (unknown.code, unknown.message) == ("GL702", f"there is no input `{key.rpartition('.')[2]}`")
    assert f'`gl.load(file, set={{"{key}": ...}})`' in (unknown.help or "")
    assert f"`--set {key}=...`" in (unknown.help or "")


def test_a_setting_of_the_file_is_told_with_its_section() -> None:
    net = gl.loads(NET)
    with pytest.raises(TypeError, match=r'set=\{"train.epochs": 3\}'):
        net.compile(epochs=3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r'set=\{"train.epochs": 3\}'):
        gl.Graph(net.spec, epochs=3)  # type: ignore[arg-type]


def test_a_misspelt_option_is_told_its_name(path: Path) -> None:
    with pytest.raises(TypeError, match="load has no option `thread`; did you mean `threads`"):
        gl.load(path, thread=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="loads has no option `layer`; did you mean `layers`"):
        gl.loads(NET, layer=[])  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="from_spec has no option `threads`; its options are dtype, seed, layers"
    ):
        gl.Graph.from_spec(gl.load(path).spec, threads=1)  # type: ignore[arg-type]


def test_an_input_of_compile_is_told_where_it_goes() -> None:
    with pytest.raises(TypeError, match=r"compile has no option `x`; .*compile\(\.\.\.\)\(x=\.\.\.\)"):
        gl.loads(NET).compile(x=X)  # type: ignore[call-overload]


def test_a_large_value_is_not_written_out(path: Path) -> None:
    with pytest.raises(TypeError, match=r'set=\{"hidden": \.\.\.\}'):
        gl.load(path, hidden=X)  # type: ignore[arg-type]
