"""`graphlang report` and `graphlang plot`: what the pages and images of runs hold."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.view.runs.first_layer import first_layer
from graphlang.view.runs.png import data_uri, grey, is_image, side_by_side, signed
from graphlang.view.runs.report_page import report_page
from graphlang.view.runs.reporting import reported
from graphlang.view.runs.run import differences, shown_runs
from tests.view.browser import browsers

NET = """
hyper units = 8
input x: float[N, 36], t: int[N]
y = x -> Affine(units) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz", flatten=true, normalize=true); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 4; metrics = [accuracy(y, t)] }
"""
browser = pytest.fixture(scope="module")(browsers)


def images(rows: int, seed: int) -> tuple[Any, Any]:
    """Images of 6 by 6 pixels, bright in one of three bands."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, rows)
    x = rng.integers(0, 120, (rows, 6, 6)).astype(np.uint8)
    for row, band in enumerate(t):
        x[row, 2 * band : 2 * band + 2] += 60
    return x, t


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one network, which differ in the learning rate and the number of units."""
    folder = tmp_path_factory.mktemp("runs")
    (x, t), (xv, tv) = images(80, 0), images(50, 1)
    x[0, 0, 0] = 255
    np.savez(folder / "data.npz", x_train=x, t_train=t, x_test=xv, t_test=tv)
    (folder / "net.graph").write_text(NET)
    spec = str(folder / "net.graph")
    assert main(["train", spec, "--run", str(folder / "a")]) == 0
    more = ["--set", "units=5", "--set", "train.optimizer=SGD(lr=1e-9)"]
    assert main(["train", spec, "--run", str(folder / "b"), *more]) == 0
    return folder


@pytest.fixture(autouse=True)
def _above_the_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data is looked for beside the spec that a run names, where that lies below the current folder."""
    monkeypatch.chdir(folder.parent)


class Tables(HTMLParser):
    """The cells of every table of a page, a number with all its digits; and the tags of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: set[str] = set()
        self._open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._open = True
        elif tag == "data":
            self.tables[-1][-1][-1] = dict(attributes)["value"]
            self._open = False

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.tables[-1][-1][-1] += data

    def headed(self, head: str) -> list[list[list[str]]]:
        return [table for table in self.tables if table[0][0] == head]


def page(*runs: Path) -> str:
    return report_page(reported(list(runs)))


def test_the_numbers_of_the_epochs_are_those_of_the_metrics(folder: Path) -> None:
    tables = Tables(page(folder / "a", folder / "b")).headed("epoch")
    for run, (heads, *rows) in zip("ab", tables, strict=True):
        assert heads == [
            "epoch", "iteration", "loss", "accuracy, training", "accuracy, test", "loss, test"
        ]  # fmt: skip
        lines = [json.loads(line) for line in (folder / run / "metrics.jsonl").read_text().splitlines()]
        epochs = [line for line in lines if "epoch" in line]
        assert len(rows) == len(epochs) == 4
        for row, epoch in zip(rows, epochs, strict=True):
            assert [float(cell) for cell in row] == [
                epoch["epoch"], epoch["iteration"], epoch["loss"], epoch["train"]["accuracy"],
                epoch["test"]["accuracy"], epoch["test"]["loss"],
            ]  # fmt: skip


def test_only_the_settings_that_differ_are_compared(folder: Path) -> None:
    rows = Tables(page(folder / "a", folder / "b")).headed("setting")[0]
    assert rows == [
        ["setting", "a", "b"], ["units", "8", "5"], ["train.optimizer", "SGD(lr=0.5)", "SGD(lr=1e-09)"]
    ]  # fmt: skip
    runs = shown_runs([folder / "a", folder / "a"])
    assert differences(runs) == []
    assert [run.name for run in runs] == [str(folder / "a")] * 2
    assert "same settings" in page(folder / "a", folder / "a")


def test_the_confusion_is_that_of_the_predictions(folder: Path) -> None:
    graph = gl.load(folder / "net.graph")
    graph.load_weights(folder / "a")
    x, t = images(50, 1)
    said = graph.predict(x=x.reshape(50, 36) / 255).argmax(axis=1)
    (rows,) = Tables(page(folder / "a")).headed("truth / predicted")
    counts = [[int(cell) for cell in row[1:]] for row in rows[1:]]
    assert counts == [[int(np.sum((t == i) & (said == j))) for j in range(3)] for i in range(3)]
    assert np.sum(counts) == 50


def test_the_rows_most_wrong_and_the_first_weights_are_images(folder: Path) -> None:
    text = page(folder / "b")
    wrong = re.findall(r"row ([\d,]+)<br>truth (\d)<br>predicted (\d)<br>", text)
    assert len(wrong) == 12
    assert all(truth != said for _, truth, said in wrong)
    assert text.count('class="pixels"') == 12
    assert "The weights Affine1.W of all 5 units as images" in text
    assert text.count('class="sheet"') == 1


def test_warnings_settings_and_versions_are_told(folder: Path) -> None:
    text = page(folder / "b")
    assert "GL904" in text
    assert "has not moved" in text
    assert "Warnings" not in page(folder / "a")
    rows = dict(row[:2] for row in Tables(text).headed("setting")[0])
    assert rows["numpy"] == np.__version__
    assert rows["train.batch"] == "10"


def test_every_curve_has_a_name_and_is_told_in_words(folder: Path) -> None:
    text = page(folder / "a")
    for name in ("Loss", "accuracy", "Norm of the gradient", "Norm of the weights", "Share of dead units"):
        assert re.search(
            rf"<figcaption>{name}[^<]*</figcaption><svg[^>]*role=\"img\" aria-label=\"{name}: ", text
        )
    drawn = [float(n) for points in re.findall(r'points="([^"]*)"', text) for n in re.split("[ ,]", points)]
    assert all(0 <= number <= 640 for number in drawn)


def test_a_page_is_small_and_needs_neither_network_nor_script(folder: Path) -> None:
    text = page(folder / "a", folder / "b")
    assert len(text) < 150_000
    assert Tables(text).tags.isdisjoint({"script", "link", "iframe"})
    assert "http" not in re.sub(r"data:image/png;base64,[\w+/=]*", "", text)


def test_a_long_run_makes_no_larger_page(folder: Path, tmp_path: Path) -> None:
    long = tmp_path / "long"
    long.mkdir()
    lines = [json.dumps({"iteration": i, "loss": 1 / i}) for i in range(1, 200_001)]
    (long / "metrics.jsonl").write_text("\n".join(lines))
    assert len(page(long)) < 40_000


def test_everything_that_a_file_names_is_escaped(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>&\"'"
    run = tmp_path / "run"
    run.mkdir()
    epoch = {"epoch": 1, "iteration": 1, "loss": 1.0, "train": {evil: 0.5}, "test": {}}
    (run / "metrics.jsonl").write_text(f"{json.dumps({'iteration': 1, 'loss': 1.0})}\n{json.dumps(epoch)}\n")
    (run / "run.json").write_text(json.dumps({"file": evil, "set": {evil: evil}, "versions": {evil: evil}}))
    (run / "warnings.jsonl").write_text(json.dumps({"code": evil, "message": evil, "help": evil}) + "\n")
    norms = {"weight": 1.0, "gradient": 1.0, "update": 1.0}
    layers = {"iteration": 1, "epoch": 1, "parameters": {evil: norms}, "dead": {evil: 0.5}}
    (run / "layers.jsonl").write_text(json.dumps(layers) + "\n")
    text = page(run)
    assert "<img" not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;") > 8


def test_without_its_data_the_page_says_what_is_left_out(folder: Path, tmp_path: Path, capsys: Any) -> None:
    import shutil

    run = tmp_path / "a"
    shutil.copytree(folder / "a", run)
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**about, "file": str(tmp_path / "elsewhere.graph")}))
    output = tmp_path / "page.html"
    assert main(["report", str(run), "-o", str(output)]) == 0
    assert "is left out" in capsys.readouterr().err
    assert "is left out" in output.read_text()
    assert "Confusion" not in output.read_text()
    assert main(["report", str(run), "-o", str(output), "--data", str(folder / "data.npz")]) == 0
    assert "Confusion" in output.read_text()


@pytest.mark.parametrize("named", ["{folder}/net.graph", "../{name}/net.graph"])
def test_a_run_does_not_lead_the_report_out_of_the_current_folder(
    folder: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    import shutil

    shutil.copytree(folder / "a", tmp_path / "a")
    about = json.loads((tmp_path / "a/run.json").read_text())
    spec = named.format(folder=folder, name=folder.name)
    (tmp_path / "a/run.json").write_text(json.dumps({**about, "file": spec}))
    monkeypatch.chdir(tmp_path)
    assert main(["report", "a"]) == 0
    assert "the run names a spec outside of the current folder" in capsys.readouterr().err
    assert main(["report", "a", "--data", str(folder / "data.npz")]) == 0


def test_what_is_no_run_is_an_error(folder: Path, tmp_path: Path, capsys: Any) -> None:
    for command in ("report", "plot"):
        assert main([command, str(tmp_path)]) == 1
        assert capsys.readouterr().err.startswith("error[GL721]: ")
    (tmp_path / "metrics.jsonl").write_text("nonsense")
    assert main(["report", str(tmp_path)]) == 1
    assert "damaged" in capsys.readouterr().err


def test_a_page_goes_to_stdout_too(folder: Path, capsys: Any) -> None:
    assert main(["report", str(folder / "a"), "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert main(["report", str(folder / "a"), "-o", "-", "--open"]) == 2


def test_numbers_that_are_not_finite_leave_a_gap(tmp_path: Path) -> None:
    lines: list[Any] = [{"iteration": 1, "loss": 1.0}]
    lines += [{"epoch": 1, "iteration": 1, "loss": 1.0, "train": {"m": "nan"}, "test": {"m": "inf"}}]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    text = page(tmp_path)
    assert "<td>nan</td><td>inf</td>" in text
    assert "nan" not in "".join(re.findall("<svg.*?</svg>", text))


# ---- images ---------------------------------------------------------------------------------------


def test_an_image_keeps_its_pixels() -> None:
    import base64
    import zlib

    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    png = base64.b64decode(data_uri(pixels).partition(",")[2])
    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    lines = np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + size]), np.uint8).reshape(4, 16)
    np.testing.assert_array_equal(lines[:, 1:].reshape(4, 5, 3), pixels)


def test_weights_are_blue_below_0_and_red_above() -> None:
    assert signed([[-2.0, 0.0, 1.0, 2.0]]).tolist() == [
        [[0, 0, 255], [255] * 3, [255, 128, 128], [255, 0, 0]]
    ]


def test_what_is_an_image_and_what_is_not() -> None:
    assert [is_image(np.zeros(shape)) for shape in ((6, 6), (1, 6, 6), (3, 6, 6))] == [True] * 3
    assert [is_image(np.zeros(shape)) for shape in ((36,), (2, 6, 6), (3, 6), (), (1, 1, 6, 6))] == [
        False
    ] * 5
    assert grey(np.zeros((3, 6, 7))).shape == (6, 7, 3)
    assert side_by_side([grey(np.zeros((6, 7)))] * 5, 2).shape == (20, 15, 3)


def test_the_first_layer_is_found_behind_a_flatten_and_as_a_convolution() -> None:
    dense = gl.loads("input x: float[N, 6, 6]\ny = x -> Flatten -> Affine(4)\noutput y")
    shown = first_layer(dense.network, dense.params, {"x": (6, 6)})
    assert shown is not None
    np.testing.assert_array_equal(shown.images[2], dense.params["Affine1.W"][:, 2].reshape(6, 6))
    kernels = gl.loads("input x: float[N, 1, 8, 8]\ny = x -> Conv(5, 3)\noutput y")
    shown = first_layer(kernels.network, kernels.params, {"x": (1, 8, 8)})
    assert shown is not None
    assert (shown.parameter, shown.units) == ("Conv1.W", 5)
    np.testing.assert_allclose(shown.images[4], kernels.params["Conv1.W"][4, 0])
    table = gl.loads("input x: float[N, 7]\ny = x -> Affine(4)\noutput y")
    assert first_layer(table.network, table.params, {}) is None


# ---- in a browser -----------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_it_without_an_error_and_axe_finds_no_violation(
    folder: Path, browser: Any, tmp_path: Path, colours: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is in the extra `dev`")
    path = tmp_path / "report.html"
    path.write_text(page(folder / "a", folder / "b"), encoding="utf-8")
    context = browser.new_context(
        offline=True, color_scheme=colours, viewport={"width": width, "height": 800}
    )
    tab, errors = context.new_page(), []
    tab.on("console", lambda message: errors.append(message.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(path.as_uri())
    assert errors == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width, "nothing sticks out"
    sheets = tab.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(sheets) > 2
    assert min(sheets) > 0
    violations = axe.Axe().run(tab).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in violations] == []
    context.close()


# ---- plot -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_plot_writes_an_image(folder: Path, tmp_path: Path, suffix: str, start: bytes) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is in the extras `plot` and `dev`")
    path = tmp_path / f"plot.{suffix}"
    assert main(["plot", str(folder / "a"), str(folder / "b"), "-o", str(path)]) == 0
    assert path.read_bytes().startswith(start)


def test_without_matplotlib_the_extra_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", str(folder / "a"), "-o", str(tmp_path / "plot.png")]) == 1
    assert 'pip install "graphlang-dsl[plot]"' in capsys.readouterr().err
    assert not (tmp_path / "plot.png").exists()


def test_an_image_of_another_kind_is_refused(folder: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["plot", str(folder / "a"), "-o", str(tmp_path / "plot.gif")]) == 2
    assert ".png, .pdf, .svg" in capsys.readouterr().err


def test_what_is_no_folder_is_not_called_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none")]) == 1
    assert "there is no such folder" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["report", str(tmp_path / "file")]) == 1
    assert "this is a file, not the folder of a run" in capsys.readouterr().err


OBJECTIVES = """
input x: float[N], t: float[N]
param v: float = 1
param w: float = 1
near = mean((x * v - t)**2)
far = mean((v * x * w - t)**2)
output near
data { source = npz("rows.npz"); validation = 0.25; x = x; t = t }
train { batch = 4; epochs = 2; metrics = [mean(x * v)]
        minimize = [objective(near, "v", SGD(0.01)), objective(far, "w", SGD(0.02))] }
"""


def test_the_page_of_several_objectives_has_the_loss_of_each_and_of_the_validation_split(
    tmp_path: Path,
) -> None:
    rows = {"x": np.linspace(0, 1, 16), "t": np.linspace(0, 3, 16)}
    np.savez(tmp_path / "rows.npz", **{f"{name}_train": array for name, array in rows.items()})
    (tmp_path / "net.graph").write_text(OBJECTIVES)
    assert main(["train", str(tmp_path / "net.graph"), "--run", str(tmp_path / "run")]) == 0
    (run,) = shown_runs([tmp_path / "run"])
    assert list(run.curves_of_loss()) == ["near", "far"]
    assert run.metrics() == ["mean"]
    assert len(run.of_loss("validation", "near")[1]) == len(run.of_loss(None, "far")[1]) == 2
    page = report_page(reported([tmp_path / "run"]))
    for curve in ("near, training", "far, training", "far, validation", "mean, validation"):
        assert curve in page
