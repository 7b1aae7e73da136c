"""The machine that is measured on: processor, cores, memory, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "torch", "jax", "jaxlib", "autograd", "lark", "pydantic", "networkx")


def describe(threads: Sequence[int]) -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": list(threads),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def in_words(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    *others, most = map(str, machine["threads"])
    counts = f"{', '.join(others)} and {most} of them" if others else f"{most} of them"
    memory = f", {machine['memory_gib']} GiB" if machine["memory_gib"] else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores, measured on {counts}{memory}, "
        f"{machine['system']}, Python {machine['python']}, {versions}"
    )


def name_of_python(path: str) -> str:
    """The name of an interpreter: its version, and whether it is free-threaded and runs so."""
    code = "import sys, platform; free = not getattr(sys, '_is_gil_enabled', lambda: True)(); "
    code += "print('Python', platform.python_version() + (' free-threaded' if free else ''))"
    result = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return result.stdout.strip()


def busy_seconds() -> float | None:
    """Processor seconds that all programs have used so far, with those that a hypervisor took (steal)."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: int) -> float | None:
    """Processor seconds that one process has used so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError, AttributeError):
        return None
