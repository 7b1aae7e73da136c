"""`graphlang lessons`: the lessons that come with the package, and copies of them to change."""

from __future__ import annotations

import argparse
import re
import sys
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from graphlang.cli import console, options

INDENT = 26
"""Where the texts begin, right of the names."""
SHORT = 30
"""A first sentence of fewer characters is shown with the one that follows it."""


class Lesson(NamedTuple):
    """What the first comment of a lesson says of it."""

    name: str
    title: str
    #: where it comes from: sections of a book, papers
    source: str
    shows: str


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "lessons",
        "[copy DIR [NAME...]]",
        "The lessons that come with graphlang. `lesson:NAME` stands for the file of one wherever a command\n"
        "takes a spec, and in Python for `gl.load`. `copy` puts the files into a folder, to read and change\n"
        "them: all, or those that are named, with their data. It overwrites nothing.",
        """
        graphlang lessons
        graphlang run lesson:apple_orange
        graphlang lessons copy specs
        graphlang lessons copy mine apple two_layer_net
        """,
    )
    command.add_argument("action", metavar="copy", nargs="?", type=options.named, help="copy lessons")
    command.add_argument(
        "folder", metavar="DIR", nargs="?", type=options.path, help="the folder, which is made if need be"
    )
    command.add_argument("names", metavar="NAME", nargs="*", help="which lessons (default: all)")
    options.as_json(command, "the list")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    if arguments.action is None:
        return _list(arguments.json)
    if arguments.action != "copy":
        raise options.Usage(
            f"`lessons` lists them and `lessons copy DIR` copies them, not `{arguments.action}`"
        )
    if arguments.folder is None:
        raise options.Usage("name the folder for the copies: `graphlang lessons copy DIR`")
    if arguments.json:
        raise options.Usage("--json is for the list of lessons, not for copies")
    return _copy(arguments.folder, arguments.names)


# ---- the list --------------------------------------------------------------------------------------------


def _list(as_json: bool) -> int:
    from graphlang.syntax.lessons import lesson_names

    lessons = [described(name) for name in lesson_names()]
    if as_json:
        console.print_json([lesson._asdict() for lesson in lessons])
        return 0
    from graphlang.draw.prose import hanging

    width, indent = console.reading_width(), " " * INDENT
    for lesson in lessons:
        first, *more = hanging(f"{lesson.name:<{INDENT}}{lesson.title}", width, indent)
        console.out(first.replace(lesson.name, console.strong(lesson.name), 1))
        console.out("\n".join([*more, *hanging(indent + lesson.shows, width, indent)]))
    sys.stdout.flush()
    console.err("graphlang run lesson:NAME runs one; graphlang lessons copy DIR copies all with their data")
    return 0


def described(name: str) -> Lesson:
    """A lesson by its first comment: a title with its source in brackets, then what it shows."""
    from graphlang.syntax.files import read_text
    from graphlang.syntax.lessons import PREFIX

    _, text = read_text(f"{PREFIX}{name}")
    lines = [line.removeprefix("#").strip() for line in takewhile(_is_comment, text.splitlines())]
    head, story, *_ = [*re.split(r"\n\n+", "\n".join(lines)), ""]
    title, _, source = " ".join(head.split()).partition(" (")
    return Lesson(name, title, source.removesuffix(")"), _beginning(" ".join(story.split())))


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def _beginning(story: str) -> str:
    """The first sentence, or the first two where that one is short."""
    first, *rest = re.split(r"(?<=[.?!]) ", story)
    shown = f"{first} {rest[0]}" if rest and len(first) < SHORT else first
    return f"{shown.removesuffix(':')}." if shown.endswith(":") else shown


# ---- copies ----------------------------------------------------------------------------------------------


def _copy(folder: Path, names: list[str]) -> int:
    from graphlang.cli.lesson_copies import copied, files_of_lessons
    from graphlang.syntax.lessons import lesson_names

    files = files_of_lessons(names or lesson_names())
    new = copied(files, folder)
    kept = len(files) - len(new)
    there = f"; {console.counted(kept, 'file')} had been copied before" if kept else ""
    console.out(f"copied {console.counted(len(new), 'file')} into {console.file_name(folder)}{there}")
    return 0
