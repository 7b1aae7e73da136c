"""Draws the pictures of the documentation, each with the command that its text names:
`python docs/make_pictures.py`.

With `--pages FOLDER` it takes screenshots of pages instead, to look at: they need Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import io
import shlex
import shutil
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

from graphlang.cli import main as graphlang

HERE = Path(__file__).parent
PICTURES = {
    "apple": "view specs/apple.graph --svg",
    "apple_orange": "view specs/apple_orange.graph --svg",
    "chain_rule": "view specs/chain_rule.graph --svg",
    "sigmoid": "view - --set x=1 --svg --unfold all",
    "softmax_with_loss": "view specs/softmax_with_loss.graph --svg --unfold loss",
}
"""The command of each picture."""
PAGES = ("apple_orange", "two_layer_net", "simple_convnet", "transformer")
"""The lessons whose pages are worth a look."""
INPUT = {"sigmoid": "y = Sigmoid(x)\n"}
"""What a command reads from its standard input."""


def drawing(name: str) -> str:
    """The picture that a command writes, for light and dark pages."""
    text = io.StringIO()
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(INPUT.get(name, "").encode()))
    try:
        with chdir(HERE.parent), redirect_stdout(text):
            status = graphlang(shlex.split(PICTURES[name]))
    finally:
        sys.stdin = stdin
    assert status == 0, PICTURES[name]
    return text.getvalue()


def screenshots(folder: Path) -> None:
    """Pages of some lessons, as they open and at a step backward: wide and narrow, light and dark."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    back = "page.go(page.state.stops.find(i => page.state.steps.all[i].phase === 'backward') + 1)"
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name in PAGES:
            html = folder / f"{name}.html"
            assert graphlang(["view", str(HERE.parent / "specs" / f"{name}.graph"), "-o", str(html)]) == 0
            for width, theme in ((1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")):
                tab = browser.new_page(
                    viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
                )
                tab.goto(html.as_uri())
                tab.screenshot(path=folder / f"{name}-{width}-{theme}.png")
                tab.evaluate(f"() => {{ const {{ page }} = graphlang; {back}; }}")
                tab.screenshot(path=folder / f"{name}-{width}-{theme}-back.png")
                tab.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="take screenshots of pages")
    folder = parser.parse_args().pages
    if folder is not None:
        screenshots(folder)
        return
    for name in PICTURES:
        (HERE / f"{name}.svg").write_bytes(drawing(name).encode())
        print(f"docs/{name}.svg")


if __name__ == "__main__":
    main()
