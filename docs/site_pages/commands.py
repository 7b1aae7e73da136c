"""The page of the command line: the help of each command, from its parser."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from importlib import import_module

from markup import escaped, fenced, table

from graphlang.cli import COMMANDS, OPTIONS
from graphlang.cli.options import EXAMPLES

STATUS = [
    ["0", "done"],
    ["1", "the spec, the data or the weights are wrong, or a check or a test failed"],
    ["2", "the command was called wrongly"],
    ["3", "a fault of graphlang itself"],
    ["130, 143, 129", "ended by Ctrl-C, SIGTERM, SIGHUP; a training has saved its run"],
    ["141", "the reader of the output has gone"],
]


def page() -> str:
    rows = [[f"[{name}](#{name})", escaped(what)] for name, what in COMMANDS.items()]
    parts = [
        "# Command line",
        "`graphlang COMMAND --help` shows what stands here. Results go to stdout, everything else to stderr; `-` reads a spec from\n"
        "stdin, and `lesson:NAME` stands for a lesson. `NO_COLOR` is honoured.",
        table(["command", "does"], rows),
        "## Options of graphlang itself { #options }",
        table(["option", "meaning"], [[f"`{name}`", escaped(what)] for name, what in OPTIONS.items()]),
        "## Exit status { #status }",
        table(["status", "means"], STATUS),
    ]
    for name in COMMANDS:
        parts += _command(name)
    return "\n\n".join(parts) + "\n"


def _command(name: str) -> Iterator[str]:
    parser: argparse.ArgumentParser = import_module(f"graphlang.cli.{name.replace('-', '_')}").parser()
    yield f"## {name} {{ #{name} }}"
    yield fenced((parser.usage or "").replace("%(prog)s", parser.prog), "text")
    yield escaped(inspect.cleandoc(parser.description or ""))
    rows = [_row(action) for action in parser._actions if action.help != argparse.SUPPRESS]
    yield table(["option", "meaning"], rows)
    examples = (parser.epilog or "").removeprefix(f"{EXAMPLES}\n")
    if examples.strip():
        yield fenced(inspect.cleandoc(examples), "sh")


def _row(action: argparse.Action) -> list[str]:
    names = list(action.option_strings) or [str(action.metavar or action.dest)]
    if action.option_strings and action.nargs != 0:
        choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else None
        names[-1] += f" {action.metavar or choices or action.dest.upper()}"
    text = (
        (action.help or "") % {**vars(action), "prog": ""}
        if "%" in (action.help or "")
        else action.help or ""
    )
    return [", ".join(f"`{name}`" for name in names), escaped(text)]
