"""`graphlang check`: all diagnostics of specs, without running them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphlang.cli import console, options

if TYPE_CHECKING:
    from graphlang.diagnostics import Diagnostic


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "check",
        "SPEC...",
        "Syntax, names, types and shapes, for every batch size at once: all mistakes of all files.\n"
        "Reads no data. The diagnostics go to stdout, the count to stderr.",
        """
        graphlang check lesson:two_layer_net
        graphlang check . --format github
        graphlang check net.graph --set hidden=100 --json
        """,
    )
    options.specs(command)
    options.settings(command)
    options.as_json(command, "the diagnostics (the same as --format json)")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    files = options.files_of(arguments.specs)
    found = [_check(path, arguments) for path in files]
    diagnostics = [diagnostic for of_file in found for diagnostic in of_file]
    form = "json" if arguments.json else arguments.format
    text = _text(found, form, all_of_them="errors" in dict(arguments.limit))
    if text:
        console.out(text)
    errors = sum(d.severity == "error" for d in diagnostics)
    console.err(f"{console.counted(len(files), 'file')} checked: {_counts(diagnostics)}")
    return 1 if errors else 0


def _check(path: str, arguments: argparse.Namespace) -> list[Diagnostic]:
    from graphlang.api import load
    from graphlang.diagnostics import GraphError

    texts = {name: value for name, value in arguments.set if not value.startswith("@")}
    try:
        return list(load(path, set=texts, limits=options.limits_of(arguments)).notes)
    except GraphError as error:
        return error.diagnostics


def _text(found: Sequence[list[Diagnostic]], form: str, *, all_of_them: bool) -> str:
    """The diagnostics of all files; for people, those of a file that are too much to read are counted, unless
    they have been asked for."""
    color = console.color(sys.stdout)
    if form in ("json", "sarif") or all_of_them:
        return console.formatted([diagnostic for of_file in found for diagnostic in of_file], form, color)
    texts = [console.formatted(of_file, form, color, bounded=True) for of_file in found]
    return ("\n\n" if form == "full" else "\n").join(text for text in texts if text)


def _counts(diagnostics: list[Diagnostic]) -> str:
    counts = [(sum(d.severity == kind for d in diagnostics), kind) for kind in ("error", "warning", "note")]
    return ", ".join(console.counted(number, kind) for number, kind in counts if number) or "no mistakes"
