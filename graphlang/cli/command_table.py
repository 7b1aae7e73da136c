"""The commands as data, read off their parsers: what completions and man pages are written from."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import NamedTuple

from graphlang.cli import options


class WordPlace(NamedTuple):
    """What may stand at a place of a command line."""

    #: `specs`, `files`, `folders`, `words`; `text` where nothing can be suggested
    kind: str
    words: tuple[str, ...] = ()
    #: any number of them
    many: bool = False


class CommandOption(NamedTuple):
    names: tuple[str, ...]
    #: the name of its value in the help; empty where it takes none
    metavar: str
    help: str
    value: WordPlace | None
    repeats: bool


class CommandArgument(NamedTuple):
    metavar: str
    help: str
    slot: WordPlace


class Command(NamedTuple):
    name: str
    #: what the list of all commands says of it
    summary: str
    usage: str
    description: str
    options: tuple[CommandOption, ...]
    arguments: tuple[CommandArgument, ...]
    examples: tuple[str, ...]


_KINDS = {
    "SPEC": "specs",
    "A": "specs",
    "B": "specs",
    "FILE": "files",
    "PATH": "files",
    "RUN": "folders",
    "DIR": "folders",
    "FOLDER": "folders",
}
"""By the name of a value in the help."""


def commands_of(summaries: dict[str, str]) -> list[Command]:
    """The commands with these names; the summaries are what the list of all commands says."""
    return [_command(name, summary) for name, summary in summaries.items()]


def _command(name: str, summary: str) -> Command:
    parser: options.CommandParser = import_module(f"graphlang.cli.{name.replace('-', '_')}").parser()
    actions = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    return Command(
        name,
        summary,
        str(parser.usage),
        str(parser.description),
        tuple(_option(name, action) for action in actions if action.option_strings),
        tuple(_argument(name, action) for action in actions if not action.option_strings),
        tuple(line.strip() for line in str(parser.epilog).splitlines()[1:]),
    )


def _option(command: str, action: argparse.Action) -> CommandOption:
    choices = "|".join(map(str, action.choices or ()))
    value = None if action.nargs == 0 else _slot(command, action)
    metavar = "" if value is None else str(action.metavar or choices or action.dest.upper())
    repeats = isinstance(action, argparse._AppendAction)
    return CommandOption(tuple(action.option_strings), metavar, _help(action), value, repeats)


def _argument(command: str, action: argparse.Action) -> CommandArgument:
    return CommandArgument(str(action.metavar or action.dest), _help(action), _slot(command, action))


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _slot(command: str, action: argparse.Action) -> WordPlace:
    metavar, many = str(action.metavar), action.nargs in ("+", "*")
    if action.choices is not None:
        return WordPlace("words", tuple(map(str, action.choices)), many)
    words = _names(command, metavar)
    return WordPlace("words", words, many) if words else WordPlace(_KINDS.get(metavar, "text"), (), many)


def _names(command: str, metavar: str) -> tuple[str, ...]:
    """The names that a place takes: all that the language knows, all codes, all lessons."""
    if (command, metavar) == ("layers", "NAME"):
        from graphlang.catalog.described import everything

        return tuple(dict.fromkeys(record["name"] for record in everything()))
    if (command, metavar) == ("explain", "CODE"):
        from graphlang.cli.explain import codes

        return tuple(codes())
    if (command, metavar) == ("lessons", "NAME"):
        from graphlang.syntax.lessons import lesson_names

        return tuple(lesson_names())
    return ("copy",) if (command, metavar) == ("lessons", "copy") else ()
