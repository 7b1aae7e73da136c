"""The pages of the catalog: an entry for every name, from its docstring and signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import examples
from markup import escaped, fenced, paragraphs, table

from graphlang.catalog.described import everything
from graphlang.catalog.foreign_names import names_elsewhere
from graphlang.datasets.field_functions import ELEMENTWISE, FORMS, OPERATORS
from graphlang.formatting import laid_out

METRICS = ("graphlang/functions/metrics.py", "graphlang/functions/regression_metrics.py")
GROUPS = {
    "layers": ("Layers", "layer", "What may stand after an arrow, and may own parameters."),
    "losses": (
        "Losses",
        "loss",
        "What a training minimizes. What all have in common: [Losses](../language.md#losses).",
    ),
    "functions": ("Functions", "function", "What computes with arrays. Names and meanings are NumPy's."),
    "metrics": ("Metrics", "metric", "What `metrics = [...]` measures; each is a function as well."),
    "optimizers": (
        "Optimizers",
        "optimizer",
        "How a step changes a parameter: `optimizer = ...` in `train`.",
    ),
    "schedules": ("Schedules", "schedule", "How the rate changes: `schedule = ...` in `train`."),
    "monitors": (
        "Monitors",
        "monitor",
        "When a training ends, and which weights it keeps: `stop` and `keep` in `train`.",
    ),
    "initializers": (
        "Initializers",
        "initializer",
        "How a parameter starts: `param W: float[3, 2] = he`, `init=he`.",
    ),
    "sources": ("Data sources", "source", "Where rows come from: `source = ...` in `data`."),
    "constructs": (
        "Constructs",
        "construct",
        "What is neither a layer nor a function: gradients, loops, groups.",
    ),
}
"""Page -> its title, the kind of its entries, and a sentence."""
LABEL = re.compile(r"(Gradient|Shapes|Source|Convention|Domain|Options|Fields|Splits|Types|Note|Example): +")


def records() -> list[dict[str, Any]]:
    """Every entry, where a metric is a kind of its own."""
    return [r | {"kind": "metric"} if r["file"] in METRICS else r for r in everything()]


def pages() -> Iterator[tuple[str, str]]:
    """The pages by their places."""
    entries_of_all = records()
    for name, (title, kind, sentence) in GROUPS.items():
        entries = [record for record in entries_of_all if record["kind"] == kind]
        parts = _by_file(entries) if kind == "function" else [("", entries)]
        links = ", ".join(f"[{r['name']}](#{r['name']})" for r in entries)
        text = [f"# {title}", sentence, links if len(entries) > 3 else ""]
        for heading, group in parts:
            text += [f"## {heading}" if heading else "", *(_entry(r, 3 if heading else 2) for r in group)]
        yield f"reference/catalog/{name}.md", "\n\n".join(filter(None, text)) + "\n"
    yield "reference/catalog/fields.md", _fields()


def _by_file(entries: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The functions by the modules that hold them, under what the modules say of themselves."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in entries:
        module = import_module(record["file"].removesuffix(".py").replace("/", "."))
        title = module.__name__.rpartition(".")[2].replace("_", " ").capitalize()
        sentence = (inspect.getdoc(module) or "").partition("\n\n")[0]
        groups.setdefault(f"{title}\n\n{escaped(sentence)}", []).append(record)
    return sorted(groups.items())


def _entry(record: Mapping[str, Any], depth: int) -> str:
    name = record["name"]
    formula, *rest = record["doc"].split("\n\n")
    parts = [f"{'#' * depth} {name} {{ #{name} }}", fenced(record["signature"], "text", "signature")]
    parts += [
        fenced(" ".join(formula.split()), "text", "formula")
        if record["kind"] != "construct"
        else escaped(formula)
    ]
    parts += list(_described("\n\n".join(rest)))
    parts += [_attributes(record), _example(record)]
    if record["spellings"]:
        parts.append(f"Also written: {', '.join(f'`{s}`' for s in record['spellings'])}.")
    elsewhere = names_elsewhere(name) if record["kind"] in ("layer", "loss", "function") else []
    if elsewhere:
        parts.append(f"In other frameworks: {', '.join(elsewhere)}.")
    if record["file"]:
        parts.append(f"<small>Defined in `{record['file']}`.</small>")
    return "\n\n".join(filter(None, parts))


def _described(doc: str) -> Iterator[str]:
    """The paragraphs of a docstring, labelled lines as a list; the samples of the tests are left out."""
    for is_code, paragraph in paragraphs(doc):
        if is_code:
            yield fenced(paragraph, "graph")
            continue
        items: list[list[str]] = [[]]
        for line in paragraph.splitlines():
            if LABEL.match(line):
                items.append([])
            items[-1].append(line.strip())
        first, *labelled = (" ".join(lines) for lines in items)
        if first:
            yield escaped(first)
        told = [text.partition(": ") for text in labelled if not text.startswith("Example: ")]
        if told:
            yield "\n".join(f"- **{label}:** {escaped(text.strip())}" for label, _, text in told)


def _attributes(record: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{a['name']}`",
            escaped(a["type"]),
            "required" if a["required"] else f"`{a['default']}`",
            escaped(a["description"]),
        ]
        for a in record["attributes"]
    ]
    own = f"Parameters: {', '.join(f'`{p}`' for p in record['parameters'])}." if record["parameters"] else ""
    head = ["attribute", "type", "default", "meaning"]
    if not any(row[3] for row in rows):  # the arguments of a function, which its text explains
        head, rows = head[:3], [row[:3] for row in rows]
    headed = table(head, rows) if rows else ""
    return "\n\n".join(filter(None, [headed, own]))


def _example(record: Mapping[str, Any]) -> str:
    kind = "function" if record["kind"] == "metric" else record["kind"]
    spec, gives = examples.of_record(record | {"kind": kind})
    if not spec:
        return ""
    spec = spec if "..." in spec else laid_out(spec)
    return fenced(spec, "graph") + (f"\n\ngives\n\n{fenced(gives, 'text')}" if gives else "")


def _fields() -> str:
    """What a `data` section computes fields with."""
    by_count: dict[int, list[str]] = {}
    for name, (_, count) in ELEMENTWISE.items():
        by_count.setdefault(count, []).append(name)
    arguments = {1: "one field", 2: "two fields or numbers", 3: "three"}
    rows = [[arguments[n], ", ".join(f"`{name}`" for name in names)] for n, names in by_count.items()]
    forms = [[f"`{name}`", f"`{form}`"] for name, form in FORMS.items()]
    signs = ", ".join(f"`{sign}`" for sign in OPERATORS)
    return "\n\n".join(
        [
            "# Functions of fields",
            "What an expression in a `data` section may use. [Data](../data.md#fields) says what each learns.",
            f"Operators: {signs}, and `not`, as elsewhere in the language; `[a, b]` puts columns side by side.",
            "## Element by element",
            table(["arguments", "functions"], rows),
            "## What prepares a column",
            table(["name", "forms"], forms),
        ]
    )
