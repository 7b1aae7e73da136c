"""`graphlang --completions SHELL`: a script that completes commands, options and names in a shell.

The script has all names in it, so that a shell that completes starts no Python.
"""

from __future__ import annotations

from collections.abc import Callable

from graphlang.cli.command_table import Command, CommandArgument, WordPlace, commands_of
from graphlang.cli.completions_bash import bash_script
from graphlang.cli.completions_fish import fish_script
from graphlang.cli.completions_zsh import zsh_script
from graphlang.syntax.lessons import PREFIX, lesson_names

SHELLS: dict[str, Callable[[list[Command], list[str], dict[str, str]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}


def completion_script(shell: str, summaries: dict[str, str], options: dict[str, str]) -> str:
    """The script for `bash`, `zsh` or `fish`, for commands and options with their summaries."""
    write = SHELLS[shell]
    lessons = [f"{PREFIX}{name}" for name in lesson_names()]
    names = CommandArgument("COMMAND", "", WordPlace("words", tuple(summaries)))
    helps = Command("help", "what a command does: its options and examples", "", "", (), (names,), ())
    top = {word: text for names, text in options.items() for word in _spellings(names)}
    return write([*commands_of(summaries), helps], lessons, top)


def _spellings(names: str) -> list[str]:
    """The spellings in a row of the help: `-h, --help` and `--completions SHELL`."""
    return [name.split()[0] for name in names.split(", ")]
