"""The commands with `--backend`: what they print is what NumPy gives, and they say what computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.cli.run import _without

SPECS = Path(__file__).parent.parent.parent / "specs"
ON_JAX = ["--backend", "jax", "--device", "cpu", "--cache", "none"]
NET = """
input x: float[N, 3], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; iterations = 2; metrics = [accuracy(y, t)]; dtype = "float64" }
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.graph"
    path.write_text(NET, encoding="utf-8")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.random((50, 3)), t=rng.integers(0, 2, 50))
    gl.load(path).save(tmp_path / "net.npz")
    return path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str]:
    """What a command prints as JSON, and what it says besides."""
    assert main(list(words)) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


def assert_same_json(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same_json(one[key], other[key])
    elif isinstance(one, str) or one is None:
        assert one == other
    else:
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-9)


SHORT = ("affine", "apple", "apple_orange", "softmax_with_loss")
"""The lessons that XLA compiles in a second; those with a network take some seconds each."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=[] if path.stem in SHORT else pytest.mark.slow)
        for path in sorted(SPECS.glob("*.graph"))
    ],
)
def test_run_prints_what_numpy_computes(capsys: pytest.CaptureFixture[str], name: str) -> None:
    command = ["run", str(SPECS / f"{name}.graph"), "--dtype", "float64", "--json"]
    assert_same_json(printed(capsys, *command)[0], printed(capsys, *command, *ON_JAX)[0])


def test_run_draws_the_same_picture(capsys: pytest.CaptureFixture[str]) -> None:
    pictures = []
    for options in ([], ON_JAX):
        assert main(["run", str(SPECS / "apple_orange.graph"), *options]) == 0
        pictures.append(capsys.readouterr().out)
    assert pictures[0] == pictures[1]
    assert "650" in pictures[0]


def test_predict_and_evaluate_give_what_numpy_gives(
    capsys: pytest.CaptureFixture[str], net: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text('{"x": [[1, 2, 3], [0.5, 0, -1]]}', encoding="utf-8")
    weights = ["--weights", str(tmp_path / "net.npz"), "--json"]
    for command in (
        ["predict", str(net), "--inputs", str(tmp_path / "x.json"), *weights],
        ["evaluate", str(net), "--split", "train", *weights],
    ):
        assert_same_json(printed(capsys, *command)[0], printed(capsys, *command, *ON_JAX)[0])


def test_a_device_that_fails_is_told_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    from graphlang.backends.jax import backend

    def failing(*_: Any) -> Any:
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes.")

    monkeypatch.setattr(backend.JaxBackend, "compiled", failing)
    graph = gl.loads("input x: float[N]\ny = x * 2\noutput y", backend=gl.Jax(cache=False))
    with pytest.raises(gl.GraphError, match="RESOURCE_EXHAUSTED: Out of memory"):
        graph.predict(x=np.ones(3))


def test_auto_says_what_computes(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = printed(capsys, "run", str(SPECS / "affine.graph"), "--json", "--backend", "auto")
    assert "note[GL734]: backend: NumPy, since JAX finds no GPU and no TPU here" in said


def test_a_compilation_is_announced_to_a_reader_at_a_terminal(
    capsys: pytest.CaptureFixture[str], net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [
        "evaluate",
        str(net),
        "--split",
        "train",
        "--weights",
        str(tmp_path / "net.npz"),
        "--json",
        *ON_JAX,
    ]
    assert "compiling" not in printed(capsys, *command)[1]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "compiling for 50 × 3, 50 …" in printed(capsys, *command)[1]


def test_options_of_jax_need_the_backend(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(SPECS / "affine.graph"), "--device", "cpu"]) == 2
    assert "--device is an option of JAX: add --backend jax" in capsys.readouterr().err


def test_the_hint_at_the_page_leaves_out_what_a_page_does_not_take() -> None:
    words = ["a.graph", "--backend", "jax", "--cache=none", "--set", "x=3", "--device", "cpu", "--full"]
    assert _without(words, {"--backend", "--device", "--cache"}) == ["a.graph", "--set", "x=3", "--full"]
