"""`graphlang lsp`: the language server, which an editor starts."""

from __future__ import annotations

import argparse
import gc
import sys

from graphlang.cli import console, options


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "lsp",
        "[--stdio]",
        "The language server: an editor starts it and talks to it over standard input and output. It tells\n"
        "mistakes while you type, and what names mean; it completes, renames, formats and shows shapes.\n"
        "It needs the extra `lsp`.",
        """
        graphlang lsp --help
        """,
    )
    command.add_argument(
        "--stdio", action="store_true", help="talk over standard input and output; there is no other way"
    )
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.diagnostics.extras import installing

    try:
        from graphlang.lsp.server import serve
    except ImportError:
        console.err("error: `graphlang lsp` needs pygls, which is not installed")
        console.err(f"help: install it with `{installing('lsp')}`")
        return 1
    if sys.stdin is None or sys.stdin.isatty():
        console.err("graphlang lsp: an editor starts this command; see docs/how-to/language-server.md")
        return 2
    gc.enable()  # it runs long
    protocol = sys.stdout.buffer
    sys.stdout = sys.stderr  # only the protocol goes to standard output
    serve(sys.stdin.buffer, protocol)
    return 0
