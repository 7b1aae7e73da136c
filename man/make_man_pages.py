"""Writes man/man1 from the parsers of the commands: `python man/make_man_pages.py`.

The wheel ships the pages as share/man/man1, where `man` looks beside the folder of a program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "man1"
sys.path.insert(0, str(FOLDER.parents[1]))

from graphlang.cli import COMMANDS, EXIT_STATUS, OPTIONS  # noqa: E402
from graphlang.cli.command_table import Command, CommandOption, commands_of  # noqa: E402
from graphlang.spec.version import __version__  # noqa: E402

SUMMARY = "computational graphs from a few lines of text, with every value and every gradient"
DESCRIPTION = """
A `.graph` file has formulas and chains of layers. graphlang computes every value and every gradient of it,
draws it, checks names, types and shapes before anything runs, and trains it.
"""
ENVIRONMENT = {
    "GRAPHLANG_CALIBRATION": "`off` takes the usual prices of threads, and measures none on this machine.",
    "GRAPHLANG_DATA": "A folder in which data sets such as MNIST are looked for.",
    "GRAPHLANG_DEBUG": "`1` shows the traceback of a fault of graphlang itself, as `--debug` does.",
    "NO_COLOR": "Anything but nothing leaves out the colours.",
}


def escaped(text: str) -> str:
    """A text in which nothing means anything to roff."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("^", r"\(ha")
    plain = plain.replace("~", r"\(ti")
    return rf"\&{plain}" if plain.startswith(".") else plain


def prose(text: str) -> str:
    """A text whose `code` is bold."""
    parts = " ".join(text.split()).split("`")
    shown = "".join(rf"\fB{escaped(part)}\fR" if i % 2 else escaped(part) for i, part in enumerate(parts))
    return rf"\&{shown}" if shown.startswith(".") else shown


def usage(text: str) -> str:
    """A usage: what is written as it stands is bold, names of values are italic."""
    program, _, rest = text.partition(" ")
    command, _, rest = rest.partition(" ")
    head = f"{program} {command}" if command.islower() else program
    rest = rest if command.islower() else f"{command} {rest}".strip()
    values = re.sub(r"[A-Z]+", lambda name: rf"\fI{name[0]}\fR", escaped(rest))
    return rf"\fB{escaped(head)}\fR {values}".rstrip()


def heading(name: str) -> list[str]:
    title = name.upper().replace("-", r"\-")
    return [
        '.\\" Written by man/make_man_pages.py from the help of the commands.',
        f'.TH "{title}" "1" "" "graphlang {__version__}" "Graphlang"',
    ]


def tagged(names: str, text: str) -> list[str]:
    return [".TP", names, prose(text)]


def option_names(option: CommandOption) -> str:
    names = ", ".join(rf"\fB{escaped(name)}\fR" for name in option.names)
    return rf"{names} \fI{escaped(option.metavar)}\fR" if option.metavar else names


def page_of(command: Command) -> str:
    """The page of one command."""
    name = f"graphlang-{command.name}"
    lines = [*heading(name), ".SH NAME", rf"{escaped(name)} \- {escaped(command.summary)}"]
    lines += [".SH SYNOPSIS", usage(command.usage), ".SH DESCRIPTION", prose(command.description)]
    if command.arguments:
        lines.append(".SH ARGUMENTS")
        for argument in command.arguments:
            lines += tagged(rf"\fI{escaped(argument.metavar)}\fR", argument.help)
    lines.append(".SH OPTIONS")
    for option in command.options:
        lines += tagged(option_names(option), option.help)
    lines += [".SH EXAMPLES", ".nf", *map(escaped, command.examples), ".fi"]
    lines += [".SH EXIT STATUS", prose(EXIT_STATUS), ".SH SEE ALSO", r"\fBgraphlang\fR(1)"]
    return "\n".join(lines) + "\n"


def main_page() -> str:
    """The page of the program: what commands there are."""
    lines = [*heading("graphlang"), ".SH NAME", rf"graphlang \- {escaped(SUMMARY)}"]
    lines += [".SH SYNOPSIS", usage("graphlang COMMAND [OPTIONS] ..."), ".SH DESCRIPTION"]
    lines += [prose(DESCRIPTION), ".SH COMMANDS"]
    for name, text in COMMANDS.items():
        lines += tagged(rf"\fBgraphlang\-{escaped(name)}\fR(1)", text)
    lines.append(".SH OPTIONS")
    for names, text in OPTIONS.items():
        lines += tagged(re.sub(r"(\\-[^ ,]+)", r"\\fB\1\\fR", escaped(names)), text)
    lines += [".SH ENVIRONMENT"]
    for name, text in ENVIRONMENT.items():
        lines += tagged(rf"\fB{name}\fR", text)
    lines += [".SH EXIT STATUS", prose(EXIT_STATUS), ".SH EXAMPLES", ".nf"]
    lines += [
        escaped("graphlang run lesson:apple_orange"),
        escaped("graphlang train lesson:two_layer_net"),
        ".fi",
    ]
    return "\n".join(lines) + "\n"


def man_pages() -> dict[str, str]:
    """The pages by their file names."""
    pages = {f"graphlang-{command.name}.1": page_of(command) for command in commands_of(COMMANDS)}
    return {"graphlang.1": main_page(), **pages}


if __name__ == "__main__":
    pages = man_pages()
    for old in FOLDER.glob("*.1"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {len(pages)} pages")
