"""Diagnostics as a log in SARIF 2.1.0, the format of code scanning.

Every place is in the file as an editor counts: lines and columns from 1, columns in units of UTF-16. What a
help advises as a change of the text is a fix of the result. A log holds all results: the bound of what is
written for people is not for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graphlang.diagnostics.base import LONGEST, Diagnostic, Edit, elided, owner_of_code
from graphlang.diagnostics.places import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(
    diagnostics: Iterable[Diagnostic], *, version: str | None = None, helps: bool = True
) -> dict[str, Any]:
    """A log with a result for each diagnostic, and a rule for each of their codes, with its story."""
    results = list(diagnostics)
    kinds = {d.code: owner_of_code(type(d)) for d in results}
    codes = sorted(kinds)
    driver = {
        "name": "graphlang",
        **({"version": version} if version else {}),
        "rules": [_rule(code, kinds[code], helps) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(d, codes.index(d.code)) for d in results],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, kind: type[Diagnostic], helps: bool) -> dict[str, Any]:
    doc = cleandoc(kind.__doc__ or code)
    rule: dict[str, Any] = {
        "id": code,
        "name": kind.__name__,
        "shortDescription": {"text": doc.split("\n")[0]},
    }
    if helps:
        rule |= {
            "help": {"text": doc, "markdown": doc},
            "defaultConfiguration": {"level": kind.severity},
        }
    return rule


def _result(d: Diagnostic, rule: int) -> dict[str, Any]:
    sizes = f"; {d.sizes_told}" if d.sizes else ""
    text = elided(d.message, LONGEST) + sizes + (f"; {elided(d.help, LONGEST)}" if d.help else "")
    result: dict[str, Any] = {
        "ruleId": d.code,
        "ruleIndex": rule,
        "level": d.severity,
        "message": {"text": text},
        "locations": [_place(d.span, d.file)] if d.span or d.file else [],
    }
    related = [
        {"id": number, **_place(place.span, None), "message": {"text": elided(place.message)}}
        for number, place in enumerate(d.related)
    ]
    fix = _fix(d)
    return result | ({"relatedLocations": related} if related else {}) | ({"fixes": [fix]} if fix else {})


def _fix(d: Diagnostic) -> dict[str, Any] | None:
    """The edits of a diagnostic, file by file."""
    files: dict[str, list[Edit]] = {}
    for edit in d.edits:
        files.setdefault(edit.span.source.name, []).append(edit)
    if not files:
        return None
    changes = [
        {"artifactLocation": _artifact(name), "replacements": _replacements(edits)}
        for name, edits in files.items()
    ]
    description = {"description": {"text": elided(d.help, LONGEST)}} if d.help else {}
    return {**description, "artifactChanges": changes}


def _replacements(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    return [{"deletedRegion": _region(e.span), "insertedContent": {"text": e.text}} for e in edits]


def _place(span: Span | None, file: str | None) -> dict[str, Any]:
    name = span.source.name if span else file or ""
    place: dict[str, Any] = {"artifactLocation": _artifact(name)}
    if span:
        place["region"] = _region(span)
    return {"physicalLocation": place}


def _artifact(name: str) -> dict[str, str]:
    """The file as a URI: relative to where the command was called, as far as the file was named so."""
    path = Path(name)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(name.replace("\\", "/"), safe="/", errors="surrogatepass")}


def _region(span: Span) -> dict[str, int]:
    (line, column), (end_line, end_column) = (_position(span, at) for at in (span.start, span.end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _position(span: Span, offset: int) -> tuple[int, int]:
    """Line and column of an offset, where a character beyond U+FFFF counts twice."""
    line, column = span.source.position(offset)
    before = span.source.text[offset - column + 1 : offset]
    return line, column + (0 if before.isascii() else sum(c > "\uffff" for c in before))
