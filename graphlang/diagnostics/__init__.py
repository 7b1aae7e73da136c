"""What went wrong in a user's file, as typed values that know their place and their fix."""

from graphlang.diagnostics.base import Diagnostic, Severity
from graphlang.diagnostics.errors import Collector, GraphError
from graphlang.diagnostics.places import Edit, KnownSize, Related, Source, Span, edited
from graphlang.diagnostics.spelling import closest, did_you_mean

__all__ = [
    "Collector",
    "Diagnostic",
    "Edit",
    "GraphError",
    "KnownSize",
    "Related",
    "Severity",
    "Source",
    "Span",
    "closest",
    "did_you_mean",
    "edited",
]
