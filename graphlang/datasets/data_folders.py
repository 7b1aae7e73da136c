"""The folders of data sets known by name; only this module reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def data_folders() -> tuple[Path, ...]:
    """The folders for this user on this machine; the command line and `load` call it and pass them on."""
    import os
    import sys

    try:
        home = Path.home()
    except RuntimeError:  # a user without a home folder
        home = None
    return folders_from(os.environ, sys.platform, home)


def cache_folder() -> Path | None:
    """The folder for what graphlang keeps for this user on this machine; None where there is none."""
    folders = data_folders()
    return folders[-1] if folders else None


def folders_from(environ: Mapping[str, str], platform: str, home: Path | None) -> tuple[Path, ...]:
    """The folder in GRAPHLANG_DATA, then the user's cache folder."""
    named = environ.get("GRAPHLANG_DATA")
    cache = _cache(environ, platform, home)
    folders = [Path(named)] if named else []
    return (*folders, cache / "graphlang") if cache else tuple(folders)


def _cache(environ: Mapping[str, str], platform: str, home: Path | None) -> Path | None:
    if platform == "win32":
        return _absolute(environ.get("LOCALAPPDATA")) or (home and home / "AppData" / "Local")
    if platform == "darwin":
        return home and home / "Library" / "Caches"
    return _absolute(environ.get("XDG_CACHE_HOME")) or (home and home / ".cache")


def _absolute(path: str | None) -> Path | None:
    # The XDG rules say that a relative path is to be ignored.
    return Path(path) if path and (Path(path).is_absolute() or path[1:2] == ":") else None
