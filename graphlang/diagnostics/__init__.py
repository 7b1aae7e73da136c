"""What went wrong in a user's file, as typed values that know their place and their fix."""

from graphlang.diagnostics.base import (
    Collector,
    Diagnostic,
    Edit,
    GraphError,
    Related,
    Severity,
    Source,
    Span,
    did_you_mean,
    edited,
)
from graphlang.diagnostics.spelling import closest

__all__ = [
    "Collector",
    "Diagnostic",
    "Edit",
    "GraphError",
    "Related",
    "Severity",
    "Source",
    "Span",
    "closest",
    "did_you_mean",
    "edited",
]
