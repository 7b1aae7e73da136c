"""`graphlang explain`: the story behind a diagnostic code."""

from __future__ import annotations

import argparse
import inspect
from importlib import import_module
from pathlib import Path

from graphlang.cli import console, options
from graphlang.diagnostics import Diagnostic, closest


def parser() -> options.Parser:
    found = options.Parser(
        "explain",
        "[CODE]",
        "What a diagnostic code means: why, a wrong example, the fix. Without a code: all codes.",
        """
        graphlang explain GL201
        graphlang explain
        """,
    )
    found.add_argument("code", metavar="CODE", nargs="?", help="such as GL201")
    options.as_json(found)
    return found


def run(arguments: argparse.Namespace) -> int:
    known = codes()
    if arguments.code is None:
        rows = [[code, title(kind)] for code, kind in known.items()]
        if arguments.json:
            console.data([{"code": code, "title": text} for code, text in rows])
        else:
            console.table(rows, ["code", "meaning"], console.reading_width())
        return 0
    code = arguments.code.upper().strip("[]")
    if code not in known:
        # A letter O for a zero, an I or an L for a one: the digits of a code.
        bare = f"GL{code.removeprefix('GL').strip('-_ ')}"
        digits = bare if bare in known else code[:2] + code[2:].translate(str.maketrans("OIL", "011"))
        match = digits if digits in known else closest(code, known)
        hint = f"did you mean `{match}`?" if match else "`graphlang explain` lists every code"
        console.err(f"graphlang explain: error: there is no code `{arguments.code}`")
        console.err(f"help: {hint}")
        return 1
    text = inspect.cleandoc(known[code].__doc__ or "")
    if arguments.json:
        console.data({"code": code, "title": title(known[code]), "text": text})
    else:
        console.out(console.prose(f"{code}: {text}"))
    return 0


def title(kind: type[Diagnostic]) -> str:
    """The first sentence of a diagnostic's story."""
    return " ".join((kind.__doc__ or "").strip().partition("\n\n")[0].split())


def codes() -> dict[str, type[Diagnostic]]:
    """Every diagnostic by its code, in order; found by looking at files."""
    found: dict[str, type[Diagnostic]] = {}
    for path in sorted(Path(inspect.getfile(Diagnostic)).parent.glob("*.py")):
        name = "graphlang.diagnostics" if path.stem == "__init__" else f"graphlang.diagnostics.{path.stem}"
        for value in vars(import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Diagnostic) and "code" in vars(value):
                found[value.code] = value
    del found[Diagnostic.code]
    return dict(sorted(found.items()))
