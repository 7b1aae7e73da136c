"""`graphlang new`: a spec to begin with, from a template."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from graphlang.cli import console, options
from graphlang.cli.shell_words import shell_line


def parser() -> options.CommandParser:
    from graphlang.scaffold.templates import DEFAULT_TEMPLATE, TEMPLATES

    command = options.CommandParser(
        "new",
        "NAME",
        "Writes NAME.graph, a spec with comments that is ready to run, and says what to do next. The data\n"
        "of what trains is put beside it, in the folder `data`. No file that is there is overwritten.",
        """
        graphlang new first
        graphlang new digits --template mlp
        """,
    )
    command.add_argument("name", metavar="NAME", type=options.named, help="the new file, without `.graph`")
    shown = "; ".join(f"{name}: {template.shows}" for name, template in TEMPLATES.items())
    command.add_argument(
        "--template",
        choices=tuple(TEMPLATES),
        metavar="TEMPLATE",
        default=DEFAULT_TEMPLATE,
        help=f"what to begin with (default: {DEFAULT_TEMPLATE}); {shown}",
    )
    command.add_argument("--force", action="store_true", help="write over a spec of that name")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.cli.lesson_copies import copied
    from graphlang.scaffold.spec_names import file_of_new_spec, why_no_name
    from graphlang.scaffold.templates import TEMPLATES, filled_in, template_data, template_text

    why = why_no_name(arguments.name)
    if why is not None:
        raise options.Usage(why)
    file, template = file_of_new_spec(arguments.name), arguments.template
    _check_free(file, force=arguments.force)
    data = template_data(template)
    copied(data, file.parent)
    _write(file, template_text(template, file.stem, _quoted), force=arguments.force)
    _tell(file, [file.parent / path for path in data])
    _tell_next(file, [filled_in(line, file.stem, _quoted) for line in TEMPLATES[template].next])
    return 0


def _quoted(path: str) -> str:
    return shell_line([path])


# ---- writing ---------------------------------------------------------------------------------------------


def _check_free(file: Path, *, force: bool) -> None:
    """Raises GraphError where a file is there, before any other is written."""
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import FolderMissing, SpecInPlace

    if not force and (file.is_symlink() or file.exists()):
        raise GraphError([SpecInPlace(str(file))])
    if not file.parent.is_dir():
        raise GraphError([FolderMissing(str(file), str(file.parent))])


def _write(file: Path, text: str, *, force: bool) -> None:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import SpecInPlace, WritingRefused
    from graphlang.files.replace import write_new, write_text

    if force:
        write_text(file, text)
        return
    try:
        write_new(file, text.encode())
    except FileExistsError:  # since it was looked for
        raise GraphError([SpecInPlace(str(file))]) from None
    except OSError as error:
        raise GraphError([WritingRefused(str(file), (error.strerror or str(error)).lower())]) from None


# ---- what is said ----------------------------------------------------------------------------------------


def _tell(file: Path, beside: Sequence[Path]) -> None:
    console.out(f"wrote {' and '.join(console.file_name(path) for path in (file, *beside))}")


def _tell_next(file: Path, lines: Sequence[str]) -> None:
    """The commands to go on with, in the folder of the spec."""
    console.out("next:")
    if file.parent != Path():
        console.out(f"  {shell_line(['cd', str(file.parent)])}")
    for line in lines:
        console.out(f"  graphlang {line}")
