"""What a run folder keeps may come from a stranger: its form is checked before it is used."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 2; metrics = [accuracy(y, t)] }
"""
JUNK = [None, True, -1, 1.5, 1e300, "", "x", [], {}, [1], {"a": 1}, {"a": {}}, 10**30]
FILES = {
    "run.json": [["report", "bad"], ["diff", "good", "bad"], ["train", "net.graph", "--resume", "bad"]],
    "metrics.jsonl": [["report", "bad"], ["diff", "good", "bad"]],
    "layers.jsonl": [["report", "bad"]],
    "spec.json": [["report", "bad"]],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "net.graph").write_text(NET)
    x, t = np.arange(12.0).reshape(6, 2) / 12, np.arange(6) % 3
    np.savez(folder / "d.npz", x_train=x, t_train=t, x_test=x, t_test=t)
    assert main(["train", str(folder / "net.graph"), "--run", str(folder / "good")]) == 0
    return folder


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything within a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def changed(value: Any, draw: random.Random) -> Any:
    """The value with something else in one place, or nothing."""
    value = copy.deepcopy(value)
    *way, last = draw.choice([path for path in places(value) if path])
    owner = value
    for key in way:
        owner = owner[key]
    if draw.random() < 0.3:
        del owner[last]
    else:
        owner[last] = draw.choice(JUNK)
    return value


@pytest.mark.parametrize("file", FILES)
def test_a_changed_record_of_a_run_is_no_fault_of_graphlang(
    file: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    draw = random.Random(0)
    refused = 0
    for _ in range(25):
        shutil.rmtree("bad", ignore_errors=True)
        shutil.copytree("good", "bad")
        lines = (folder / "good" / file).read_text()
        values = [json.loads(line) for line in (lines.splitlines() if file.endswith("l") else [lines])]
        at = draw.randrange(len(values))
        values[at] = changed(values[at], draw)
        Path("bad", file).write_text("\n".join(map(json.dumps, values)))
        for words in FILES[file]:
            status = main(words)
            error = capsys.readouterr().err
            assert status in (0, 1), (values[at], error)
            refused += "GL721" in error or "left out" in error
    assert refused
