"""Helps of common mistakes: transposes, axes, what joins, quoted numbers, files elsewhere, sizes that say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError
from tests.helpers import mistakes

INPUTS = "input x: float[N, 3], W: float[4, 3], V: float[3, N], u: float[3]\n"


@pytest.mark.parametrize(
    ("formula", "help"),
    [
        ("x @ W", "transposed the second one fits, as in `x @ W.T`"),
        ("W @ V.T @ x", "the last axis of the first is the last but one of the second"),
        ("x.T @ V.T @ W", "the last axis of the first is the last but one of the second"),
        ("sum(x, axis=2)", "axes count from 0 to 1, or from the end from -1 to -2"),
        ("mean(u, axis=-3)", "axes count from 0 to 0, or from the end from -1 to -1"),
        ("concat(x, W, axis=1)", "along axis 0 they join: `axis=0`"),
        ("concat(x, u, axis=0)", "equally many axes"),
        ("concat(x, V, axis=0)", "all sizes but that of the axis have to be the same"),
    ],
)
def test_a_help_says_what_would_fit(formula: str, help: str) -> None:
    told = [str(d.help) for d in mistakes(f"{INPUTS}y = {formula}")]
    assert any(help in text for text in told), told


def test_sizes_are_listed_where_one_is_known() -> None:
    open_, known = "input x: float[N, 3]", "input x: float[N, 3] = [[1, 2, 3]]"
    assert "sizes:" not in full_text(f"{open_}, W: float[4, 3]\ny = x @ W")
    assert "sizes: N = 1" in full_text(f"{known}, W: float[4, 3]\ny = x @ W")


def full_text(text: str) -> str:
    with pytest.raises(GraphError) as caught:
        gl.loads(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "setting", ['optimizer = SGD(lr="0.1")', 'batch = "5"', 'epochs = "3"', 'clip_norm = "1e-3"']
)
def test_a_number_in_quotes_is_told_to_lose_them(setting: str) -> None:
    parts = {"optimizer": "SGD(lr=0.1)", "epochs": "2"}
    name, _, value = setting.partition(" = ")
    parts[name] = value
    section = "; ".join(f"{n} = {v}" for n, v in parts.items())
    text = f"input x = 1\nparam w = 2\nloss = (x * w) ** 2\ntrain {{ minimize = loss; {section} }}"
    unquoted = setting.split('"')[1]
    assert [d.help for d in mistakes(text)] == [f"write it without quotes: `{unquoted}`"]


def test_a_file_in_a_folder_below_is_named(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "blocks.graph").write_text("def B(x) = 2 * x\n")
    (tmp_path / "net.graph").write_text('import "blocks.graph" as blocks\ninput x = 1\ny = blocks.B(x)\n')
    with pytest.raises(GraphError, match=r"there is `parts/blocks.graph`: write that"):
        gl.load(tmp_path / "net.graph")
