"""Data that comes with graphlang: where it is missing, the template that brings it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main
from graphlang.diagnostics.data import BROUGHT
from graphlang.scaffold.templates import TEMPLATES


def test_every_file_is_that_of_its_template() -> None:
    brought = {template.data for template in TEMPLATES.values() if template.data}
    assert set(BROUGHT) == brought
    assert all(TEMPLATES[template].data == file for file, template in BROUGHT.items())


def test_missing_digits_are_told_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "digits", "--template", "mlp"]) == 0
    next(Path("data").iterdir()).unlink()
    assert main(["train", "digits.graph"]) == 1
    assert "`graphlang new NAME --template mlp`" in capsys.readouterr().err
