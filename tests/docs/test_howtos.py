"""The pages that show how to do something do it: their files are written, their blocks of Python run in order."""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_runs import blocks_of, modules_of, output_of, run_whole_page

from graphlang.sweeps.values import read_axis

DOCS = Path(__file__).parent.parent.parent / "docs"


def run_page(name: str, folder: Path, language: str = "python") -> dict[str, Any]:
    """Writes the specs of a page into a folder and runs its blocks there; what they define."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for spec in re.findall(r"^```graph\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        (folder / spec.split("\n", 1)[0].removeprefix("# ")).write_text(spec)
    names: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, name, "exec"), names)
    return names


WHOLE_PAGES = [
    "how-to/checking.md",
    "how-to/cores-and-gpus.md",
    "how-to/csv.md",
    "how-to/early-stopping.md",
    "how-to/exporting.md",
    "how-to/fine-tuning.md",
    "how-to/gan.md",
    "how-to/new.md",
    "how-to/resuming.md",
    "how-to/sequences.md",
    "how-to/service.md",
    "how-to/sweeps.md",
]


@pytest.mark.parametrize("page", WHOLE_PAGES)
def test_what_a_page_shows_from_its_top_to_its_end_is_what_happens(page: str, tmp_path: Path) -> None:
    if page == "how-to/cores-and-gpus.md":
        pytest.importorskip("jax")
    if page == "how-to/exporting.md":
        pytest.importorskip("onnx")
        pytest.importorskip("safetensors")
    run_whole_page(page, tmp_path)


def test_the_page_on_scikit_learn_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    names = run_page("how-to/scikit-learn.md", tmp_path)
    assert names["search"].best_score_ > 0.9
    assert names["best"].classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert names["model"].predict(names["X"]).shape == (442,)


def test_the_page_on_what_is_ones_own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks compare with JAX in a test of their own."""
    monkeypatch.chdir(tmp_path)
    for part in ("layers", "steps"):
        monkeypatch.setattr(f"graphlang.testing.{part}.find_spec", lambda name: None)
    names = run_page("how-to/own.md", tmp_path)
    learned = names["pairs"].params["Bilinear1.W"]
    np.testing.assert_allclose(learned, [[[0, 1], [0, 0], [0, 0]]], atol=0.1)
    assert names["history"].last.validation["worst"] < 0.5
    assert (
        np.max(np.abs(names["waves"].predict(u=names["grid"][:, None])[:, 0] - np.sin(names["grid"]))) < 0.5
    )


def test_the_page_on_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_page("how-to/python.md", tmp_path)
    assert names["taken"].taken == ("a.W", "a.b")
    assert len(names["history"].epochs) < 50
    assert len(names["seen"]) == len(names["history"].losses)
    assert names["opt"].t == 60
    assert np.max(np.abs(names["w"]["w"])) < 0.1
    assert names["report"].ok
    assert names["first"].code == "GL201"
    if "rows" in names:
        predicted = names["flowers"].predict(names["rows"], classes=True)
        assert np.mean(predicted == names["rows"]["kind"]) > 0.9


def test_optuna_searches_as_the_page_on_searching_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    names = run_page("how-to/searching.md", tmp_path, "(?:python|optuna)")
    study = names["study"]
    assert len(study.trials) == 8
    assert study.best_value < 0.6
    assert names["best"].history.last.validation["loss"] == pytest.approx(study.best_value, rel=0.5)


def test_the_module_of_pytorch_predicts_as_the_page_on_exporting_says(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with chdir(tmp_path), modules_of(tmp_path):
        net = next(b for b in blocks_of("how-to/exporting.md") if b.title == "net.graph")
        Path("net.graph").write_text(net.text, encoding="utf-8")
        assert output_of("graphlang train net.graph --run runs/net")[0] == 0
        sh = [
            b.text for b in blocks_of("how-to/exporting.md") if b.language == "sh" and "-o net.py" in b.text
        ]
        for line in sh[0].splitlines():
            assert output_of(line)[0] == 0, line
        (module,) = [b.text for b in blocks_of("how-to/exporting.md") if b.language == "torch"]
        names: dict[str, Any] = {}
        exec(compile(module, "exporting.md", "exec"), names)
        rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        assert names["module"](rows)["y"].argmax(-1).tolist() == [0, 1, 1, 0]


@pytest.mark.slow  # Ray starts processes of its own
def test_ray_tune_searches_as_the_page_on_searching_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray.tune")
    monkeypatch.chdir(tmp_path)
    names = run_page("how-to/searching.md", tmp_path, "(?:python|ray)")
    assert names["results"].get_best_result().metrics["loss"] < 1


def test_the_table_of_values_of_sweeps_is_what_they_are() -> None:
    text = (DOCS / "how-to" / "sweeps.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `((?:linear|log)\([^`]*\))` \| [^:|]*: ([^|]*) \|$", text, re.MULTILINE)
    assert len(shown) == 2
    for written, values in shown:
        assert read_axis(f"a={written}").values == tuple(values.split(", "))
