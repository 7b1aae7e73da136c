"""The help for a field that does not fit its input leads to a program that fits, and not to another mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, GraphError

FLATS = """\
input x: float[N, {width}], rent: {type}
z    = x -> Affine(1)
loss = MeanSquaredError(z, {target})
output z
data {{
  source = csv("flats.csv")
  x      = {x}
  rent   = {field}
}}
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }}
"""


@pytest.fixture
def flats(tmp_path: Path) -> Path:
    rows = [f"{i},{i % 3},{'ABC'[i % 3]},{i / 7}" for i in range(6)]
    (tmp_path / "flats.csv").write_text("\n".join(["size,age,city,rent", *rows]) + "\n")
    return tmp_path


def spec(
    *, field: str, type: str = "float[N, 1]", width: int = 2, x: str = "[size, age]", target: str = "rent"
) -> str:
    return FLATS.format(field=field, type=type, width=width, x=x, target=target)


def mistake(text: str, folder: Path) -> Diagnostic:
    with pytest.raises(GraphError) as caught:
        gl.loads(text, folder=folder).fit()
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.parametrize("field", ["rent", "log1p(rent)", "rent / 100"])
def test_one_column_for_an_input_with_a_last_axis_of_1_is_put_into_a_list(field: str, flats: Path) -> None:
    text = spec(field=field)
    problem = mistake(text, flats)
    assert problem.code == "GL620"
    assert problem.help == f"write `rent = [{field}]`, a list of one column"
    (edit,) = problem.edits
    mended = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert mended == spec(field=f"[{field}]")
    gl.loads(mended, folder=flats).fit()


def test_the_last_axis_may_have_a_name(flats: Path) -> None:
    problem = mistake(spec(field="rent", type="float[N, D]", target="sum(rent)"), flats)
    assert problem.help == "write `rent = [rent]`, a list of one column; or declare it `rent: float[N]`"
    assert not problem.edits


@pytest.mark.parametrize(
    ("type", "shape", "meant"),
    [
        ("float[N, 1]", (10,), "t[:, None]"),
        ("int[N, 1]", (10,), "t[:, None]"),
        ("float[N, T, 1]", (10, 8), "t[..., None]"),
        ("float[N, 8, 1]", (10, 8), "t[..., None]"),
        ("float[N, 8, 8, 1]", (10, 8, 8), "t[..., None]"),
    ],
)
def test_an_array_without_the_last_axis_of_1_is_given_one(
    type: str, shape: tuple[int, ...], meant: str
) -> None:
    graph = gl.loads(
        f"input t: {type}\nparam w = 1.0\nloss = sum(w * t)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }\n"
    )
    t = np.zeros(shape, int if type.startswith("int") else float)
    with pytest.raises(GraphError) as caught:
        graph.fit(t=t)
    (problem,) = caught.value.diagnostics
    assert problem.help == f"give `{meant}`, which has a last axis of 1"
    graph.fit(t=t[..., None])


def test_an_array_for_a_file_with_a_data_section_is_told_in_python(flats: Path) -> None:
    graph = gl.loads(spec(field="rent"), folder=flats)
    with pytest.raises(GraphError) as caught:
        graph.fit(x=np.zeros((4, 2)), rent=np.zeros(4))
    (problem,) = caught.value.diagnostics
    assert problem.help == "give `rent[:, None]`, which has a last axis of 1"


def test_a_column_of_numbered_classes_is_made_one_hot_first(flats: Path) -> None:
    x = "[size, [age, category(city)]]"
    problem = mistake(spec(field="[rent]", width=5, x=x), flats)
    assert problem.help is not None
    assert problem.help.startswith("write `one_hot(category(city))`, a column for each class")
    gl.loads(spec(field="[rent]", width=5, x="[size, [age, one_hot(category(city))]]"), folder=flats).fit()


def test_of_columns_that_are_too_many_none_is_made_one_hot(flats: Path) -> None:
    problem = mistake(spec(field="[rent]", width=2, x="[size, age, category(city)]"), flats)
    assert problem.help is not None
    assert "one_hot" not in problem.help


@pytest.mark.parametrize(
    ("type", "shape", "help"),
    [
        ("float[N, 1]", (4,), "`t[:, None]` has a last axis of 1"),
        ("float[N, T, 1]", (4, 2), "`t[..., None]` has a last axis of 1"),
        ("float[N, 1]", (1,), "a batch of one is `t[None]`"),
        ("float[N, 4]", (4,), "a batch of one is `t[None]`"),
    ],
)
def test_a_run_takes_the_same_advice(type: str, shape: tuple[int, ...], help: str) -> None:
    graph = gl.loads(f"input t: {type}\nz = sum(t)\noutput z\n")
    with pytest.raises(GraphError) as caught:
        graph.run(t=np.zeros(shape))
    (problem,) = caught.value.diagnostics
    assert problem.help == help
