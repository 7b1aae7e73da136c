"""GL806: how many mistakes there are besides those that are shown."""

from __future__ import annotations

from graphlang.diagnostics.base import Diagnostic


class MoreMistakes(Diagnostic):
    """A file has more mistakes than are shown: most are usually of one kind, and go away together.

    Fix: mend those that are shown. `--limit errors=1000`, in Python `gl.Limits(errors=1000)`, keeps more of
    them, and `check` shows all that are kept where it is told so, or with `--format json`.
    """

    code = "GL806"
    severity = "note"

    message = "{left} not shown"

    count: int

    @property
    def left(self) -> str:
        """How many mistakes are not shown."""
        return "1 more mistake is" if self.count == 1 else f"{self.count:,} more mistakes are"
