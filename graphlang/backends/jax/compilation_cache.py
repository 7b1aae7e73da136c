"""JAX's cache of compiled programs on disk, used for programs of graphs alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

from graphlang.datasets.data_folders import cache_folder

_FROM_SECONDS = 0.2
"""A program that compiles in less time is not kept."""
_lock = threading.RLock()


@contextmanager
def kept_in(cache: bool | str | os.PathLike[str]) -> Iterator[None]:
    """Until the block ends, programs are read from a folder and written to it.

    The folder is a global setting of JAX. It is put back afterwards, so that other code compiles as before;
    where a user has set one, it is used as it is.
    """
    folder = _folder(cache)
    if folder is None or jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        yield
        return
    least = "jax_persistent_cache_min_compile_time_secs"
    with _lock:
        before = getattr(jax.config, least)
        compilation_cache.reset_cache()
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update(least, _FROM_SECONDS)
        try:
            yield
        finally:
            jax.config.update("jax_compilation_cache_dir", None)
            jax.config.update(least, before)
            compilation_cache.reset_cache()


def _folder(cache: bool | str | os.PathLike[str]) -> Path | None:
    if not isinstance(cache, bool):
        return Path(cache)
    own = cache_folder() if cache else None
    return own and own / "jax"
