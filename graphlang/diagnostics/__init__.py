"""What went wrong in a user's file, as typed values that know their place and their fix."""

from graphlang.diagnostics.base import (
    Collector,
    Diagnostic,
    GraphError,
    Related,
    Severity,
    Source,
    Span,
    closest,
    did_you_mean,
)

__all__ = [
    "Collector",
    "Diagnostic",
    "GraphError",
    "Related",
    "Severity",
    "Source",
    "Span",
    "closest",
    "did_you_mean",
]
