"""The words of a command by options, and those of each run of a sweep."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

OWN = {"--sweep", "--jobs", "--run", "--resume", "--threads", "--json", "--resume-changed", "-v", "--verbose"}
"""Options of a sweep, or that its runs get in another way."""
AT_START = {"--weights", "--partial", "--rename"}
"""Options of a run that starts, and not of one that goes on."""


def by_option(command: argparse.ArgumentParser, words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with its words, and "" with every word that belongs to none."""
    rest = iter(words)
    for word in rest:
        option, equals, _ = word.partition("=")
        action = command._option_string_actions.get(option)
        if action is None or equals or action.nargs == 0:
            yield option if action is not None else "", [word]
        else:
            yield option, [word, next(rest, "")]


def handed_on(command: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words of a sweep that all of its runs get, its spec left out."""
    parts = by_option(command, words[1:])
    return [word for option, part in parts if option and option not in OWN for word in part]


def of_resumed(command: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words for a run that goes on."""
    return [word for option, part in by_option(command, words) if option not in AT_START for word in part]


def going_on(command: argparse.ArgumentParser, words: Sequence[str], folder: str) -> list[str]:
    """The words that continue a sweep: what it was started with is in its folder."""
    kept = {"", "--jobs", "--threads", "--json"}
    parts = by_option(command, words[1:])
    return [words[0], *(w for option, part in parts if option in kept for w in part), "--resume", folder]
