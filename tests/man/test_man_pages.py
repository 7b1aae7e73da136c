"""The man pages are what the help of the commands says, and roff can read them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from graphlang.cli import COMMANDS

FOLDER = Path(__file__).parents[2] / "man"
sys.path.insert(0, str(FOLDER))
import make_man_pages  # noqa: E402

PAGES = make_man_pages.man_pages()
GROFF = shutil.which("groff")


def shown(name: str) -> str:
    """A page as a terminal of many columns shows it, its warnings included."""
    command = [str(GROFF), "-K", "utf8", "-T", "utf8", "-P", "-cbou", "-m", "man", "-w", "w", "-rLL=9000n"]
    done = subprocess.run(
        [*command, str(FOLDER / "man1" / name)], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert done.stderr == ""
    return " ".join(done.stdout.split())


def test_there_is_a_page_for_the_program_and_for_each_command() -> None:
    names = {"graphlang.1", *(f"graphlang-{name}.1" for name in COMMANDS)}
    assert set(PAGES) == names
    assert {path.name for path in (FOLDER / "man1").iterdir()} == names


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fresh(name: str) -> None:
    """`python man/make_man_pages.py` writes all of them."""
    assert (FOLDER / "man1" / name).read_text(encoding="utf-8") == PAGES[name]


@pytest.mark.skipif(GROFF is None, reason="groff is not installed")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_shows_every_option_and_every_example_as_the_help_does(name: str) -> None:
    parser = import_module(f"graphlang.cli.{name.replace('-', '_')}").parser()
    text = shown(f"graphlang-{name}.1")
    for action in parser._actions:
        for option in action.option_strings:
            assert option in text
        assert " ".join(str(action.help).replace("`", "").split()) in text
    for line in parser.epilog.splitlines()[1:]:
        assert line.strip() in text


@pytest.mark.skipif(GROFF is None, reason="groff is not installed")
def test_the_page_of_the_program_lists_all_commands() -> None:
    text = shown("graphlang.1")
    assert [name for name in COMMANDS if f"graphlang-{name}(1)" not in text] == []


@pytest.mark.skipif(GROFF is None, reason="groff is not installed")
@pytest.mark.parametrize("text", [".dot", "'quote'", r"a \fB b", "-x --y", "~ ^ ` \\", "β × 가격"])
def test_what_means_something_to_roff_is_shown_as_it_is(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.1"
    lines = [*make_man_pages.heading("page"), ".SH TEXT", make_man_pages.escaped(text)]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert f"TEXT {text} graphlang" in shown(str(page))
