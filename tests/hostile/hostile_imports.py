"""Hostile specs that import files: circles, chains, doubled imports, links, and names that forge a message."""

from __future__ import annotations

import os
from pathlib import Path

from hostile_specs import Case

BODY = "def g(x) = x\n"


def import_cases(folder: Path | None) -> list[Case]:
    """The cases, whose text is the path of their file; without a folder only their names matter."""
    if folder is None:
        return [Case(name, "", refused=refused) for name, (_, refused) in _MADE.items()]
    cases = []
    for number, (name, (made, refused)) in enumerate(_MADE.items()):
        place = folder / str(number)
        place.mkdir(parents=True)
        cases.append(Case(name, str(made(place)), refused=refused))
    return cases


def _main(folder: Path, text: str, name: str = "main.graph") -> Path:
    file = folder / name
    file.write_text(text + "\ninput x = 2\ny = x\n")
    return file


def _chain(folder: Path, length: int, twice: bool = False) -> Path:
    for n in range(length):
        again = f'import "f{n + 1}.graph" as again\n' if twice else ""
        (folder / f"f{n}.graph").write_text(f'import "f{n + 1}.graph" as next\n{again}{BODY}')
    (folder / f"f{length}.graph").write_text(BODY)
    return _main(folder, 'import "f0.graph" as f')


def _itself(folder: Path) -> Path:
    return _main(folder, 'import "main.graph" as m')


def _itself_through_a_folder(folder: Path) -> Path:
    (folder / "sub").mkdir()
    return _main(folder, 'import "sub/../main.graph" as m')


def _itself_through_a_link(folder: Path) -> Path:
    (folder / "d").symlink_to(".", target_is_directory=True)
    return _main(folder, 'import "d/main.graph" as m')


def _links_in_a_circle(folder: Path) -> Path:
    (folder / "a.graph").symlink_to("b.graph")
    (folder / "b.graph").symlink_to("a.graph")
    return _main(folder, 'import "a.graph" as a')


def _link_out(folder: Path) -> Path:
    (folder / "a.graph").symlink_to("/etc/passwd")
    return _main(folder, 'import "a.graph" as a')


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.graph")
    return _main(folder, 'import "a.graph" as a')


def _two_in_a_circle(folder: Path) -> Path:
    (folder / "a.graph").write_text('import "b.graph" as b\n')
    (folder / "b.graph").write_text('import "a.graph" as a\n')
    return _main(folder, 'import "a.graph" as a')


def _large(folder: Path) -> Path:
    (folder / "a.graph").write_text("# " + "x" * 2**20)
    return _main(folder, 'import "a.graph" as a')


def _many(folder: Path) -> Path:
    for n in range(1001):
        (folder / f"a{n}.graph").write_text(BODY)
    return _main(folder, "\n".join(f'import "a{n}.graph" as a{n}' for n in range(1001)))


def _fan_in_imports(folder: Path) -> Path:
    fan = "\n".join(["def f0(x) = x + 1", *(f"def f{i}(x) = f{i - 1}(f{i - 1}(x))" for i in range(1, 60))])
    (folder / "a.graph").write_text(fan)
    return _main(folder, 'import "a.graph" as a\nz = a.f59(x)')


_MADE = {
    "a file that imports itself": (_itself, True),
    "a file that imports itself through a folder": (_itself_through_a_folder, True),
    "a file that imports itself through a link": (_itself_through_a_link, True),
    "two files that import one another": (_two_in_a_circle, True),
    "links in a circle": (_links_in_a_circle, True),
    "a link out of the folder": (_link_out, True),
    "a pipe in place of an import": (_pipe, True),
    "an import that is too large": (_large, True),
    "a chain of two thousand imports": (lambda folder: _chain(folder, 2000), True),
    "imports that double": (lambda folder: _chain(folder, 14, twice=True), False),
    "a thousand imports": (_many, True),
    "a fan of imported defs": (_fan_in_imports, True),
    "an import with a long path": (
        lambda folder: _main(folder, f'import "{"a/" * 300_000}b.graph" as b'),
        True,
    ),
    "an import of the folder above": (lambda folder: _main(folder, 'import "../a.graph" as a'), True),
    "an import of an absolute path": (lambda folder: _main(folder, 'import "/etc/passwd" as a'), True),
    "an import of an address": (lambda folder: _main(folder, 'import "http://a.b/c.graph" as a'), True),
    "a name that forges a message": (
        lambda folder: _main(folder, "z = q", "a\nerror[GL999]: forged.graph"),
        True,
    ),
}
