"""Each template of `graphlang new` is in the one layout, checks, runs, has right gradients, and trains."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.formatting import laid_out
from graphlang.scaffold.templates import DEFAULT_TEMPLATE, TEMPLATES, filled_in, template_text

FOLDER = Path(gl.__file__).parent / "scaffold" / "templates"
SMALLER = {"convnet": ["--set", "channels=2"], "transformer": ["--set", "dim=8"]}
"""What keeps the gradient check quick."""
TRAINED = [name for name in TEMPLATES if name != DEFAULT_TEMPLATE]


def text_of(template: str) -> str:
    return template_text(template, "mine", str)


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes `mine.graph` of a template in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def make(template: str) -> None:
        assert main(["new", "mine", "--template", template]) == 0

    return make


def test_every_template_has_a_file_and_every_file_is_a_template() -> None:
    assert {path.stem for path in FOLDER.glob("*.graph")} == set(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_in_the_one_layout_with_any_name(template: str) -> None:
    for stem in ("a", "mine", "a name with blanks"):
        text = template_text(template, stem, repr)
        assert laid_out(text) == text


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_of_the_words_that_stand_for_names_is_left(template: str) -> None:
    text = text_of(template)
    assert text.startswith("# mine: ")
    assert not {"FILE", "NAME", "RUN"} & set(text.replace("`", " ").split())
    assert max(map(len, text.splitlines())) <= 110


def test_what_is_said_of_the_commands_stands_in_one_column() -> None:
    text = "#     graphlang run FILE    all\n#     graphlang view FILE --open    a page\n#     graphlang run FILE\n"
    assert filled_in(text, "net", str) == (
        "#     graphlang run net.graph           all\n"
        "#     graphlang view net.graph --open   a page\n"
        "#     graphlang run net.graph\n"
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_checks_without_a_note_and_its_gradients_are_right(template: str, new, capsys) -> None:
    new(template)
    assert main(["check", "mine.graph"]) == 0
    assert main(["test", "mine.graph", *SMALLER.get(template, ())]) == 0
    assert "note" not in capsys.readouterr().err


def test_the_first_template_runs_with_the_values_that_it_has(new, capsys) -> None:
    new(DEFAULT_TEMPLATE)
    capsys.readouterr()
    assert main(["run", "mine.graph", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"]["total"] == pytest.approx(3.24)


@pytest.mark.parametrize("template", TRAINED)
def test_a_template_trains_on_the_data_beside_it_and_the_commands_that_are_named_run(
    template: str, new, capsys
) -> None:
    new(template)
    _, _, *told = [shlex.split(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == ["graphlang", "train", "mine.graph"]
    few = ["--set", "train.iterations=4", *SMALLER.get(template, ())]
    assert main([*told[0][1:], *few]) == 0
    assert "trained 4 iterations" in "".join(capsys.readouterr())
    for words in told[1:]:
        length = ["--length", "5"] if "--text" in words else []
        assert main([*words[1:], *length, *SMALLER.get(template, ())]) == 0


def test_the_network_of_affine_layers_learns_the_digits(new, capsys) -> None:
    new("mlp")
    assert main(["train", "mine.graph", "--set", "train.epochs=1"]) == 0
    shown = "".join(capsys.readouterr())
    assert float(shown.rpartition("test ")[2]) > 0.85
