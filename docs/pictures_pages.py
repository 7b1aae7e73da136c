"""Takes screenshots of the pages that graphlang writes, wide and narrow, light and dark.

Needs Playwright, Pillow (matplotlib brings it) and Chromium.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from graphlang.cli import main as graphlang

ROOT = Path(__file__).parent.parent
VIEWS = ("apple_orange", "two_layer_net", "simple_convnet", "transformer")
"""The lessons whose pages are shown."""
RUNS = {"sgd": "SGD(lr=0.2)", "adam": "Adam(lr=0.01)"}
"""The runs that the report compares, each with its optimizer."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"view": ((1280, 800), (400, 800)), "report": ((1280, 1500), (400, 1500))}
THEMES = ("light", "dark")
ENDS = tuple(f"{width}-{theme}" for width, _ in SIZES["view"] for theme in THEMES)
"""What follows the name of a page in those of its pictures."""
COLOURS = 256
"""The size of a picture's palette."""
BACKWARD = """
() => {
  const { page } = graphlang;
  page.go(page.state.stops.find((i) => page.state.steps.all[i].phase === "backward") + 1);
}
"""


def write(folder: Path, names: Iterable[str] = (*VIEWS, "report")) -> list[Path]:
    """Writes the screenshots of the pages of these names."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with tempfile.TemporaryDirectory() as work, chdir(work), _browser() as browser:
        Path("specs").symlink_to(ROOT / "specs", target_is_directory=True)
        for name in names:
            html = _report() if name == "report" else _view(name)
            for stem, image in _screenshots(browser, name, html):
                path = folder / f"{stem}.png"
                path.write_bytes(with_palette(image))
                paths.append(path)
    return paths


def _view(name: str) -> Path:
    assert graphlang(["view", f"specs/{name}.graph", "-o", f"{name}.html"]) == 0
    return Path(f"{name}.html")


def _report() -> Path:
    for name, optimizer in RUNS.items():
        settings = ["--set", "train.iterations=1000", "--set", f"train.optimizer={optimizer}"]
        assert graphlang(["train", "specs/two_layer_net.graph", "--run", f"runs/{name}", *settings]) == 0
    assert graphlang(["report", *(f"runs/{name}" for name in RUNS), "-o", "report.html"]) == 0
    return Path("report.html")


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def _screenshots(browser: Any, name: str, html: Path) -> Iterator[tuple[str, bytes]]:
    """A page as it opens, with the stem of its file; that of the first lesson also at a step backward."""
    for width, height in SIZES.get(name, SIZES["view"]):
        for theme in THEMES:
            tab = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
            )
            tab.goto(html.absolute().as_uri())
            yield f"{name}-{width}-{theme}", tab.screenshot()
            if name == VIEWS[0]:
                tab.evaluate(BACKWARD)
                yield f"{name}-back-{width}-{theme}", tab.screenshot()
            tab.close()


def with_palette(png: bytes) -> bytes:
    """The picture with a small palette, in which it takes a third of the space."""
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
