"""The pictures of the documentation are those that its scripts make, and its text names their commands."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
FIGURES = ("apple", "apple_orange", "chain_rule", "sigmoid", "softmax_with_loss")
RECORDINGS = ("diff", "error", "run", "train", "where")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The scripts of the documentation, by the ends of their names."""
    monkeypatch.syspath_prepend(str(DOCS))
    return lambda name: importlib.import_module(f"pictures_{name}")


def test_every_figure_and_every_recording_is_held_up_to_date(script: Any) -> None:
    assert (
        sorted(script("figures").FIGURES)
        == sorted(FIGURES)
        == sorted(path.stem for path in DOCS.glob("*.svg"))
    )
    recordings = sorted(path.stem for path in (DOCS / "terminal").iterdir())
    assert sorted(script("terminal").RECORDINGS) == sorted(RECORDINGS) == recordings


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_current(script: Any, name: str) -> None:
    assert (DOCS / f"{name}.svg").read_bytes().decode() == script("figures").drawing(name)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_current(script: Any, name: str) -> None:
    pytest.importorskip("termios", reason="recordings are made in a pseudo-terminal")
    assert (DOCS / "terminal" / f"{name}.txt").read_text(encoding="utf-8") == script("terminal").recording(
        name
    )


def test_the_screen_of_a_recording_keeps_what_a_person_sees(script: Any) -> None:
    text = "plain\r\nold\r\n\x1b[2m\u28c0 old\x1b[0m\r\n\x1b[2F\x1b[Jepoch 1\r\nnew\r\nabc\rx\r\n\r\n"
    assert script("terminal").screen(text) == ["plain", "epoch 1", "new", "xbc"]


def test_chapter_5_names_the_command_of_each_of_its_figures(script: Any) -> None:
    figures = script("figures")
    text = (DOCS / "how-to" / "figures.md").read_text(encoding="utf-8")
    shown = re.findall(r"```sh\n(.*)\n```\n\n!\[.+\]\(\.\./(\w+)\.svg\)", text)
    assert len(shown) == 5
    for command, name in shown:
        before, _, words = command.partition("graphlang ")
        assert words == f"{figures.FIGURES[name]} -o {name}.svg"
        assert before == (f"echo '{figures.INPUT[name].strip()}' | " if name in figures.INPUT else "")


def test_the_screenshots_are_small_and_none_is_missing(script: Any) -> None:
    pages = script("pages")
    files = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    stems = [*pages.VIEWS, f"{pages.VIEWS[0]}-back", "report"]
    assert set(files) == {f"{stem}-{end}.png" for stem in stems for end in pages.ENDS}
    assert max(files.values()) < 150_000
    assert sum(files.values()) < 1_500_000


def test_the_script_takes_screenshots_in_both_themes_and_widths(script: Any, tmp_path: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="Playwright, of the extra `dev`, opens the page")
    image = pytest.importorskip("PIL.Image", reason="Pillow, which matplotlib brings, makes pictures small")
    pages = script("pages")
    if not any(map(shutil.which, pages.BROWSERS)):
        pytest.skip("no Chromium is installed: `apt-get install chromium`")
    sizes, corners = {}, {}
    for path in pages.write(tmp_path / "pictures", ["apple_orange"]):
        with image.open(path) as picture:
            sizes[path.stem] = picture.size
            corners[path.stem] = sum(picture.convert("RGB").getpixel((5, picture.size[1] // 3)))
    assert len(sizes) == 8
    for stem, size in sizes.items():
        assert size == ((1280, 800) if "-1280-" in stem else (400, 800))
        assert (corners[stem] > 600) == stem.endswith("light")
