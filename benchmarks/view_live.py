"""The time from saving a file to its new picture in headless Chromium.

Run it with `python -m benchmarks.view_live`. Every lesson is saved with another comment at its end, and the
clock runs until the page has drawn a frame of the new scene. Needs Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from graphlang.cli.view import parser
from graphlang.cli.view_live import FileSubject
from graphlang.view.live.server import Server
from graphlang.view.live.session import Session

SPECS = Path(__file__).parent.parent / "specs"
SHOWN = """
mark => new Promise((done) => {
  const look = () => {
    const text = graphlang.page.state.scene.sources[0]?.text ?? "";
    if (text.endsWith(mark)) requestAnimationFrame(() => setTimeout(() => done(Date.now()), 0));
    else setTimeout(look, 1);
  };
  look();
})
"""
"""Resolves when the frame after the one with the new scene has been painted, with the time of the clock."""


def measure(tab: Any, folder: Path, name: str, saves: int) -> list[float]:
    """Milliseconds from save to picture, for several saves of one spec."""
    spec = folder / f"{name}.graph"
    words = ["view", str(spec), "--live"]
    arguments = parser().parse_args(words[1:])
    arguments.words = words
    session = Session(FileSubject(arguments))
    server = Server(session)
    text = spec.read_text(encoding="utf-8")
    try:
        session.start()
        server.start()
        tab.goto(server.address)
        tab.wait_for_selector("#live[data-state=on]")
        times = []
        for number in range(saves + 1):
            mark = f"# save {number}\n"
            time.sleep(0.2 + 0.0071 * number)  # at another place between two looks of the watcher each time
            started = time.time()
            spec.write_text(text + mark, encoding="utf-8")
            times.append(tab.evaluate(SHOWN, mark) - started * 1000)
        return times[1:]
    finally:
        session.close()
        server.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--saves", type=int, default=15)
    options.add_argument("specs", nargs="*", default=sorted(path.stem for path in SPECS.glob("*.graph")))
    given = options.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary) / "specs"
        shutil.copytree(SPECS, folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.set_default_timeout(60_000)
        for name in given.specs:
            times = sorted(measure(tab, folder, name, given.saves))
            nodes = tab.evaluate("graphlang.page.state.scene.nodes.length")
            print(
                f"{name:24} {nodes:4} nodes: median {statistics.median(times):5.0f} ms,"
                f" {times[0]:.0f} to {times[-1]:.0f}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
