"""`graphlang explain`: the wrong example of every code gives that very code."""

from __future__ import annotations

import inspect
import textwrap

import pytest

import graphlang as gl
from graphlang.cli.explain import codes, story

OF_FILES_AND_VALUES = ("GL147", "GL512", "GL602", "GL603", "GL604", "GL605", "GL606", "GL607", "GL611", "GL612", "GL613",
                       "GL614", "GL615", "GL616", "GL619", "GL620", "GL621", "GL622", "GL623", "GL624", "GL625", "GL703", "GL706",
                       "GL711", "GL718", "GL722", "GL728", "GL782", "GL786", "GL802", "GL807")  # fmt: skip
"""Codes whose example is not wrong by itself: it is a line of a data file, or goes with one, or with a value."""
OF_TRAINING = tuple(code for code in codes() if code.startswith("GL9"))
"""Codes that only a training has: `training/test_warnings.py` trains such networks."""
INVISIBLE = ("GL107", "GL108")
"""Codes of characters that no reader can see: they have no example."""
PYTHON_AND_SHELL = ("graphlang new", "graphlang import", "graphlang export", "graphlang run", "graphlang train", "graphlang evaluate", "graphlang predict", "np.", "gl.", "def forward(self")  # fmt: skip


def examples() -> dict[str, str]:
    """The indented lines of each story."""
    found = {}
    for code, kind in codes().items():
        lines = inspect.cleandoc(kind.__doc__ or "").splitlines()
        first = next((i for i, line in enumerate(lines) if line.startswith("    ")), len(lines))
        block = []
        for line in lines[first:]:
            if line and not line.startswith("    "):
                break
            block.append(line)
        found[code] = textwrap.dedent("\n".join(block)).strip()
    return found


EXAMPLES = examples()
SPECS = [
    code
    for code, text in EXAMPLES.items()
    if text and not text.startswith(PYTHON_AND_SHELL) and code not in OF_FILES_AND_VALUES + OF_TRAINING
]


@pytest.mark.parametrize("code", SPECS)
def test_the_wrong_example_of_a_code_gives_that_code(code, tmp_path):
    try:
        found = gl.loads(EXAMPLES[code], folder=tmp_path).notes
    except gl.GraphError as error:
        found = error.diagnostics
    assert {d.code for d in found} == {code} or (code == "GL601" and code in {d.code for d in found})


def test_nearly_every_code_has_an_example():
    without = {code for code, text in EXAMPLES.items() if not text}
    assert without == {*INVISIBLE, "GL704", "GL801", "GL806"}
    assert len(SPECS) > 60


@pytest.mark.parametrize("code", codes())
def test_every_message_of_a_code_is_listed_once_and_has_words(code):
    _, _, listed = story(codes()[code]).partition("Its messages:")
    messages = [line for line in listed.splitlines() if line]
    assert len(set(messages)) == len(messages)
    assert [m for m in messages if not any(map(str.isalpha, m))] == []
