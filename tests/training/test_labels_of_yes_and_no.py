"""A metric of one score per row takes targets of 0 and 1; others are refused before anything is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError

SPEC = """\
input x: float[N, 1], t: {type}
z    = x -> Affine(1)
y    = {scores}
loss = mean(z)
output y
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1; metrics = [{metric}] }}
"""
METRICS = ["accuracy", "precision", "recall", "f1", "confusion", "auc"]
X = np.arange(6.0)[:, None]


def model(metric: str, type: str, scores: str = "z") -> gl.Graph:
    return gl.loads(SPEC.format(metric=f"{metric}(y, t)", type=type, scores=scores))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("type", "scores", "value"),
    [
        ("float[N, 1]", "z", 532.0),
        ("float[N, 1]", "z", 0.5),
        ("float[N]", "z", -1.0),
        ("int[N]", "z", 2),
        ("int[N, 1]", "z", -1),
        ("float[N]", "z[:, 0]", 532.0),
    ],
)
def test_a_target_other_than_0_and_1_is_refused(metric: str, type: str, scores: str, value: float) -> None:
    t = np.array([0, 1, 1, value, 0, 1], float if type.startswith("float") else int)
    t = t[:, None] if "1" in type else t
    graph = model(metric, type, scores)
    place = "[3, 0]" if "1" in type else "[3]"
    for call in (graph.fit, graph.evaluate):
        with pytest.raises(GraphError) as caught:
            call(x=X, t=t)
        (problem,) = caught.value.diagnostics
        assert problem.code == "GL711"
        said = f"`t` holds {value:g} at {place}, but `{metric}` of one score per row takes 0 and 1 alone"
        assert problem.message == said
        assert (
            problem.help
            == "for a number to be met take `mae`, `rmse` or `r2`; for more classes give a score for each"
        )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("type", ["float[N, 1]", "float[N]", "int[N]", "bool[N]"])
def test_targets_of_0_and_1_are_taken(metric: str, type: str) -> None:
    kind = {"float": float, "int": int, "bool": bool}[type.partition("[")[0]]
    t = np.array([0, 1, 1, 0, 0, 1], kind)
    t = t[:, None] if "1" in type else t
    model(metric, type).fit(x=X, t=t)


def test_auc_of_two_scores_takes_labels_of_two_classes() -> None:
    graph = model("auc", "int[N]", "x -> Affine(2)")
    with pytest.raises(GraphError, match="`t` holds 2 at"):
        graph.fit(x=X, t=np.array([0, 1, 2, 1, 0, 1]))


def test_a_number_to_be_met_is_no_label_of_other_metrics() -> None:
    model("mae", "float[N, 1]").fit(x=X, t=X * 100)


def test_the_line_of_a_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "flats.csv").write_text("size,rent\n1,0\n2,1\n3,532\n4,0\n")
    text = SPEC.format(metric="accuracy(y, t)", type="float[N, 1]", scores="z")
    text += 'data { source = csv("flats.csv"); x = [size]; t = [rent] }\n'
    with pytest.raises(GraphError, match=r"`t` holds 532 in line 4 of `flats.csv`"):
        gl.loads(text, folder=tmp_path).fit()
