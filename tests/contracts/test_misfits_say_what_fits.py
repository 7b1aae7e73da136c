"""Whatever operation refuses the shape of an argument says what it was given and what would fit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from contract_cases import entries, sample_texts

import graphlang as gl
from graphlang.diagnostics import Diagnostic

ENTRIES = entries()
DECLARED = re.compile(r"(\w+): (float|int|bool)(?:\[([^\]]*)\])?")
SAMPLES = 4
"""The sample calls of an operation whose arguments are broken."""


def broken(text: str) -> Iterator[tuple[str, str]]:
    """A sample call with another size, one axis less or more, or none in the type of one input, and that type."""
    head, _, rest = text.partition(";")
    for found in DECLARED.finditer(head):
        sizes = (found[3] or "").replace(" ", "").split(",") if found[3] else []
        places = range(len(sizes))
        variants = [[*sizes[:i], "7", *sizes[i + 1 :]] for i in places]
        variants += [[*sizes[:i], *sizes[i + 1 :]] for i in places]
        variants += [["6", *sizes], [*sizes, "6"], []]
        for variant in variants:
            type_ = found[2] + (f"[{', '.join(variant)}]" if variant else "")
            if variant != sizes:
                yield f"{head[: found.start()]}{found[1]}: {type_}{head[found.end() :]};{rest}", type_


def refused(name: str) -> Iterator[tuple[str, str, Diagnostic]]:
    """The broken calls of an operation that have a wrong shape."""
    for sample in sample_texts(ENTRIES[name])[:SAMPLES]:
        for text, type_ in broken(sample):
            try:
                gl.loads(text)
            except gl.GraphError as error:
                (problem,) = error.diagnostics
                assert problem.code != "GL409", f"`{text}`: {problem.message}"
                if problem.code == "GL301":
                    yield text, type_, problem


def declaring(help: str, text: str) -> Iterator[str]:
    """The text with each declaration that a help advises."""
    words = re.search(r"declare ((?:`\w+: [^`]+`(?: or )?)+)", help)
    for name, type_ in re.findall(r"`(\w+): ([^`]+)`", words[1]) if words else ():
        yield re.sub(rf"\b{name}: (?:float|int|bool)(?:\[[^\]]*\])?", f"{name}: {type_}", text, count=1)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_shape_that_is_refused_is_told_with_what_fits(name: str) -> None:
    for text, type_, problem in refused(name):
        told = " ".join([problem.message, *(place.message for place in problem.related)])
        sizes = re.findall(r"\w+", type_.partition("[")[2])
        given = not sizes or any(re.search(rf"\b{size}\b", told) for size in sizes)
        assert given, f"`{text}` is not told what it has: {told}"
        assert problem.help, f"`{text}` is not told what would fit: {problem.message}"
        assert re.search(r"\d|`", problem.help), f"`{text}` is told nothing definite: {problem.help}"
        for mended in declaring(problem.help, text):
            assert not _repeats(problem, mended), f"`{text}` is advised what does not mend it: {problem.help}"


def _repeats(problem: Diagnostic, text: str) -> bool:
    """Whether a text has the same mistake; what comes after the call may ask for the shape that it had."""
    try:
        gl.loads(text)
    except gl.GraphError as error:
        return error.diagnostics[0].message.split(":")[0] == problem.message.split(":")[0]
    return False
