"""The page of diagnostics: each code with its reason, a wrong example, what that says, and the fix."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from markup import escaped, fenced, paragraphs

import graphlang as gl
from graphlang.cli.explain import codes, messages, title
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.render import full

FAMILIES = {
    "GL1": "Writing",
    "GL2": "Names",
    "GL3": "Shapes and types",
    "GL4": "Calls",
    "GL5": "Sections and settings",
    "GL6": "Data and files",
    "GL7": "Running and training",
    "GL8": "Limits",
    "GL9": "Warnings of a training",
}

NO_SPEC = re.compile(r"graphlang [a-z]|np\.|gl\.|def forward\(self")
"""How an example begins that is a command, or Python."""


def page() -> str:
    parts = [
        "# Diagnostics",
        "Every message has a code. `graphlang explain CODE` tells in the terminal what stands here. All mistakes of a file are\n"
        "reported at once; `graphlang check --fix` makes the edits that are certain.",
    ]
    with TemporaryDirectory() as folder:
        family = ""
        for code, kind in codes().items():
            if code[:3] != family:
                family = code[:3]
                parts.append(f"## {FAMILIES.get(family, family)} {{ #{family} }}")
            parts += _entry(code, kind, Path(folder))
    return "\n\n".join(parts) + "\n"


def _entry(code: str, kind: type[Diagnostic], folder: Path) -> Iterator[str]:
    yield f"### {code} {{ #{code} }}"
    yield f"**{escaped(title(kind))}**"
    _, _, story = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")
    for is_code, example in paragraphs(story):
        if not is_code:
            yield escaped(example)
            continue
        said = _output(example, code, folder)
        yield fenced(example, "graph" if said else "text")
        if said:
            yield fenced(said, "text")
    texts = [str(template) for template in messages(kind)]
    worded = list(dict.fromkeys(text for text in texts if any(map(str.isalpha, text))))
    if len(worded) > 1:
        items = "\n".join(f"- {escaped(text)}" for text in worded)
        yield f"Its messages:\n\n{items}"


def _output(example: str, code: str, folder: Path) -> str:
    """What a wrong example says; nothing where it is no spec, or is wrong with certain data alone."""
    if NO_SPEC.match(example):
        return ""
    try:
        notes = gl.loads(example, name="example.graph", folder=folder).notes
    except gl.GraphError as error:
        return str(error) if code in {d.code for d in error.diagnostics} else ""
    return "\n\n".join(full(note) for note in notes if note.code == code)
