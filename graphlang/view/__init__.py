"""Graphs to look at: a run as one offline HTML page. `gl.view(graph)` calls this package itself."""

import sys
from types import ModuleType
from typing import Any


class _View(ModuleType):
    """The package as a function: the name `graphlang.view` is that of the package once it is imported."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from graphlang.view.show import view

        return view(*arguments, **named)


sys.modules[__name__].__class__ = _View
