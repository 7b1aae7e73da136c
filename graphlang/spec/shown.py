"""What shows itself in a notebook. What draws it stands above, and is imported when a notebook asks."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Printed:
    """The part of a class whose `print` is what the commands show; its `repr` stays that of Python."""

    def __str__(self) -> str:
        text: str = import_module("graphlang.notebook.plain").printed(self)
        return text


class Shown:
    """The part of a class that Jupyter, VS Code and Colab ask for a picture or a table."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """Itself in every form that it has, by MIME type; plain text is among them."""
        forms: dict[str, str] = import_module("graphlang.notebook.forms").forms(self)
        return {
            kind: form
            for kind, form in forms.items()
            if (not include or kind in include) and not (exclude and kind in exclude)
        }
