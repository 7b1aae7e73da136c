"""A last layer with more units than the target has classes is told before the training."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine({units})
loss = SoftmaxWithLoss(y, t)
output y
data {{ source = csv("pets.csv"); x = [standardize(height), standardize(width)]; t = category(kind) }}
train {{ minimize = loss; optimizer = Adam(lr=0.02); batch = 10; epochs = 1 }}
"""


@pytest.mark.parametrize(("units", "told"), [(5, True), (3, False)])
def test_more_scores_than_classes_are_noted(
    units: int,
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{i % 7},{i % 5},{('cat', 'dog', 'cow')[i % 3]}" for i in range(30)]
    Path("pets.csv").write_text("height,width,kind\n" + "\n".join(lines) + "\n")
    Path("net.graph").write_text(NET.format(units=units))
    assert main(["train", "net.graph"]) == 0
    note = "note: the graph has 5 scores for `t`, and the data has 3 classes"
    assert (note in capsys.readouterr().err) == told
