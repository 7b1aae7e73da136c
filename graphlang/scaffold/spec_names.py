"""Names for a new spec: which are refused, and why."""

from __future__ import annotations

import re
from pathlib import Path

from graphlang.syntax.lessons import PREFIX

SUFFIX = ".graph"
TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet")
"""The endings of files that `--from` takes."""
_NO_SYSTEM = '<>:"|?*\\'
"""Characters that one of the systems has in no name."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever follows a point."""


def file_of_new_spec(name: str) -> Path:
    """The file of a new spec: `net` and `net.graph` are the same."""
    return Path(name if name.endswith(SUFFIX) else f"{name}{SUFFIX}")


def why_no_name(name: str) -> str | None:
    """Why a new spec cannot have a name, and what to write instead; None where it can."""
    last = Path(name).name
    if name.startswith(PREFIX):
        return f"`{PREFIX}` begins the names of lessons; name a file of your own"
    if not last.strip() or name.endswith(("/", "\\")) or last == "..":
        return f"`{name}` names a folder; name a file in it, such as `{Path(name) / 'net'}`"
    suffix = Path(last).suffix
    if suffix.lower() in TABLES:
        return f"`{last}` is data: `graphlang new --from {last}` writes a spec for it"
    if suffix != SUFFIX and suffix[1:].isalpha():
        return f"a spec ends in `{SUFFIX}`, not in `{suffix}`: write `{Path(name).with_suffix('')}`"
    stem = last.removesuffix(SUFFIX)
    odd = next((c for c in stem if c in _NO_SYSTEM or not c.isprintable()), None)
    if odd is not None:
        return f"not every system can have {odd!a} in a name; write letters, digits, `_` and `-`"
    if not stem or stem[0] in "-. " or stem[-1] in ". " or _DEVICES.match(stem):
        return f"`{last}` is no name for a file on every system; write one such as `net`"
    return None
