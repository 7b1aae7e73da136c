"""When the server collects garbage: after diagnostics have been sent, while nobody waits."""

from __future__ import annotations

import gc

EVERY = 16
"""Texts whose diagnostics are sent between two collections; each leaves some 2,000 objects in cycles."""
FREEZE = 2
"""The text after which all that serves is imported: after the first come the imports for mistakes."""
RARELY = 1_000_000
"""New objects after which Python itself collects, should no text change for long."""


class Garbage:
    """Python's collector on a schedule of its own, from `take_over` on.

    Left alone it would run in the middle of most texts, since each makes more objects than its threshold, and
    traverse what the imports have made as well.
    """

    def __init__(self) -> None:
        self._ours = False
        self._sent = 0

    def take_over(self) -> None:
        """Keeps Python from collecting in the middle of a text; for a process that only serves."""
        self._ours = True
        gc.set_threshold(RARELY, 10, 10)

    def sent(self) -> None:
        """Collects now and then, once diagnostics have been sent."""
        if not self._ours:
            return
        self._sent += 1
        if self._sent == FREEZE:
            gc.collect()
            gc.freeze()  # the modules and the catalog stay, and need not be traversed again
        elif self._sent % (EVERY * EVERY) == 0:
            gc.collect()
        elif self._sent % EVERY == 0:
            gc.collect(0)  # what the last texts have left, in a tenth of the time
