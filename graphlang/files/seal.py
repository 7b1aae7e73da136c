"""The checksum of an archive as a whole, its last member.

A zip file has a CRC-32 of each member, which says nothing of the others. The seal is the SHA-256 of the
names, sizes and CRC-32 of all other members: one that is missing, or comes from another archive, is noticed,
and nothing is read twice for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

SEAL = "seal"
"""The name of the member."""


class Sealed(Protocol):
    """What is sealed of a member."""

    @property
    def size(self) -> int: ...
    @property
    def crc(self) -> int: ...


def seal_of(members: Mapping[str, Sealed]) -> str:
    """The checksum of members by name."""
    lines = [f"{name}\n{member.size} {member.crc}\n" for name, member in sorted(members.items())]
    return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
