"""The notebook of chapter 5 runs from the first cell to the last, and shows the pictures that are stored in it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

DOCS = Path(__file__).parent.parent.parent / "docs"
NAME = "chapter5.ipynb"


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text_of(cell: dict[str, Any], kind: str) -> str:
    """What a cell shows of a kind."""
    parts = [output["data"].get(kind, "") for output in cell["outputs"] if "data" in output]
    return "".join("".join(part) for part in parts)


@pytest.fixture(scope="module")
def executed() -> dict[str, Any]:
    place = importlib.util.spec_from_file_location("run_notebook", DOCS / "run_notebook.py")
    assert place is not None
    assert place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    notebook: dict[str, Any] = json.loads(json.dumps(module.executed(NAME)))
    return notebook


pytestmark = pytest.mark.filterwarnings("ignore")  # what the client of the kernel warns about is not ours


def test_no_cell_fails_and_the_last_says_that_the_network_learned(executed):
    outputs = [output for cell in code_cells(executed) for output in cell["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error"] == []
    assert text_of(code_cells(executed)[-1], "text/plain") == "True"


def test_the_stored_notebook_shows_what_a_run_shows(executed):
    """Pictures and short results are the same; a training may differ in its last digits."""
    stored = json.loads((DOCS / NAME).read_text(encoding="utf-8"))
    assert [cell["source"] for cell in stored["cells"]] == [
        cell["source"].splitlines(keepends=True) for cell in executed["cells"]
    ]
    pictures = 0
    for was, now in zip(code_cells(stored), code_cells(executed), strict=True):
        assert [set(o.get("data", ())) for o in was["outputs"]] == [
            set(o.get("data", ())) for o in now["outputs"]
        ]
        pictures += bool(text_of(now, "image/svg+xml"))
        assert text_of(was, "image/svg+xml") == text_of(now, "image/svg+xml")
        if "fit(" not in "".join(now["source"]) and "gradcheck" not in "".join(now["source"]):
            assert text_of(was, "text/plain") == text_of(now, "text/plain")
    assert pictures == 6


def test_the_mistake_in_it_is_shown_in_place(executed):
    (cell,) = (cell for cell in code_cells(executed) if "aple" in "".join(cell["source"]))
    assert "did you mean `apple`?" in text_of(cell, "text/plain")
    assert "^^^^" in text_of(cell, "text/html")


def test_the_gradients_are_those_of_the_book(executed):
    (cell,) = (cell for cell in code_cells(executed) if "".join(cell["source"]) == "fruit.run().grad")
    gradients = dict(line.split(" = ") for line in text_of(cell, "text/plain").splitlines())
    by_the_book = {"apple": 2.2, "apple_num": 110, "orange": 3.3, "orange_num": 165, "tax": 650}
    assert {n: float(gradients[n]) for n in by_the_book} == pytest.approx(by_the_book)
    assert np.isfinite(list(map(float, gradients.values()))).all()
