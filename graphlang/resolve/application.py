"""What is known when an operation is applied."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Operation
from graphlang.diagnostics import Span
from graphlang.resolve.scopes import Scope, SharedLayer


class Application(NamedTuple):
    """An operation with its attributes, and where it is applied."""

    entry: CatalogEntry
    operation: Operation
    attributes: dict[str, Any]
    span: Span
    scope: Scope
    label: str | None = None
    shared: SharedLayer | None = None
