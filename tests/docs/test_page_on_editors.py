"""The page on editors and shells: what it says to type does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to/editors.md").read_text(encoding="utf-8")


def blocks(language: str, heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class Home:
    """A new user's home folder, with a `graphlang` on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "bin" / "graphlang"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m graphlang "$@"\n')
        program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        self.environment = {**kept, "HOME": str(folder), "PATH": f"{program.parent}:{os.environ['PATH']}"}

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Home:
    if os.name != "posix":
        pytest.skip("the lines are those of a POSIX shell")
    return Home(tmp_path)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("bash")
def test_bash_completes_after_the_lines_of_the_page(home: Home) -> None:
    bash, _, _, _ = blocks("sh", "Completion in the shell")
    home("sh", "-ec", bash)
    file = home.folder / ".local/share/bash-completion/completions/graphlang"
    assert (
        home("bash", "--norc", "-c", f"source {file}; complete -p graphlang").strip()
        == "complete -F _graphlang graphlang"
    )


@needs("zsh")
def test_zsh_completes_after_the_lines_of_the_page(home: Home) -> None:
    _, write, start, _ = blocks("sh", "Completion in the shell")
    home("sh", "-ec", write)
    (home.folder / ".zshrc").write_text(start)
    assert home("zsh", "-ic", "print $_comps[graphlang]").strip() == "_graphlang"


@needs("fish")
def test_fish_completes_after_the_lines_of_the_page(home: Home) -> None:
    *_, fish = blocks("sh", "Completion in the shell")
    home("sh", "-ec", fish)
    assert home("fish", "-c", "complete -C 'graphlang layers Affi'").strip() == "Affine"


@needs("vim")
def test_vim_knows_the_files_after_the_lines_of_the_page(home: Home) -> None:
    (block,) = blocks("sh", "Vim and Neovim")
    home("sh", "-ec", block)
    (home.folder / ".vimrc").write_text("set nocompatible\nfiletype plugin indent on\nsyntax on\n")
    out = home.folder / "out"
    # Without `-u`, for Vim reads packages where it reads the user's own file.
    commands = [
        "-c",
        "edit a.graph",
        "-c",
        f"call writefile([&filetype, b:current_syntax], '{out}')",
        "-c",
        "qall!",
    ]
    home("vim", "-es", "-i", "NONE", "-u", str(home.folder / ".vimrc"), *commands)
    assert out.read_text().split() == ["graphlang", "graphlang"]


@needs("emacs")
def test_emacs_knows_the_files_after_the_lines_of_the_page(home: Home) -> None:
    (block,) = blocks("sh", "Emacs")
    home("sh", "-ec", block)
    (init,) = blocks("elisp", "Emacs")
    (home.folder / "init.el").write_text(init)
    show = f"(progn (fset 'eglot-ensure 'ignore) (find-file \"{home.folder}/a.graph\") (princ major-mode))"
    assert (
        home("emacs", "-Q", "--batch", "-l", str(home.folder / "init.el"), "--eval", show) == "graphlang-mode"
    )


def test_the_scripts_of_the_extension_are_there() -> None:
    (block,) = blocks("sh", "Visual Studio Code")
    package = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    assert re.findall(r"^npm run (\w+)$", block, re.MULTILINE) == ["package"]
    assert "out/graphlang.vsix" in package["scripts"]["package"]
    titles = {command["title"] for command in package["contributes"]["commands"]}
    named = re.findall(r"^\| Graphlang: ([^|]*) \|", PAGE, re.MULTILINE)
    assert {title for row in named for title in row.split(", ")} == titles


def test_rich_shows_a_block_by_the_name_of_the_language(tmp_path: Path) -> None:
    # As an installation registers it, whichever version of the package is installed here.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = "\n".join(f"{n} = {v}" for n, v in project["entry-points"]["pygments.lexers"].items())
    installed = tmp_path / "graphlang_dsl-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: graphlang-dsl\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(f"[pygments.lexers]\n{entries}\n")
    (block,) = blocks("python", "Documents, notebooks and terminals")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", block], env={**os.environ, "PYTHONPATH": path, "FORCE_COLOR": "1", "TERM": "xterm"},
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    assert "Affine" in done.stdout
    assert len(set(re.findall(r"\x1b\[[0-9;]+m", done.stdout))) > 3, "it has no colours"
