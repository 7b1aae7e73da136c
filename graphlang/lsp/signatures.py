"""The signature of the call that is being written, and which of its parameters comes next."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.catalog.described import records_of
from graphlang.lsp import docs
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.completion import definition_called, signature_of
from graphlang.lsp.cursor import Frame, cursor_at, words_before


class SignaturePart(NamedTuple):
    name: str
    #: where it stands in the label of its signature
    start: int
    end: int
    doc: str = ""


class Signature(NamedTuple):
    label: str
    doc: str
    parameters: tuple[SignaturePart, ...]
    #: which one is being written; None behind the last
    active: int | None


def signature_at(analysis: Analysis, offset: int) -> Signature | None:
    """The signature of the innermost call around an offset."""
    cursor = cursor_at(analysis.text, offset)
    call = cursor.call
    if call is None:
        return None
    piped = _is_piped(analysis.text, call)
    definition = definition_called(analysis, call.head, offset)
    if definition is not None:
        return _active(signature_of(definition), "", {}, call, piped=piped)
    for record in records_of(call.head):
        texts = {a["name"]: docs.attribute_line(a).removeprefix("- ") for a in record["attributes"]}
        doc = docs.markdown_of(record["doc"]).partition("\n\n")[0]
        takes_one = piped and record["kind"] in ("layer", "loss", "function")
        return _active(record["signature"], doc, texts, call, piped=takes_one)
    return None


def _is_piped(text: str, call: Frame) -> bool:
    """Whether the call stands behind `->`, which passes its first argument."""
    words, _ = words_before(text, call.start)
    names = len(call.head.split(".")) * 2 - 1
    before = words[-names - 1].text if len(words) > names else ""
    return before in ("->", "{", ":") or (len(words) > names and words[-names].first)


def _active(label: str, doc: str, texts: dict[str, str], call: Frame, *, piped: bool) -> Signature:
    parameters = tuple(_parameters(label, texts))
    names = [p.name for p in parameters]
    index: int | None = call.index + piped
    if call.keyword:
        index = names.index(call.keyword) if call.keyword in names else None
    elif index is not None and index >= len(parameters):
        index = len(parameters) - 1 if names and names[-1].startswith("*") else None
    return Signature(label, doc, parameters, index)


def _parameters(label: str, texts: dict[str, str]) -> list[SignaturePart]:
    """The parameters of a label such as `Affine(x, units, init=he)`."""
    parameters: list[SignaturePart] = []
    start, depth = label.index("(") + 1, 0
    for i in range(start, len(label)):
        character = label[i]
        if not depth and character in ",)":
            raw = label[start:i]
            begin = start + len(raw) - len(raw.lstrip())
            name = raw.strip().partition("=")[0].partition(":")[0].strip()
            if name:
                parameters.append(SignaturePart(name, begin, i, texts.get(name, "")))
            start = i + 1
        depth += (character in "([") - (character in ")]")
    return parameters
