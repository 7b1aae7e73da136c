"""The extension for VS Code: its grammar colours what the language reads, its commands call graphlang."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from graphlang.highlighting.kinds import KindOfToken, kinds_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "editors" / "vscode"
NODE = shutil.which("node")
LANGUAGE = re.compile(r"^```graph\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(os.name != "posix", reason="the programs of node_modules are called as on POSIX"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules").is_dir(), reason="`npm ci` in editors/vscode was not run"
    ),
]


def node(*words: str, given: str = "") -> str:
    done = subprocess.run(
        [str(NODE), *words], input=given, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def scopes(texts: list[str]) -> list[list[Any]]:
    result: list[list[Any]] = json.loads(node(str(FOLDER / "scopes.mjs"), given=json.dumps(texts)))
    return result


def units(text: str) -> str:
    """The text with one character for each unit of UTF-16, in which JavaScript counts."""
    return re.sub("[\U00010000-\U0010ffff]", "xx", text)


FITTING = {
    "COMMENT": ("comment.",),
    "NUMBER": ("constant.numeric.",),
    "STRING": ("string.", "constant.character."),
    "NAME": ("variable.", "entity.", "support."),
    "word": ("keyword.", "storage.", "constant.language."),
    "sign": ("keyword.operator.", "punctuation.", "meta.", "source."),
}


def wrong(token: KindOfToken, tokens: list[Any]) -> str | None:
    """What the grammar makes of a token, where that does not fit its kind."""
    scope = next((s[-1] for start, end, s in tokens if start <= token.start < end), "none")
    kind = token.kind if token.kind in FITTING else "word" if token.text.isalpha() else "sign"
    return None if scope.startswith(FITTING[kind]) else f"{token.kind} {token.text!r}: {scope}"


def disagreements(texts: list[str]) -> list[str]:
    return [
        problem
        for text, tokens in zip(texts, scopes(texts), strict=True)
        for token in kinds_of(text)
        if token.kind not in ("SPACE", "SEMICOLON") and (problem := wrong(token, tokens))
    ]


def test_the_grammar_agrees_with_the_language_on_every_lesson() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "specs").glob("*.graph"))]
    assert len(texts) > 30
    assert disagreements([units(text) for text in texts]) == []


def test_the_grammar_agrees_with_the_language_on_the_blocks_of_the_pages() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = [block for page in pages for block in LANGUAGE.findall(page.read_text(encoding="utf-8"))]
    assert len(texts) > 5
    assert disagreements([units(text) for text in texts]) == []


def test_words_of_the_language_are_names_where_they_are_names() -> None:
    texts = [
        "data = 3\ntrain = data + 1\noutput, input = f(x)",
        "y = repeat + residual - for",
        "y = LSTM(64, return=last, in=3, float=1)",
        "input data: float[train]",
        "y = x -> layers { data: A; repeat: B; A }",
        "y = [\n  data,\n  input\n]",
        "x.input = y.data",
        "def f(data) {\n  h = scan x in data { yield x }\n  return h -> repeat train { A }\n}",
        "y = x -> for n, data in [(1, 2)] { Affine(n) }",
        'import "a.graph" as as',
        "가격 = 사과 * データ",
    ]
    assert disagreements(texts) == []


@pytest.mark.parametrize(
    "opened", ["y = f(x", "y = [1, 2", "train { batch = 3", "y = x -> layers {", 'y = "abc']
)
def test_what_is_never_closed_hides_no_statement_after_it(opened: str) -> None:
    rest = "input a: float[3]\noutput y\ndata { x = y }\n"
    text = f"{opened}\n{rest}"
    (tokens,) = scopes([text])
    words = [text[start:end] for start, end, s in tokens if s[-1].startswith(("storage", "keyword.control"))]
    assert words[-4:] == ["input", "float", "output", "data"]


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("extension") / "extension.js"
    options = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["scripts"]["build"].split()[
        2:-1
    ]
    esbuild, source = str(FOLDER / "node_modules/.bin/esbuild"), str(FOLDER / "src" / "extension.ts")
    subprocess.run(
        [esbuild, source, *options, f"--outfile={file}"], check=True, timeout=120, capture_output=True
    )
    return file


def hosted(extension: Path, file: Path, settings: dict[str, str], *commands: str) -> dict[str, Any]:
    host = str(Path(__file__).parent / "vscode_host.cjs")
    happened: dict[str, Any] = json.loads(
        node(host, str(extension), str(file), json.dumps(settings), *commands)
    )
    return happened


def test_without_graphlang_it_says_how_to_install_it_and_has_its_commands(
    extension: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.graph"
    file.write_text("y = a * b")
    happened = hosted(extension, file, {"path": str(tmp_path / "graphlang")})
    contributed = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["contributes"]["commands"]
    assert sorted(happened["commands"]) == sorted(c["command"] for c in contributed)
    (warning,) = happened["warnings"]
    assert "pip install 'graphlang-dsl[lsp]'" in warning


def test_view_shows_the_page_of_the_file_and_draws_it_anew_when_it_is_saved(
    extension: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a graph.graph"
    file.write_text("input a = 2, b = 3\ny = a * b")
    settings: dict[str, Any] = {"python": sys.executable, "languageServer": False}
    happened = hosted(extension, file, settings, "graphlang.view", "save")
    (page,) = happened["pages"]
    assert (page["title"], len(page["html"])) == ("a graph", 2)
    assert page["html"][0].startswith("<!doctype html>")
    assert happened["warnings"] == []


def test_view_shows_the_message_of_a_wrong_file(extension: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.graph"
    file.write_text("input apple = 2\ny = aple < 3")
    settings: dict[str, Any] = {"python": sys.executable, "languageServer": False}
    ((shown,),) = (page["html"] for page in hosted(extension, file, settings, "graphlang.view")["pages"])
    assert "unknown name `aple`" in shown
    assert "aple &lt; 3" in shown


def test_run_calls_the_program_in_a_terminal(extension: Path, tmp_path: Path) -> None:
    file = tmp_path / "it's.graph"
    file.write_text("y = a * b")
    settings: dict[str, Any] = {"python": "/opt/my python", "languageServer": False}
    happened = hosted(extension, file, settings, "graphlang.run")
    assert happened["terminals"] == [r"'/opt/my python' -m graphlang run 'it'\''s.graph'"]


def test_the_sources_of_the_extension_are_sound() -> None:
    tsc = FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    node(str(tsc), "--noEmit", "--project", str(FOLDER))


def recorder(folder: Path, status: int) -> Path:
    """A program that writes down how it is called; `lsp --help` ends with a status."""
    program = folder / "graphlang"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> "{folder}/calls"\n[ "$2" = --help ] && exit {status}\nexit 0\n'
    )
    program.chmod(0o755)
    return program


def test_it_starts_the_language_server(extension: Path, tmp_path: Path) -> None:
    program = recorder(tmp_path, 0)
    hosted(extension, tmp_path / "a.graph", {"path": str(program)})
    calls, end = tmp_path / "calls", time.monotonic() + 30
    while calls.read_text().count("\n") < 3 and time.monotonic() < end:
        time.sleep(0.05)  # the server may outlive the host
    assert calls.read_text().splitlines() == ["--version", "lsp --help", "lsp"]


def test_it_starts_no_server_where_the_program_has_none(extension: Path, tmp_path: Path) -> None:
    program = recorder(tmp_path, 2)
    happened = hosted(extension, tmp_path / "a.graph", {"path": str(program)})
    assert (tmp_path / "calls").read_text().splitlines() == ["--version", "lsp --help"]
    (warning,) = happened["warnings"]
    assert "pip install --upgrade 'graphlang-dsl[lsp]'" in warning


def test_a_setting_leaves_the_server_out(extension: Path, tmp_path: Path) -> None:
    program = recorder(tmp_path, 0)
    settings: dict[str, Any] = {"path": str(program), "languageServer": False}
    assert hosted(extension, tmp_path / "a.graph", settings)["warnings"] == []
    assert not (tmp_path / "calls").exists()
