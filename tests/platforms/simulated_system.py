"""Makes a Python on Linux lack what Windows or macOS lack, and refuse what Windows refuses.

`become("windows")` is called before anything of graphlang is imported. What it cannot show: paths with
backslashes and drives, and the text of the systems' own errors.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import os
import signal
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

HIDDEN = ("/proc/cpuinfo", "/proc/meminfo", "/proc/self/cgroup", "/proc/self/status", "/sys/", "/dev/nvidia")
"""Files that Linux alone has. The list of loaded libraries stays, which threadpoolctl reads here."""
MODULES = "fcntl grp posix_ipc pty pwd readline resource spwd syslog termios tty".split()
CALLS = """
    chown chroot fchdir fchmod fchown fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getpriority
    getsid getuid initgroups killpg lchown lockf mkfifo mknod nice pathconf pidfd_open posix_spawn pread preadv pwrite pwritev
    register_at_fork sched_getaffinity sched_getscheduler sched_setaffinity sched_yield sendfile setpgid setpriority setsid
    statvfs sync sysconf uname wait wait3 wait4 waitid
    O_ASYNC O_CLOEXEC O_DIRECTORY O_DSYNC O_NDELAY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC O_TMPFILE
""".split()
SIGNALS = """
    SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG
    SIGUSR1 SIGUSR2 SIGVTALRM SIGXCPU SIGXFSZ
    alarm getitimer pause pthread_kill pthread_sigmask setitimer sigpending sigtimedwait sigwait sigwaitinfo
""".split()
NOT_ON_MACOS = """
    sched_getaffinity sched_setaffinity O_PATH O_TMPFILE posix_fadvise posix_fallocate memfd_create eventfd copy_file_range
""".split()
FULL_FSYNC = 51
BREAK = 10
"""SIGUSR1 plays SIGBREAK, which Linux has not."""


def become(system: str) -> None:
    """Turns this process into one of `windows` or `macos`."""
    _import_the_rest()
    _hide_files()
    _warn_of_encodings()
    {"windows": _windows, "macos": _macos}[system]()


def _import_the_rest() -> None:
    """What is not graphlang is imported first: it would take calls of the real Windows."""
    import asyncio  # noqa: F401
    import http.server  # noqa: F401
    import multiprocessing  # noqa: F401
    import socket  # noqa: F401
    import subprocess  # noqa: F401
    import sysconfig
    import tempfile  # noqa: F401
    import urllib.request  # noqa: F401
    import webbrowser  # noqa: F401
    from concurrent import futures  # noqa: F401
    from importlib import metadata, resources  # noqa: F401

    import lark  # noqa: F401
    import networkx  # noqa: F401
    import numpy as np  # noqa: F401
    import pydantic  # noqa: F401
    import rich.console  # noqa: F401
    import threadpoolctl  # noqa: F401

    sysconfig.get_config_vars()


def _remove(owner: Any, names: list[str]) -> None:
    for name in names:
        if hasattr(owner, name):
            delattr(owner, name)


def _hide_files() -> None:
    """Files that Linux alone has are not there."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(HIDDEN):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])

    sys.addaudithook(hook)
    stat = os.stat

    def hidden(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(HIDDEN):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return stat(path, *arguments, **options)

    os.stat = hidden  # type: ignore[assignment]


def _warn_of_encodings() -> None:
    """A text file is opened with an encoding; that of the locale is cp1252 on many a Windows."""
    if sys.flags.warn_default_encoding:
        warnings.filterwarnings("error", category=EncodingWarning, module="graphlang")


# ---- macOS -------------------------------------------------------------------------------------------------


def _macos() -> None:
    import fcntl

    _remove(os, NOT_ON_MACOS)
    plain = fcntl.fcntl

    def control(descriptor: Any, command: int, argument: Any = 0) -> Any:
        if command == FULL_FSYNC:
            _note("full fsync")
            os.fsync(descriptor)
            return 0
        return plain(descriptor, command, argument)

    fcntl.fcntl = control  # type: ignore[assignment]
    fcntl.F_FULLFSYNC = FULL_FSYNC  # type: ignore[attr-defined]
    sys.platform = "darwin"


def _note(what: str) -> None:
    """Writes down, for a test, that something was called."""
    if place := os.environ.get("SIMULATED_SYSTEM_NOTES"):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")


# ---- Windows -----------------------------------------------------------------------------------------------


def _windows() -> None:
    locking = _locking()  # it needs the module that is taken away
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    _remove(os, CALLS)
    _remove(signal, SIGNALS)
    for calls in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        calls.clear()
    os.O_BINARY = 0  # type: ignore[attr-defined]
    signal.SIGBREAK = BREAK  # type: ignore[attr-defined]
    import time

    _remove(time, ["clock_gettime", "clock_gettime_ns", "tzset"])
    sys.modules["msvcrt"] = locking
    ctypes.windll = types.SimpleNamespace(kernel32=_Kernel())  # type: ignore[attr-defined]
    _refuse_folders()
    _refuse_what_is_open()
    _kill_at_once()
    sys.platform = "win32"


class _Kernel:
    """What is called of kernel32: there is no console, and it does not say how much memory is free."""

    def GetConsoleMode(self, console: Any, mode: Any) -> int:
        return 0

    def GlobalMemoryStatusEx(self, status: Any) -> int:
        return 0


def _locking() -> types.ModuleType:
    """The `msvcrt` of Windows: locks on bytes at the current position, held by a descriptor until it is closed, which
    a second descriptor of the same process does not get either."""
    import fcntl
    import struct

    module = types.ModuleType("msvcrt")
    module.LK_UNLCK, module.LK_LOCK, module.LK_NBLCK = 0, 1, 2  # type: ignore[attr-defined]

    def locking(descriptor: int, mode: int, count: int) -> None:
        start = os.lseek(descriptor, 0, os.SEEK_CUR)
        kind = fcntl.F_UNLCK if mode == 0 else fcntl.F_WRLCK
        _note(f"locking {mode} {start} {count}")
        try:
            fcntl.fcntl(
                descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, count, 0)
            )
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    module.locking = locking  # type: ignore[attr-defined]
    module.get_osfhandle = lambda descriptor: descriptor  # type: ignore[attr-defined]
    return module


def _refuse_folders() -> None:
    """Windows opens no folders."""
    import shutil

    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined]
    opened = os.open

    def refusing(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return opened(path, flags, *arguments, **options)

    os.open = refusing


def _refuse_what_is_open() -> None:
    """Windows renames and removes no file that is open."""

    def refusing(call: Callable[..., None], checked: int) -> Callable[..., None]:
        def wrapped(*arguments: Any, **options: Any) -> None:
            for path in arguments[:checked]:
                if _is_open(os.fspath(path)):
                    raise PermissionError(errno.EACCES, "The process cannot access the file", os.fspath(path))
            call(*arguments, **options)

        return wrapped

    for name, checked in (("replace", 2), ("rename", 2), ("unlink", 1), ("remove", 1)):
        setattr(os, name, refusing(getattr(os, name), checked))


def _is_open(path: str | bytes) -> bool:
    """Whether this process has a file open."""
    place = os.path.realpath(os.fsdecode(path))
    for link in Path("/proc/self/fd").iterdir():
        try:
            if str(link.readlink()) == place:
                return True
        except OSError:  # that of the listing itself
            continue
    return False


def _kill_at_once() -> None:
    """`os.kill` of Windows asks nobody, it ends a process."""
    import subprocess

    kill = os.kill

    def killing(process: int, number: int) -> None:
        kill(process, 9)

    def ending(process: subprocess.Popen[Any]) -> None:
        process.send_signal(9)

    os.kill = killing
    subprocess.Popen.kill = subprocess.Popen.terminate = ending  # type: ignore[method-assign]


builtins.__dict__.setdefault("WindowsError", OSError)
