"""Signatures and constants in the notation of a spec."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from graphlang.catalog.finder import CatalogEntry, OperationAttribute


def signature_text(entry: CatalogEntry) -> str:
    """`Affine(x, units, init=he, bias=true)`, as `graphlang layers` prints it."""
    parts = [f"{t}=none" if t in entry.optional_tensors else t for t in entry.tensors]
    if entry.any_tensors:
        parts.append(f"{entry.any_tensors}...")
    parts += [_attribute_text(entry, attribute) for attribute in entry.attributes.values()]
    return f"{entry.name}({', '.join(parts)})"


def _attribute_text(entry: CatalogEntry, attribute: OperationAttribute) -> str:
    if attribute.name == entry.any_sizes:
        return f"{attribute.name}..."
    if not attribute.required:
        return f"{attribute.name}={constant_text(attribute.default)}"
    # After any number of sizes no positional argument can follow, so that it is given by its name.
    return f"{attribute.name}=..." if entry.any_sizes else attribute.name


def constant_text(value: Any) -> str:
    """A constant as a spec writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(constant_text(v) for v in value) + "]"
    if isinstance(value, BaseModel):
        attributes = value.model_dump(exclude_unset=True)
        inside = ", ".join(constant_text(v) for v in attributes.values())
        return f"{type(value).__name__}({inside})" if attributes else type(value).__name__
    return str(value)
