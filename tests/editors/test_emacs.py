"""The mode of Emacs tells words from names as the language does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from editor_groups import LESSONS, ROOT, TRICKY, disagreements, tokens

MODE = ROOT / "editors" / "emacs" / "graphlang-mode.el"
EMACS = shutil.which("emacs")

pytestmark = pytest.mark.skipif(EMACS is None, reason="emacs is not installed")

CLASSES = {
    **dict.fromkeys(("font-lock-function-name-face", "font-lock-variable-name-face", "name"), "name"),
    **dict.fromkeys(("font-lock-keyword-face", "font-lock-constant-face", "font-lock-type-face"), "word"),
    **dict.fromkeys(("font-lock-comment-face", "font-lock-comment-delimiter-face"), "comment"),
    "font-lock-builtin-face": "number",
    "font-lock-string-face": "string",
    "sign": "sign",
}


def in_emacs(code: str) -> str:
    done = subprocess.run(
        [str(EMACS), "-Q", "--batch", "-l", str(MODE), "--eval", f"(progn {code})"],
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def faces(texts: list[str], folder: Path) -> list[list[str]]:
    code = ""
    for number, text in enumerate(texts):
        file = folder / f"{number}.graph"
        file.write_text(text, encoding="utf-8")
        places = " ".join(str(token.start + 1) for token in tokens(text))
        code += (
            f'(with-current-buffer (find-file-noselect "{file}") (font-lock-ensure)'
            f"(princ (format \"%S\\n\" (mapcar (lambda (p) (get-text-property p 'face)) '({places})))))"
        )
    shown = [line.strip("()").split() for line in in_emacs(code).splitlines()]
    # What has no colour is a name or a sign.
    return [
        [("name" if token.kind == "NAME" else "sign") if face == "nil" and not reserved(token.kind) else face
         for token, face in zip(tokens(text), row, strict=True)]
        for text, row in zip(texts, shown, strict=True)
    ]  # fmt: skip


def reserved(kind: str) -> bool:
    """Whether a token must have a colour: comments, numbers, texts and words."""
    from graphlang.syntax.lexer import SYMBOLS

    return kind != "NAME" and kind not in SYMBOLS.values()


def test_every_lesson_has_the_faces_of_its_words_and_names(tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in LESSONS]
    assert disagreements(texts, faces(texts, tmp_path), CLASSES) == []


def test_words_are_names_where_they_are_names(tmp_path: Path) -> None:
    assert disagreements([TRICKY], faces([TRICKY], tmp_path), CLASSES) == []


def test_lines_are_indented_by_the_brackets_that_are_open(tmp_path: Path) -> None:
    text = "def f(x) {\nh = x -> layers {\nAffine(3)  # {\nRelu\n}\nreturn h\n}\ny = [\n1,\n]\n"
    (tmp_path / "a.graph").write_text(text)
    code = f'(find-file "{tmp_path}/a.graph") (indent-region (point-min) (point-max)) (princ (buffer-string))'
    assert in_emacs(code) == (
        "def f(x) {\n  h = x -> layers {\n    Affine(3)  # {\n    Relu\n  }\n  return h\n}\ny = [\n  1,\n]\n"
    )


def test_a_file_has_the_mode_and_comments_begin_with_a_hash(tmp_path: Path) -> None:
    (tmp_path / "a.graph").write_text("y = x\n")
    code = f'(find-file "{tmp_path}/a.graph") (comment-line 1) (princ (format "%s %s" major-mode (buffer-string)))'
    assert in_emacs(code) == "graphlang-mode # y = x\n"


def test_the_file_compiles_without_a_warning(tmp_path: Path) -> None:
    copy = tmp_path / MODE.name
    shutil.copy(MODE, copy)
    in_emacs(f'(setq byte-compile-error-on-warn t) (unless (byte-compile-file "{copy}") (kill-emacs 1))')


def test_the_buffer_is_written_in_the_one_layout_unless_it_has_mistakes(tmp_path: Path) -> None:
    program = tmp_path / "graphlang"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m graphlang "$@"\n')
    program.chmod(0o755)
    code = f'(setq graphlang-program "{program}") (find-file "{tmp_path}/a.graph")'
    both = '(dolist (text (list "y=x*2" "y = (")) (erase-buffer) (insert text) (graphlang-format) (princ (buffer-string)))'
    assert in_emacs(f"{code} {both}") == "y = x * 2\ny = ("


def test_eglot_is_told_of_the_server() -> None:
    code = "(defvar eglot-server-programs nil) (provide 'eglot) (princ (json-encode (funcall (cdr (assq 'graphlang-mode eglot-server-programs)))))"
    assert json.loads(in_emacs(f"(require 'json) {code}")) == ["graphlang", "lsp"]
