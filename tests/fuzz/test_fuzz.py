"""Texts of every kind that the fuzzer tries, a bounded number of each; longer: `python -m tests.fuzz`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz_search import KINDS, Search, look_until, of_grammar, of_words
from grammar_sentences import grammar, joined
from hypothesis import given, settings
from hypothesis import strategies as st
from text_checks import Hang, fault_of_file, fault_of_sentence, fault_of_text, in_time
from with_atheris import look_with_atheris

import graphlang as gl

ROOT = Path(__file__).parents[2]
NO_WORDS = {"BROKEN", "COMMENT", "LINES", "WS"}
"""Terminals that no rule uses: what is left out between words, and the mark of what cannot be read."""
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(SEEDS)
def test_a_file_with_wrong_words_is_refused_or_computed_alike_in_every_way(seed: int) -> None:
    content, fault = KINDS["words"](seed)
    assert fault is None, content


@settings(max_examples=60)
@given(SEEDS)
def test_a_file_with_wrong_bytes_ends_in_a_result_or_in_diagnostics(seed: int) -> None:
    content, fault = KINDS["bytes"](seed)
    assert fault is None, content


@settings(max_examples=200)
@given(SEEDS)
def test_a_sentence_of_the_grammar_is_parsed_alike_whatever_stands_between_its_words(seed: int) -> None:
    content, fault = KINDS["grammar"](seed)
    assert fault is None, content


def test_sentences_use_every_terminal() -> None:
    given = {name: set(texts) for name, texts in grammar().texts.items() if name not in NO_WORDS}
    for seed in range(10_000):
        words = set(grammar().sentence(random.Random(seed)))
        given = {name: texts for name, texts in given.items() if not words & texts}
        if not given:
            break
    assert given == {}


def test_a_seed_always_gives_the_same_text() -> None:
    assert of_words(5).content == of_words(5).content
    assert of_grammar(5).content == of_grammar(5).content


# ---- what the checks find ---------------------------------------------------------------------------------


def test_an_exception_that_is_no_diagnostic_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **options: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(gl.Graph, "from_spec", broken)
    assert fault_of_text("y = x + 1") == "KeyError in test_fuzz.py:broken"


def test_a_text_that_takes_too_long_is_a_fault() -> None:
    def endless() -> None:
        with in_time(1):
            while True:
                pass

    with pytest.raises(Hang):
        endless()


def test_a_command_that_fails_of_itself_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault_of_file(b"y = x +") is None
    assert fault_of_file(b"\xff\xfe") is None

    def broken(*args: object, **options: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("graphlang.api.loading.resolve", broken)
    assert "status 3" in str(fault_of_file(b"y = x"))


def test_a_sentence_with_another_tree_is_a_fault() -> None:
    assert fault_of_sentence("y = a - b", "y  =  a\t-b") is None
    assert fault_of_sentence("y = a - b", "y = a - c") == "other blanks give another tree"


def test_a_sentence_that_is_refused_is_a_fault() -> None:
    words = ["y", "=", "(", "a", ")"]
    text = joined(words, random.Random(0))
    assert fault_of_sentence(text, text) is None
    assert fault_of_sentence("y = (a", "y = (a") == "a sentence of the grammar is refused: GL102"


def test_the_search_tells_each_fault_once_and_keeps_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(text: str, **options: object) -> None:
        raise KeyError(text)

    monkeypatch.setattr(gl, "loads", broken)
    _, faults = look_until(Search(("words",), 3, time.time() + 2, tmp_path))
    assert list(faults.values()) == [3]
    assert [path.name for path in tmp_path.iterdir()] == ["words-3.graph"]
    assert "KeyError" in capsys.readouterr().out


def test_without_atheris_the_command_says_that_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert look_with_atheris(1) == 0
    assert capsys.readouterr().out == "skipped: atheris is not installed\n"


def test_a_page_that_a_command_writes_is_not_left_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fault_of_file(b"y = 1 + 2", ("view",)) is None
    assert list(tmp_path.iterdir()) == []


def test_the_command_looks_and_counts() -> None:
    words = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.02", "--kinds", "grammar", "bytes"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        words, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 faults" in run.stdout
