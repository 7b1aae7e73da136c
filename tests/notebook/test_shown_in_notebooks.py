"""What a notebook shows: a picture for scalars, a table for the rest, text everywhere, and nothing unescaped."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.notebook.tables import colored, framed, html_table, loss_curve
from graphlang.training.record import Epoch, History

APPLE = "input apple = 100, num = 2, tax = 1.1\ntotal = apple * num\nprice = total * tax\noutput price"
NET = """
input x: float[N, 3], t: int[N]
y = x -> Affine(4) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 2; metrics = [accuracy(y, t)] }
"""
X, T = np.random.default_rng(0).standard_normal((8, 3)), np.arange(8) % 2


class Cells(HTMLParser):
    """The texts of the cells of a table, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


def bundle(shown: Any) -> dict[str, str]:
    forms: dict[str, str] = shown._repr_mimebundle_()
    return forms


@pytest.mark.parametrize("runs", [0, 1, 2, 3])
def test_a_graph_of_scalars_and_each_of_its_runs_are_pictures(runs: int) -> None:
    """The second run is computed in another way than the first."""
    graph = gl.loads(APPLE)
    shown: Any = graph
    for _ in range(runs):
        shown = graph.run(apple=120) if runs > 1 else graph.run()
    forms = bundle(shown)
    assert set(forms) == {"image/svg+xml", "text/plain"}
    texts = [e.text for e in ET.fromstring(forms["image/svg+xml"]).iter() if e.text]
    assert ("264" if runs > 1 else "220") in texts
    assert "← 2.2" in texts
    assert forms["text/plain"] == repr(shown)


def test_a_network_is_a_table_of_its_nodes() -> None:
    rows = Cells(bundle(gl.loads(NET))["text/html"]).rows
    assert rows[0] == ["name", "operation", "from", "shape", "parameters"]
    assert ["Affine1", "Affine", "x", "float[N, 4]", "16"] in rows


def test_a_result_of_arrays_is_a_table_of_values_and_gradients() -> None:
    result = gl.loads("input x: float[3]\ny = sum(x * 2)").run(x=[1, 2, 3])
    rows = Cells(bundle(result)["text/html"]).rows
    assert rows == [["name", "value", "gradient of y"], ["x", "[1, 2, 3]", "[2, 2, 2]"], ["y", "12", "1"]]
    assert Cells(bundle(result.grad)["text/html"]).rows == [
        ["name", "gradient"],
        ["x", "[2, 2, 2]"],
        ["y", "1"],
    ]


def test_a_copied_result_still_shows_its_numbers() -> None:
    result = gl.loads(APPLE).run()
    for twin in (copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert twin == result
        assert ["apple", "100", "2.2"] in Cells(bundle(twin)["text/html"]).rows


def test_values_without_gradients_are_shown_too() -> None:
    forward = gl.loads("input a = 2\nb = a + 1\nc = a * b\noutput b, c").forward()
    assert "image/svg+xml" in bundle(forward.result())
    assert Cells(bundle(forward)["text/html"]).rows[1:] == [["a", "2"], ["b", "3"], ["c", "6"]]


def test_a_history_is_a_curve_and_a_row_per_epoch() -> None:
    history = gl.loads(NET).fit(x=X, t=T)
    html = bundle(history)["text/html"]
    assert "<polyline" in html
    rows = Cells(html).rows
    assert rows[0] == ["epoch", "iteration", "loss", "train accuracy"]
    assert [row[:2] for row in rows[1:]] == [["1", "2"], ["2", "4"]]
    assert "0 iterations" in bundle(History())["text/html"]


def test_a_gradient_check_shows_its_rows_and_its_verdict() -> None:
    html = bundle(gl.loads(NET).gradcheck(x=X, t=T))["text/html"]
    assert [row[0] for row in Cells(html).rows[1:]][:2] == ["Affine1.W", "Affine1.b"]
    assert "backpropagation agrees with the numbers" in html


def test_a_graph_that_cannot_run_by_itself_is_a_table() -> None:
    assert set(bundle(gl.loads("y = a * b"))) == {"text/html", "text/plain"}
    fails = gl.loads("input i: int = 5, x: float[3] = [1, 2, 3]\ny = x[i]\noutput y")
    assert set(bundle(fails)) == {"text/html", "text/plain"}


def test_a_view_is_its_page_in_a_frame_that_reaches_nothing_outside() -> None:
    view = gl.loads(APPLE).view()
    html = bundle(view)["text/html"]
    assert html.startswith("<iframe ")

    class Frame(HTMLParser):
        attributes: dict[str, str | None]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.attributes = dict(attrs)

    frame = Frame()
    frame.feed(html)
    assert frame.attributes["srcdoc"] == view.html
    assert "allow-same-origin" not in str(frame.attributes["sandbox"])


def test_what_is_asked_for_is_what_comes() -> None:
    graph = gl.loads(APPLE)
    assert set(graph._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(graph._repr_mimebundle_(exclude={"text/plain"})) == {"image/svg+xml"}


def test_texts_from_outside_are_escaped() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    for html in (html_table([hostile], [[hostile]]), colored(f"\x1b[1;31m{hostile}\x1b[0m {hostile}")):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    graph = gl.loads(f"# {hostile}\n{NET}", name=f"{hostile}.graph")
    assert "<script" not in bundle(graph)["text/html"]
    page = framed(f'<p title="x">{hostile}</p>')
    assert page.count("<iframe") == 1
    assert "<script" not in page
    assert 'sandbox="allow-scripts' in page
    assert "allow-same-origin" not in page


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    html = html_table(["n"], [[i] for i in range(250)])
    assert len(Cells(html).rows) == 201
    assert "and 50 more rows" in html


def test_a_curve_leaves_out_what_is_not_finite() -> None:
    assert loss_curve([1.0]) == ""
    assert loss_curve([float("nan")] * 3) == ""
    assert "nan" not in loss_curve([3.0, float("nan"), 1.0, 2.0]).partition("<p>")[0]
    assert loss_curve([1.0, 1.0]).count("points=") == 1
    assert len(loss_curve([float(i) for i in range(100_000)])) < 20_000


def test_a_result_is_plain_dicts_on_request() -> None:
    assert gl.loads("input a = 2\nb = a * 3").run().to_dict() == {
        "outputs": {"b": 6.0},
        "values": {"a": 2.0, "b": 6.0},
        "gradients": {"a": 3.0, "b": 1.0},
        "of": "b",
    }


def test_a_history_is_a_data_frame_on_request() -> None:
    pytest.importorskip("pandas")
    epochs = [
        Epoch(1, 2, 0.5, {"accuracy": 0.25}, {"accuracy": 0.5}),
        Epoch(2, 4, 0.4, {"accuracy": 0.75}, {}),
    ]
    history = History([0.6, 0.5, 0.45, 0.4], epochs)
    frame = history.to_pandas()
    assert list(frame.columns) == ["iteration", "loss", "train accuracy", "test accuracy"]
    assert list(frame.index) == [1, 2]
    assert frame.loc[2, "train accuracy"] == 0.75
    assert np.isnan(frame.loc[2, "test accuracy"])
    losses = history.to_pandas("losses")
    assert list(losses["loss"]) == history.losses
    assert list(losses.index) == [1, 2, 3, 4]
    assert len(History().to_pandas()) == 0
    with pytest.raises(ValueError, match="not of 'steps'"):
        history.to_pandas("steps")  # type: ignore[arg-type]


def test_without_pandas_a_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        History([1.0]).to_pandas()


def test_nothing_of_a_notebook_is_imported_unless_one_asks() -> None:
    code = (
        "import sys, graphlang as gl; g = gl.loads('input a = 1\\ny = a * 2'); g.run(); g.run();"
        "print([m for m in sys.modules if m.startswith(('IPython', 'pandas', 'graphlang.notebook', 'graphlang.draw'))])"
    )
    root = Path(__file__).parent.parent.parent
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert out.stdout.strip() == "[]"
