"""The folder of a run whose user named none."""

from __future__ import annotations

from pathlib import Path


class NextFolder:
    """`root/name-1`, or the first number that is free. It is free until the run starts: then it is made, and
    of several processes that start at once each gets one of its own."""

    def __init__(self, root: Path, name: str) -> None:
        self._root, self._name = root, name
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        """The folder, once it is made; until then the one that would be."""
        number = 1
        while self._made is None and self._numbered(number).exists():
            number += 1
        return self._made or self._numbered(number)

    @property
    def is_made(self) -> bool:
        """Whether the folder is taken."""
        return self._made is not None

    def make(self) -> Path:
        """Makes the folder; raises OSError."""
        self._root.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            try:
                self._numbered(number).mkdir()
            except FileExistsError:
                number += 1
            else:
                self._made = self._numbered(number)
                return self._made

    def _numbered(self, number: int) -> Path:
        return self._root / f"{self._name}-{number}"
