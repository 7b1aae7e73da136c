"""Opens pages in headless Chromium, without a network, and looks at them as a reader would."""

from __future__ import annotations

import functools
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import graphlang as gl

SPECS = Path(__file__).parent.parent.parent / "specs"
PLACE = """
key => {
  const { stage } = graphlang.page;
  const { x, y, w, h } = stage.state.layout.byUnit.get(key);
  const { left, top } = stage.element.getBoundingClientRect();
  const [sx, sy] = stage.camera.toScreen(x + w / 2, y + h / 2);
  return [left + sx, top + sy];
}
"""
EDGE = """
([from, to]) => {
  const { stage } = graphlang.page;
  const strand = stage.state.layout.strands.find(({ edges, arrow }) =>
    arrow && edges.length === 1 && edges[0].from === from && edges[0].to === to);
  const { left, top } = stage.element.getBoundingClientRect();
  const [sx, sy] = stage.camera.toScreen(strand.arrow[0] - 14, strand.arrow[1] + 14 * Math.sin(strand.arrow[2]));
  return [left + sx, top + sy];
}
"""


def chromium() -> str:
    """Where Chromium is; the tests that use it are skipped where it is not."""
    pytest.importorskip("playwright.sync_api", reason="Playwright, of the extra `dev`, opens the page")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium is installed: `apt-get install chromium`")
    return path


def browsers() -> Iterator[Any]:
    """A browser for the tests of a file."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@functools.cache
def html_of(name: str) -> str:
    """The page of a spec."""
    return str(gl.view(gl.load(SPECS / f"{name}.graph")).html)


class Opened:
    """A page that is open. An error in its console fails the test."""

    def __init__(self, browser: Any, folder: Path, html: str, fragment: str = "", **options: Any) -> None:
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        self.context = browser.new_context(offline=True, **options)
        self.context.set_default_timeout(60_000)
        self.tab = self.context.new_page()
        self.errors: list[str] = []
        self.tab.on("console", lambda message: self._note(message.type, message.text))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        path = folder / "page.html"
        path.write_text(html, encoding="utf-8")
        self.address = path.as_uri()
        self.go(fragment)

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def go(self, fragment: str = "") -> None:
        self.tab.goto("about:blank")
        self.tab.goto(self.address + fragment)
        self.wait("Boolean(window.graphlang)")

    def wait(self, condition: str) -> None:
        """Waits for a condition. Asked from outside: the page itself may not evaluate texts."""
        until = time.monotonic() + 60
        while not self.tab.evaluate(condition):
            assert not self.errors, self.errors
            assert time.monotonic() < until, condition
            self.tab.wait_for_timeout(20)

    def close(self) -> None:
        self.context.close()
        assert not self.errors, self.errors

    # ---- what a reader does -------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def click_unit(self, key: str, count: int = 1) -> None:
        self.tab.mouse.click(*self.tab.evaluate(PLACE, key), click_count=count)

    def click_edge(self, source: str, target: str) -> None:
        self.tab.mouse.click(*self.tab.evaluate(EDGE, [source, target]))

    def click_handle(self, box: str) -> None:
        """The plus or minus of a box."""
        x, y = self.tab.evaluate(
            "key => { const { stage } = graphlang.page; const s = stage.state.layout.byUnit.get(key);"
            " const { left, top } = stage.element.getBoundingClientRect();"
            " const [x, y] = stage.camera.toScreen(s.x + 16, s.unit.kind === 'open' ? s.y + 15 : s.y + s.h / 2);"
            " return [left + x, top + y]; }",
            f"box {box}",
        )
        self.tab.mouse.click(x, y)

    # ---- what a reader sees -------------------------------------------------------------------------------

    def text(self, selector: str) -> str:
        return " ".join(self.tab.inner_text(selector).split())

    @property
    def rule(self) -> str:
        return self.text("#rule")

    @property
    def selection(self) -> str | None:
        selection = self.tab.evaluate("graphlang.page.state.selection")
        return None if selection is None else f"{selection['kind']} {selection['id']}"

    @property
    def units(self) -> set[str]:
        """What is drawn: nodes and boxes."""
        return set(self.tab.evaluate("[...graphlang.page.state.layout.byUnit.keys()]"))

    def saved(self, form: str) -> bytes:
        """What a click on SVG or PNG saves."""
        self.tab.click("#export summary")
        with self.tab.expect_download() as download:
            self.tab.click(f"#export-{form}")
        self.tab.click("#export summary")
        return Path(download.value.path()).read_bytes()

    @property
    def texts(self) -> list[str]:
        """The texts of the picture that is seen."""
        return re.findall(r"<text[^>]*>([^<]*)</text>", self.saved("svg").decode())

    @property
    def table(self) -> dict[str, tuple[str, str]]:
        """Value and gradient of every name, as the table has them."""
        self.tab.click("#tab-values")
        rows = self.tab.evaluate(
            "[...document.querySelectorAll('.values tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
        )
        return {name: (value, gradient) for name, _, value, gradient in rows}
