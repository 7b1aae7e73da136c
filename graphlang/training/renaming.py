"""Patterns that give arrays other names: `enc.*=encoder.*`, `layers.*.fc.*=enc{1+1}.{2}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import NoNumber, NoSuchStar, RenamedTwice, RenamesNothing, WrongRename
from graphlang.files.zip_directory import shown_member

_PART = re.compile(r"\{(\d{1,3})([+-]\d{1,9})?\}", re.ASCII)


class RenameRule:
    """One pattern: it fits whole names, and the first that fits decides."""

    def __init__(self, pattern: str, target: str) -> None:
        self.pattern, self.target = pattern, target
        stars = pattern.count("*")
        numbered = list(_PART.finditer(target))
        if not pattern or not target or (not numbered and target.count("*") != stars):
            raise GraphError([WrongRename(pattern, target)])
        if numbered and "*" in target:
            raise GraphError([WrongRename(pattern, target)])
        for part in numbered:
            if not 1 <= int(part[1]) <= stars:
                raise GraphError([NoSuchStar(pattern, target, part[0])])
        self._texts = pattern.split("*")
        if numbered:
            self._pieces = _PART.split(target)
        else:
            texts = target.split("*")
            self._pieces = [piece for i, text in enumerate(texts) for piece in (text, str(i + 1), None)][:-2]

    def renamed(self, name: str) -> str | None:
        """The new name; None where the pattern does not fit."""
        parts = self._fitting(name)
        if parts is None:
            return None
        new = str(self._pieces[0])
        for i in range(1, len(self._pieces), 3):
            number, more, text = self._pieces[i : i + 3]
            new += self._part(parts[int(number or 1) - 1], more) + (text or "")
        return new

    def _part(self, text: str, more: str | None) -> str:
        if more is None:
            return text
        if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None:
            raise GraphError([NoNumber(self.pattern, self.target, shown_member(text))])
        return str(int(text) + int(more))

    def _fitting(self, name: str) -> list[str] | None:
        """What each `*` stands for: as little as possible, from the left, in one pass over the name."""
        first, last = self._texts[0], self._texts[-1]
        if len(self._texts) == 1:
            return [] if name == first else None
        if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
            return None
        parts, at, end = [], len(first), len(name) - len(last)
        for text in self._texts[1:-1]:
            place = name.find(text, at, end)
            if place < 0:
                return None
            parts.append(name[at:place])
            at = place + len(text)
        return [*parts, name[at:end]]


def renamed_sources(names: Sequence[str], rename: Mapping[str, str], file: str) -> dict[str, str]:
    """For each new name the name in the file; raises GraphError where a pattern fits nothing."""
    rules = [RenameRule(pattern, target) for pattern, target in rename.items()]
    used: set[str | None] = set()
    sources: dict[str, str] = {}
    for name in names:
        fitting = ((rule.pattern, new) for rule in rules if (new := rule.renamed(name)) is not None)
        pattern, new = next(fitting, (None, name))
        used.add(pattern)
        if new in sources:
            twice = [shown_member(n) for n in (sources[new], name)]
            raise GraphError([RenamedTwice(file, shown_member(new), twice)])
        sources[new] = name
    idle = [pattern for pattern in rename if pattern not in used]
    if idle:
        raise GraphError([RenamesNothing(file, idle[0], [shown_member(n) for n in names[:8]])])
    return sources
