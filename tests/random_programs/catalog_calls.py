"""Calls of every operation of the catalog, made from its sample calls, so that new operations are included."""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "contracts"))

from contract_cases import entries, sample_texts

from graphlang.catalog.finder import CatalogEntry

_SAMPLE = re.compile(r"(?:input (?P<inputs>.*?); )?(?P<targets>[\w, ]+?) = (?P<expression>.*)")
_INPUT = re.compile(r"(\w+): (\w+(?:\[[^\]]*\])?)")


@dataclass(frozen=True)
class CallTemplate:
    """An expression with places `{0}`, `{1}` for values, and the type of an input that fits each."""

    operation: str
    types: tuple[str, ...]
    expression: str
    results: int = 1

    def filled(self, values: list[str]) -> str:
        return re.sub(r"\{(\d+)\}", lambda m: values[int(m.group(1))], self.expression)

    @property
    def stage(self) -> str | None:
        """The call as an entry of a chain, as `Affine(units=2)`; None where it has another form."""
        found = re.fullmatch(rf"{self.operation}\(\{{0\}}(?:, )?([^{{}}]*)\)", self.expression)
        if found is None or self.results > 1:
            return None
        return f"{self.operation}({found.group(1)})" if found.group(1) else self.operation


def _template(entry: CatalogEntry, text: str) -> CallTemplate | None:
    found = _SAMPLE.fullmatch(text)
    if found is None:
        return None
    inputs = _INPUT.findall(found["inputs"] or "")
    expression = found["expression"]
    for place, (name, _) in enumerate(inputs):
        expression = re.sub(
            rf"(?<![\w\"]){name}\b(?![\w\"]|\s*=[^=])(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)",
            f"{{{place}}}",
            expression,
        )
    types = tuple(kind for _, kind in inputs)
    return CallTemplate(entry.name, types, expression, found["targets"].count(",") + 1)


@functools.cache
def call_templates() -> dict[str, list[CallTemplate]]:
    """The templates of every operation by its name."""
    found = {}
    for name, entry in entries().items():
        made = [t for t in map(functools.partial(_template, entry), sample_texts(entry)) if t is not None]
        assert made, f"no sample call of `{name}` has the form `input ...; y = {name}(...)`"
        found[name] = list(dict.fromkeys(made))
    return found


@functools.cache
def chain_stages() -> list[CallTemplate]:
    """The calls of one value that may stand in a chain."""
    return [
        t
        for made in call_templates().values()
        for t in made
        if t.stage and len(t.types) == 1 and t.operation[0].isupper()
    ]
