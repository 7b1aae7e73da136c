"""What is wrong, as the pages get it: the records of `--format json`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import GraphError

Problem = dict[str, Any]


def plain_problem(message: str, help_: str | None = None) -> Problem:
    """A problem of a request, which has no code and no place in a file."""
    return {"code": "", "severity": "error", "message": message, "help": help_}


def problems_of(error: BaseException) -> list[Problem]:
    """The mistakes that an error carries; for a fault of graphlang itself a sentence, never a traceback."""
    if isinstance(error, GraphError):
        return [d.as_json() for d in error.diagnostics]
    if isinstance(error, MemoryError):
        return [plain_problem("there is not enough memory for this")]
    if isinstance(error, OSError):
        file = f"{error.filename}: " if error.filename else ""
        return [plain_problem(f"{file}{(error.strerror or str(error)).lower()}")]
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return [
        plain_problem(f"graphlang itself failed: {what}", "this is a fault of graphlang, not of your file")
    ]
