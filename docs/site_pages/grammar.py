"""The page of the grammar: the rules of `graphlang.lark`, and the operators by precedence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markup import fenced, table

import graphlang.syntax
from graphlang.syntax.operators import OPERATORS

FILE = Path(graphlang.syntax.__file__).with_name("graphlang.lark")
LEVELS = ("or", "and", "not", "comparison", "sum", "product", "sign", "power")
HEADING = re.compile(r"^// -+ (.*?) -+$")
TITLES = {
    "definitions": "Definitions",
    "the one loop of run time": "The loop at run time",
    "types": "Types",
    "expressions, loosest to tightest": "Expressions, loosest to tightest",
    "what may stand after an arrow": "After an arrow",
    "terminals": "Terminals",
}


def page() -> str:
    parts = [
        "# Grammar",
        "The rules that the parser is made from. `name:` begins a rule, `|` divides its forms, `?` after something says that it may\n"
        "be missing, words in capitals are terminals, and what stands in quotes is written so. `_NL` is the end of a statement.",
        "## Operators",
        "Loosest first; those of one row bind alike. Below them are calls, slices and parts: `f(x)`, `x[0]`, `x.T`.",
        table(["kind", "operators", "functions"], list(_levels())),
        "## Statements",
        fenced("\n".join(_rules("")), "text"),
    ]
    for heading, title in TITLES.items():
        parts += [f"## {title}", fenced("\n".join(_rules(heading)), "text")]
    return "\n\n".join(parts) + "\n"


def _levels() -> Iterator[list[str]]:
    for level, kind in enumerate(LEVELS):
        rows = [row for row in OPERATORS if row.precedence == level]
        links = ", ".join(f"[{row.function}](catalog/functions.md#{row.function})" for row in rows)
        yield [kind, " ".join(f"`{row.symbol}`" for row in rows), links]


def _rules(wanted: str) -> Iterator[str]:
    """The rules below a heading of the file, without the names of nodes and what is there for mistakes."""
    heading = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        found = HEADING.match(line)
        if found:
            heading = found[1]
            if heading not in TITLES:
                raise ValueError(f"the page of the grammar has no place for `{heading}`")
        elif heading == wanted and not line.startswith("//") and "roken" not in line.partition(":")[0]:
            if re.match(r"(_NL|LINES|COMMENT|WS|BROKEN|%ignore)", line):
                continue
            line = re.sub(r"\s+-> \w+$", "", line).replace(" | broken", "")
            line = re.sub(r"^\?", "", re.sub(r"^(\w+)\.\d+:", r"\1:", line))
            if line.strip() not in ("", "| broken"):
                yield line
