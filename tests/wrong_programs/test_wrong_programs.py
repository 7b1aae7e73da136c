"""Each wrong program gives exactly its messages, and is judged to be wrong; its right version is judged to be repaired."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wrong_programs.judging import (
    PROGRAMS,
    judged,
    messages,
    mistakes,
    names,
    numbered,
    right_versions,
    workplace,
)

NAMES = names()


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_program_gives_exactly_its_messages(name: str, request: pytest.FixtureRequest) -> None:
    text, golden = messages(name), PROGRAMS / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_bytes(text.encode())
    assert text == golden.read_bytes().decode()


def test_there_are_two_hundred_programs_and_a_right_version_of_each() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 200
    for suffix in (".graph", ".txt"):
        assert {path.stem for path in PROGRAMS.glob(f"*{suffix}")} == set(NAMES)


@pytest.mark.parametrize(
    "text", sorted(set(right_versions().values())), ids=lambda text: text.split("\n")[0][2:]
)
def test_a_right_version_has_no_mistakes(text: str) -> None:
    with workplace():
        assert mistakes(text, "right.graph") == []


def test_the_judge_takes_right_versions_and_refuses_wrong_missing_and_emptied_ones(tmp_path: Path) -> None:
    right = right_versions()
    texts = {
        "apple": (right["names_other_case"], ""),
        "wrong": (right["names_other_case"].replace("tax\n", "tacks\n"), "it still says: "),
        "emptied": ("input price = 1\noutput price\n", "it has no input "),
    }
    for text, objection in texts.values():
        (tmp_path / f"{numbered(NAMES.index('names_other_case') + 1)}.graph").write_text(
            text, encoding="utf-8"
        )
        verdicts = {verdict.name: verdict.objection for verdict in judged(tmp_path)}
        assert verdicts["names_other_case"].startswith(objection)
        assert bool(verdicts["names_other_case"]) == bool(objection)
        assert verdicts["names_input_forgotten"] == "there is no such file"
