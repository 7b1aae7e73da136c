"""How fast the page opens and moves in headless Chromium: `python -m benchmarks.view_frames`.

A graph without groups is the hardest case: everything is laid out and drawn. Needs Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from graphlang.view.page import page

LOOKBACK = 60
"""How far back the operands of a node may lie."""

MOVES = {
    "nothing": (3, 2, 1, False),
    "whole": (3, 2, 0, True),
    "overview": (40, 6, 0.15, True),
    "half size": (40, 6, 0.4, True),
    "full size": (40, 6, 1, True),
}
"""By how many pixels a frame moves the picture, its scale (0: all is seen), and whether it is drawn."""

MEASURE = """
async ([dx, dy, scale, draws]) => {
  const { stage } = window.graphlang.page;
  if (scale) stage.camera.to(0, stage.state.layout.height / 2 - 200, scale, false);
  else stage.fit(false);
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const work = [], gaps = [];
  const draw = Object.getPrototypeOf(stage).drawNow;
  stage.drawNow = function () {
    const start = performance.now();
    if (draws) draw.call(stage);
    else stage.context.fillRect(0, 0, 9, 9);
    work.push(performance.now() - start);
  };
  await frame(); await frame();
  let before = await frame();
  work.length = 0;
  for (let i = 0; i < 150; i++) {
    const sign = i % 100 < 50 ? -1 : 1;
    stage.camera.pan(sign * dx, sign * dy);
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  delete stage.drawNow;
  return { gaps, work };
}
"""


def scene(count: int) -> dict[str, Any]:
    """A random graph of scalars with so many nodes."""
    draw = random.Random(0)
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for number in range(count):
        leaf = number < 20 or draw.random() < 0.1
        name = f"{'x' if leaf else 'v'}{number}"
        nodes.append(
            {
                "id": name, "name": name, "op": "" if leaf else "add", "sign": name if leaf else "+",
                "kind": "input" if leaf else "operation", "box": None, "at": None, "line": None,
                "dtype": "float64", "shape": [], "v": 2 * number, "g": 2 * number + 1, "forward": None,
                "output": False, "editable": False, "doc": "", "inside": None,
            }
        )  # fmt: skip
        if leaf:
            continue
        for place in range(2):
            source = nodes[draw.randrange(max(0, number - LOOKBACK), number)]["id"]
            edges.append(
                {
                    "from": source, "to": name, "place": place, "besides": False, "g": 2 * number + 1,
                    "rule": None, "local": None,
                }
            )  # fmt: skip
    return {
        "version": 1, "title": f"{count} nodes", "file": "random.graph", "sources": [], "of": nodes[-1]["id"],
        "seed": None, "nodes": nodes, "edges": edges, "boxes": [],
        "slots": [round(draw.gauss(0, 10), 3) for _ in range(2 * count)],
        "program": None, "bad": None, "dead": [], "diagnostics": [],
    }  # fmt: skip


def measure(count: int, browser: Any, folder: Path) -> None:
    """Opens the page of a graph and moves it, at three scales."""
    path = folder / "page.html"
    path.write_text(page(scene(count)), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto(path.as_uri())
    tab.wait_for_function("window.graphlang")
    opened = tab.evaluate("performance.now()")
    layout = tab.evaluate(
        "() => { const { state } = window.graphlang.page; const start = performance.now();"
        " state.relayout(); state.layout; return performance.now() - start; }"
    )
    print(f"{count} nodes: page {path.stat().st_size / 1e6:.1f} MB, opened in {opened / 1000:.2f} s, "
          f"layout {layout / 1000:.2f} s")  # fmt: skip
    for name, step in MOVES.items():
        result = tab.evaluate(MEASURE, step)
        gaps, work = sorted(result["gaps"]), sorted(result["work"])
        late = sum(gap > 20 for gap in gaps)
        rate = 1000 / statistics.mean(gaps)
        slow = work[int(len(work) * 0.95)]
        print(
            f"  {name:10} {rate:5.1f} frames/s, {late} of {len(gaps)} late,"
            f" drawing {statistics.median(work):.1f} ms, 95% {slow:.1f} ms"
        )
    tab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[300, 10_000])
    from playwright.sync_api import sync_playwright

    counts = parser.parse_args().nodes
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for count in counts:
            measure(count, browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
