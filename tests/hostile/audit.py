"""Watches what a process does beside computing, by Python's audit events: what it opens, imports, runs, calls.

A `Watch` is told which files a command may read and write; what else is touched it keeps in `seen`. It raises
nothing: an exception in a hook could be swallowed, and then nobody would hear of it.
"""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGE = Path(__file__).parents[2] / "graphlang"
LIBRARIES = tuple(
    os.path.realpath(path)
    for path in {
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        str(PACKAGE),
    }
)
SYSTEM = re.compile(
    r"/proc/(self|\d+)/(cgroup|statm|status|maps|mounts)|/proc/cpuinfo|/sys/(fs/cgroup|devices/system)/.*"
)
"""What the system says of its processors and of the memory of a process."""
DEPENDENCIES = frozenset(
    "annotated_types graphlang lark markdown_it mdurl networkx numpy pydantic pydantic_core pygments rich safetensors "
    "threadpoolctl typing_extensions typing_inspection".split()
)
TRIED = frozenset({"org", "regex", "atomicwrites", "interegular"})
"""What `copy` and Lark look for and do without."""
GENERATORS = frozenset({"graphlang.engine.scalar"})
"""The modules of the package that make functions of their own text."""
IMPORTERS = frozenset({"importlib._bootstrap_external", "_frozen_importlib_external"})
LOADERS = frozenset({"threadpoolctl", "graphlang.engine.workers"})
"""Those who ask the system's own library, or one that is loaded, about threads and processors."""
FORBIDDEN = re.compile(
    r"(socket|subprocess|pickle|urllib|http|ftplib|smtplib|imaplib|poplib|telnetlib|nntplib|webbrowser|winreg|pty|shutil"
    r"|tempfile|resource|syslog|sqlite3)\."
    r"|os\.(system|exec|fork|forkpty|posix_spawn|spawn|kill|killpg|startfile|remove|rename|link|symlink|mkdir|rmdir"
    r"|truncate|chmod|chown|chdir|setxattr|utime)$"
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """An audit hook, which cannot be taken away again, so it is made once and told what to allow."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._reads: tuple[str, ...] = ()
        self._writes: tuple[str, ...] = ()
        self._on = False
        self._checks: dict[str, Callable[[Any], bool]] = {
            "open": self._may_open,
            "os.listdir": self._may_list,
            "os.scandir": self._may_list,
            "import": _may_import,
            "compile": _may_compile,
            "exec": _may_run,
            "socket.gethostname": lambda _: bool(
                self._writes
            ),  # the lock of a run says which machine holds it
            "marshal.loads": lambda _: _caller() in IMPORTERS,
            "ctypes.dlopen": lambda _: _caller("ctypes") in LOADERS,
        }
        sys.addaudithook(self._hook)

    def start(self, reads: Iterable[str | Path] = (), writes: Iterable[str | Path] = ()) -> None:
        """From now on a command may read below some paths, and write below others."""
        self._reads = tuple(os.path.realpath(path) for path in reads)
        self._writes = tuple(os.path.realpath(path) for path in writes)
        self.seen, self._on = [], True

    def stop(self) -> list[str]:
        """What was done that no spec may have done."""
        self._on = False
        return list(dict.fromkeys(self.seen))

    def _hook(self, event: str, args: Any) -> None:
        if not self._on:
            return
        check = self._checks.get(event)
        if check is not None:
            allowed = check(args)
        else:
            allowed = FORBIDDEN.match(event) is None or (bool(self._writes) and self._is_ours(args))
        if not allowed:
            self.seen.append(f"{event} {args!r}"[:300])

    def _may_open(self, args: Any) -> bool:
        path, mode, flags = args
        if isinstance(path, int):  # opened before
            return True
        name = os.fsdecode(path)
        writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & WRITING)
        if (
            not name.startswith(os.sep)
            and name not in (".", "..")
            and "/" not in name
            and flags & os.O_NOFOLLOW
        ):
            return not writes or bool(self._writes)  # a name in a folder that is open, and no link
        if writes:
            return self._is_below(name, self._writes)
        return _is_searched(name) or self._is_below(name, (*self._reads, *self._writes, *LIBRARIES))

    def _may_list(self, args: Any) -> bool:
        path = args[0]
        name = "." if path is None else path
        if isinstance(name, int):
            return True
        name = os.fsdecode(name)
        return _is_searched(name) or self._is_below(name, (*self._reads, *self._writes, *LIBRARIES))

    def _is_ours(self, args: Any) -> bool:
        """Whether a call that makes or moves files names those of a folder that may be written alone."""
        if args and isinstance(args[0], int):  # opened before
            return True
        paths = [os.fsdecode(a) for a in args if isinstance(a, str | bytes | os.PathLike)]
        return bool(paths) and all("/" not in p or self._is_below(p, self._writes) for p in paths)

    def _is_below(self, name: str, roots: Iterable[str]) -> bool:
        place = os.path.realpath(name)
        if SYSTEM.fullmatch(place):
            return True
        return any(place == root or place.startswith(f"{root}{os.sep}") for root in roots)


def _is_searched(name: str) -> bool:
    """Whether Python itself looks here for modules."""
    return os.path.realpath(name) in map(os.path.realpath, sys.path)


def _may_import(args: Any) -> bool:
    name = args[0]
    top = name.partition(".")[0]
    if top == "graphlang":
        place = PACKAGE.parent.joinpath(*name.split("."))
        return place.is_dir() or place.with_suffix(".py").is_file()
    return top in DEPENDENCIES or top in TRIED or top in sys.stdlib_module_names


def _may_compile(args: Any) -> bool:
    return _is_known("<tree>" if args[1] is None else os.fsdecode(args[1]))


def _may_run(args: Any) -> bool:
    code = args[0]
    return not isinstance(code, CodeType) or _is_known(code.co_filename)


def _is_known(file: str) -> bool:
    """Whether code comes from a file of a library, or was made by one and not by the package."""
    if not file.startswith("<"):
        return os.path.realpath(file).startswith(LIBRARIES)
    caller = _caller()
    return file.startswith("<frozen ") or caller in GENERATORS or not caller.startswith("graphlang")


def _caller(but: str = "") -> str:
    """The module that did what is looked at: the innermost one that is neither this one nor `but`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in (__name__, but):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))
