"""`graphlang check`: all diagnostics of specs, without running them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.cli import console, options

if TYPE_CHECKING:
    from graphlang.diagnostics import Diagnostic
    from graphlang.diagnostics.fixes import Fixed


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
        graphlang check net.graph --fix
        """,
    )
    options.specs(command)
    command.add_argument(
        "--fix", action="store_true", help="make the edits that are certain, and only these; tell the rest"
    )
    command.add_argument(
        "--diff", action="store_true", help="show what --fix would change, and write nothing"
    )
    options.settings(command)
    options.as_json(command, "the diagnostics (the same as --format json)")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    files = options.files_of(arguments.specs)
    if arguments.diff:
        return _show_fixes(files, arguments)
    mended = sum(_fix(path, arguments) for path in files) if arguments.fix else 0
    found = [_check(path, arguments) for path in files]
    diagnostics = [diagnostic for of_file in found for diagnostic in of_file]
    form = "json" if arguments.json else arguments.format
    text = _text(found, form, all_of_them="errors" in dict(arguments.limit))
    if text:
        console.out(text)
    errors = sum(d.severity == "error" for d in diagnostics)
    fixed = f"{console.counted(mended, 'mistake')} mended, " if mended else ""
    console.err(f"{console.counted(len(files), 'file')} checked: {fixed}{_counts(diagnostics)}")
    return 1 if errors else 0


def _check(path: str, arguments: argparse.Namespace) -> list[Diagnostic]:
    from graphlang.api import load
    from graphlang.diagnostics import GraphError

    texts = {name: value for name, value in arguments.set if not value.startswith("@")}
    try:
        return list(load(path, set=texts, limits=options.limits_of(arguments)).notes)
    except GraphError as error:
        return error.diagnostics


def _fix(path: str, arguments: argparse.Namespace) -> int:
    """Makes the certain edits in a file and returns how many mistakes they mend."""
    from graphlang.cli.rewriting import replace_spec

    if path == "-":
        raise options.Usage("--fix writes files: give the file, or `--diff` to see the edits")
    result = _with_fixes(path, arguments)[2]
    if result.mended:
        replace_spec(path, result.text)
    return result.mended


def _show_fixes(files: list[str], arguments: argparse.Namespace) -> int:
    """Shows what `--fix` would change; 1 if that is anything or mistakes would be left."""
    from graphlang.cli.rewriting import difference

    mended = left = 0
    for path in files:
        name, text, result = _with_fixes(path, arguments)
        sys.stdout.write("".join(difference(name, text, result.text, "fixed")))
        mended += result.mended
        left += sum(d.severity == "error" for d in result.problems)
    mistakes = console.counted(mended, "mistake")
    console.err(f"{mistakes} would be mended, {console.counted(left, 'error')} would be left")
    return 1 if mended or left else 0


def _with_fixes(path: str, arguments: argparse.Namespace) -> tuple[str, str, Fixed]:
    """The name and the text of a file, and what the certain edits make of it."""
    from graphlang.api import loads
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.fixes import fixed
    from graphlang.syntax.files import read_text

    limits = options.limits_of(arguments)
    name, text = read_text(path, limits)
    folder = Path(path).parent if path != "-" else None

    def mistakes(of: str) -> list[Diagnostic]:
        try:
            loads(of, name=name, folder=folder, limits=limits)
        except GraphError as error:
            return [d for d in error.diagnostics if d.span is not None and d.span.source.text == of]
        return []

    return name, text, fixed(text, mistakes)


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
