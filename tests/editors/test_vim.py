"""Vim's syntax file tells words from names as the language does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from editor_groups import LESSONS, ROOT, TRICKY, disagreements, positions

FOLDER = ROOT / "editors" / "vim"
VIM = shutil.which("vim") or shutil.which("nvim")

pytestmark = pytest.mark.skipif(VIM is None, reason="neither vim nor nvim is installed")

CLASSES = {
    **dict.fromkeys(("Name", "Function", "Layer", "Attribute", "Label", "Setting"), "name"),
    **dict.fromkeys(("Operator", "Delimiter"), "sign"),
    **dict.fromkeys(("Logical", "Conditional", "Constant", "Type", "Loop", "Stage", "Clause"), "word"),
    **dict.fromkeys(("Import", "Statement", "Declaration", "SectionName"), "word"),
    "Comment": "comment",
    "Number": "number",
    "String": "string",
}
SCRIPT = r"""
set nocompatible encoding=utf-8
set runtimepath^={folder}
filetype plugin indent on
syntax on
{commands}
qall!
"""
ASK = r"""
edit {file}
let shown = []
for place in {places}
  call add(shown, synIDattr(synID(place[0], place[1], 1), 'name'))
endfor
call writefile(shown, '{file}.shown')
"""


def in_vim(commands: str, folder: Path) -> None:
    script = folder / "script.vim"
    script.write_text(SCRIPT.format(folder=FOLDER, commands=commands), encoding="utf-8")
    subprocess.run(
        [str(VIM), "-u", "NONE", "-i", "NONE", "-es", "-S", str(script)],
        check=False,
        timeout=120,
        capture_output=True,
    )


def groups(texts: list[str], folder: Path) -> list[list[str]]:
    commands = ""
    for number, text in enumerate(texts):
        file = folder / f"{number}.graph"
        file.write_text(text, encoding="utf-8")
        commands += ASK.format(file=file, places=[list(place) for place in positions(text)])
    in_vim(commands, folder)
    shown = [(folder / f"{number}.graph.shown").read_text().splitlines() for number in range(len(texts))]
    return [[group.removeprefix("graphlang") for group in one] for one in shown]


def test_every_lesson_has_the_groups_of_its_words_and_names(tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in LESSONS]
    # The first lines of comments are left out, which would take most of the time.
    texts = [re.sub(r"\A(?:#.*\n)+", "# lesson\n", text) for text in texts]
    assert disagreements(texts, groups(texts, tmp_path), CLASSES) == []


def test_words_are_names_where_they_are_names(tmp_path: Path) -> None:
    assert disagreements([TRICKY], groups([TRICKY], tmp_path), CLASSES) == []


def test_a_file_has_its_type_and_its_settings(tmp_path: Path) -> None:
    (tmp_path / "a.graph").write_text("y = x\n")
    in_vim(
        f"edit {tmp_path}/a.graph\ncall writefile([&filetype, &commentstring, &shiftwidth], '{tmp_path}/out')",
        tmp_path,
    )
    assert (tmp_path / "out").read_text().splitlines() == ["graphlang", "# %s", "2"]


def test_lines_are_indented_by_the_brackets_that_are_open(tmp_path: Path) -> None:
    text = "def f(x) {\nh = x -> layers {\nAffine(3)  # {\nRelu\n}\nreturn h\n}\ny = [\n1,\n]\n"
    (tmp_path / "a.graph").write_text(text)
    in_vim(f"edit {tmp_path}/a.graph\nnormal gg=G\nwrite", tmp_path)
    assert (tmp_path / "a.graph").read_text() == (
        "def f(x) {\n  h = x -> layers {\n    Affine(3)  # {\n    Relu\n  }\n  return h\n}\ny = [\n  1,\n]\n"
    )


def test_make_lists_the_mistakes_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.graph").write_text("y = x\n")
    line = f"{tmp_path}/a.graph:3:7: error[GL201]: unknown name `aple`"
    (tmp_path / "messages").write_text(f"{line}\n")
    in_vim(
        f"edit {tmp_path}/a.graph\ncgetfile {tmp_path}/messages\n"
        f"let row = getqflist()[0]\ncall writefile([row.lnum, row.col, row.text], '{tmp_path}/out')",
        tmp_path,
    )
    assert (tmp_path / "out").read_text().splitlines() == ["3", "7", "error[GL201]: unknown name `aple`"]
