"""Wrong files, wrong data, wrong overrides: each gives exactly the messages of its golden file in tests/diagnostics/bad/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.diagnostics.render import full
from graphlang.training.column_binding import bind_columns
from graphlang.training.loop import train
from graphlang.training.sections import open_data

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.graph"))

NET = """\
input x: float[N, 4], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("fruit.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; metrics = [accuracy(y, t)] }
"""
FRUIT = "hyper n = 2\ninput apple = 100, orange\nprice = apple * n + orange\n"
VECTOR = "input x: float[3] = [1, 2, 3]\ny = sum(x)\n"
X, T = np.zeros((10, 4), np.float32), np.arange(10) % 3


@pytest.fixture
def hold(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`hold(name, text)`: the text is that of tests/diagnostics/bad/name.txt; `--update-golden` rewrites it."""

    def check(name: str, text: str) -> None:
        path = BAD / f"{name}.txt"
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert path.exists(), f"{path.name} is missing: run pytest with --update-golden and review it"
        assert text == path.read_bytes().decode()

    return check


def error_text(action: Callable[[], object]) -> str:
    with pytest.raises(gl.GraphError) as caught:
        action()
    return "\n\n".join(full(d) for d in caught.value.diagnostics) + "\n"  # all, also beyond 4 KB


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_wrong_file_gives_exactly_its_messages(
    path: Path, hold: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    hold(path.stem, error_text(lambda: gl.load(path.name)))


def test_there_are_many_wrong_files_and_no_golden_file_without_one() -> None:
    assert len(FILES) >= 45
    known = {p.stem for p in FILES} | {f"case_{name}" for name in CASES}
    assert {p.stem for p in BAD.glob("*.txt")} == known


def test_every_message_is_prose_that_names_a_place_or_a_fix() -> None:
    for path in FILES:
        with pytest.raises(gl.GraphError) as caught:
            gl.load(path)
        for d in caught.value.diagnostics:
            assert not d.message.endswith("."), d
            assert d.span is not None or d.file is not None, d
            assert "Traceback" not in str(caught.value)
            assert "pydantic" not in str(caught.value).lower()


# ---- data, weights, inputs and overrides ------------------------------------------------------------


def _training(**arrays: Any) -> Callable[[], object]:
    def action() -> object:
        np.savez("fruit.npz", **arrays)
        Path("net.graph").write_text(NET, encoding="utf-8")
        graph = gl.load("net.graph")
        return train(graph.model, open_data(graph.model))

    return action


def _data_file(content: bytes | None) -> Callable[[], object]:
    def action() -> object:
        if content is not None:
            Path("fruit.npz").write_bytes(content)
        Path("net.graph").write_text(NET, encoding="utf-8")
        return open_data(gl.load("net.graph").model)

    return action


def _weights(**arrays: Any) -> Callable[[], object]:
    def action() -> object:
        np.savez("weights.npz", **arrays)
        gl.loads(NET).load_weights("weights.npz")
        return None

    return action


def _text_as_weights() -> object:
    Path("weights.npz").write_text("not weights", encoding="utf-8")
    gl.loads(NET).load_weights("weights.npz")
    return None


def _set(text: str, **overrides: Any) -> Callable[[], object]:
    return lambda: gl.loads(
        text, name="fruit.graph", set={k.replace("__", "."): v for k, v in overrides.items()}
    )


def _run(text: str, **inputs: Any) -> Callable[[], object]:
    return lambda: gl.loads(text, name="fruit.graph").run(inputs)


def _monitored() -> object:
    np.savez("fruit.npz", x=X, t=T)
    text = NET.replace("epochs", "stop = early(monitor=validation.loss, patience=2); epochs")
    Path("net.graph").write_text(text, encoding="utf-8")
    return gl.load("net.graph").fit()


def _renamed() -> object:
    np.savez("weights.npz", w=X)
    return gl.loads(NET).load_weights("weights.npz", partial=True, rename={"enc.*": "encoder"})


def _table(content: str, field: str) -> Callable[[], object]:
    def action() -> object:
        Path("houses.csv").write_text(content, encoding="utf-8")
        text = f'input x: float[N]\ny = x\noutput y\ndata {{ source = csv("houses.csv", test=0); x = {field} }}\n'
        graph = gl.loads(text, name="houses.graph", folder=Path.cwd())
        return bind_columns(graph.model, open_data(graph.model).train, None, "houses.csv")

    return action


CASES: dict[str, Callable[[], object]] = {
    "monitor_without_a_split": _monitored,
    "rename_of_other_stars": _renamed,
    "table_bad_cells": _table("area,kind\n50,flat\nn/a,house\n?,flat\n", "area"),
    "table_ragged": _table("area,kind\n50,flat\n60\n70,flat,1\n", "area"),
    "table_without_a_value": _table("area,kind\n50,flat\n60,\n", "category(kind) * 1.0"),
    "data_missing": _data_file(None),
    "data_no_npz": _data_file(b"<!DOCTYPE html><title>404</title>"),
    "data_truncated": _data_file(b"PK\x03\x04" + b"\0" * 40),
    "data_field_missing": _training(x=X, label=T),
    "data_wrong_shape": _training(x=np.zeros((10, 5), np.float32), t=T),
    "data_wrong_type": _training(x=X, t=T * 0.5),
    "data_beyond_the_precision": _training(x=X + 1e300 * np.eye(10, 4, -3), t=T),
    "data_samples_differ": _training(x=X, t=T[:9]),
    "data_objects": _training(x=np.array([["a", 1]] * 10, dtype=object), t=T),
    "data_label_out_of_range": _training(x=X, t=np.where(np.arange(10) == 7, 3, T)),
    "weights_missing": lambda: gl.loads(NET).load_weights("none.npz"),
    "weights_no_npz": _text_as_weights,
    "weights_of_another_shape": _weights(**{"Affine1.W": np.zeros((4, 5)), "Affine1.b": np.zeros(3)}),
    "weights_of_another_net": _weights(**{"Afine1.W": np.zeros((4, 3)), "b": np.zeros(3)}),
    "set_unknown_name": _set(FRUIT, aple=3),
    "set_unknown_setting": _set(NET, train__bach=64),
    "set_setting_without_section": _set(FRUIT, train__batch=64),
    "set_unreadable": _set(FRUIT, apple="1 +"),
    "set_a_word": _set(FRUIT, n="many"),
    "set_bad_value": _set(NET, train__batch="many"),
    "set_batch_to_zero": _set(NET, train__batch=0),
    "set_both_lengths": _set(NET, train__epochs=2, train__iterations=30),
    "set_epochs_to_zero": _set(NET, train__epochs=0),
    "set_input_to_wrong_shape": lambda: gl.loads(VECTOR, name="fruit.graph", set={"x": [1, 2]}).run(),
    "input_missing": _run(FRUIT),
    "inputs_missing": _run("price = (apple*num + orange*onum) * tax\n"),
    "input_unknown": _run(FRUIT, orange=3, aple=3),
    "input_of_wrong_type": _run("input t: int[N]\ny = sum(one_hot(t, 3))\n", t=[0.5, 1.5]),
    "input_of_wrong_rank": _run("input x: float[N, 4]\ny = sum(x)\n", x=[1.0, 2.0, 3.0, 4.0]),
    "inputs_of_two_batch_sizes": _run(NET.split("data", maxsplit=1)[0], x=X, t=T[:4]),
    "input_ragged": _run("input x: float[N, 2]\ny = sum(x)\n", x=[[1, 2], [3]]),
    "input_text": _run(FRUIT, orange="many"),
    "label_out_of_range": _run(NET.split("data", maxsplit=1)[0] + "output loss\n", x=X[:2], t=[1, 12]),
    "several_outputs": _run("input a = 1\nb = a * 2\nc = a * 3\n"),
    "backward_from_unknown": lambda: gl.loads(FRUIT, name="fruit.graph").run(orange=1, of="prise"),
    "backward_with_wrong_seed": lambda: gl.loads(FRUIT, name="fruit.graph").run(orange=1, seed=[1, 2]),
    "train_without_section": lambda: gl.loads(FRUIT, name="fruit.graph").fit(apple=[1], orange=[2]),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_data_and_overrides_give_exactly_their_messages(
    name: str, hold: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hold(f"case_{name}", error_text(CASES[name]))
