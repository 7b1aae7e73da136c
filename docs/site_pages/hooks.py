"""What MkDocs calls while it builds the site: links out of `docs/`, pages that no list names, and their languages."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]  # the package beside the pages, and the modules beside this one

import lessons  # noqa: E402
import pages  # noqa: E402
import terminals  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402
from pygments.lexers import LEXERS  # noqa: E402

from graphlang.highlighting.pygments_lexer import GraphlangLexer as Lexer  # noqa: E402

# Its entry point is there only where the package is installed.
LEXERS.setdefault(
    Lexer.__name__, (Lexer.__module__, Lexer.name, tuple(Lexer.aliases), tuple(Lexer.filenames), ())
)

FILES_OF_THE_PROJECT = {
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
    "benchmarks/results/xeon-2-cores.md": "project/xeon-2-cores.md",
    "benchmarks/results/epyc-2-cores.md": "project/epyc-2-cores.md",
}
"""Pages that stand outside of `docs/`, and their places in the site."""
SECTIONS = {
    "Tutorial": "tutorial",
    "How to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
}
LANGUAGE = re.compile(r"/(ja|ko)/")
"""The folder of a page that is in another language than English."""
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_config(config: Any) -> Any:
    """Adds the pages that the navigation does not list to the end of their section; those of no folder are how-tos."""
    docs = Path(config["docs_dir"])
    listed = set(_pages(config["nav"]))
    for section in config["nav"]:
        (title, pages), *_ = section.items()
        if folder := SECTIONS.get(title):
            paths = [*(docs / folder).glob("*.md"), *(docs.glob("*.md") if title == "How to" else ())]
            files = sorted(path.relative_to(docs).as_posix() for path in paths)
            pages += [name for name in files if name not in listed]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that are generated, and those of the project that stand elsewhere."""
    for place, text in pages.generated():
        files.append(File.generated(config, place, content=text))
    for path, place in FILES_OF_THE_PROJECT.items():
        text = _relinked((ROOT / path).read_text(encoding="utf-8"), posixpath.dirname(path), place, "")
        files.append(File.generated(config, place, content=text))
    return files


BOOSTS = {
    "how-to/": 4,
    "reference/catalog/layers": 6,
    "reference/catalog/": 3,
    "reference/diagnostics": 0.3,
    "reference/lessons": 0.3,
    "reference/api": 0.5,
    "reference/limits": 0.5,
    "explanation/": 0.5,
    "architecture": 0.2,
    "project/": 0.2,
}
"""How much a page counts in the search, by how its place begins: first what helps one to do something."""


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Runs the commands of a page, and leads links to files outside of `docs/` to their places in the site."""
    place = page.file.src_uri
    boost = next((boost for start, boost in BOOSTS.items() if place.startswith(start)), None)
    if boost is not None:
        page.meta["search"] = {"boost": boost}
    if place in FILES_OF_THE_PROJECT.values():
        return markdown
    if place == "reference/lessons.md":
        markdown += "\n" + lessons.section()
    return _relinked(
        terminals.filled(markdown), posixpath.join("docs", posixpath.dirname(place)), place, "docs"
    )


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Says the language of a translated page, by which a browser chooses the letters and a reader the voice."""
    language = LANGUAGE.search(page.file.src_uri)
    return output.replace('<html lang="en"', f'<html lang="{language[1]}"', 1) if language else output


def _pages(entries: list[Any]) -> list[str]:
    found = []
    for entry in entries:
        values = entry.values() if isinstance(entry, dict) else [entry]
        for value in values:
            found += _pages(value) if isinstance(value, list) else [value]
    return found


def _relinked(text: str, folder: str, place: str, inside: str) -> str:
    """A text with links from its place in the site, in place of those from a folder of the repository."""

    def link(match: re.Match[str]) -> str:
        before, target, anchor, after = match[1], match[2], match[3] or "", match[4]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        if inside and path.startswith(f"{inside}/"):
            return match[0]
        if path in FILES_OF_THE_PROJECT:
            found = FILES_OF_THE_PROJECT[path]
        elif path.startswith("docs/"):
            found = path.removeprefix("docs/")
        elif path.startswith("specs/") and path.endswith(".graph"):
            found, anchor = "reference/lessons.md", f"#{Path(path).stem}"
        else:
            return match[0]
        return f"{before}{posixpath.relpath(found, posixpath.dirname(place))}{anchor}{after}"

    return LINK.sub(link, text)
