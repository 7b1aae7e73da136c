"""The words of a command by options, and those of each run of a sweep."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence

OWN = {"--sweep", "--jobs", "--run", "--resume", "--threads", "--json", "--resume-changed", "-v", "--verbose"}
"""Options of a sweep, or that its runs get in another way."""
AT_START = {"--weights", "--partial", "--rename", "--layout"}
"""Options of a run that starts, and not of one that goes on."""
REPEATED = {"--data", "--weights", "--rename", "--cache", "--limit"}
"""Options that name files, or raise limits: nobody takes them over from a folder."""
RESTORED = {"--set", "--seed", "--dtype", "--checkpoint-every", "--backend", "--device", "--devices"}
RESTORED |= {"--partial", "--layout", "--format", "--debug"}


def by_option(command: argparse.ArgumentParser, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value as one word, `--set=a=1`, and "" with every word that belongs to none."""
    rest = iter(words)
    for word in rest:
        option, equals, _ = word.partition("=")
        action = command._option_string_actions.get(option)
        if action is None:
            yield "", word
        elif equals or action.nargs == 0:
            yield option, word
        else:
            yield option, f"{option}={next(rest, '')}"


def handed_on(command: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words of a sweep that all of its runs get, its spec left out."""
    return [word for option, word in by_option(command, words[1:]) if option and option not in OWN]


def of_resumed(command: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words for a run that goes on."""
    return [word for option, word in by_option(command, words) if option not in AT_START]


def to_repeat(command: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words that a sweep which goes on has to be given again."""
    return [word for option, word in by_option(command, words) if option in REPEATED or _is_file(word)]


def are_sound(command: argparse.ArgumentParser, words: Iterable[str]) -> bool:
    """Whether words that a folder keeps are such as `handed_on` gives."""
    return all(option in REPEATED | RESTORED for option, _ in by_option(command, [*words]))


def going_on(command: argparse.ArgumentParser, words: Sequence[str], folder: str) -> list[str]:
    """The words that continue a sweep: what else it was started with is in its folder."""
    kept = {"", "--jobs", "--threads", "--json"} | REPEATED
    parts = [word for option, word in by_option(command, words[1:]) if option in kept or _is_file(word)]
    return [words[0], *(word for part in parts for word in _in_two(part)), "--resume", folder]


def _in_two(word: str) -> list[str]:
    """An option and its value apart, as one usually writes them."""
    option, _, value = word.partition("=")
    return [option, value] if option.startswith("--") and value and value[0] != "-" else [word]


def _is_file(word: str) -> bool:
    """Whether a word is a setting whose value is in a file."""
    return word.startswith("--set=") and "=@" in word
