"""`graphlang fmt`: specs in the one layout."""

from __future__ import annotations

import argparse
import sys

from graphlang.cli import console, options
from graphlang.cli.rewriting import difference, replace_spec

UNCHANGED, CHANGED, REFUSED = range(3)


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "fmt",
        "SPEC...",
        "Writes specs in the one layout: spaces, indentation, `=` and comments below one another, a chain\n"
        "that is too long broken before `->`. Line breaks inside a statement stay. A file with a syntax\n"
        "error is left as it is. `-` reads stdin and writes stdout.",
        """
        graphlang fmt net.graph
        graphlang fmt . --check
        graphlang fmt lesson:transformer --diff
        """,
    )
    command.add_argument(
        "specs",
        metavar="SPEC",
        nargs="+",
        type=options.named,
        help=".graph files or folders; `-` reads stdin",
    )
    command.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if a file would change"
    )
    command.add_argument(
        "--diff", action="store_true", help="write nothing; show what would change, and exit as --check"
    )
    options.limits(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    files = options.files_of(arguments.specs)
    outcomes = [_format(path, arguments) for path in files]
    changed, refused = outcomes.count(CHANGED), outcomes.count(REFUSED)
    if files != ["-"] or arguments.check:
        console.err(
            _counts(changed, len(files) - changed - refused, refused, only_looks=_only_looks(arguments))
        )
    return 1 if refused or (changed and _only_looks(arguments)) else 0


def _only_looks(arguments: argparse.Namespace) -> bool:
    return bool(arguments.check or arguments.diff)


def _counts(changed: int, unchanged: int, refused: int, *, only_looks: bool) -> str:
    verb = "would be" if only_looks else "were" if changed != 1 else "was"
    parts = [f"{console.counted(changed, 'file')} {verb} reformatted"] if changed else []
    parts += [f"{console.counted(unchanged, 'file')} already in the layout"] if unchanged else []
    parts += [f"{console.counted(refused, 'file')} could not be read"] if refused else []
    return ", ".join(parts) or "no files"


def _format(path: str, arguments: argparse.Namespace) -> int:
    """Formats one file, or looks at it, and returns what became of it."""
    from graphlang.diagnostics import GraphError
    from graphlang.formatting import laid_out
    from graphlang.syntax.files import read_text

    limits = options.limits_of(arguments)
    try:
        name, text = read_text(path, limits)
        layout = laid_out(text, name, limits)
    except GraphError as error:
        console.report(error.diagnostics, arguments.format, sys.stderr)
        return REFUSED
    if arguments.diff:
        sys.stdout.write("".join(difference(name, text, layout, "formatted")))
    elif path == "-" and not arguments.check:
        console.document(layout)
    if text == layout:
        return UNCHANGED
    if not _only_looks(arguments) and path != "-":
        replace_spec(path, layout)
    if not arguments.diff and path != "-":
        console.out(console.file_name(path))
    return CHANGED
