"""Holds Python's garbage collection back while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """No search for garbage until the block ends: over a growing graph each would walk all of it for nothing.

    Whoever switched it off switches it on again, so blocks may nest, also in several threads.
    """
    enabled = gc.isenabled()
    if enabled:
        gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
