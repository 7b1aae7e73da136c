"""`graphlang explain`: the story behind a diagnostic code."""

from __future__ import annotations

import argparse
import inspect
from importlib import import_module
from pathlib import Path

from graphlang.cli import console, options
from graphlang.diagnostics import Diagnostic, closest
from graphlang.diagnostics.base import Template, wordings_of


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "explain",
        "[CODE]",
        "What a diagnostic code means: why, a wrong example, the fix. Without a code: all codes.",
        """
        graphlang explain GL201
        graphlang explain
        """,
    )
    command.add_argument("code", metavar="CODE", nargs="?", help="such as GL201")
    options.as_json(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    kinds = codes()
    if arguments.code is None:
        rows = [[code, title(kind)] for code, kind in kinds.items()]
        if arguments.json:
            console.print_json([{"code": code, "title": text} for code, text in rows])
        else:
            console.print_table(rows, ["code", "meaning"], console.reading_width())
        return 0
    code = arguments.code.upper().strip("[]")
    if code not in kinds:
        # Read a letter O as a zero, and an I or an L as a one.
        bare = f"GL{code.removeprefix('GL').strip('-_ ')}"
        digits = bare if bare in kinds else code[:2] + code[2:].translate(str.maketrans("OIL", "011"))
        match = digits if digits in kinds else closest(code, kinds)
        hint = f"did you mean `{match}`?" if match else "`graphlang explain` lists every code"
        console.err(f"graphlang explain: error: there is no code `{arguments.code}`")
        console.err(f"help: {hint}")
        return 1
    text = story(kinds[code])
    if arguments.json:
        console.print_json({"code": code, "title": title(kinds[code]), "text": text})
    else:
        console.out(console.prose(f"{code}: {text}"))
    return 0


def story(kind: type[Diagnostic]) -> str:
    """The reason, a wrong example and the fix, then the messages if the code has several."""
    text = inspect.cleandoc(kind.__doc__ or "")
    texts = dict.fromkeys(str(template) for template in messages(kind))
    worded = [text for text in texts if any(map(str.isalpha, text))]  # one that quotes says nothing by itself
    if len(worded) < 2:
        return text
    return "\n".join([text, "", "Its messages:", "", *(f"    {words}" for words in worded)])


def messages(kind: type[Diagnostic]) -> list[Template]:
    """The message templates of a code: its class's, then those of its other wordings."""
    own = (vars(wording).get("message") for wording in wordings_of(kind))
    templates = [inspect.getattr_static(kind, "message"), *own]
    return list({t.text: t for t in templates if isinstance(t, Template)}.values())


def title(kind: type[Diagnostic]) -> str:
    """The first sentence of a diagnostic's story."""
    return " ".join((kind.__doc__ or "").strip().partition("\n\n")[0].split())


def codes() -> dict[str, type[Diagnostic]]:
    """Every diagnostic by its code, in order; every module of the package is imported."""
    kinds: dict[str, type[Diagnostic]] = {}
    folder = Path(inspect.getfile(Diagnostic)).parent
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        module = import_module(".".join(("graphlang.diagnostics", *parts)))
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Diagnostic) and "code" in vars(value):
                kinds[value.code] = value
    del kinds[Diagnostic.code]
    return dict(sorted(kinds.items()))
