"""Labels and ids come as any type of whole numbers, and what does not fit is told with its place and a fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.training.loop import train
from graphlang.training.sections import open_data

TEXT = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }
"""
X = np.arange(12.0).reshape(6, 2) / 12
T = np.array([0, 1, 2, 0, 1, 2])


def refused(**arrays: Any) -> Any:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(TEXT).fit(**arrays)
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.parametrize("dtype", ["i1", "u2", ">i4", "u8", "O"])
def test_labels_of_any_type_train_alike(dtype: str) -> None:
    reference, graph = gl.loads(TEXT), gl.loads(TEXT)
    labels = T.astype(dtype)
    validation = {"x": X[:2], "t": labels[:2]}
    expected = reference.fit(x=X, t=T, validation={"x": X[:2], "t": T[:2]})
    assert graph.fit(x=X, t=labels, validation=validation) == expected
    assert graph.evaluate(x=X, t=labels) == reference.evaluate(x=X, t=T)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "?"])
def test_help_for_labels_of_another_type_leads_to_no_further_mistake(dtype: str) -> None:
    problem = refused(x=X, t=T.astype(dtype))
    assert problem.help.startswith("store whole numbers, as `t.astype(int)`, or ")
    gl.loads(TEXT).fit(x=X, t=T.astype(dtype).astype(int))


def test_help_for_labels_in_a_column_leads_to_no_further_mistake() -> None:
    problem = refused(x=X, t=T[:, None])
    assert problem.help == "store it with one axis, as `t[:, 0]`, or declare it `t: int[N, 1]`"
    gl.loads(TEXT).fit(x=X, t=T[:, None][:, 0])


@pytest.mark.parametrize("wrong", [0.5, np.nan, np.inf, -np.inf])
def test_a_short_float_for_an_int_is_judged_without_a_warning(wrong: float) -> None:
    graph = gl.loads("input n: int[N]\ny = n * 2\noutput y")
    assert graph.forward(n=np.array([1, 2], "f2"))["y"].tolist() == [2, 4]
    with pytest.raises(gl.GraphError, match="is no whole number"):
        graph.forward(n=np.array([1, wrong], "f2"))


def test_flatten_is_not_advised_where_it_changes_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=T, t=T)
    tmp_path.joinpath("net.graph").write_text(
        TEXT + 'data { source = npz("d.npz", flatten=true); x = x; t = t }'
    )
    graph = gl.load(tmp_path / "net.graph")
    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, open_data(graph.model))
    assert caught.value.diagnostics[0].help == "declare it `x: float[N]`"


def test_a_wrong_label_of_the_validation_split_is_said_to_be_there() -> None:
    problem = refused(x=X, t=T, validation={"x": X, "t": np.where(T == 2, 7, T)})
    assert problem.message == "`t` holds 7 at [2] of the validation split, but only 0 to 2 are allowed"
    large = refused(x=X, t=T, validation={"x": np.where(X > 0.5, 1e300, X), "t": T})
    assert large.message.startswith(
        "the data's field `x` holds 1e+300 in row 3 of the validation split, more than"
    )


def csv_problem(folder: Path, lines: list[str]) -> Any:
    folder.joinpath("d.csv").write_text("a,b,kind\n" + "".join(line + "\n" for line in lines))
    data = 'data { source = csv("d.csv", target=kind, test=0.5); x = x; t = t }'
    folder.joinpath("net.graph").write_text(TEXT + data)
    graph = gl.load(folder / "net.graph")
    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, open_data(graph.model))
    return caught.value.diagnostics[0]


def test_numbers_of_a_csv_are_named_by_their_line(tmp_path: Path) -> None:
    rows = [f"{i},0.5,{i % 3}" for i in range(10)]
    point = csv_problem(tmp_path, [row + ".0" for row in rows])
    assert point.help.startswith("write whole numbers without a point, or ")
    for at in (0, 9):
        label = csv_problem(tmp_path, [*rows[:at], "1,2,3", *rows[at + 1 :]])
        assert label.message == f"`t` holds 3 in line {at + 2} of `d.csv`, but only 0 to 2 are allowed"
        large = csv_problem(tmp_path, [*rows[:at], "1e200,2,1", *rows[at + 1 :]])
        assert large.message.startswith(
            f"the data's field `x` holds 1e+200 in line {at + 2} of `d.csv`, more than"
        )
        assert large.help == "mend it, or train with `dtype = float64`"


def test_what_a_mask_leaves_out_is_no_data() -> None:
    x = np.ma.masked_array(X, X > 0.5)
    assert refused(x=x, t=T).message.endswith("is a masked array without a number at [3, 1]")
    with pytest.raises(gl.GraphError, match=r"`x` is a masked array without a number at \[3, 1\]"):
        gl.loads(TEXT).predict(x)
    whole = np.ma.masked_array(X, False)
    assert np.array_equal(gl.loads(TEXT).predict(whole), gl.loads(TEXT).predict(X))
