"""What `run` shows: where backward starts, why there is no picture, and all numbers of an array on demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

LONG = (
    "input x = 2\nv0 = x\n" + "".join(f"v{i} = sin(v{i - 1}) + x*{i}\n" for i in range(1, 31)) + "output v30"
)
WIDE = "input x = 0.7\ny = exp(sin(exp(sin(exp(sin(exp(sin(x))))))))\nz = 2*x + 1\noutput y"
MATRIX = "input x: float[3, 3] = [[1, 2, 3], [4, 5, 6], [7, 8, 10]]\ny = sum(x*x)\noutput y"


class Shown:
    """The command line on a text, with so many columns."""

    def __init__(self, capsys: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.file = folder / "file.graph"

    def __call__(self, text: str, *words: str, columns: int = 100) -> tuple[int, str, str]:
        self.file.write_text(text)
        self.monkeypatch.setenv("COLUMNS", str(columns))
        status = main(["run", str(self.file), *words])
        captured = self.capsys.readouterr()
        return status, captured.out, captured.err


@pytest.fixture
def shown(capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shown:
    return Shown(capsys, monkeypatch, tmp_path)


# ---- where backward starts -----------------------------------------------------------------------------

ONE_START = {
    "beside a bool": "input x = 5\nc = x > 3\ny = x * 2",
    "beside an int": "input x: float[3] = [1, 3, 2]\ni = argmax(x)\ny = sum(x) * 2",
    "beside a constant": "input x = 5\ny = x * 2\nn = ones(3)\nk = 3.5\noutput n, y, k",
    "beside a stopped value": "input x = 5\ny = x * 2\ns = stop_gradient(x) * 3\noutput s, y",
    "beside a choice by x": "input x = 5\nw = where(x > 1, 1.0, 2.0)\ny = x * 2\noutput w, y",
}


@pytest.mark.parametrize("name", ONE_START)
def test_backward_starts_at_the_only_output_that_has_a_gradient(name: str, shown: Shown) -> None:
    status, out, err = shown(ONE_START[name], "--json")
    found = json.loads(out)
    assert (status, found["of"]) == (0, "y")
    assert np.all(np.equal(found["gradients"]["x"], 2))
    assert "several outputs" not in err
    result = gl.loads(ONE_START[name]).run()
    assert result.of == "y"
    assert np.all(np.equal(result.grad["x"], 2))


def test_two_outputs_with_gradients_are_for_the_reader_to_choose(shown: Shown) -> None:
    text = "input x = 5\nc = x > 3\ny = x * 2\nz = x * 3"
    assert "choose one of `y`, `z` with --of NAME" in shown(text)[2]
    with pytest.raises(gl.GraphError, match="`y`, `z`"):
        gl.loads(text).run()


def test_outputs_without_gradients_are_no_choice(shown: Shown) -> None:
    _, _, err = shown("input x = 5\nc = x > 3\nd = x < 3")
    assert "`c`, `d` are not of type float, so no gradients" in err


# ---- a picture, or why not -----------------------------------------------------------------------------


def test_a_picture_that_is_too_wide_becomes_a_table_with_a_note_unless_asked_for(shown: Shown) -> None:
    _, out, err = shown(WIDE, columns=60)
    assert "─▶" not in out
    assert "columns, and there are 60; widen the terminal" in err
    needed = int(err.split("it takes ")[1].split()[0])
    assert "─▶" in shown(WIDE, columns=needed)[1], "so many columns are enough"
    _, out, err = shown(WIDE, "--picture", columns=60)
    assert "▶(" in out
    assert err == ""


def test_a_picture_of_too_many_nodes_becomes_a_table_with_a_note_unless_asked_for(shown: Shown) -> None:
    _, out, err = shown(LONG)
    assert "▶" not in out
    assert "hard to read; choose a value with --of NAME, or draw it anyway with --picture" in err
    assert "▶(" in shown(LONG, "--picture")[1]


def test_a_chosen_value_is_drawn_alone_where_all_is_too_much(shown: Shown) -> None:
    _, out, err = shown(LONG, "--of", "v2")
    assert "▶ v2" in out
    assert err == ""
    assert "v30" in out.split("gradients of v2 below")[1], "the rest is the table"


def test_an_array_is_the_reason_for_a_table(shown: Shown) -> None:
    assert "`x` is an array, and a picture is of single numbers" in shown(MATRIX)[2]
    assert shown(MATRIX, "--json")[2] == ""


def test_names_of_constants_and_hypers_are_in_the_picture(shown: Shown) -> None:
    _, out, _ = shown("hyper rate = 0.1\ninput x = 5\nk = 3\nz = k * x * rate\noutput z")
    assert any(line.lstrip().startswith("k ──") for line in out.splitlines())
    assert "hyper rate = 0.1" in out.splitlines()


def test_the_lines_into_grad_are_explained(shown: Shown, golden: Any) -> None:
    _, out, _ = shown("input x = 2, w = 5\ny = w*x**2\ns = grad(y, x)\noutput s")
    golden("run_grad.txt", out)


# ---- arrays --------------------------------------------------------------------------------------------


def test_a_small_matrix_and_its_gradient_stand_row_by_row(shown: Shown, golden: Any) -> None:
    _, out, err = shown(MATRIX)
    golden("run_matrix.txt", out)
    assert "--full" not in err


def test_large_arrays_are_summarized_with_a_note_and_shown_in_full_on_demand(shown: Shown) -> None:
    given = json.dumps(np.arange(80.0).reshape(2, 2, 20).tolist())
    text = f"input x: float[2, 2, 20] = {given}\ny = sum(x*x)\noutput y"
    _, out, err = shown(text)
    assert "mean 39.5" in out
    assert "--full prints all their numbers" in err
    _, out, err = shown(text, "--full")
    assert "--full" not in err
    value, gradient = out.split("x, gradient of y:")
    numbers = json.loads(value.split("x, value:")[1])
    assert numbers == np.arange(80.0).reshape(2, 2, 20).tolist()
    assert json.loads(gradient) == (2 * np.arange(80.0)).reshape(2, 2, 20).tolist()


def test_a_pipe_gets_every_row_on_one_line(shown: Shown) -> None:
    text = "input x: float[N, 200]\ny = sum(x)\noutput y"
    row = json.dumps([list(range(200)), list(range(200))])
    _, out, _ = shown(text, "--full", "--set", f"x={row}", columns=60)
    lines = out.split("x, value:\n")[1].split("\n")
    assert json.loads(lines[0][1:-1]) == list(range(200))
    assert json.loads(lines[1][:-1]) == list(range(200))
