"""The pages that explain run, and the conventions that one of them states are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.described import everything

DOCS = Path(__file__).parents[2] / "docs"
ENTRIES = {(record["kind"], record["name"]): record for record in everything()}


def run_page(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "page"}
    text = (DOCS / name).read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, name, "exec"), names)
    return names


def default(kind: str, name: str, attribute: str) -> str:
    return next(a["default"] for a in ENTRIES[kind, name]["attributes"] if a["name"] == attribute)


@pytest.mark.parametrize(
    "page", ["explanation/numerics.md", "explanation/determinism.md", "explanation/safety.md"]
)
def test_what_a_page_states_holds(page: str) -> None:
    run_page(page)


def test_the_weights_on_the_page_on_conventions_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("explanation/conventions.md")
    assert f"```text\n{capsys.readouterr().out}```" in (DOCS / "explanation/conventions.md").read_text(
        "utf-8"
    )


def test_the_layer_of_the_page_on_recording_has_its_shape_and_its_gradient() -> None:
    names = run_page("explanation/recording.md")
    assert str(names["g"].outputs["y"].shape) == "(N, 3)"
    np.testing.assert_allclose(names["r"].grad["x"], 0.5)


@pytest.mark.parametrize(
    ("kind", "name", "attribute", "value"),
    [
        ("layer", "Affine", "init", "he"),
        ("layer", "Embedding", "init", "normal(std=0.01)"),
        ("layer", "BatchNorm", "momentum", "0.9"),
        ("layer", "Dropout", "ratio", "0.5"),
        ("layer", "LeakyRelu", "slope", "0.01"),
        *(("layer", name, "eps", "1e-05") for name in ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")),
        *(("optimizer", name, "eps", "1e-08") for name in ("Adam", "AdamW", "NAdam", "RAdam")),
        *(("optimizer", name, "eps", "1e-07") for name in ("AdaGrad", "RMSProp")),
        *(("optimizer", name, "lr", "0.01") for name in ("SGD", "Momentum")),
        ("optimizer", "Adam", "lr", "0.001"),
        ("optimizer", "RMSProp", "decay_rate", "0.99"),
        ("loss", "TripletLoss", "eps", "1e-06"),
        ("loss", "SumSquaredError", "reduction", "sum"),
        *(("loss", name, "reduction", "mean") for name in ("SoftmaxWithLoss", "MeanSquaredError", "KLDivergence")),
        ("function", "std", "ddof", "0"),
    ],
)  # fmt: skip
def test_a_default_in_the_tables_is_that_of_the_code(
    kind: str, name: str, attribute: str, value: str
) -> None:
    assert default(kind, name, attribute) == value


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("input x: float[N, 5]\ny = x -> Affine(3)", {"Affine1.W": (5, 3)}),
        ("input x: float[N, 4, 8, 8]\ny = x -> Conv(6, 3, groups=2)", {"Conv1.W": (6, 2, 3, 3)}),
        ("input x: float[N, T, 5]\ny = x -> LSTM(3)", {"LSTM1.Wx": (5, 12), "LSTM1.b": (12,)}),
        ("input x: float[N, T, 8]\ny = x -> Attention(heads=2)", {"Attention1.Wqkv": (8, 24)}),
    ],
)
def test_weights_have_the_shapes_of_the_table(spec: str, shapes: dict[str, tuple[int, ...]]) -> None:
    params = gl.loads(spec).params
    assert {name: params[name].shape for name in shapes} == shapes


def test_functions_mean_what_the_table_says() -> None:
    values = gl.loads(
        """
        input x: float[4] = [1, 2, 3, 10], m: float[2, 2] = [[1, 2], [3, 4]]
        spread = std(x)
        rounded = round(x / 2)
        middle = median(x)
        a, b = split(x, [1, 3])
        rows = take(m, [1])
        twice = repeat_axis(x, 2, 0)
        """
    ).forward()
    np.testing.assert_allclose(values["spread"], np.std([1, 2, 3, 10]))
    np.testing.assert_allclose(values["rounded"], [0, 1, 2, 5])
    assert values["middle"] == 2.5
    assert (values["a"].shape, values["b"].shape, values["rows"].tolist()) == ((1,), (3,), [[3, 4]])
    np.testing.assert_allclose(values["twice"], [1, 1, 2, 2, 3, 3, 10, 10])
    even = gl.loads("input x: float[2] = [3, 3]\ny = max(x)").run().grad["x"]
    np.testing.assert_allclose(even, [0.5, 0.5])
    first = gl.loads("input x: float[1, 1, 2]\ny = sum(x -> MaxPool(2))").run(x=np.ones((1, 1, 2))).grad["x"]
    np.testing.assert_allclose(first.ravel(), [1, 0])


def test_the_running_variance_divides_by_n_and_keeps_nine_tenths() -> None:
    net = gl.loads(
        """
        input x: float[N, 2]
        y = x -> BatchNorm
        loss = sum(y**2)
        train { minimize = loss; optimizer = SGD(lr=0.1); iterations = 1 }
        """
    )
    x = np.array([[0.0, 1], [2, 5], [4, 9]])
    net.fit(x=x)
    np.testing.assert_allclose(net.params["BatchNorm1.var"], 0.9 + 0.1 * x.var(axis=0), rtol=1e-6)
