"""What hovers and completions say of the language itself: the records of `graphlang layers`, as Markdown."""

from __future__ import annotations

import inspect
import re
from typing import Any

from graphlang.catalog.described import FAMILIES, as_written, records_of, type_in_words
from graphlang.lazy import made_once
from graphlang.syntax import lexer

SECTION_DOCS = {
    "data": "Where the values of the inputs come from: a source, and a field of it for each input.",
    "train": "What is minimized, by which optimizer, and for how long.",
    "gradcheck": "What `graphlang gradcheck` compares with numerical differentiation.",
}
KEYWORDS = {
    "graphlang": "The version of the language, on the first line: `graphlang 1`",
    "import": 'The `def`s of another file: `import "blocks.graph" as blocks`',
    "hyper": "A constant that can be set from outside: `hyper hidden = 50`",
    "def": "A function or block of layers: `def f(x, k=3) = ...` or `def f(x) { ...; return y }`",
    "input": "A value from outside: `input x: float[N, 784]` or `input apple = 100`",
    "param": "A trainable parameter: `param W: float[3, 4] = normal(0.01)`",
    "layer": "A layer whose uses share their parameters: `layer tok = Embedding(65, 128)`",
    "output": "A result of the graph: `output y`",
    "expect": "What `graphlang test` checks: `expect price ~= 715 within 1e-3`",
    **SECTION_DOCS,
}


@made_once
def docs_of(name: str) -> str | None:
    """The documentation of a layer, function, optimizer and so on, or of a word of the language."""
    records = records_of(name)
    if records:
        return "\n\n---\n\n".join(_described(record) for record in records)
    return KEYWORDS.get(name)


def _described(record: dict[str, Any]) -> str:
    lines = [f"```graphlang\n{record['signature']}\n```", f"*{record['kind']}*", markdown_of(record["doc"])]
    if record["attributes"]:
        lines.append("\n".join(attribute_line(a) for a in record["attributes"]))
    if record["parameters"]:
        lines.append(f"Parameters: {', '.join(f'`{p}`' for p in record['parameters'])}")
    if record["spellings"]:
        lines.append(f"Also written: {', '.join(f'`{s}`' for s in record['spellings'])}")
    return "\n\n".join(lines)


def attribute_line(attribute: dict[str, Any]) -> str:
    """An attribute as an item of a list."""
    default = "required" if attribute["required"] else f"default `{attribute['default']}`"
    text = f": {attribute['description']}" if attribute["description"] else ""
    return f"- `{attribute['name']}` {attribute['type']}, {default}{text}"


_FIELD = re.compile(r"^[A-Z][a-z]+: ", re.MULTILINE)


def markdown_of(doc: str) -> str:
    """A docstring as Markdown: `Gradient: ...` and the like begin lines of their own."""
    text = inspect.cleandoc(doc)
    first, gap, rest = text.partition("\n\n")
    rest = _FIELD.sub(lambda match: f"\n**{match[0][:-2]}:** ", rest)
    formula = " ".join(first.split())
    return f"{formula}{gap}{rest.strip()}" if rest else formula


def attribute_of(function: str, attribute: str) -> dict[str, Any] | None:
    """The record of an attribute of what is called."""
    of_all = (a for record in records_of(function) for a in record["attributes"])
    return next((a for a in of_all if a["name"] == attribute), None)


_WITH_EXAMPLES = {
    "source": 'The source of the data, as `csv("houses.csv")`, `npz("data.npz")` or `mnist()`',
    "validation": "A share of the training rows, a source, or a field that names the splits",
    "test": "A share of the rows, or a source",
    "sample": "`balanced(t)`: the classes of `t` are drawn equally often",
}
"""Settings of `data` whose types have no short words."""


def setting(section: str, name: str) -> str | None:
    """The documentation of a setting of a section."""
    from graphlang.resolve.section_models import MODELS
    from graphlang.resolve.settings import MEMBERS

    if section == "data" and name in _WITH_EXAMPLES:
        return _WITH_EXAMPLES[name]
    if section not in MODELS or name not in MODELS[section].model_fields:
        return None
    field = MODELS[section].model_fields[name]
    kinds: dict[str, str] = {str(family): kind for family, kind in FAMILIES.items()}
    words = kinds.get(MEMBERS.get(name, "")) or type_in_words(field.annotation)
    default = "required" if field.is_required() else f"default `{as_written(field.default)}`"
    text = f"\n\n{field.description}" if field.description else ""
    return f"`{section}.{name}`: {words}, {default}{text}"


def is_word(name: str) -> bool:
    """Whether a name is a word of the language wherever it stands."""
    return name in lexer.RESERVED
