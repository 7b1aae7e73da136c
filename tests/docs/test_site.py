"""The site builds without a warning, has a place for everything, and needs no network.

It is built once, in some five seconds: every generated page computes its examples.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "view"))
from browser import browsers

import graphlang as gl
from graphlang.catalog.described import everything
from graphlang.cli import COMMANDS
from graphlang.cli.explain import codes
from graphlang.datasets.field_functions import ELEMENTWISE, FORMS
from graphlang.resolve.section_models import MODELS, written_settings

ROOT = Path(__file__).parents[2]
if find_spec("material") is None:
    pytest.skip("mkdocs-material, of the extra `docs`, builds the site", allow_module_level=True)
KINDS = {"layer": "layers", "loss": "losses", "source": "sources"}
METRICS = ("graphlang/functions/metrics.py", "graphlang/functions/regression_metrics.py")


class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") != "canonical":
            self.loaded.append(values["href"])
        if tag in ("script", "img", "iframe", "source", "object") and (
            values.get("src") or values.get("data")
        ):
            self.loaded.append(values.get("src") or values["data"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@cache
def page(path: Path) -> Page:
    return Page(path)


def has_anchor(target: Path, name: str) -> bool:
    return not name or target.suffix != ".html" or name in page(target).anchors


def anchors(site: Path, name: str) -> set[str]:
    return page(site / "reference" / f"{name}.html").anchors


def test_every_entry_of_the_catalog_has_its_place(site: Path) -> None:
    lost = []
    for record in everything():
        kind = "metric" if record["file"] in METRICS else record["kind"]
        if record["name"] not in anchors(site, f"catalog/{KINDS.get(kind, f'{kind}s')}"):
            lost.append((kind, record["name"]))
    assert lost == []
    fields = (site / "reference" / "catalog" / "fields.html").read_text(encoding="utf-8")
    assert [name for name in (*ELEMENTWISE, *FORMS) if f"<code>{name}</code>" not in fields] == []


def test_every_diagnostic_command_and_public_name_has_its_place(site: Path) -> None:
    assert set(codes()) <= anchors(site, "diagnostics")
    assert set(COMMANDS) <= anchors(site, "commands")
    assert set(gl.__all__) <= anchors(site, "api")
    assert {path.stem for path in (ROOT / "specs").glob("*.graph")} <= anchors(site, "lessons")


def test_every_setting_has_its_row_and_a_meaning(site: Path) -> None:
    text = (site / "reference" / "settings.html").read_text(encoding="utf-8")
    for section in MODELS:
        _, _, rest = text.partition(f'<h2 id="{section}">')
        rows = re.findall(r"<tr>\s*(.*?)\s*</tr>", rest.partition("<h2 ")[0], re.DOTALL)
        cells = {
            row[0]: row[3] for row in (re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows) if row
        }
        for name in written_settings(section):
            assert cells[f"<code>{name}</code>"].strip(), f"{section}.{name}"


def test_a_wrong_example_is_shown_with_what_it_says(site: Path) -> None:
    text = (site / "reference" / "diagnostics.html").read_text(encoding="utf-8")
    assert "error[GL201]: unknown name `aple`" in re.sub(r"<[^>]*>", "", text)
    assert text.count("--&gt; example.graph") > 60
    assert "/tmp" not in text


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    lost = []
    for path in sorted(site.rglob("*.html")):
        if path.name == "404.html":  # served from any folder
            continue
        for link in [*page(path).links, *page(path).loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or not has_anchor(target, unquote(parts.fragment)):
                lost.append((path.name, link))
    assert lost == []


def test_specs_are_in_colours(site: Path) -> None:
    for name in ("tutorial/tour", "reference/language", "reference/catalog/layers"):
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert re.search(r'<span class="k\w?">input</span>', text), name


def test_nothing_is_loaded_from_outside(site: Path) -> None:
    outside = [link for path in site.rglob("*.html") for link in page(path).loaded if urlsplit(link).netloc]
    assert outside == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", styles) == []


def test_the_search_works_from_a_disk(site: Path) -> None:
    assert (site / "search" / "search_index.js").is_file()
    index = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    for word in ("SoftmaxWithLoss", "GL201", "--resume-changed"):
        assert word in index


browser = pytest.fixture(scope="module")(browsers)


def test_a_reader_finds_a_layer_without_a_network(site: Path, browser: Any) -> None:
    tab = browser.new_context(offline=True, viewport={"width": 1280, "height": 800}).new_page()
    mistakes: list[str] = []
    tab.on("pageerror", lambda error: mistakes.append(str(error)))
    tab.goto((site / "index.html").as_uri())
    tab.click("input.md-search__input")
    tab.keyboard.type("SoftmaxWithLoss")
    tab.click(".md-search-result__item a >> nth=0", timeout=60_000)
    tab.wait_for_url("**/reference/catalog/losses.html*", timeout=60_000)
    assert mistakes == []


def test_a_translated_page_is_found_by_its_words_and_says_its_language(site: Path, browser: Any) -> None:
    tab = browser.new_context(offline=True, viewport={"width": 1280, "height": 800}).new_page()
    tab.goto((site / "index.html").as_uri())
    for words, place in (("연쇄법칙", "ko/chain-rule.html"), ("連鎖律", "ja/chain-rule.html")):
        tab.fill("input.md-search__input", words)
        tab.press(
            "input.md-search__input", "Shift"
        )  # the search waits for a key, which `fill` does not press
        tab.wait_for_selector(f".md-search-result__item a[href*='{place}']", timeout=60_000)
        language = re.search(
            r'<html lang="(\w+)"', (site / "tutorial" / "chapter5" / place).read_text("utf-8")
        )
        assert language
        assert language[1] == place[:2]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("own layer", "how-to/own.html"),
        ("custom layer", "how-to/own.html"),
        ("missing values", "how-to/csv.html"),
        ("text classification", "how-to/sequences.html"),
        ("tokenize", "how-to/sequences.html"),
        ("vocabulary of words", "how-to/sequences.html"),
        ("padding texts", "reference/data.html"),
        ("test accuracy", "how-to/csv.html"),
        ("dense", "reference/catalog/layers.html"),
        ("LSTM", "reference/catalog/layers.html"),
        ("early stopping", "how-to/early-stopping.html"),
        ("csv", "how-to/csv.html"),
        ("gpu", "how-to/devices.html"),
    ],
)
def test_what_a_newcomer_looks_for_comes_first(site: Path, browser: Any, words: str, place: str) -> None:
    tab = browser.new_context(offline=True, viewport={"width": 1280, "height": 800}).new_page()
    tab.goto((site / "index.html").as_uri())
    tab.click("input.md-search__input")
    tab.keyboard.type(words)
    first = ".md-search-result__item a >> nth=0"
    tab.wait_for_selector(first, timeout=60_000)
    tab.wait_for_function(
        "place => document.querySelector('.md-search-result__item a')?.href.includes(place)",
        arg=place,
        timeout=30_000,
    )


def test_no_page_is_wider_than_the_window(site: Path, browser: Any) -> None:
    pages = ("index", "tutorial/tour", "reference/language", "reference/commands", "explanation/conventions")
    pages += (
        "tutorial/chapter5/network",
        "tutorial/chapter5/ko/affine-softmax",
        "tutorial/chapter5/ja/network",
    )
    tab = browser.new_context(offline=True).new_page()
    for width in (400, 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        for name in pages:
            tab.goto((site / f"{name}.html").as_uri(), wait_until="commit")
            tab.wait_for_selector("footer")
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
