"""Shrinks a failing program: leaves out everything that the failure does not need."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Iterator

from random_program import SMALL, Program

Fails = Callable[[Program], bool]


def shrunk(program: Program, fails: Fails, seconds: float = 20.0) -> Program:
    """The smallest program found that still fails; `fails` must be true of the given one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        smaller = next((p for p in _smaller(program) if time.monotonic() < end and fails(p)), None)
        if smaller is None:
            break
        program = smaller
    return program


def _smaller(program: Program) -> Iterator[Program]:
    yield from _without_statements(program)
    yield from _simpler_statements(program)
    for place in (0, 1):
        for name, size in program.sizes[place].items():
            for less in SMALL:
                if less < size:
                    sizes = [dict(s) for s in program.sizes]
                    sizes[place][name] = less
                    yield dataclasses.replace(program, sizes=(sizes[0], sizes[1]))
    if program.style != "plain":
        yield dataclasses.replace(program, style="plain")


def statements(text: str) -> list[str]:
    """The statements of a program, each with the lines of its braces."""
    found: list[str] = []
    depth = 0
    for line in text.split("\n"):
        if depth:
            found[-1] += "\n" + line
        else:
            found.append(line)
        depth += line.count("{") - line.count("}")
    return found


def _without_statements(program: Program) -> Iterator[Program]:
    parts = statements(program.text)
    for count in (len(parts) // 2, 2, 1):
        for start in range(len(parts) - count, -1, -1):
            kept = parts[:start] + parts[start + count :]
            if kept and len(kept) < len(parts):
                yield dataclasses.replace(program, text="\n".join(kept))


def _simpler_statements(program: Program) -> Iterator[Program]:
    """One name taken in the place of another statement's value, or of an operand; fewer outputs."""
    parts = statements(program.text)
    for place, part in enumerate(parts):
        head, equals, right = part.partition(" = ")
        if part.startswith("output"):
            names = part.removeprefix("output ").split(", ")
            simpler = [
                f"output {', '.join(names[:i] + names[i + 1 :])}" for i in range(len(names)) if len(names) > 1
            ]
        elif equals and not part.startswith(("input", "param", "hyper", "layer", "def")):
            names = list(dict.fromkeys(re.findall(r"\b[a-z]\d+\b", right)))
            inner = re.findall(r"\(([^()]+)\)", right)
            simpler = [f"{head} = {n}" for n in [*names, *inner] if n != right]
            simpler += [head + " = " + re.sub(rf"\b{a}\b", b, right) for a in names for b in names if b < a]
        else:
            simpler = []
        for one in simpler:
            yield dataclasses.replace(program, text="\n".join([*parts[:place], one, *parts[place + 1 :]]))
