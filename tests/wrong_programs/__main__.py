"""`python -m tests.wrong_programs`: the wrong programs with their messages, and the score of those who repair them.

    python -m tests.wrong_programs --show 17         # the 17th: its file and its message, nothing else
    python -m tests.wrong_programs --copy repairs    # all files with their messages into a new folder, to repair them there
    python -m tests.wrong_programs --judge repairs   # which of them are repaired, and the score

Whoever repairs sees numbers in place of names, since the names tell the mistakes.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from tests.wrong_programs.judging import PROGRAMS, judged, names, numbered


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.wrong_programs", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--show", type=int, metavar="N", help="a program and its message")
    choice.add_argument(
        "--copy", type=Path, metavar="DIR", help="copy all programs and messages into a new folder"
    )
    choice.add_argument("--judge", type=Path, metavar="DIR", help="judge the repaired programs of a folder")
    arguments = parser.parse_args()
    if arguments.show is not None:
        program, message = _numbered(arguments.show, names()[arguments.show - 1])
        print(f"==== {numbered(arguments.show)}.graph\n{program}\n---- the message\n{message}")
    elif arguments.copy:
        _copy(arguments.copy)
    else:
        _judge(arguments.judge)


def _numbered(number: int, name: str) -> tuple[str, str]:
    """A program and its message, without the name that tells the mistake."""
    program, message = (PROGRAMS / f"{name}{suffix}" for suffix in (".graph", ".txt"))
    return program.read_text("utf-8"), message.read_text("utf-8").replace(name, numbered(number))


def _copy(folder: Path) -> None:
    for part in ("data", "parts"):
        shutil.copytree(PROGRAMS / part, folder / part)
    for number, name in enumerate(names(), 1):
        program, message = _numbered(number, name)
        (folder / f"{numbered(number)}.graph").write_text(program, encoding="utf-8")
        (folder / f"{numbered(number)}.txt").write_text(message, encoding="utf-8")


def _judge(folder: Path) -> None:
    verdicts = list(judged(folder))
    for verdict in verdicts:
        if verdict.objection:
            print(f"{verdict.name}: {verdict.objection}")
    repaired = sum(not verdict.objection for verdict in verdicts)
    print(f"{repaired} of {len(verdicts)} are repaired")


if __name__ == "__main__":
    main()
