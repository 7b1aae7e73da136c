"""Values that the language defines: `pi`, `inf` and `nan`; a file that defines such a name has its own."""

from __future__ import annotations

import math

from graphlang.diagnostics.names import ValueHidden
from graphlang.resolve.context import Context
from graphlang.syntax import tree

BUILT_IN_VALUES = {"pi": math.pi, "inf": math.inf, "nan": math.nan}


def note_hidden_values(context: Context, file: tree.Tree) -> None:
    """Notes which of them the file defines itself."""
    places = context.declared.get(file.source.name, {})
    for name in BUILT_IN_VALUES:
        if name in places:
            context.collector.add(ValueHidden(places[name], name))
